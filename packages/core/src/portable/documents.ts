/**
 * What the portable part keeps in the store about a group, as JSON.
 *
 * Note [Partitions]: a group's documents lie in the partition of its name, under `portable/PROVIDER/…`, so that two
 * providers in one store may each have a group of the same name. Definition and memory are two documents because they
 * have different writers (callers and convergence); what changes both is one commit.
 */
import type { Metadata } from "../contracts/common.js";
import type { Attachment, Pause } from "../contracts/group.js";
import type { LaunchConfiguration } from "../contracts/launch.js";

/** Which instances scale-in takes first, after those that are not in service anyway. */
export type ScaleInOrder = "oldest" | "newest";

/** A group as its callers defined it. */
export interface GroupDefinition {
  name: string;
  /** Sets this group apart from earlier ones of its name, in idempotency keys. */
  incarnation: string;
  min: number;
  max: number;
  desired: number;
  cooldownMs: number;
  zones: string[];
  subnets?: string[];
  loadBalancers: Attachment[];
  metadata: Metadata;
  owner?: string;
  native?: Record<string, unknown>;
  paused?: Pause;
  createdAtMs: number;
  /** Version of the launch configuration for new servers. */
  launch: string;
  /** What it was created from, in canonical JSON: an equal create finds it. */
  spec: string;
  /** Set while the last servers of a deleted group go. */
  deletingSinceMs?: number;
}

/** A version of a group's launch configuration, as it is kept. */
export interface LaunchDocument {
  version: string;
  createdAtMs: number;
  launch: LaunchConfiguration;
}

/** What is known of a slot: who is in it, or when the next may come. */
export interface SlotMemory {
  /** Generation of the last server that was asked for in this slot; never used twice. */
  generation: number;
  /** Idempotency key of the server in this slot. Present: the slot is taken. */
  key?: string;
  /** Launch version of that server. */
  launch?: string;
  zone?: string;
  askedAtMs?: number;
  /** When the cloud acknowledged it. Absent: asked for, answer not known. */
  answeredAtMs?: number;
  server?: string;
  /** Whether it was ever read back. */
  seen?: boolean;
  /** Servers of this slot in a row that died young. */
  crashes?: number;
  /** No new server in this slot before. */
  notBeforeMs?: number;
  /** What the last one that died said. */
  lastWords?: string;
}

/** Why a server has to go. */
export type RemovalReason = "dead" | "overdue" | "unhealthy" | "twin" | "scale-in" | "terminate" | "ending";

/** A server on its way out. Once begun, it is never taken back. */
export interface Removal {
  reason: RemovalReason;
  sinceMs: number;
  /** Its requests may finish until then. */
  drainUntilMs?: number;
  /** When the cloud acknowledged the deletion. */
  deletedAtMs?: number;
}

/** What convergence remembers of a group between two looks. */
export interface GroupMemory {
  slots: Record<string, SlotMemory>;
  /** By server id. */
  removals: Record<string, Removal>;
  /** By server id: what callers said of it, also where the provider cannot label. */
  marks: Record<string, { protected?: boolean; standby?: boolean }>;
  /** Detached servers, by id: when. Their labels may still be read for a while. */
  released: Record<string, number>;
  /** By balancer: ids of ours that were registered there. */
  registered: Record<string, string[]>;
  /** By server id: when it first was in service. */
  readyAtMs: Record<string, number>;
  /** By server id: since when its balancers call it unhealthy. */
  unhealthySinceMs: Record<string, number>;
  /** Creates that failed in a row, and when the next may be tried. */
  createFailures: number;
  createsNotBeforeMs?: number;
  /** After a loss of the store: no shrinking before, and desired follows the most members seen. */
  recoveringUntilMs?: number;
  /** Why the wanted state cannot be reached, for people. */
  problems: string[];
  /** Of `problems`: those that the last actions met. */
  failures: string[];
}

/** Memory of a group that nothing is known of. */
export function emptyGroupMemory(): GroupMemory {
  return {
    slots: {},
    removals: {},
    marks: {},
    released: {},
    registered: {},
    readyAtMs: {},
    unhealthySinceMs: {},
    createFailures: 0,
    problems: [],
    failures: [],
  };
}

/** A copy that may be written to. */
export function copyMemory(memory: GroupMemory): GroupMemory {
  const copy = <T extends object>(entries: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, { ...value }]));
  return {
    ...memory,
    slots: copy(memory.slots),
    removals: copy(memory.removals),
    marks: copy(memory.marks),
    released: { ...memory.released },
    registered: Object.fromEntries(Object.entries(memory.registered).map(([key, ids]) => [key, [...ids]])),
    readyAtMs: { ...memory.readyAtMs },
    unhealthySinceMs: { ...memory.unhealthySinceMs },
    problems: [...memory.problems],
    failures: [...memory.failures],
  };
}

/** Key of a group's tie to one pool of a balancer. */
export function tieKey(attachment: Pick<Attachment, "id" | "pool">): string {
  return attachment.pool === undefined ? attachment.id : `${attachment.id}#${attachment.pool}`;
}

/** Reads {@link tieKey} back. */
export function readTieKey(key: string): { id: string; pool?: string } {
  const hash = key.lastIndexOf("#");
  return hash < 0 ? { id: key } : { id: key.slice(0, hash), pool: key.slice(hash + 1) };
}

/**
 * Memory with every time in it moved by so much: when the clock of this machine was set, waits and graces have as much
 * left as before.
 */
export function shiftMemory(memory: GroupMemory, byMs: number): GroupMemory {
  return mapTimes(memory, (atMs) => atMs + byMs);
}

/**
 * Memory without times that cannot be: what has happened lies in the past, and no wait is longer than it was meant.
 * Needed when the clock was set back while nobody looked.
 * @param longestWaitMs - bound of waits that have no other.
 * @returns the same memory when there is nothing to mend.
 */
export function mendTimes(memory: GroupMemory, nowMs: number, longestWaitMs: number): GroupMemory {
  const past = (atMs: number): number => Math.min(atMs, nowMs);
  const wait = (untilMs: number): number => Math.min(untilMs, nowMs + longestWaitMs);
  const drain = (untilMs: number, removal: Removal): number =>
    Math.min(untilMs, nowMs + Math.max(0, untilMs - removal.sinceMs));
  const mended = mapTimes(memory, past, wait, drain);
  return JSON.stringify(mended) === JSON.stringify(memory) ? memory : mended;
}

type TimeMap = (atMs: number) => number;

function mapTimes(
  memory: GroupMemory,
  past: TimeMap,
  wait: TimeMap = past,
  drain: (untilMs: number, removal: Removal) => number = past,
): GroupMemory {
  const next = copyMemory(memory);
  for (const slot of Object.values(next.slots)) {
    setTime(slot, "askedAtMs", past);
    setTime(slot, "answeredAtMs", past);
    setTime(slot, "notBeforeMs", wait);
  }
  for (const removal of Object.values(next.removals)) {
    const before = { ...removal };
    setTime(removal, "drainUntilMs", (untilMs) => drain(untilMs, before));
    setTime(removal, "sinceMs", past);
    setTime(removal, "deletedAtMs", past);
  }
  for (const times of [next.released, next.readyAtMs, next.unhealthySinceMs]) {
    for (const [id, atMs] of Object.entries(times)) times[id] = past(atMs);
  }
  setTime(next, "createsNotBeforeMs", wait);
  setTime(next, "recoveringUntilMs", wait);
  return next;
}

function setTime<K extends string>(target: { [key in K]?: number }, key: K, map: TimeMap): void {
  const atMs = target[key];
  if (atMs !== undefined) target[key] = map(atMs);
}
