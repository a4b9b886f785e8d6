/**
 * Random histories of a group: faults, exits, orders and crashes of the controller in any order. Whatever happened,
 * once it is quiet the group has exactly what it wants, nobody is orphaned, and nobody is counted twice.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { fakeBalancers, fakeCloud } from "../../test/fake-cloud.js";
import { manualClock } from "../clock.js";
import type { GroupSpec } from "../contracts/group.js";
import type { LoadBalancersDriver } from "../contracts/load-balancer.js";
import type { ServersDriver } from "../contracts/server.js";
import type { StateStore } from "../contracts/state-store.js";
import { CapacityError, isBellowsError, UnavailableError } from "../errors.js";
import { createMemoryStore } from "../memory-store.js";
import { collect } from "../paging.js";
import type { PortableGroups } from "./groups.js";
import { createPortableGroups } from "./groups.js";
import { LABELS } from "./labels.js";

const START_MS = 1_700_000_000_000;
const LAG_MS = 3_000;
const QUIET_MS = 400_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const WEB: GroupSpec = {
  name: "web",
  min: 0,
  max: 8,
  desired: 3,
  launch: { image: "ami" },
  loadBalancers: ["front"],
};

type Event =
  | { kind: "scale"; to: number }
  | { kind: "bounds"; min: number; max: number }
  | {
      kind: "exit" | "vanish" | "terminate" | "member-removed" | "attach" | "detach";
      which: number;
    }
  | { kind: "fault"; call: "create" | "delete" | "list"; how: "lost" | "refused" | "down" }
  | { kind: "crash"; after: number }
  | { kind: "slow"; slow: boolean }
  | { kind: "lag"; ms: number }
  | { kind: "wait" | "jump"; ms: number }
  | { kind: "pause" | "resume" | "twin" | "store-lost" };

const which = fc.nat(9);
const events: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("scale" as const), to: fc.integer({ min: 0, max: 8 }) }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 8 }))
      .map(([a, b]) => ({ kind: "bounds" as const, min: Math.min(a, b), max: Math.max(a, b) })),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "exit" as const,
        "vanish" as const,
        "terminate" as const,
        "member-removed" as const,
        "attach" as const,
        "detach" as const,
      ),
      which,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("fault" as const),
      call: fc.constantFrom("create" as const, "delete" as const, "list" as const),
      how: fc.constantFrom("lost" as const, "refused" as const, "down" as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("crash" as const), after: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("slow" as const), slow: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("lag" as const), ms: fc.constantFrom(0, 1_000, LAG_MS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("jump" as const), ms: fc.constantFrom(-3_600_000, 3_600_000) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.constantFrom(100, 1_000, 10_000, 90_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("pause" as const, "resume" as const, "twin" as const, "store-lost" as const),
    }),
  },
);

/** Lets calls through until it is told that its process was killed, at once or after so many more calls. */
function mortal() {
  let left = Number.POSITIVE_INFINITY;
  const check = (): void => {
    if (left-- <= 0) throw new Error("this process is no more");
  };
  const guard = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, key) {
        const member: unknown = Reflect.get(object, key);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          check();
          return Reflect.apply(member, object, args);
        };
      },
    });
  const killAfter = (calls: number): void => {
    left = Math.min(left, calls);
  };
  return { guard, killAfter };
}

function world() {
  const clock = manualClock(START_MS);
  const cloud = fakeCloud(clock);
  const balancers = fakeBalancers();
  balancers.add("front", { drains: true });
  balancers.members("front").push({ id: "foreign", state: "enabled", health: "healthy" });
  const stranger = cloud.add("stranger");
  const store = createMemoryStore();
  let serial = 0;
  let life = mortal();
  let portable: PortableGroups;
  const boot = (): void => {
    life = mortal();
    portable = createPortableGroups({
      provider: "fake",
      servers: life.guard<ServersDriver>(cloud.servers),
      loadBalancers: life.guard<LoadBalancersDriver>(balancers.driver),
      store: life.guard<StateStore>(store),
      capabilities: { readAfterWriteMs: LAG_MS, buildTimeoutMs: 60_000 },
      clock,
      logger: silent,
      newId: () => `${String(++serial).padStart(8, "0")}-0000`,
    });
  };
  boot();
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 1_000) {
      await portable.idle();
      for (const member of [...balancers.members("front")]) {
        if (member.state === "draining")
          balancers.members("front").splice(balancers.members("front").indexOf(member), 1);
      }
      clock.advance(Math.min(1_000, left));
    }
    await portable.idle();
  };
  return {
    clock,
    cloud,
    balancers,
    stranger,
    store,
    pass,
    get groups() {
      return portable.groups;
    },
    async crash(after: number, during: () => Promise<unknown>) {
      life.killAfter(after);
      await during().catch(() => undefined);
      life.killAfter(0);
      await portable.close().catch(() => undefined);
      boot();
    },
  };
}

