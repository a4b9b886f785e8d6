import type { Hold } from "../contracts/scaling.js";
import { ConfigError } from "../errors.js";
import type { Timer } from "../policies/threshold.js";

/**
 * What a group's decisions remember from one round to the next.
 *
 * Note [Memory]: plain JSON, written together with the record of the round that made it, so that a daemon, a round
 * from cron and a Lambda decide alike. It is never changed in place: every function here gives a new one (or the same,
 * if nothing changed). Lists in it are pruned, so that its size has a bound. Times are epoch milliseconds of the
 * injected clock; when that clock jumps back, `rebaseMemory` moves them along, so that what is left of a cooldown or
 * timer stays what it was.
 */
export interface Memory {
  /** Grows when the shape changes; see {@link MEMORY_VERSION}. */
  version: number;
  /** When it was last looked at by a decision; 0: never. */
  atMs: number;
  /** By policy. A policy without anything to remember is absent. */
  policies: Readonly<Record<string, PolicyMemory>>;
  /** The group's last execution: its cooldown runs from here. */
  stamp?: Stamp;
  /** Bellows's own last step, until its instances have settled. */
  step?: OwnStep;
  /** Past recommendations as triples `atMs, lowest, highest`, each in force until the next; oldest first. */
  recommendations: readonly number[];
  /** Own changes of the past, for rates; oldest first. */
  moves: readonly Move[];
  keeps: readonly Keep[];
  pause?: Hold;
  pin?: Pin;
  /** Last good sample of each metric, `[value, observedAtMs]`; only where an `onMissing` asks for it. */
  samples?: Readonly<Record<string, readonly [number, number]>>;
}

/** What is remembered of one policy. */
export interface PolicyMemory {
  /** `for` of a threshold's condition, or of the growing side of steps. */
  timer?: Timer;
  /** `for` of the shrinking side of steps. */
  shrinkTimer?: Timer;
  stamp?: Stamp;
  /** A policy plugin's own. */
  custom?: unknown;
}

/** An execution: cooldowns run from it. */
export interface Stamp {
  atMs: number;
  /** Id of the decision record. */
  id: string;
  /** The execution before it, to go back to when this one fails or changes nothing. */
  beforeMs?: number;
}

/** A step that Bellows took. */
export interface OwnStep {
  id: string;
  atMs: number;
  to: number;
}

/** One change by Bellows. */
export interface Move {
  id: string;
  atMs: number;
  delta: number;
}

/** The result of an order as a floor. */
export interface Keep {
  id: string;
  floor: number;
  untilMs: number;
  policy?: string;
}

/** A group held at a count. */
export type Pin = Hold & { to: number };

/** Version of {@link Memory}'s shape. */
export const MEMORY_VERSION = 1;

/** Bound of the lists in memory: 64 changes of recommendation or moves in one window are more than any sane group has. */
export const MEMORY_LIST_LIMIT = 64;

/** Memory of a group that was never decided about. */
export function emptyMemory(): Memory {
  return { version: MEMORY_VERSION, atMs: 0, policies: {}, recommendations: [], moves: [], keeps: [] };
}

/**
 * Memory as it was read from a store.
 * @param value - the stored document, `undefined` if there is none.
 * @param group - whose it is, for errors.
 * @throws ConfigError when a newer version of Bellows wrote it.
 */
export function openMemory(value: unknown, group?: string): Memory {
  if (value === undefined || value === null) return emptyMemory();
  const stored = value as Partial<Memory>;
  if ((stored.version ?? 0) > MEMORY_VERSION) {
    throw new ConfigError(
      `the state${group === undefined ? "" : ` of group ${group}`} was written by a newer Bellows (memory version ${stored.version}, known here: ${MEMORY_VERSION})`,
      {
        ...(group === undefined ? {} : { resource: group }),
        hint: "run that version, or start with an empty state directory",
      },
    );
  }
  return { ...emptyMemory(), ...stored, version: MEMORY_VERSION };
}

/** Names one execution in memory; see {@link stampCooldown}. */
export interface Execution {
  /** Id of the decision record. */
  id: string;
  atMs: number;
  from: number;
  to: number;
  /** The policy that won or was ordered; absent: only the group is stamped. */
  policy?: string;
}

/**
 * Notes an execution: the cooldowns of its policy and of the group run from it, the rates count it.
 * `decideRound` and `decideOrder` have done it in the memory that they return; doing it twice changes nothing.
 */
export function stampCooldown(memory: Memory, execution: Execution): Memory {
  const { id, atMs, policy } = execution;
  if (memory.stamp?.id === id) return memory;
  const next = noteStep(memory, execution);
  next.stamp = stampAfter(memory.stamp, id, atMs);
  if (policy === undefined) return next;
  const old = memory.policies[policy];
  next.policies = { ...memory.policies, [policy]: { ...old, stamp: stampAfter(old?.stamp, id, atMs) } };
  return next;
}

/**
 * Notes a step that no policy asked for (a group repaired to its bounds, a pin, a floor): no cooldown runs from it.
 */
export function noteStep(memory: Memory, { id, atMs, from, to }: Execution): Memory {
  return {
    ...memory,
    step: { id, atMs, to },
    moves: pushBounded(memory.moves, { id, atMs, delta: to - from }),
  };
}

/** Stops every timer where it is: nothing could be looked at. */
export function stopTimers(memory: Memory): Memory {
  const policies: Record<string, PolicyMemory> = {};
  for (const [name, old] of Object.entries(memory.policies)) {
    const next: PolicyMemory = { ...old };
    if (old.timer !== undefined) next.timer = { heldMs: old.timer.heldMs };
    if (old.shrinkTimer !== undefined) next.shrinkTimer = { heldMs: old.shrinkTimer.heldMs };
    policies[name] = next;
  }
  return { ...memory, policies };
}

