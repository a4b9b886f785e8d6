/**
 * Points of metrics, as few calls as Cloud Monitoring's API allows: one a metric and span, whoever asks for it.
 *
 * Note [Time of a point]: at full resolution a point has the time at which it was measured. A coarser one is named by the
 * beginning of its slot, and true when that has ended; slots that have not are never used.
 */

import type { Call } from "./client.js";
import { type Question, RESOLUTIONS, type Resolution } from "./metric-question.js";
import type { Monitoring } from "./monitoring.js";

/** A number and when it was true, in milliseconds since the epoch. */
export interface Point {
  atMs: number;
  value: number;
}

/** One metric of one check. */
export interface Series {
  entity: string;
  check: string;
  metric: string;
}

/** A span, in milliseconds since the epoch; the end is exclusive. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** Reads points. */
export type ReadPlot = (series: Series, question: Question, span: Span, call: Call) => Promise<Point[]>;

/** Most points of one answer. */
const MOST_POINTS = 1_440;
/** Shortest distance of points at full resolution: checks run every 30 seconds at most. */
const SHORTEST_STEP_MS = 30_000;
/** Calls at the same time. */
const SIDE_BY_SIDE = 8;

interface RawPoint {
  timestamp: number;
  numPoints?: number;
  average?: number;
  min?: number;
  max?: number;
  variance?: number;
}

/** Makes a reader for one read: what two questions share is asked once. */
export function createPlots(monitoring: Monitoring): ReadPlot {
  const asked = new Map<string, Promise<RawPoint[]>>();
  const limited = createLimit(SIDE_BY_SIDE);
  const ask = (path: string, call: Call): Promise<RawPoint[]> => {
    const key = `${path} ${JSON.stringify(call.query)}`;
    const known =
      asked.get(key) ??
      limited(
        async () => (await monitoring.get<{ values?: RawPoint[] } | undefined>(path, call))?.values ?? [],
      );
    asked.set(key, known);
    return known;
  };
  return async ({ entity, check, metric }, { select, resolution }, span, call) => {
    const path = `/entities/${entity}/checks/${check}/metrics/${encodeURIComponent(metric)}/plot`;
    const parts = spansOf(span, resolution).map(({ fromMs, toMs }) => {
      const query = { from: fromMs, to: toMs, resolution: RESOLUTIONS[resolution].api, select };
      return ask(path, { ...call, query });
    });
    return pointsIn((await Promise.all(parts)).flat(), select, resolution, span);
  };
}

/** A span in pieces that one answer holds each, on whole milliseconds. */
export function spansOf({ fromMs, toMs }: Span, resolution: Resolution): Span[] {
  const longestMs = (RESOLUTIONS[resolution].slotMs || SHORTEST_STEP_MS) * MOST_POINTS;
  const spans: Span[] = [];
  for (let startMs = Math.floor(fromMs); startMs < toMs; startMs += longestMs)
    spans.push({ fromMs: startMs, toMs: Math.min(Math.ceil(toMs), startMs + longestMs) });
  return spans;
}

function pointsIn(
  raw: readonly RawPoint[],
  select: Question["select"],
  resolution: Resolution,
  { fromMs, toMs }: Span,
): Point[] {
  const { slotMs } = RESOLUTIONS[resolution];
  return raw
    .flatMap((point) => {
      const value = point[select];
      return typeof value === "number" && Number.isFinite(value) && point.numPoints !== 0
        ? [{ atMs: point.timestamp + slotMs, value }]
        : [];
    })
    .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
    .sort((a, b) => a.atMs - b.atMs);
}

/** Lets so many run at once. */
function createLimit(most: number): <T>(run: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
