import type { Cloud, Group, GroupsDriver, Instance, Provider, ServersDriver } from "@bellows/core";
import { ConflictError, collect, connect, createMemoryStore, NotFoundError } from "@bellows/core";
import { describe, expect, test } from "vitest";
import { providerSuite, serversSuite } from "../src/index.js";
import { failureOfTest } from "./collect-tests.js";
import { connectMemory, memoryProvider, memoryServers } from "./memory-provider.js";
import { memoryOptions } from "./provider-options.js";

/** A driver with some of its members done otherwise. */
function over<T extends object>(driver: T, members: Partial<T>): T {
  return new Proxy({} as T, {
    get: (_target, key): unknown => Reflect.get(key in members ? members : driver, key),
  });
}

type Make = () => Promise<Cloud>;
type Noun = "groups" | "launch" | "policies" | "webhooks" | "activities" | "loadBalancers";

/** A cloud with one of its drivers done otherwise. */
const broken =
  <K extends Noun>(
    noun: K,
    change: (driver: NonNullable<Cloud[K]>, cloud: Cloud) => Partial<NonNullable<Cloud[K]>>,
  ): Make =>
  async () => {
    const cloud = await connectMemory();
    const driver = cloud[noun] as NonNullable<Cloud[K]>;
    return { ...cloud, [noun]: over(driver, change(driver, cloud)) };
  };

/** A cloud on a provider that is done otherwise below core's portable parts. */
const brokenBelow =
  (change: (provider: Provider) => Partial<Provider>, settings: { background?: boolean } = {}): Make =>
  async () => {
    const create = async (
      ...[options, host]: Parameters<typeof memoryProvider.create>
    ): Promise<Provider> => {
      const provider = await memoryProvider.create(options, host);
      return { ...provider, ...change(provider) };
    };
    const store = createMemoryStore();
    return (await connect({ ...memoryProvider, create }, {}, { store, ...settings })) as unknown as Cloud;
  };

/** A groups driver that shows groups otherwise, wherever it shows them. */
const showing =
  (change: (group: Group) => Group) =>
  (groups: GroupsDriver): Partial<GroupsDriver> => ({
    get: async (ref, call) => change(await groups.get(ref, call)),
    create: async (spec, call) => change(await groups.create(spec, call)),
    update: async (ref, patch, call) => change(await groups.update(ref, patch, call)),
  });

async function* each<T>(items: AsyncIterable<T>, change: (all: T[]) => T[]): AsyncGenerator<T> {
  yield* change(await collect(items));
}

/** Longer than a repair takes: what died young is made again after a second. */
const REPAIR_MS = 2_000;

