import type { Cloud, Group, Policy } from "@bellows/core";
import { NotFoundError } from "@bellows/core";
import type { GroupRuntime } from "@bellows/core/line";
import { beforeEach, describe, expect, test } from "vitest";
import { createGuests, type Guests, runtimeOf } from "./guests.js";
import type { Session } from "./session.js";

const schedule: Policy = {
  id: "p1",
  name: "nightly",
  group: "api",
  engine: "bellows",
  adjust: { desired: 1 },
  schedule: { cron: "0 22 * * *" },
};
const threshold: Policy = { ...schedule, id: "p2", name: "busy", when: "cpu > 1" };

/** A cloud with these groups, for some of which policies are kept. */
function cloudOf(key: string, groups: Map<string, Group>, kept: Map<string, Policy[]>): Cloud {
  const get = async (id: string): Promise<Group> => {
    const group = groups.get(id);
    if (group === undefined) throw new NotFoundError(`no group ${id}`);
    return group;
  };
  return {
    key,
    capabilities: {},
    groups: {
      get,
      observe: async (ids: string[]) =>
        ids.map((id) => {
          const group = groups.get(id);
          return group === undefined
            ? { unavailable: "gone" }
            : { status: { group, instances: [], observedAtMs: 0 } };
        }),
    },
    portable: {
      async *kept(group?: { id: string }) {
        for (const [id, policies] of kept) if (group === undefined || group.id === id) yield { id, policies };
      },
    },
  } as unknown as Cloud;
}

const groupOf = (name: string, cooldownMs = 0): Group => ({
  name,
  id: name,
  min: 0,
  max: 4,
  desired: 0,
  cooldownMs,
  metadata: {},
  loadBalancers: [],
  zones: [],
  paused: false,
});

describe("guests", () => {
  const own = new Map<string, GroupRuntime>([["web", { spec: { name: "web" } } as GroupRuntime]]);
  let at: Map<string, Group>;
  let kept: Map<string, Policy[]>;
  let made: string[];
  let forgotten: string[];
  let guests: Guests;
  beforeEach(() => {
    at = new Map(
      [groupOf("api", 60_000), groupOf("web"), groupOf("declared")].map((each) => [each.id, each]),
    );
    kept = new Map([["api", [schedule, threshold]]]);
    made = [];
    forgotten = [];
    const declared = { key: "mine", provider: "local", scaling: { ref: "declared" } };
    const session = {
      config: {
        everyMs: 10_000,
        groups: { web: { provider: "other", scaling: { ref: "web" } }, mine: declared },
        clusters: {},
      },
      clouds: new Map([["local", cloudOf("local", at, kept)]]),
      groups: () => own,
    } as unknown as Session;
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const known = async (): Promise<string[]> => made;
    const forget = async (name: string): Promise<void> => void forgotten.push(name);
    guests = createGuests({ session: () => session, known, forget, logger });
  });

  test("are the groups for which policies are kept, with those that need no metrics, by the cloud's own bounds", async () => {
    await guests.gather();
    expect([...guests.groups().keys()]).toEqual(["web", "api"]);
    expect(guests.groups().get("api")?.spec).toMatchObject({
      provider: "local",
      ref: "api",
      cooldownMs: 60_000,
      everyMs: 10_000,
      policies: [schedule],
      waitsForOwnSteps: false,
    });
    const before = guests.groups().get("api");
    await guests.gather();
    expect(guests.groups().get("api")).toBe(before);
  });

  test("and those that were made from outside; one whose name the file has bears its provider's before it", async () => {
    made = ["web"];
    await guests.refresh("local", "web");
    expect([...guests.groups().keys()]).toEqual(["web", "local/web"]);
    expect(guests.groups().get("web")).toBe(own.get("web"));
    expect(runtimeOf(guests.groups(), "local", { id: "web", name: "web" })?.spec.name).toBe("local/web");
  });

  test("are none that the file declares, and none for which nothing is kept", async () => {
    made = ["declared"];
    await guests.gather();
    await guests.refresh("local", "declared");
    await guests.refresh("local", "nothing");
    expect([...guests.groups().keys()]).toEqual(["web", "api"]);
  });

  test("go, and are forgotten, when their group does", async () => {
    await guests.gather();
    at.delete("api");
    kept.delete("api");
    await guests.refresh("local", "api");
    expect([...guests.groups().keys()]).toEqual(["web"]);
    expect(forgotten).toEqual(["api"]);
  });

  test("stay while their cloud cannot be read", async () => {
    await guests.gather();
    at.delete("api");
    await guests.gather();
    expect(guests.groups().has("api")).toBe(true);
  });
});
