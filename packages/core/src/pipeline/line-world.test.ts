/** A cloud, its groups and lines on them, all in this process and on a clock that the tests move. */
import { describe, expect, it } from "vitest";
import type { ManualClock } from "../clock.js";
import { manualClock } from "../clock.js";
import type { DecisionRecord } from "../contracts/decision.js";
import type { GroupStatus, GroupsDriver, Observation } from "../contracts/group.js";
import type { MetricSource, Sample } from "../contracts/metric.js";
import type { Capabilities, Logger } from "../contracts/provider.js";
import type { ScalingSpec } from "../contracts/scaling.js";
import type { StateStore } from "../contracts/state-store.js";
import { createMemoryStore } from "../memory-store.js";
import type { GroupRuntime, Line } from "./line.js";
import { createLine } from "./line.js";

export const NOON_MS = Date.UTC(2026, 0, 15, 12);

/** A definition with little in it. */
export function specOf(name: string, parts: Partial<ScalingSpec> = {}): ScalingSpec {
  return {
    name,
    provider: "cloud",
    ref: name,
    min: 0,
    max: 10,
    everyMs: 10_000,
    cooldownMs: 0,
    mode: "act",
    metrics: [],
    signals: [],
    policies: [],
    windows: [],
    scaleOut: { stabilizationMs: 0, rates: [] },
    scaleIn: { stabilizationMs: 0, rates: [] },
    combine: "largest",
    onMissing: { kind: "hold" },
    ...parts,
  };
}

/** A cloud that remembers every `scale`, and fails as it is told. */
export interface FakeCloud {
  driver: GroupsDriver;
  desired: Map<string, number>;
  /** Each accepted scale as `web 2>5`. */
  accepted: string[];
  /** How often groups were looked at, one list of names a call. */
  looks: string[][];
  /** Taken by the next `scale`: throws before, or after the change is made. */
  faults: { before?: Error; after?: Error }[];
  /** Replaces `observe` while set. */
  observe?: (refs: readonly string[]) => Promise<Observation[]>;
  /** Runs when a `scale` arrives, before it changes anything. */
  onScale?: (group: string, to: number) => Promise<void> | void;
  /** What reads show instead of the truth: a cloud that lags. */
  shown: Map<string, number>;
}

export function fakeCloud(clock: ManualClock, groups: Record<string, number>): FakeCloud {
  const statusOf = (name: string, desired: number): GroupStatus => ({
    group: {
      name,
      id: name,
      min: 0,
      max: 10,
      desired,
      cooldownMs: 0,
      metadata: {},
      loadBalancers: [],
      zones: [],
      paused: false,
    },
    instances: Array.from({ length: desired }, (_, index) => ({
      id: `${name}-${index}`,
      group: name,
      lifecycle: "in-service" as const,
      health: "healthy" as const,
      addresses: [],
      protected: false,
    })),
    observedAtMs: clock.now(),
  });
  const cloud: FakeCloud = {
    desired: new Map(Object.entries(groups)),
    accepted: [],
    looks: [],
    faults: [],
    shown: new Map(),
    driver: {
      async observe(refs: readonly string[]) {
        cloud.looks.push([...refs]);
        if (cloud.observe) return cloud.observe(refs);
        return refs.map((ref): Observation => {
          const desired = cloud.shown.get(ref) ?? cloud.desired.get(ref);
          return desired === undefined
            ? { unavailable: `there is no group ${ref}` }
            : { status: statusOf(ref, desired) };
        });
      },
      async scale(ref: string, to: number) {
        await cloud.onScale?.(ref, to);
        const fault = cloud.faults.shift();
        if (fault?.before) throw fault.before;
        const from = cloud.desired.get(ref);
        cloud.desired.set(ref, to);
        cloud.accepted.push(`${ref} ${from}>${to}`);
        if (fault?.after) throw fault.after;
        return { result: from === to ? "unchanged" : "done", desired: to };
      },
    } as Partial<GroupsDriver> as GroupsDriver,
  };
  return cloud;
}

/** A source that answers `params.name` from a table. */
export function tableSource(clock: ManualClock, table: Record<string, number | undefined>): MetricSource {
  return {
    async read(queries) {
      return queries.map(({ params }): Sample => {
        const value = table[(params as { name: string }).name];
        return value === undefined ? { unavailable: "no such row" } : { value, observedAtMs: clock.now() };
      });
    },
  };
}

/** Everything that a test of the line moves. */
export interface World {
  clock: ManualClock;
  cloud: FakeCloud;
  store: StateStore;
  groups: Map<string, GroupRuntime>;
  sources: Map<string, MetricSource>;
  table: Record<string, number | undefined>;
  logged: string[];
  /** A new line on the same world, as a new process would make it. */
  line(parts?: { store?: StateStore; driver?: GroupsDriver; holder?: string }): Line;
}

export function worldOf(specs: ScalingSpec[], desired: Record<string, number>, readAfterWriteMs = 0): World {
  const clock = manualClock(NOON_MS);
  const cloud = fakeCloud(clock, desired);
  const table: World["table"] = {};
  const logged: string[] = [];
  const log = (data: object, message: string): void => void logged.push(`${message} ${JSON.stringify(data)}`);
  const logger: Logger = { debug: () => undefined, info: () => undefined, warn: log, error: log };
  const capabilities: Capabilities = {
    readAfterWriteMs,
    rounding: "otter",
    pausable: [],
    labels: true,
    metricPeriodMs: 1_000,
    cooldown: "none",
    buildTimeoutMs: 60_000,
  };
  let ids = 0;
  const world: World = {
    clock,
    cloud,
    store: createMemoryStore(),
    groups: new Map(),
    sources: new Map([["table", tableSource(clock, table)]]),
    table,
    logged,
    line: ({ store = world.store, driver = cloud.driver, holder = "test" } = {}) =>
      createLine({
        clock,
        store,
        logger,
        holder,
        groups: () =>
          driver === cloud.driver
            ? world.groups
            : new Map(
                [...world.groups].map(([name, runtime]) => [
                  name,
                  { ...runtime, drivers: { groups: driver } },
                ]),
              ),
        sources: () => world.sources,
        newId: () => {
          ids += 1;
          return `id-${ids}`;
        },
      }),
  };
  for (const spec of specs)
    world.groups.set(spec.name, { spec, drivers: { groups: cloud.driver }, capabilities });
  return world;
}

/** Lets promises that wait for nothing but each other go as far as they get. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves the clock by `ms`, a second at a time, letting promises run in between. */
export async function pass(clock: ManualClock, ms: number): Promise<void> {
  await settle();
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(1_000, left));
    await settle();
  }
}

/** All records that a store holds of a group, oldest first. */
export async function stored(store: StateStore, group: string): Promise<DecisionRecord[]> {
  const records: DecisionRecord[] = [];
  for await (const { value } of store.read<DecisionRecord>(group)) records.push(value);
  return records;
}

/** A metric that is read from the world's table. */
export function rowMetric(name: string): ScalingSpec["metrics"][number] {
  return { name, source: "table", params: { name }, maxAgeMs: 300_000 };
}

describe("the world of these tests", () => {
  it("shows what was scaled", async () => {
    const { cloud } = worldOf([], { web: 2 });
    await cloud.driver.scale("web", 3);
    expect(cloud.accepted).toEqual(["web 2>3"]);
    expect(await cloud.driver.observe(["web", "gone"])).toMatchObject([
      { status: { group: { desired: 3 } } },
      { unavailable: "there is no group gone" },
    ]);
  });
});
