/** What CloudWatch answered, and the one number in it. Pure. */

import type { GetMetricDataOutput, MetricDataResult } from "@aws-sdk/client-cloudwatch";
import { formatDuration, type Sample } from "@bellows/core";
import { nameOf, type Unit } from "./metric-query.js";

/** A data point. */
export interface Point {
  /** Its own time: when its period begins. */
  startMs: number;
  value: number;
}

/** The answer to one question: a series as a rule, several where an expression found several; or why there is none. */
export type Answer = { series: readonly (readonly Point[])[] } | { unavailable: string };

/** How a question's answer stands, when the last page is there. */
export interface Outcome {
  unit: Unit;
  /** `ask-again`: CloudWatch failed at it; `too-many`: the call found more metrics than it takes. */
  answer: Answer | "ask-again" | "too-many";
}

/** Takes the pages of one call. */
export interface Collector {
  /** @returns questions whose answer is whole by this page, each once. */
  take(page: Pick<GetMetricDataOutput, "MetricDataResults" | "Messages">): Outcome[];
  /** @returns all others, when there are no more pages. */
  end(): Outcome[];
}

/** Code of the message that a call has found more metrics than it may answer. @see docs.aws.amazon.com, GetMetricData */
const TOO_MANY = "MaxMetricsExceeded";

interface Collected {
  unit: Unit;
  words: string;
  /** By label: pages go on with the series of earlier ones. */
  series: Map<string, { points: Point[]; status: string | undefined }>;
  done: boolean;
}

/**
 * Makes a collector.
 * @param units - the questions of the call, by the id that each has in it.
 */
export function createCollector(units: ReadonlyMap<string, Unit>): Collector {
  const all = new Map<string, Collected>(
    [...units].map(([id, unit]) => [id, { unit, words: "", series: new Map(), done: false }]),
  );
  let tooMany = false;
  const finish = (one: Collected): Outcome => {
    one.done = true;
    return { unit: one.unit, answer: answerOf(one, tooMany) };
  };
  const open = (): Collected[] => [...all.values()].filter(({ done }) => !done);
  return {
    take({ MetricDataResults = [], Messages = [] }) {
      tooMany ||= Messages.some(({ Code }) => Code === TOO_MANY);
      const seen = new Map<string, number>();
      for (const result of MetricDataResults) {
        const one = all.get(result.Id ?? "");
        if (one !== undefined && !one.done) addResult(one, result, seen);
      }
      return open().filter(isWhole).map(finish);
    },
    end: () => open().map(finish),
  };
}

/** What an expression finds may go on with another series on the next page. */
function isWhole({ unit, series }: Collected): boolean {
  return !("expression" in unit.what) && [...series.values()].some(({ status }) => status === "Complete");
}

/** @param seen - how often an id and a label were in this page: labels are no keys, but their order stays. */
function addResult(one: Collected, result: MetricDataResult, seen: Map<string, number>): void {
  const { Id, StatusCode, Timestamps = [], Values = [], Messages = [] } = result;
  const label = "expression" in one.unit.what ? (result.Label ?? "") : "";
  const count = seen.get(`${Id} ${label}`) ?? 0;
  seen.set(`${Id} ${label}`, count + 1);
  const key = `${count} ${label}`;
  const points = one.series.get(key)?.points ?? [];
  for (const [at, time] of Timestamps.entries()) {
    const value = Values[at];
    if (value !== undefined) points.push({ startMs: time.getTime(), value });
  }
  one.series.set(key, { points, status: StatusCode });
  const said = Messages.map(({ Code, Value }) => [Code, Value].filter(Boolean).join(": ")).join("; ");
  if (said !== "") one.words = said;
}

function answerOf({ unit, series, words }: Collected, tooMany: boolean): Outcome["answer"] {
  const states = [...series.values()].map(({ status }) => status);
  const said = words === "" ? "" : `: ${words}`;
  if (tooMany && ("expression" in unit.what || states.length === 0)) return "too-many";
  if (states.includes("InternalError")) return "ask-again";
  if (states.length === 0) return { unavailable: "CloudWatch left it out of its answer" };
  if (states.includes("PartialData"))
    return { unavailable: `CloudWatch gave only a part of its data${said}` };
  const other = states.find((status) => status !== "Complete");
  if (states.some((status) => status !== "Complete"))
    return { unavailable: `CloudWatch answered ${other ?? "without a status"}${said}` };
  return { series: [...series.values()].map(({ points }) => points) };
}

/**
 * The newest number of a question, true at the end of its period.
 * @param endMs - when its period must have ended.
 */
export function newestSample(unit: Unit, answer: Answer, { startMs, endMs }: Bounds): Sample {
  const points = onlySeries(answer);
  if ("unavailable" in points) return points;
  const newest = points
    .filter((point) => point.startMs >= startMs && point.startMs + unit.periodMs <= endMs)
    .reduce<Point | undefined>(
      (best, point) => (best && best.startMs > point.startMs ? best : point),
      undefined,
    );
  if (newest === undefined) return noPoint(unit, { startMs, endMs });
  return Number.isFinite(newest.value)
    ? { value: newest.value, observedAtMs: newest.startMs + unit.periodMs }
    : { unavailable: `the value is ${newest.value}` };
}

/** Between which times data points may lie: the first may begin at `startMs`, the last must have ended at `endMs`. */
export interface Bounds {
  startMs: number;
  endMs: number;
}

/** The one series of an answer. */
export function onlySeries(answer: Answer): readonly Point[] | { unavailable: string } {
  if ("unavailable" in answer) return answer;
  const { series } = answer;
  if (series.length <= 1) return series[0] ?? [];
  return {
    unavailable: `the expression gives ${series.length} series, and one number is needed: wrap it in SUM(…), AVG(…) or MAX(…)`,
  };
}

/** Says that there is no data point. */
export function noPoint(unit: Unit, { startMs, endMs }: Bounds): { unavailable: string } {
  const exact = "expression" in unit.what ? "" : "; name and all dimensions must be those of CloudWatch";
  return { unavailable: `${nameOf(unit)} has no data point in ${formatDuration(endMs - startMs)}${exact}` };
}

/** What to tell of the past. */
export interface Past {
  /** First and last time that a point may have, the last exclusive: a point has the time at which its period ended. */
  fromMs: number;
  toMs: number;
  /** The newest point of each such step is told. */
  stepMs: number;
}

/** A question's past: points in order of time, or one sample that says why there are none. */
export function pastOf(unit: Unit, answer: Answer, { fromMs, toMs, stepMs }: Past): Sample[] {
  const points = onlySeries(answer);
  if ("unavailable" in points) return [points];
  const byStep = new Map<number, Sample & { observedAtMs: number }>();
  for (const { startMs, value } of [...points].sort((a, b) => a.startMs - b.startMs)) {
    const observedAtMs = startMs + unit.periodMs;
    if (observedAtMs < fromMs || observedAtMs >= toMs || !Number.isFinite(value)) continue;
    byStep.set(Math.floor((observedAtMs - fromMs) / stepMs), { value, observedAtMs });
  }
  return [...byStep.values()];
}
