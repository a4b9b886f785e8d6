import type { DirectionLimits } from "../contracts/scaling.js";
import { percentChange } from "../policies/rounding.js";
import type { Memory, Move } from "./memory.js";
import { MEMORY_LIST_LIMIT } from "./memory.js";

/**
 * Note [Recommendations]: what was wanted in past rounds, as a step function of time: each value holds until the next
 * one, so only changes are kept, and it does not matter how often rounds come (every 10 s, or from cron every 5
 * minutes). Triples `atMs, lowest, highest`; the two differ only where old entries were merged to bound the list.
 */
const STRIDE = 3;

/**
 * Adds this round's recommendation, and drops what is older than `keepMs`.
 * A group seen for the first time starts with its desired count, as if it had been recommended, so that a new
 * controller waits for its window before it shrinks.
 */
export function recommend(
  list: readonly number[],
  wanted: number,
  desired: number,
  nowMs: number,
  keepMs: number,
): readonly number[] {
  if (keepMs === 0) return list.length === 0 ? list : [];
  const last = list.length - STRIDE;
  const first = firstInForce(list, nowMs - keepMs);
  if (last >= 0 && first === 0 && list[last + 1] === wanted && list[last + 2] === wanted) return list;
  const next = list.slice(first);
  if (last < 0) next.push(nowMs, desired, desired);
  if (next.at(-1) !== wanted || next.at(-2) !== wanted) next.push(nowMs, wanted, wanted);
  if (next.length > MEMORY_LIST_LIMIT * STRIDE) mergeOldest(next);
  return next;
}

/** Index of the first entry that was in force after a moment. */
function firstInForce(list: readonly number[], afterMs: number): number {
  let i = 0;
  while (i + STRIDE < list.length && at(list, i + STRIDE) <= afterMs) i += STRIDE;
  return i;
}

/** The two oldest entries become one that is as cautious as both. */
function mergeOldest(list: number[]): void {
  const lowest = Math.min(at(list, 1), at(list, 4));
  const highest = Math.max(at(list, 2), at(list, 5));
  list.splice(0, 2 * STRIDE, at(list, 0), lowest, highest);
}

function at(list: readonly number[], index: number): number {
  return list[index] ?? 0;
}

/** A count that the past allows, and how long until it may allow more. */
export interface Limited {
  readonly to: number;
  readonly leftMs: number;
}

/** Growth only as far as every recommendation of the window went; never below `desired`. */
export function stabilizeGrowth(
  list: readonly number[],
  wanted: number,
  desired: number,
  windowMs: number,
  nowMs: number,
): Limited {
  let lowest = wanted;
  let leftMs = 0;
  for (let i = firstInForce(list, nowMs - windowMs); i < list.length - STRIDE; i += STRIDE) {
    const low = at(list, i + 1);
    lowest = Math.min(lowest, low);
    if (low < wanted) leftMs = at(list, i + STRIDE) + windowMs - nowMs;
  }
  return { to: Math.max(lowest, desired), leftMs };
}

/** Shrinking only as far as every recommendation of the window went; never above `desired`. */
export function stabilizeShrinking(
  list: readonly number[],
  wanted: number,
  desired: number,
  windowMs: number,
  nowMs: number,
): Limited {
  let highest = wanted;
  let leftMs = 0;
  for (let i = firstInForce(list, nowMs - windowMs); i < list.length - STRIDE; i += STRIDE) {
    const high = at(list, i + 2);
    highest = Math.max(highest, high);
    if (high > wanted) leftMs = at(list, i + STRIDE) + windowMs - nowMs;
  }
  return { to: Math.min(highest, desired), leftMs };
}

/** The moves that still matter. */
export function pruneMoves(moves: readonly Move[], nowMs: number, keepMs: number): readonly Move[] {
  const first = moves[0];
  if (first === undefined || first.atMs > nowMs - keepMs) return moves;
  return moves.filter(({ atMs }) => atMs > nowMs - keepMs);
}

/** One rate of {@link DirectionLimits}. */
type Rate = DirectionLimits["rates"][number];

/** What the strictest rate allows; `rate` is the one that bound, absent where none did. */
export interface RateLimited extends Limited {
  readonly rate?: Rate;
}

/**
 * Holds a change to the rates of its direction, as HPA does: each allows so much from the count at the start of its
 * period (today's, less what was added and plus what was removed since). Growth by percent rounds up and is counted
 * from one instance at least, so that a group can leave zero; shrinking truncates what remains.
 * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#scaling-policies
 */
export function limitRate(
  memory: Pick<Memory, "moves">,
  rates: readonly Rate[],
  wanted: number,
  desired: number,
  nowMs: number,
): RateLimited {
  const grows = wanted > desired;
  let limited: RateLimited = { to: wanted, leftMs: 0 };
  for (const rate of rates) {
    const recent = memory.moves.filter(({ atMs }) => atMs > nowMs - rate.perMs);
    const start = desired - recent.reduce((sum, { delta }) => sum + delta, 0);
    const limit = grows ? start + allowedGrowth(rate, start) : start - allowedShrinking(rate, start);
    const to = grows
      ? Math.max(desired, Math.min(limited.to, limit))
      : Math.min(desired, Math.max(limited.to, limit));
    if (to === limited.to) continue;
    const oldest = recent.find(({ delta }) => delta > 0 === grows);
    limited = { to, leftMs: oldest === undefined ? 0 : oldest.atMs + rate.perMs - nowMs, rate };
  }
  return limited;
}

function allowedGrowth(rate: Rate, start: number): number {
  return "count" in rate ? rate.count : percentChange(Math.max(1, start), rate.percent, "hpa");
}

function allowedShrinking(rate: Rate, start: number): number {
  return "count" in rate ? rate.count : -percentChange(Math.max(0, start), -rate.percent, "hpa");
}

/** A rate's amount as people write it. */
export function describeRate(rate: Rate): string {
  return "count" in rate ? String(rate.count) : `${rate.percent}%`;
}
