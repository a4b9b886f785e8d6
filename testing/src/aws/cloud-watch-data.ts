/**
 * Metrics: what was put is kept by its exact set of dimensions, and read as statistics of periods. Periods begin at
 * whole multiples of their length since the epoch, as AWS's do. @see facts/aws.md, section 2, CloudWatch
 */
import { AwsError, type Input, pageOf } from "./input.js";
import type { Datapoint, Metric, RegionState, Tags } from "./state.js";
import type { Handlers, World } from "./world.js";

const OLDEST_MS = 14 * 86_400_000;
const NEWEST_MS = 2 * 3_600_000;
const METRICS_PER_CALL = 1_000;

/** What CloudWatch refuses. */
export function invalidParameter(message: string): AwsError {
  return new AwsError("InvalidParameterValue", message);
}

/** `[{ Name, Value }]` as a record. */
export function dimensionsOf(input: Input): Tags {
  return Object.fromEntries(
    input.inputs("Dimensions").map((one) => [one.required("Name"), one.text("Value") ?? ""]),
  );
}

function isSame(a: Tags, b: Tags): boolean {
  return (
    Object.keys(a).length === Object.keys(b).length &&
    Object.entries(a).every(([key, value]) => b[key] === value)
  );
}

/** A metric by namespace, name and exactly these dimensions. */
export function metricOf(
  { metrics }: RegionState,
  namespace: string,
  name: string,
  dimensions: Tags,
): Metric | undefined {
  return metrics.find(
    (one) => one.namespace === namespace && one.name === name && isSame(one.dimensions, dimensions),
  );
}

function valuesOf(datum: Input): Datapoint["values"] {
  const set = datum.input("StatisticValues");
  if (set !== undefined) {
    // The extremes are kept as they are; what lies between has their sum's mean.
    const [count, sum] = [set.number("SampleCount") ?? 0, set.number("Sum") ?? 0];
    const [low, high] = [set.number("Minimum") ?? 0, set.number("Maximum") ?? 0];
    if (count < 3)
      return count < 2 ? [{ value: sum, count }] : [low, high].map((value) => ({ value, count: 1 }));
    const rest = { value: (sum - low - high) / (count - 2), count: count - 2 };
    return [{ value: low, count: 1 }, rest, { value: high, count: 1 }];
  }
  const values = datum.numbers("Values");
  if (values.length === 0) return [{ value: datum.number("Value") ?? 0, count: 1 }];
  const counts = datum.numbers("Counts");
  return values.map((value, index) => ({ value, count: counts[index] ?? 1 }));
}

function put(world: World, namespace: string, datum: Input): void {
  const [name, dimensions] = [datum.required("MetricName"), dimensionsOf(datum)];
  const atMs = datum.time("Timestamp") ?? world.now();
  if (atMs < world.now() - OLDEST_MS || atMs > world.now() + NEWEST_MS)
    throw invalidParameter(
      "The parameter MetricData.member.1.Timestamp must specify a time within the last two weeks and not more than two hours in the future.",
    );
  let metric = metricOf(world.state, namespace, name, dimensions);
  if (metric === undefined) {
    metric = { namespace, name, dimensions, points: [] };
    world.state.metrics.push(metric);
  }
  const unit = datum.text("Unit");
  metric.points.push({ atMs, values: valuesOf(datum), ...(unit === undefined ? {} : { unit }) });
}

/** One period's value, by the time at which it begins. */
export type Series = Map<number, number>;

/** A metric's statistic in each period that has data. @param unit - only values of this unit. */
export function seriesOf(
  metric: Metric | undefined,
  stat: string,
  {
    periodMs,
    startMs,
    endMs,
    unit,
  }: { periodMs: number; startMs: number; endMs: number; unit?: string | undefined },
): Series {
  const byPeriod = new Map<number, Datapoint["values"]>();
  for (const point of metric?.points ?? []) {
    const beginsMs = Math.floor(point.atMs / periodMs) * periodMs;
    if (beginsMs < startMs || beginsMs >= endMs || (unit !== undefined && point.unit !== unit)) continue;
    byPeriod.set(beginsMs, [...(byPeriod.get(beginsMs) ?? []), ...point.values]);
  }
  return new Map(
    [...byPeriod].sort(([a], [b]) => a - b).map(([atMs, values]) => [atMs, statisticOf(values, stat)]),
  );
}

