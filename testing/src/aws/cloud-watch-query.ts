/** GetMetricData: up to 500 queries a call, with math, and pages. */
import { dimensionsOf, invalidParameter, metricOf, type Series, seriesOf } from "./cloud-watch-data.js";
import { evaluate, seriesIn, type Value } from "./cloud-watch-math.js";
import { AwsError, Input } from "./input.js";
import type { Metric } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

const MOST_QUERIES = 500;
const MOST_POINTS = 100_800;

/** A stretch of time. */
export interface Window {
  startMs: number;
  endMs: number;
}

/** Works out a call's queries. @returns the value of each id, or why there is none. */
export function queried(world: World, queries: readonly Input[], window: Window) {
  const values = new Map<string, Value>();
  const byId = new Map(queries.map((query) => [query.required("Id"), query]));
  const valueFor = (id: string): Value => {
    const known = values.get(id);
    if (known !== undefined) return known;
    const query = byId.get(id);
    if (query === undefined) throw invalidParameter(`The id ${id} is not one of the call's`);
    const value = work(query);
    values.set(id, value);
    return value;
  };
  const work = (query: Input): Value => {
    const metric = query.input("MetricStat");
    if (metric !== undefined) return statOf(world, metric, window);
    return evaluate(query.required("Expression"), {
      id: valueFor,
      metrics: () =>
        queries
          .filter((one) => one.has("MetricStat"))
          .flatMap((one) => seriesIn(valueFor(one.required("Id")))),
      search: (text, stat, seconds) =>
        found(world, text).map((one) => seriesOf(one, stat, { ...window, periodMs: seconds * 1_000 })),
    });
  };
  return valueFor;
}

function statOf(world: World, input: Input, window: Window): Series {
  const metric = input.input("Metric") ?? new Input({});
  const seconds = input.number("Period") ?? 60;
  if (![1, 5, 10, 20, 30].includes(seconds) && (seconds < 60 || seconds % 60 !== 0))
    throw invalidParameter(`The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60: ${seconds}`);
  const stored = metricOf(
    world.state,
    metric.required("Namespace"),
    metric.required("MetricName"),
    dimensionsOf(metric),
  );
  return seriesOf(stored, input.required("Stat"), {
    ...window,
    periodMs: seconds * 1_000,
    unit: input.text("Unit"),
  });
}

/** `{NAMESPACE,DIMENSION} MetricName="NAME"`: metrics with exactly these dimensions. */
function found({ state }: World, text: string): Metric[] {
  const schema = /\{([^}]*)\}/.exec(text)?.[1] ?? "";
  const [namespace = "", ...dimensions] = schema.split(",").map((one) => one.trim().replaceAll('"', ""));
  const wanted = [...text.matchAll(/(\w+)="([^"]*)"/g)].map(
    ([, key = "", value = ""]) => [key, value] as const,
  );
  return state.metrics.filter(
    (one) =>
      one.namespace === namespace &&
      Object.keys(one.dimensions).sort().join() === dimensions.toSorted().join() &&
      wanted.every(([key, value]) => (key === "MetricName" ? one.name : one.dimensions[key]) === value),
  );
}

interface Result {
  Id: string;
  Label: string;
  series: Series;
  StatusCode: "Complete" | "PartialData" | "InternalError";
}

function results(query: Input, value: Value): Result[] {
  const Id = query.required("Id");
  const metric = query.input("MetricStat")?.input("Metric");
  const Label = query.text("Label") ?? metric?.text("MetricName") ?? Id;
  return seriesIn(value).map((series) => ({ Id, Label, series, StatusCode: "Complete" }));
}

function requireSound(queries: readonly Input[]): void {
  if (queries.length > MOST_QUERIES)
    throw invalidParameter(
      `The collection MetricDataQueries must not have a size greater than ${MOST_QUERIES}.`,
    );
  const ids = queries.map((one) => one.required("Id"));
  const wrong =
    ids.find((id) => !/^[a-z]\w*$/.test(id)) ?? ids.find((id, index) => ids.indexOf(id) !== index);
  if (wrong !== undefined)
    throw new AwsError(
      "ValidationError",
      `The value ${wrong} for parameter MetricDataQueries.Id is not valid.`,
    );
}

/** Actions that read metrics in batches. */
export const queryHandlers: Handlers = {
  GetMetricData(world, input) {
    const queries = input.inputs("MetricDataQueries");
    requireSound(queries);
    // The start is rounded down to the minute, where it is younger than 15 days.
    const window = {
      startMs: Math.floor((input.time("StartTime") ?? 0) / 60_000) * 60_000,
      endMs: input.time("EndTime") ?? world.now(),
    };
    const valueFor = queried(world, queries, window);
    const isDescending = input.text("ScanBy") !== "TimestampAscending";
    const all = queries
      .filter((query) => query.flag("ReturnData") !== false)
      .flatMap((query) => results(query, valueFor(query.required("Id"))));
    return paged(all, input, isDescending);
  },
};

/** Points of a page, over all results in their order; the token is how many were there before. */
function paged(all: readonly Result[], input: Input, isDescending: boolean): Answer {
  const most = Math.min(input.number("MaxDatapoints") ?? MOST_POINTS, MOST_POINTS);
  const skip = Number(input.text("NextToken") ?? 0);
  let before = 0;
  const shown = all.map(({ series, ...result }) => {
    const sorted = [...series].sort(([a], [b]) => (isDescending ? b - a : a - b));
    const own = sorted.slice(Math.max(0, skip - before), Math.max(0, skip + most - before));
    const isWhole = before + sorted.length <= skip + most;
    before += sorted.length;
    return {
      ...result,
      Timestamps: own.map(([time]) => new Date(time)),
      Values: own.map(([, value]) => value),
      StatusCode: isWhole ? result.StatusCode : "PartialData",
    };
  });
  return {
    MetricDataResults: shown,
    NextToken: before > skip + most ? String(skip + most) : undefined,
    Messages: [],
  };
}
