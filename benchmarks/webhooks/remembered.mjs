// A cloud whose groups are numbers in memory: what is measured is the way there.
import { defineProvider, NotFoundError, z } from "../../packages/core/dist/index.js";

export default defineProvider({
  name: "remembered",
  contract: 1,
  options: z.looseObject({}),
  launch: z.looseObject({}),
  drivers: ["groups"],
  create() {
    const groups = new Map();
    const get = (name) => {
      const group = groups.get(name);
      if (group === undefined) throw new NotFoundError(`no group ${name}`);
      return { ...group };
    };
    return {
      groups: {
        async *list() {
          yield* groups.values();
        },
        get: async (name) => get(name),
        async create({ name, min, max, desired = min, cooldownMs = 0 }) {
          const plain = { metadata: {}, loadBalancers: [], zones: [], paused: false };
          groups.set(name, { name, id: name, min, max, desired, cooldownMs, ...plain });
          return get(name);
        },
        async update(name, patch) {
          groups.set(name, { ...get(name), ...patch });
          return get(name);
        },
        async delete(name) {
          groups.delete(name);
        },
        async scale(name, desired) {
          const group = get(name);
          groups.set(name, { ...group, desired });
          return { result: group.desired === desired ? "unchanged" : "done", desired };
        },
        observe: async (names) =>
          names.map((name) => ({ status: { group: get(name), instances: [], observedAtMs: Date.now() } })),
        async *instances() {},
        async pause() {},
        async resume() {},
      },
      async close() {},
    };
  },
});