/** A statistic of values: the five plain ones, and percentiles (`p90`). @throws AwsError for any other. */
export function statisticOf(values: Datapoint["values"], stat: string): number {
  const count = values.reduce((sum, one) => sum + one.count, 0);
  const sum = values.reduce((total, one) => total + one.value * one.count, 0);
  switch (stat) {
    case "Sum":
      return sum;
    case "Average":
      return sum / count;
    case "SampleCount":
      return count;
    case "Minimum":
      return Math.min(...values.map(({ value }) => value));
    case "Maximum":
      return Math.max(...values.map(({ value }) => value));
    default:
      return percentileOf(values, count, stat);
  }
}

function percentileOf(values: Datapoint["values"], count: number, stat: string): number {
  const percent = /^p(\d{1,2}(?:\.\d+)?|100)$/.exec(stat)?.[1];
  if (percent === undefined) throw invalidParameter(`The value ${stat} for parameter Stat is not supported.`);
  let left = Math.max(1, Math.ceil((Number(percent) / 100) * count));
  const sorted = values.toSorted((a, b) => a.value - b.value);
  for (const one of sorted) {
    left -= one.count;
    if (left <= 0) return one.value;
  }
  return sorted.at(-1)?.value ?? 0;
}

/** Actions on metrics as they are kept. */
export const metricHandlers: Handlers = {
  PutMetricData(world, input) {
    const [namespace, data] = [input.required("Namespace"), input.inputs("MetricData")];
    if (namespace.startsWith("AWS/"))
      throw invalidParameter("The value AWS/ for parameter Namespace is invalid.");
    if (data.length > METRICS_PER_CALL)
      throw invalidParameter(
        `The collection MetricData must not have a size greater than ${METRICS_PER_CALL}.`,
      );
    for (const datum of data) put(world, namespace, datum);
    return {};
  },
  ListMetrics(world, input) {
    const [namespace, name] = [input.text("Namespace"), input.text("MetricName")];
    const wanted = input.inputs("Dimensions");
    const found = world.state.metrics.filter(
      (one) =>
        (namespace === undefined || one.namespace === namespace) &&
        (name === undefined || one.name === name) &&
        wanted.every((dimension) => {
          const value = one.dimensions[dimension.required("Name")];
          return value !== undefined && (dimension.text("Value") ?? value) === value;
        }),
    );
    const key = (one: Metric): string => JSON.stringify([one.namespace, one.name, one.dimensions]);
    const { page, next } = pageOf(found, input, { key, size: "MaxRecords", usual: 500, most: 500 });
    return {
      Metrics: page.map((one) => ({
        Namespace: one.namespace,
        MetricName: one.name,
        Dimensions: Object.entries(one.dimensions).map(([Name, Value]) => ({ Name, Value })),
      })),
      NextToken: next,
    };
  },
  GetMetricStatistics(world, input) {
    const metric = metricOf(
      world.state,
      input.required("Namespace"),
      input.required("MetricName"),
      dimensionsOf(input),
    );
    const window = {
      periodMs: (input.number("Period") ?? 60) * 1_000,
      startMs: input.time("StartTime") ?? 0,
      endMs: input.time("EndTime") ?? world.now(),
      unit: input.text("Unit"),
    };
    if ((window.endMs - window.startMs) / window.periodMs > 1_440)
      throw new AwsError(
        "InvalidParameterCombination",
        "You have requested up to more datapoints than the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
      );
    const [plain, percentiles] = [input.texts("Statistics"), input.texts("ExtendedStatistics")];
    const series = [...plain, ...percentiles].map((stat) => [stat, seriesOf(metric, stat, window)] as const);
    const times = [...(series[0]?.[1].keys() ?? [])];
    return {
      Label: input.required("MetricName"),
      Datapoints: times.map((atMs) => {
        const values = series.map(([stat, one]) => [stat, one.get(atMs)] as const);
        return {
          Timestamp: new Date(atMs),
          Unit: metric?.points[0]?.unit ?? "None",
          ...Object.fromEntries(values.filter(([stat]) => plain.includes(stat))),
          ExtendedStatistics: Object.fromEntries(values.filter(([stat]) => percentiles.includes(stat))),
        };
      }),
    };
  },
};