const ROWS: [fault: string, caughtBy: string, make: Make, settleMs?: number][] = [
  [
    "a second create is refused even if it is equal",
    "making the same group again gives the same group",
    broken("groups", (groups) => {
      const made = new Set<string>();
      return {
        async create(spec, call) {
          if (made.has(spec.name)) throw new ConflictError("there is one");
          made.add(spec.name);
          return groups.create(spec, call);
        },
      };
    }),
  ],
  [
    "whoever has the name gets the group, whatever it asked for",
    "a different group of the same name is refused",
    broken("groups", (groups) => ({
      create: (spec, call) => groups.get(spec.name).catch(() => groups.create(spec, call)),
    })),
  ],
  [
    "a race of two creates has two winners",
    "of two who make different groups of one name at once, one is refused",
    broken("groups", (groups) => ({
      create: (spec, call) => groups.create(spec, call).catch(() => groups.get(spec.name)),
    })),
  ],
  [
    "bad definitions are taken and mended",
    "a group that cannot be is refused before anything is made",
    broken("groups", (groups) => ({
      create: (spec, call) => groups.create({ ...spec, max: Math.max(spec.min, spec.max) }, call),
    })),
  ],
  [
    "answers can be changed by whoever got them",
    "a group is as it was made",
    broken(
      "groups",
      showing((group) => structuredClone(group)),
    ),
  ],
  [
    "answers are instances of a class",
    "a group is as it was made",
    broken(
      "groups",
      showing((group) => Object.freeze(Object.assign(Object.create({ save() {} }), group) as Group)),
    ),
  ],
  [
    "a count is NaN",
    "a group is as it was made",
    broken(
      "groups",
      showing((group) => Object.freeze({ ...group, cooldownMs: Number.NaN })),
    ),
  ],
  [
    "what is not there is an error of the cloud's own",
    "what is not there is not found, by any call",
    broken("groups", (groups) => ({
      get: (ref, call) => groups.get(ref, call).catch(() => Promise.reject(new Error("404"))),
    })),
  ],
  [
    "what is not there is told without its name",
    "what is not there is not found, by any call",
    broken("groups", (groups) => ({
      scale: (ref, desired, call) =>
        groups.scale(ref, desired, call).catch(() => Promise.reject(new NotFoundError("no"))),
    })),
  ],
  [
    "deleting what is not there succeeds",
    "what is not there is not found, by any call",
    broken("groups", (groups) => ({
      delete: (ref, call) => groups.delete(ref, call).catch(() => undefined),
    })),
  ],
  [
    "a look throws for one that is not there",
    "a look at many answers in their order",
    broken("groups", (groups) => ({
      async observe(refs, call) {
        for (const ref of refs) await groups.get(ref, call);
        return groups.observe(refs, call);
      },
    })),
  ],
  [
    "a look answers in an order of its own",
    "a look at many answers in their order",
    broken("groups", (groups) => ({
      observe: async (refs, call) =>
        Object.freeze([...(await groups.observe(refs, call))].reverse()) as never,
    })),
  ],
  [
    "the list ends early",
    "the list has every group once",
    broken("groups", (groups) => ({ list: (call) => each(groups.list(call), (all) => all.slice(0, 5)) })),
  ],
  [
    "the list repeats a page",
    "the list has every group once",
    broken("groups", (groups) => ({ list: (call) => each(groups.list(call), (all) => [...all, ...all]) })),
  ],
  [
    "an update forgets what it does not name",
    "an update changes what it names and nothing else",
    broken("groups", (groups) => ({
      update: (ref, patch, call) => groups.update(ref, { cooldownMs: 0, ...patch }, call),
    })),
  ],
  [
    "new bounds leave desired where it was",
    "new bounds take desired with them",
    broken("groups", (groups) => ({
      async update(ref, patch, call) {
        const { desired } = await groups.get(ref);
        return Object.freeze({ ...(await groups.update(ref, patch, call)), desired });
      },
    })),
  ],
  [
    "what lies outside the bounds is moved inside, in an update",
    "an update that cannot be is refused",
    broken("groups", (groups) => ({
      update: async (ref, patch, call) =>
        groups.update(
          ref,
          patch.desired === undefined
            ? patch
            : { ...patch, desired: Math.min(patch.desired, (await groups.get(ref)).max) },
          call,
        ),
    })),
  ],
  [
    "what lies outside the bounds is moved inside, in scale",
    "what lies outside the bounds is refused",
    broken("groups", (groups) => ({
      async scale(ref, desired, call) {
        const { min, max } = await groups.get(ref);
        return groups.scale(ref, Math.min(max, Math.max(min, desired)), call);
      },
    })),
  ],
  [
    "merging replaces",
    "a provider: groups: metadata is merged or replaced",
    broken("groups", ({ metadata }) =>
      metadata
        ? { metadata: { ...over(metadata, {}), replace: metadata.replace, merge: metadata.replace } }
        : {},
    ),
  ],
  [
    "every deletion is forced",
    "a group that wants instances is deleted only by force",
    broken("groups", (groups) => ({ delete: (ref, call) => groups.delete(ref, { ...call, force: true }) })),
  ],
  [
    "a deletion leaves servers behind",
    "a group that wants instances is deleted only by force",
    broken("groups", (groups, { servers }) => ({
      async delete(ref, call) {
        await groups.delete(ref, call);
        const labels = { "bellows:group": ref };
        await servers?.create({
          name: "orphan",
          idempotencyKey: `orphan-${ref}`,
          launch: memoryOptions.launch,
          labels,
        });
      },
    })),
  ],
  [
    "aborted calls are made all the same",
    "a provider: groups: a call that is aborted beforehand is not made",
    broken("groups", (groups) => ({ scale: (ref, desired) => groups.scale(ref, desired) })),
  ],
  [
    "what a group wants is read from a copy that never learns",
    "what a group wants can be read as soon as it was told",
    broken("groups", (groups) => {
      const known = new Map<string, Promise<Group>>();
      return {
        get: (ref, call) =>
          known.get(ref) ?? known.set(ref, groups.get(ref, call)).get(ref) ?? groups.get(ref),
      };
    }),
  ],
  [
    "nothing to do is told as done",
    "telling it what it wants already is unchanged",
    broken("groups", (groups) => ({
      scale: async (ref, desired, call) =>
        Object.freeze({ ...(await groups.scale(ref, desired, call)), result: "done" as const }),
    })),
  ],
  [
    "a lifecycle that nobody knows",
    "a look, the list of instances and the counts tell the same",
    broken("groups", (groups) => ({
      instances: (ref, call) =>
        each(groups.instances(ref, call), (all) =>
          all.map((one) => Object.freeze({ ...one, lifecycle: "InService" as never })),
        ),
    })),
  ],
  [
    "counts leave out the last",
    "a look, the list of instances and the counts tell the same",
    broken("groups", (groups) => ({
      async state(ref, call) {
        const state = await groups.state?.(ref, call);
        if (state === undefined) throw new Error("no state");
        return Object.freeze({ ...state, activeCapacity: state.activeCapacity - 1 });
      },
    })),
  ],
  [
    "one instance more than was asked for",
    "a group grows to what it is told",
    broken("groups", (groups) => ({
      scale: (ref, desired, call) => groups.scale(ref, Math.min(4, desired + 1), call),
    })),
  ],
  [
    "nobody repairs",
    "an instance that ends by itself is replaced",
    brokenBelow(() => ({}), { background: false }),
    REPAIR_MS,
  ],
  [
    "a pause is shown and not kept",
    "a paused group is not repaired until it is resumed",
    broken("groups", (groups) => {
      const paused = new Set<string>();
      return {
        pause: async (ref) => void paused.add(ref),
        resume: async (ref) => void paused.delete(ref),
        get: async (ref, call) =>
          Object.freeze({ ...(await groups.get(ref, call)), paused: paused.has(ref) }),
      };
    }),
  ],
  [
    "resuming is forgotten",
    "a paused group is not repaired until it is resumed",
    broken("groups", () => ({ resume: async () => {} })),
    REPAIR_MS,
  ],
  [
    "each comparison adds one",
    "asked to compare wanted with real again and again",
    broken("groups", (groups) => ({
      converge: async (ref) => void (await groups.scale(ref, (await groups.get(ref)).desired + 1)),
    })),
  ],
  [
    "a shutdown keeps the bounds",
    "a shutdown takes everybody out",
    broken("groups", (groups) => ({
      shutdown: async (ref, call) => void (await groups.update(ref, { min: 0, desired: 0 }, call)),
    })),
  ],
  [
    "instances have no zone",
    "instances go to the zones",
    brokenBelow((provider) => ({
      servers:
        provider.servers &&
        over(provider.servers, {
          create: ({ zone: _, ...spec }, call) => provider.servers?.create(spec, call) as never,
        }),
    })),
  ],
  [
    "attaching leaves desired",
    "a running server can join a group",
    broken("groups", (groups) => ({
      async attach(ref, instances, call) {
        const { desired } = await groups.get(ref);
        await groups.attach?.(ref, instances, call);
        await groups.update(ref, { desired });
      },
    })),
  ],
  [
    "attaching goes beyond max",
    "a full group takes nobody in",
    broken("groups", (groups) => ({
      async attach(ref, instances, call) {
        await groups.update(ref, { max: 9 });
        await groups.attach?.(ref, instances, call);
      },
    })),
  ],
  [
    "who leaves is ended",
    "a running server can join a group",
    broken("groups", (groups, { servers }) => ({
      async detach(ref, instances, call) {
        await groups.detach?.(ref, instances, call);
        for (const id of instances) await servers?.delete(id);
      },
    })),
  ],
  [
    "who leaves is never replaced",
    "an instance that leaves is replaced, where that is asked for",
    broken("groups", (groups) => ({ detach: async (ref, instances) => groups.detach?.(ref, instances) })),
  ],
  [
    "who is ended is always replaced",
    "an instance can be ended, and is replaced unless told otherwise",
    broken("groups", (groups) => ({ terminate: async (ref, instance) => groups.terminate?.(ref, instance) })),
  ],
  [
    "protection is shown and not kept",
    "a protected instance is not taken",
    broken("groups", (groups) => {
      const shown = new Set<string>();
      const mark = (one: Instance): Instance => Object.freeze({ ...one, protected: shown.has(one.id) });
      return {
        protect: async (_ref, ids, on) => ids.forEach((id) => void (on ? shown.add(id) : shown.delete(id))),
        instances: (ref, call) => each(groups.instances(ref, call), (all) => all.map(mark)),
      };
    }),
  ],
  [
    "standby is ignored",
    "an instance in standby does not count",
    broken("groups", () => ({ enterStandby: async () => {} })),
  ],
  [
    "a patch of a launch replaces it",
    "a patch sets the words that it has and keeps the others",
    broken("launch", (launch) => ({
      patch: (ref, patch, call) => launch.set(ref, { size: "large", ...patch }, call),
    })),
  ],
  [
    "a launch that is set is laid over the old one",
    "a patch sets the words that it has and keeps the others",
    broken("launch", (launch) => ({ set: (ref, words, call) => launch.patch(ref, words, call) })),
  ],
  [
    "a new launch replaces everybody",
    "a new launch configuration is for new instances",
    broken("launch", (launch, { groups, wait }) => ({
      async patch(ref, patch, call) {
        const answer = await launch.patch(ref, patch, call);
        for (const { id } of await collect(groups.instances(ref))) await groups.terminate?.(ref, id);
        await wait.groupStable(ref);
        return answer;
      },
    })),
  ],
  [
    "versions are told oldest first",
    "the versions are told, newest first",
    broken("launch", (launch) =>
      launch.history
        ? {
            history: (ref, call) =>
              each(launch.history?.(ref, call) ?? ([] as never), (all) => [...all].reverse()),
          }
        : {},
    ),
  ],
  [
    "every member is added again",
    "members come and go",
    broken("loadBalancers", (balancers) => ({
      members: (ref, call) => each(balancers.members(ref, call), (all) => [...all, ...all.slice(0, 1)]),
    })),
  ],
  [
    "removing a member that is not there is refused",
    "members come and go",
    broken("loadBalancers", (balancers) => ({
      async deregister(ref, ids, call) {
        const there = (await collect(balancers.members(ref))).map(({ id }) => id);
        if (ids.some((id) => !there.includes(id))) throw new NotFoundError("no such member");
        await balancers.deregister(ref, ids, call);
      },
    })),
  ],
  [
    "asked for names, it lists all",
    "a balancer is as it was made",
    broken("loadBalancers", (balancers) => ({ list: () => balancers.list() })),
  ],
  [
    "a health check is told and not kept",
    "a health check that is set is the one that is shown",
    broken("loadBalancers", () => ({
      configureHealthCheck: async (_ref, check) => Object.freeze({ ...check }),
    })),
  ],
  [
    "deleting a balancer twice succeeds",
    "what is not there is not found, and deleting it twice is told",
    broken("loadBalancers", (balancers) => ({
      delete: (ref, call) => balancers.delete(ref, call).catch(() => undefined),
    })),
  ],
  [
    "who leaves the group stays in the balancer",
    "instances of a group are members once they are in service",
    brokenBelow(({ loadBalancers }) =>
      loadBalancers ? { loadBalancers: { ...loadBalancers, deregister: async () => {} } } : {},
    ),
  ],
  [
    "nobody of the group gets into the balancer",
    "instances of a group are members once they are in service",
    brokenBelow(({ loadBalancers }) =>
      loadBalancers ? { loadBalancers: { ...loadBalancers, register: async () => {} } } : {},
    ),
  ],
  [
    "the past is told oldest first",
    "what was done to a group is told, newest first",
    broken("activities", (activities) => ({
      list: (ref, call) => each(activities.list(ref, call), (all) => [...all].reverse()),
    })),
  ],
  [
    "nothing is told",
    "what was done to a group is told, newest first",
    broken("activities", (activities) => ({
      list: (ref, call) => each(activities.list(ref, call), () => []),
    })),
  ],
  [
    "cooldowns are ignored",
    "a cooldown refuses: first the policy's own",
    broken("policies", (policies) => ({
      execute: (group, ref, call) => policies.execute(group, ref, { ...call, honorCooldown: false }),
    })),
  ],
  [
    "an execution that changes nothing starts the cooldown",
    "an execution that changes nothing starts no cooldown",
    broken("policies", (policies) => {
      let begun = false;
      return {
        async execute(group, ref, call) {
          if (begun) return Object.freeze({ result: "cooldown" as const });
          begun = true;
          return policies.execute(group, ref, call);
        },
      };
    }),
  ],
  [
    "a paused group is moved by its policies",
    "a paused group refuses its policies",
    broken("policies", (policies, { groups }) => ({
      async execute(group, ref, call) {
        await groups.resume(group);
        return policies.execute(group, ref, call);
      },
    })),
  ],
  [
    "percentages are rounded in another way",
    "percentages are rounded as the provider rounds",
    broken("policies", (policies) => ({
      create: (group, spec, call) => policies.create(group, { ...spec, rounding: "nomad" }, call),
    })),
  ],
  [
    "bounds do not hold for policies",
    "executing a policy moves the group, within its bounds",
    broken("policies", (policies, { groups }) => ({
      async execute(group, ref, call) {
        await groups.update(group, { max: 9 });
        return policies.execute(group, ref, call);
      },
    })),
  ],
  [
    "policies outlive their group",
    "a group's policies go with it",
    broken("policies", (policies) => {
      let kept: Awaited<ReturnType<typeof policies.create>>[] = [];
      return {
        async create(group, spec, call) {
          const made = await policies.create(group, spec, call);
          kept = [made];
          return made;
        },
        async *list() {
          yield* kept;
        },
      };
    }),
  ],
  [
    "a webhook gets a new URL when it is renamed",
    "a webhook is as it was made",
    broken("webhooks", (webhooks) => ({
      async update(group, policy, ref, patch, call) {
        const { id } = await webhooks.update(group, policy, ref, patch, call);
        return webhooks.rotate?.(group, policy, id) as never;
      },
    })),
  ],
  [
    "rotating changes nothing",
    "a URL opens its policy until it is rotated",
    broken("webhooks", (webhooks) => ({ rotate: (group, policy, ref) => webhooks.get(group, policy, ref) })),
  ],
  [
    "it says it can do what it cannot",
    "it says what it can do, and can do it",
    async () => ({ ...(await connectMemory()), can: () => true }),
  ],
];

