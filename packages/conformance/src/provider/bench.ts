import assert from "node:assert/strict";
import {
  type Cloud,
  collect,
  delay,
  type Group,
  type GroupSpec,
  type GroupStatus,
  type Instance,
  isGroupStable,
  systemClock,
} from "@bellows/core";
import { freshName } from "../checks.js";
import type { Parts } from "../tests.js";
import type { ProviderSuiteOptions } from "./options.js";

/** First and longest distance of two looks, in milliseconds. */
const FIRST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 250;

/** One test's cloud, and what it made there. */
export interface World {
  cloud: Cloud;
  /** Makes a group of up to four, empty unless told otherwise; it goes when the test ends. */
  group(spec?: Partial<GroupSpec>): Promise<Group>;
  /** What such a group is made from. */
  spec(spec?: Partial<GroupSpec>): GroupSpec;
  /** Has something done when the test ends; latest first. */
  later(undo: () => Promise<unknown>): void;
  /** Tries until it fails no more, for as long as a read may lag behind a write. */
  afterWrite<T>(look: () => Promise<T>): Promise<T>;
  /** Tries until it fails no more, for as long as the cloud may take to do what it was asked. */
  eventually<T>(look: () => Promise<T>): Promise<T>;
  /** Waits until the group has as many in service as it wants, and `desired` is that many. @returns who they are. */
  settled(group: string, desired: number): Promise<Instance[]>;
  instances(group: string): Promise<Instance[]>;
  /** Whether a feature is there; notes it either way. */
  has(feature: string): boolean;
}

/** What the sections of the suite work with. */
export interface ProviderBench {
  options: ProviderSuiteOptions;
  parts: Parts;
  /** A test with a cloud of its own that is left as it was found. */
  inWorld(run: (world: World) => Promise<void>): () => Promise<void>;
}

/** Makes the bench of a suite. */
export function createBench(
  options: ProviderSuiteOptions,
  parts: Parts,
  check: (cloud: Cloud) => Cloud,
): ProviderBench {
  return {
    options,
    parts,
    inWorld: (run) => async () => {
      const { cloud, cleanup } = await options.create();
      const undo: (() => Promise<unknown>)[] = [];
      try {
        try {
          await run(createWorld(check(cloud), options, parts, undo));
        } finally {
          await undoAll(undo);
        }
      } finally {
        await cloud.close();
        await cleanup?.();
      }
    },
  };
}

async function undoAll(undo: (() => Promise<unknown>)[]): Promise<void> {
  for (const one of undo.reverse()) await one().catch(() => undefined);
}

function createWorld(
  cloud: Cloud,
  options: ProviderSuiteOptions,
  parts: Parts,
  undo: (() => Promise<unknown>)[],
): World {
  const settleMs = options.settleMs ?? cloud.capabilities.buildTimeoutMs + 30_000;
  const lagMs = cloud.capabilities.readAfterWriteMs;
  const world: World = {
    cloud,
    spec: (spec) => ({
      name: freshName("group"),
      min: 0,
      max: 4,
      launch: options.launch,
      ...options.group,
      ...spec,
    }),
    async group(spec) {
      const full = world.spec(spec);
      undo.push(async () => {
        await cloud.groups.delete(full.name, { force: true });
        await cloud.wait.groupGone(full.name, { timeoutMs: settleMs, pollMs: LONGEST_LOOK_MS });
      });
      const made = await cloud.groups.create(full);
      await world.afterWrite(() => cloud.groups.get(full.name));
      return made;
    },
    later: (one) => void undo.push(one),
    afterWrite: (look) => retrying(look, lagMs),
    eventually: (look) => retrying(look, settleMs),
    settled: async (group, desired) =>
      counting(await retrying(() => stable(cloud, group, desired), settleMs)),
    instances: (group) => collect(cloud.groups.instances(group)),
    has(feature) {
      const there = cloud.can(feature);
      if (there) parts.exercised(feature);
      else parts.absent(feature);
      return there;
    },
  };
  return world;
}

/** Instances that count: those in standby or ended do not. */
export function counting(status: Pick<GroupStatus, "instances">): Instance[] {
  return status.instances.filter(({ lifecycle }) => lifecycle === "in-service");
}

async function stable(cloud: Cloud, group: string, desired: number): Promise<GroupStatus> {
  const [seen] = await cloud.groups.observe([group]);
  assert.ok(seen !== undefined && "status" in seen, `group ${group}: ${JSON.stringify(seen)}`);
  const { status } = seen;
  const who = status.instances.map(({ lifecycle, health }) => `${lifecycle}/${health}`).join(", ");
  assert.equal(status.group.desired, desired, `group ${group} wants another number`);
  assert.ok(isGroupStable(status), `group ${group} wants ${desired} and has: ${who || "nobody"}`);
  return status;
}

/** Looks at growing distances until the look fails no more, or its time is up. */
export async function retrying<T>(look: () => Promise<T>, limitMs: number): Promise<T> {
  const endMs = systemClock.monotonic() + limitMs;
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(LONGEST_LOOK_MS, waitMs * 1.6)) {
    const isLast = systemClock.monotonic() >= endMs;
    try {
      return await look();
    } catch (error) {
      if (isLast) throw error;
      await delay(systemClock, waitMs);
    }
  }
}