/**
 * Takes an execution back, because its step failed or changed nothing: its cooldowns, its move and its keep go;
 * what later executions left stays.
 * @param id - of the decision record.
 */
export function withdrawCooldown(memory: Memory, id: string): Memory {
  const next: Memory = {
    ...memory,
    moves: memory.moves.filter((move) => move.id !== id),
    keeps: memory.keeps.filter((keep) => keep.id !== id),
  };
  if (memory.step?.id === id) delete next.step;
  if (memory.stamp?.id === id) setOptional(next, "stamp", stampBefore(memory.stamp));
  const policies: Record<string, PolicyMemory> = {};
  for (const [name, old] of Object.entries(memory.policies)) {
    policies[name] = old;
    if (old.stamp?.id !== id) continue;
    const back: PolicyMemory = { ...old };
    setOptional(back, "stamp", stampBefore(old.stamp));
    policies[name] = back;
  }
  next.policies = policies;
  return next;
}

function stampAfter(old: Stamp | undefined, id: string, atMs: number): Stamp {
  return old === undefined ? { atMs, id } : { atMs, id, beforeMs: old.atMs };
}

function stampBefore(stamp: Stamp): Stamp | undefined {
  return stamp.beforeMs === undefined ? undefined : { atMs: stamp.beforeMs, id: "" };
}

function setOptional<T, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value === undefined) delete target[key];
  else target[key] = value;
}

/** A list with one more at its end, its oldest dropped when it grows beyond the bound. */
export function pushBounded<T>(list: readonly T[], item: T): readonly T[] {
  return list.slice(Math.max(0, list.length + 1 - MEMORY_LIST_LIMIT)).concat(item);
}

/** Pauses the group: rounds and orders write nothing, repairs included, until it is resumed or `untilMs` has come. */
export function withPause(memory: Memory, hold: Hold): Memory {
  return { ...memory, pause: hold };
}

/** Ends a pause. */
export function withoutPause(memory: Memory): Memory {
  const { pause: _, ...rest } = memory;
  return rest;
}

/** Pins the group to a count, within its bounds, until it is unpinned or `untilMs` has come. */
export function withPin(memory: Memory, pin: Pin): Memory {
  return { ...memory, pin };
}

/** Ends a pin. */
export function withoutPin(memory: Memory): Memory {
  const { pin: _, ...rest } = memory;
  return rest;
}

/** The hands on a group that are in force. */
export interface Holds {
  pause?: Hold;
  pin?: Pin;
  keeps: readonly Keep[];
}

/** The pause, pin and keeps in force at `nowMs`; expired ones are left out. */
export function readHolds(memory: Memory, nowMs: number): Holds {
  const holds: Holds = { keeps: memory.keeps.filter((keep) => keep.untilMs > nowMs) };
  if (isInForce(memory.pause, nowMs)) holds.pause = memory.pause;
  if (isInForce(memory.pin, nowMs)) holds.pin = memory.pin;
  return holds;
}

/** Whether a pause or pin is there and has not ended. */
export function isInForce<H extends Hold>(hold: H | undefined, nowMs: number): hold is H {
  return hold !== undefined && (hold.untilMs === undefined || hold.untilMs > nowMs);
}

/**
 * What is left of a cooldown, 0 if it is over. As in Otter, it is over once `now - last` equals it.
 * @param stamp - the last execution.
 */
export function cooldownLeftMs(stamp: Stamp | undefined, cooldownMs: number, nowMs: number): number {
  return stamp === undefined ? 0 : Math.max(0, stamp.atMs + cooldownMs - nowMs);
}

/**
 * Moves everything back by as much as the clock jumped back since the last decision, so that timers, cooldowns, keeps
 * and windows have as much left as before. Pauses and pins stay: people gave their end as a time of day.
 * @returns the same memory, unless the clock jumped back.
 */
export function rebaseMemory(memory: Memory, nowMs: number): Memory {
  const backMs = memory.atMs - nowMs;
  if (backMs <= 0) return memory;
  const next: Memory = {
    ...memory,
    atMs: nowMs,
    policies: Object.fromEntries(
      Object.entries(memory.policies).map(([name, old]) => [name, rebasePolicy(old, backMs)]),
    ),
    recommendations: memory.recommendations.map((value, i) => (i % 3 === 0 ? value - backMs : value)),
    moves: memory.moves.map((move) => ({ ...move, atMs: move.atMs - backMs })),
    keeps: memory.keeps.map((keep) => ({ ...keep, untilMs: keep.untilMs - backMs })),
  };
  if (memory.stamp !== undefined) next.stamp = rebaseStamp(memory.stamp, backMs);
  if (memory.step !== undefined) next.step = { ...memory.step, atMs: memory.step.atMs - backMs };
  return next;
}

function rebasePolicy(old: PolicyMemory, backMs: number): PolicyMemory {
  const next: PolicyMemory = { ...old };
  if (old.timer !== undefined) next.timer = rebaseTimer(old.timer, backMs);
  if (old.shrinkTimer !== undefined) next.shrinkTimer = rebaseTimer(old.shrinkTimer, backMs);
  if (old.stamp !== undefined) next.stamp = rebaseStamp(old.stamp, backMs);
  return next;
}

function rebaseTimer(timer: Timer, backMs: number): Timer {
  return timer.seenAtMs === undefined ? timer : { ...timer, seenAtMs: timer.seenAtMs - backMs };
}

function rebaseStamp(stamp: Stamp, backMs: number): Stamp {
  const next: Stamp = { ...stamp, atMs: stamp.atMs - backMs };
  if (stamp.beforeMs !== undefined) next.beforeMs = stamp.beforeMs - backMs;
  return next;
}