type World = ReturnType<typeof world>;

async function play(the: World, event: Event): Promise<void> {
  const running = the.cloud.running("web");
  const pick = (index: number): string => running[index % Math.max(1, running.length)]?.id ?? "none";
  switch (event.kind) {
    case "scale":
      return void (await the.groups.scale("web", event.to));
    case "bounds":
      return void (await the.groups.update("web", { min: event.min, max: event.max }));
    case "exit":
      return the.cloud.exit(pick(event.which));
    case "vanish":
      return the.cloud.vanish(pick(event.which));
    case "terminate":
      return the.groups.terminate("web", pick(event.which), { replace: event.which % 2 === 0 });
    case "attach":
      return the.groups.attach?.("web", [the.cloud.add(`guest${event.which}`).id]);
    case "detach":
      return the.groups.detach?.("web", [pick(event.which)]);
    case "member-removed": {
      const members = the.balancers.members("front");
      const index = members.findIndex((member) => member.id === pick(event.which));
      if (index >= 0) members.splice(index, 1);
      return;
    }
    case "fault":
      the.cloud.faults[event.call].push(
        event.how === "lost"
          ? "lost"
          : event.how === "refused"
            ? new CapacityError("full")
            : new UnavailableError("down"),
      );
      return;
    case "crash":
      return the.crash(event.after, async () => the.groups.converge("web"));
    case "slow":
      the.cloud.slowBuilds = event.slow;
      if (!event.slow) the.cloud.finish();
      return;
    case "lag":
      the.cloud.lagMs = event.ms;
      return;
    case "jump":
      return the.clock.jumpTo(the.clock.now() + event.ms);
    case "wait":
      return the.pass(event.ms);
    case "pause":
      return the.groups.pause("web");
    case "resume":
      return the.groups.resume("web");
    case "twin": {
      const [one] = running;
      if (one !== undefined) the.cloud.add("twin", one.labels);
      return;
    }
    case "store-lost":
      await the.crash(0, async () => undefined);
      await the.store.drop("web");
      the.cloud.faults.list.length = 0;
      await the.groups.create(WEB);
      return;
  }
}

async function playSafely(the: World, event: Event): Promise<void> {
  try {
    await play(the, event);
  } catch (error) {
    if (!isBellowsError(error)) throw error;
  }
}

it("a group is exactly what it wants once it is quiet, whatever happened before", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(events, { minLength: 1, maxLength: 25 }), async (history) => {
      const the = world();
      await the.groups.create(WEB);
      for (const event of history) await playSafely(the, event);

      the.cloud.slowBuilds = false;
      the.cloud.finish();
      for (const faults of Object.values(the.cloud.faults)) faults.length = 0;
      await the.groups.resume("web");
      for (let ms = 0; ms < QUIET_MS; ms += 50_000) {
        await the.groups.observe(["web"]);
        await the.pass(50_000);
      }

      const group = await the.groups.get("web");
      const running = the.cloud.running("web");
      expect(running.map((server) => server.status)).toEqual(
        Array.from({ length: group.desired }, () => "active"),
      );
      const places = running.map(
        (server) => `${server.labels[LABELS.slot]}.${server.labels[LABELS.generation]}`,
      );
      expect(new Set(places).size).toBe(places.length);
      expect(new Set((await collect(the.groups.instances("web"))).map((one) => one.id))).toEqual(
        new Set(running.map((server) => server.id)),
      );
      const members = the.balancers.members("front").map((member) => member.id);
      expect(members).toEqual(expect.arrayContaining(["foreign", ...running.map((server) => server.id)]));
      // With the store goes the knowledge of which members were ours: those that died meanwhile are left as foreign.
      if (!history.some((event) => event.kind === "store-lost"))
        expect(members).toHaveLength(1 + running.length);
      expect(the.cloud.running().map((server) => server.id)).toContain(the.stranger.id);
      expect(group.problems).toBeUndefined();
    }),
    { numRuns: Number(process.env.MODEL_RUNS ?? 100), endOnFailure: true },
  );
}, 120_000);