describe("a provider that is broken fails the suite", () => {
  test.each(ROWS)("%s: caught by “%s”", async (_fault, caughtBy, make, settleMs = 400) => {
    const options = { ...memoryOptions, settleMs, create: async () => ({ cloud: await make() }) };
    const failure = await failureOfTest((tests) => providerSuite(tests, options), caughtBy);
    expect(failure).toBeInstanceOf(Error);
  });
});

const SERVERS: [
  fault: string,
  caughtBy: string,
  change: (servers: Required<ServersDriver>) => Partial<ServersDriver>,
][] = [
  [
    "keys mean nothing",
    "the same key never makes two servers",
    (servers) => {
      let serial = 0;
      return {
        create: (spec, call) =>
          servers.create({ ...spec, idempotencyKey: `${spec.idempotencyKey}-${serial++}` }, call),
      };
    },
  ],
  [
    "labels are not looked at",
    "servers carry the labels",
    (servers) => ({ list: (_filter, call) => servers.list({}, call) }),
  ],
  [
    "labels are forgotten",
    "servers carry the labels",
    (servers) => ({
      create: (spec, call) => servers.create({ ...spec, labels: { test: spec.labels.test ?? "" } }, call),
    }),
  ],
  [
    "the list ends early",
    "the list has every server once",
    (servers) => ({ list: (filter, call) => each(servers.list(filter, call), (all) => all.slice(0, 4)) }),
  ],
  [
    "deleting what is gone is a fault",
    "a server that is deleted goes",
    (servers) => ({
      async delete(ref, call) {
        await servers.get(ref);
        await servers.delete(ref, call);
      },
    }),
  ],
  ["nobody is ever deleted", "a server that is deleted goes", () => ({ delete: async () => {} })],
  [
    "labels are replaced, not laid over",
    "labels of a running server are set, kept and taken away",
    (servers) => ({
      async label(ref, labels, call) {
        const old = Object.keys((await servers.get(ref)).labels).map((name) => [name, ""]);
        return servers.label(ref, { ...Object.fromEntries(old), ...labels }, call);
      },
    }),
  ],
  [
    "aborted calls are made all the same",
    "a call that is aborted beforehand is not made",
    (servers) => ({ create: (spec) => servers.create(spec) }),
  ],
  [
    "a status that nobody knows",
    "a server that was made is listed",
    (servers) => ({
      create: async (spec, call) => ({ ...(await servers.create(spec, call)), status: "ACTIVE" as never }),
    }),
  ],
];

describe("a servers driver that is broken fails the suite", () => {
  test.each(SERVERS)("%s: caught by “%s”", async (_fault, caughtBy, change) => {
    const create = async () => {
      const servers = memoryServers();
      return { servers: { ...servers, ...change(servers) } };
    };
    const options = { create, launch: { size: "small" }, launchRefused: {}, settleMs: 100 };
    expect(await failureOfTest((tests) => serversSuite(tests, options), caughtBy)).toBeInstanceOf(Error);
  });
});
