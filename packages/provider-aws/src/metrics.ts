/**
 * Metrics of Amazon CloudWatch: a group's own under their neutral names, and any other in CloudWatch's words.
 *
 * Note [Time of a sample]: a data point is an aggregate of its whole period, and true when that has ended. A sample's
 * `observedAtMs` is that end, not the time that CloudWatch gives a point, which is the period's beginning. Periods that
 * have not ended are never used.
 */

import type {
  GroupMetricParams,
  Host,
  MetricQuery,
  MetricsDriver,
  ReadOptions,
  Sample,
  TimeRange,
} from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { newestSample, pastOf } from "./metric-answer.js";
import { createMetricCalls } from "./metric-calls.js";
import { GROUP_METRICS, isOfBalancers, recipeOf, sampleOf, type Ties } from "./metric-groups.js";
import { type Question, readQuestion } from "./metric-query.js";
import { type Reading, readWishes, type Wish } from "./metric-read.js";
import { createTiesBook, type TiesBook } from "./metric-ties.js";
import { alignDown, keptMs, newestSpan } from "./metric-window.js";

/** The driver of metrics: all that the contract has. */
export type AwsMetrics = Required<MetricsDriver>;

/**
 * Makes the driver of metrics.
 *
 * `cpuPercent` (0 to 100), `networkInBytes` and `networkOutBytes` come from the instances; `requestCount`,
 * `requestRate` (a second), `errorRate` (0 to 1) and `latencyMs` from the classic and application balancers in front.
 */
export function createMetrics(aws: Aws, host: Host): AwsMetrics {
  const calls = createMetricCalls(aws, host);
  const book = createTiesBook(aws, host);
  const ofSamples = (
    operation: string,
    queries: readonly MetricQuery[],
    options: ReadOptions,
  ): Omit<Reading<Sample>, "wishesOf"> => ({
    host,
    calls,
    operation,
    options,
    count: queries.length,
    none: (unavailable) => ({ unavailable }),
    told: options.onSample,
  });
  return {
    names: GROUP_METRICS,
    ownSource: "cloudwatch",
    read: (queries, options) =>
      readWishes({
        ...ofSamples("metrics.read", queries, options),
        wishesOf: (call) => groupWishes(book, queries, host.clock.now(), call),
      }),
    readOwn: (queries, options) =>
      readWishes({
        ...ofSamples("metrics.readOwn", queries, options),
        wishesOf: async () =>
          (await questionsOf(aws, queries)).map((one) => newestWish(one, host.clock.now())),
      }),
    readOwnRange: (queries, range, options) =>
      readWishes<Sample[]>({
        host,
        calls,
        operation: "metrics.readOwnRange",
        options,
        count: queries.length,
        none: (unavailable) => [{ unavailable }],
        wishesOf: async () =>
          (await questionsOf(aws, queries)).map((one) => pastWish(one, range, host.clock.now())),
      }),
  };
}

async function groupWishes(
  book: TiesBook,
  queries: readonly MetricQuery<GroupMetricParams>[],
  nowMs: number,
  call: () => Call,
): Promise<(Wish<Sample> | string)[]> {
  const behind = queries.flatMap(({ params, group }) =>
    group !== undefined && isOfBalancers(params.metric) ? [group] : [],
  );
  const ties: ReadonlyMap<string, Ties> = behind.length === 0 ? new Map() : await book.of(behind, call);
  return queries.map(({ params, group }) => {
    if (group === undefined) return "it is about a group, and none is named";
    const recipe = recipeOf(params, group, ties.get(group), nowMs);
    return typeof recipe === "string"
      ? recipe
      : { units: recipe.units, span: recipe.span, conclude: (answers) => sampleOf(recipe, answers) };
  });
}

/** Reads queries; the connection's own region is the same written out as left out. */
async function questionsOf(aws: Aws, queries: readonly MetricQuery[]): Promise<(Question | string)[]> {
  const read = queries.map(({ params }) => readQuestion(params));
  if (read.every((one) => typeof one === "string" || one.unit.region === undefined)) return read;
  // Without one, what names none fails by its own call.
  const home = await aws.region().catch(() => undefined);
  return queries.map(({ params }) => readQuestion(params, home));
}

function newestWish(question: Question | string, nowMs: number): Wish<Sample> | string {
  if (typeof question === "string") return question;
  const { unit, offsetMs } = question;
  const span = newestSpan(unit.periodMs, nowMs, offsetMs);
  return {
    units: [unit],
    span,
    conclude: ([answer = { series: [] }]) => newestSample(unit, answer, span),
  };
}

function pastWish(question: Question | string, range: TimeRange, nowMs: number): Wish<Sample[]> | string {
  if (typeof question === "string") return question;
  const { unit, offsetMs } = question;
  const { periodMs } = unit;
  const keptFromMs = nowMs - keptMs(periodMs);
  if (range.toMs <= keptFromMs)
    return "CloudWatch keeps no data points of this period for so long: ask with a longer period";
  const settledMs = alignDown(nowMs - offsetMs, periodMs);
  const toMs = Math.min(range.toMs, settledMs + 1);
  // A point has the time at which its period ends, and CloudWatch names it by its beginning.
  const startMs = alignDown(Math.max(range.fromMs, keptFromMs) - periodMs, periodMs);
  const endMs = alignDown(toMs - 1, periodMs);
  return {
    units: startMs < endMs ? [unit] : [],
    span: { startMs, endMs },
    conclude: ([answer = { series: [] }]) => pastOf(unit, answer, { ...range, toMs }),
  };
}
