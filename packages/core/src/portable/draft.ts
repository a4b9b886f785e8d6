import type { Health } from "../contracts/instance.js";
import type { Member } from "../contracts/load-balancer.js";
import type { Server } from "../contracts/server.js";
import { backoffMs } from "./backoff.js";
import type { GroupDefinition, GroupMemory, RemovalReason, ScaleInOrder, SlotMemory } from "./documents.js";
import { LABELS, placeOf } from "./labels.js";

/** One balancer's pool as it was read: its members, that it is gone, or that it could not be read. */
export type BalancerView =
  | { state: "ok"; members: readonly Member[]; checked: boolean; drainMs: number }
  | { state: "gone"; detail: string }
  | { state: "unavailable"; detail: string };

/** The numbers that convergence goes by. All times in milliseconds. */
export interface ConvergenceSettings {
  /** How long a read may lag behind an acknowledged write. */
  readAfterWriteMs: number;
  /** A server that is building for longer counts as failed. */
  buildTimeoutMs: number;
  /** An active server that its balancers never called healthy counts as failed after that long. */
  readyTimeoutMs: number;
  /** A server that was in service and is unhealthy for longer is replaced. */
  unhealthyGraceMs: number;
  /** A server that lived for less before it died counts as a crash. */
  stableAfterMs: number;
  /** Creates in one pass, 1 or more. */
  createsPerPass: number;
  /** A deletion that was acknowledged and shows no effect is asked for again after that long. */
  redeleteMs: number;
  scaleIn: ScaleInOrder;
}

/** One thing to do. */
export type ConvergenceStep =
  | {
      kind: "create";
      slot: number;
      generation: number;
      key: string;
      launch: string;
      zone?: string;
      again: boolean;
    }
  | { kind: "delete"; server: string; reason: RemovalReason }
  | { kind: "attach"; tie: string; servers: readonly string[] }
  | { kind: "detach"; tie: string; servers: readonly string[]; drain: boolean };

/** Input of a plan. Plain data; `nowMs` is the only time there is. */
export interface ConvergenceInput {
  group: GroupDefinition;
  /** Servers that carry the group's label, as the cloud lists them. */
  servers: readonly Server[];
  /** By tie: every balancer that the group names, and those where it has registered servers. */
  balancers: ReadonlyMap<string, BalancerView>;
  memory: GroupMemory;
  nowMs: number;
  settings: ConvergenceSettings;
}

/** A plan in the making: what is read stays in `input`, what will be is in `memory` and `steps`. */
export interface Draft {
  readonly input: ConvergenceInput;
  readonly nowMs: number;
  /** What is wanted: 0 for a group that is being deleted. */
  readonly desired: number;
  readonly byId: ReadonlyMap<string, Server>;
  readonly memory: GroupMemory;
  readonly steps: ConvergenceStep[];
  readonly problems: string[];
  /** Members that count toward desired. */
  live: Server[];
  /** Members out of service by a caller's wish; they do not count. */
  standby: Server[];
  readonly health: Map<string, Health>;
  /** Slots whose server is known by id and not listed yet. */
  readonly expected: Map<string, SlotMemory & { server: string }>;
  /** Slots asked for whose answer is not known, too recent to be asked for again. */
  readonly uncertain: Set<string>;
  /** Slots asked for whose server never came: to be asked for again under the same key. */
  readonly overdueAnswers: string[];
  /** True while something is on its way that a later look will see. */
  waiting: boolean;
  /** Times at which waiting alone changes the plan. */
  readonly dueAtMs: number[];
}

/** Whether a caller put the server in standby, or protected it. Memory first: a label may be read late. */
export function isMarked(memory: GroupMemory, server: Server, mark: "standby" | "protected"): boolean {
  const remembered = memory.marks[server.id]?.[mark];
  return remembered ?? Boolean(server.labels[LABELS[mark]]);
}

/** Begins a removal; what has begun stays as it is. Frees the slot for the next generation. */
export function beginRemoval(draft: Draft, server: Server, reason: RemovalReason): void {
  draft.memory.removals[server.id] ??= { reason, sinceMs: draft.nowMs };
  vacate(draft, server);
  draft.live = draft.live.filter((other) => other.id !== server.id);
  draft.standby = draft.standby.filter((other) => other.id !== server.id);
}

/** The slot that a server holds, if it is still the one in it. */
export function heldSlot(draft: Draft, server: Server): SlotMemory | undefined {
  const place = placeOf(server.labels);
  const slot = place === undefined ? undefined : draft.memory.slots[place.slot];
  return slot !== undefined &&
    slot.generation === place?.generation &&
    (slot.server ?? server.id) === server.id
    ? slot
    : undefined;
}

function vacate(draft: Draft, server: Server): void {
  const slot = heldSlot(draft, server);
  if (slot !== undefined) emptySlot(slot);
}

/** Makes a slot free; generation and crash history stay. */
export function emptySlot(slot: SlotMemory): void {
  for (const key of ["key", "launch", "zone", "askedAtMs", "answeredAtMs", "server", "seen"] as const)
    delete slot[key];
}

/**
 * Notes that the server of a slot died by itself after `livedMs`: young ones add up to a crash loop and hold the slot
 * back, an old one is replaced at once.
 */
export function noteDeath(draft: Draft, slot: SlotMemory, livedMs: number, lastWords?: string): void {
  if (livedMs >= draft.input.settings.stableAfterMs) {
    delete slot.crashes;
    delete slot.notBeforeMs;
    delete slot.lastWords;
    return;
  }
  slot.crashes = (slot.crashes ?? 0) + 1;
  slot.notBeforeMs = draft.nowMs + backoffMs(slot.crashes);
  if (lastWords !== undefined) slot.lastWords = lastWords;
}

/** When a wait ends, if it has not ended. */
export function waitUntilMs(draft: Draft, untilMs: number | undefined): number | undefined {
  return untilMs === undefined || untilMs <= draft.nowMs ? undefined : untilMs;
}

/** Milliseconds since then. */
export function sinceMs(draft: Draft, thenMs: number): number {
  return Math.max(0, draft.nowMs - thenMs);
}
