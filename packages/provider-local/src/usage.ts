import type { ProcessUse } from "./processes.js";
import type { ServerEntry } from "./records.js";

/** Processor time that a server had used at a moment. */
export interface UsePoint {
  /** On the clock that never goes back. */
  atMs: number;
  cpuMs: number;
}

/** What a server's processes use together. */
export interface ServerUse {
  cpuMs: number;
  memoryBytes: number;
  /** Since the start of its first process. */
  ageMs: number;
}

/** Window of the processor's load unless a query asks for another: the shortest that ticks of 10 ms can fill. */
export const CPU_WINDOW_MS = 1_000;
/** Points kept for each server: some ten minutes of rounds. */
const MOST_POINTS = 64;
/** Points closer together would push out those that long windows need. */
const POINT_DISTANCE_MS = 200;

/** Sums up the processes of each server: its process group, or the one process that was taken in. */
export function useOf(entry: ServerEntry, processes: readonly ProcessUse[]): ServerUse | undefined {
  const pid = entry.process?.pid;
  const own = processes.filter((each) => (entry.record.adopted ? each.pid : each.group) === pid);
  if (own.length === 0) return undefined;
  const sum = (pick: (each: ProcessUse) => number): number =>
    own.reduce((total, each) => total + pick(each), 0);
  return {
    cpuMs: sum((each) => each.cpuMs),
    memoryBytes: sum((each) => each.memoryBytes),
    ageMs: Math.max(...own.map((each) => each.ageMs)),
  };
}

/** Adds a point; the first one seen of a server brings its start with it. */
export function addPoint(points: readonly UsePoint[], use: ServerUse, nowMs: number): UsePoint[] {
  const known = points.length === 0 ? [{ atMs: nowMs - use.ageMs, cpuMs: 0 }] : [...points];
  const last = known.at(-1);
  if (known.length > 1 && last !== undefined && nowMs - last.atMs < POINT_DISTANCE_MS) return known;
  return [...known, { atMs: nowMs, cpuMs: use.cpuMs }].slice(-MOST_POINTS);
}

/**
 * Load of one server: 100 keeps one processor busy; several threads or processes can use more.
 * @param windowMs - how far to look back; without a point so old, as far as there are points.
 */
export function cpuPercentOf(
  points: readonly UsePoint[],
  use: ServerUse,
  nowMs: number,
  windowMs: number,
): number {
  const base = points.findLast((point) => nowMs - point.atMs >= windowMs) ?? points[0];
  const spanMs = nowMs - (base?.atMs ?? nowMs);
  if (base === undefined || spanMs <= 0) return 0;
  // An ended child takes its time along until its parent has heard of its end.
  return (Math.max(0, use.cpuMs - base.cpuMs) / spanMs) * 100;
}

/** Makes one number of those of the instances. @param values - at least one. */
export function combine(values: readonly number[], stat: "mean" | "max" | "min" | "sum"): number {
  if (stat === "max") return Math.max(...values);
  if (stat === "min") return Math.min(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  return stat === "sum" ? sum : sum / values.length;
}
