import type { Host, HttpResponse, MetricQuery, Sample } from "@bellows/core";
import { defineMetricSource, duration, formatDuration, nearest, text, z } from "@bellows/core";
import { type Call, type Job, runJobs } from "./batch.js";
import {
  absoluteUrl,
  boundFields,
  connectionFields,
  createRequester,
  DEFAULT_CONCURRENCY,
  type FullRequest,
  mergeRequests,
  type Requester,
} from "./connection.js";
import { addReading, type Reading, rateOf } from "./counter-rate.js";
import { parseExposition, type Series } from "./exposition-text.js";

const pageFields = {
  /** The page, such as `http://host:9100/metrics`; in a metric it may be relative to the source's. */
  url: text().optional(),
  ...connectionFields,
};
const options = z.strictObject({ ...pageFields, url: absoluteUrl.optional(), ...boundFields });
const query = z.strictObject({
  ...pageFields,
  /** Name of the series, as it stands on the page. */
  metric: text(),
  /** Labels that a series must have, with these values. */
  labels: z.record(z.string(), z.string()).optional(),
  /** How several matching series become one number; absent: there must be one. */
  stat: z.enum(["sum", "max", "min", "mean"]).optional(),
  /** For counters: growth a second, over readings of this much time. */
  rate: duration({ min: 1 }).optional(),
});
type Options = z.infer<typeof options>;
type Params = z.infer<typeof query>;

const DEFAULT_MAX_BYTES = 16 * 1_048_576;
const ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/**
 * One number of a `/metrics` page, so that every exporter is a source. A page is fetched once a read, for however many
 * metrics. With `rate`, a counter's growth a second is worked out from this source's own readings of it: the first
 * read has none, and a counter that fell began again at zero.
 */
export default defineMetricSource({
  name: "exposition",
  contract: 1,
  options,
  query,
  create(settings: Options, host: Host) {
    const requester = createRequester(host, settings.maxSize ?? DEFAULT_MAX_BYTES);
    requester.know(settings);
    const counters: Counters = new Map();
    return {
      read(queries, readOptions) {
        for (const { params } of queries) requester.know(params);
        const concurrency = settings.concurrency ?? DEFAULT_CONCURRENCY;
        const setup = { host, options: readOptions, concurrency, reason: requester.reason };
        return runJobs(queries.length, jobsOf(queries, { settings, requester, host, counters }), setup);
      },
    };
  },
});

/** Readings of counters: by query, then by series. */
type Counters = Map<string, Map<string, Reading[]>>;

interface Context {
  settings: Options;
  requester: Requester;
  host: Host;
  counters: Counters;
}

/** One job for each different page. */
function jobsOf(queries: readonly MetricQuery<Params>[], context: Context): Job[] {
  const jobs = new Map<string, Job & { indexes: number[] }>();
  for (const [index, { params }] of queries.entries()) {
    let page: FullRequest;
    try {
      page = mergeRequests(context.settings, params);
    } catch (error) {
      jobs.set(`broken ${index}`, { indexes: [index], run: () => Promise.reject(error) });
      continue;
    }
    const key = JSON.stringify(page);
    const indexes = jobs.get(key)?.indexes ?? [];
    indexes.push(index);
    jobs.set(key, {
      indexes,
      lane: new URL(page.url).origin,
      run: (call) => readPage(page, key, indexes, call),
    });
  }
  return [...jobs.values()];

  async function readPage(
    page: FullRequest,
    key: string,
    indexes: readonly number[],
    call: Call,
  ): Promise<void> {
    const response = await context.requester.send(page, call, {
      headers: { accept: ACCEPT, ...page.headers },
    });
    const asked = indexes.map((index) => ({ index, params: queries[index]?.params as Params }));
    const found = seriesOf(response, new Set(asked.map(({ params }) => params.metric)));
    for (const { index, params } of asked) {
      call.answer(index, pick(found.get(params.metric) ?? [], params, key, response.body, context));
    }
  }
}

function seriesOf(response: HttpResponse, names: ReadonlySet<string>): Map<string, Series[]> {
  const openMetrics = /openmetrics/.test(response.headers["content-type"] ?? "");
  const found = new Map<string, Series[]>();
  for (const series of parseExposition(response.body, { names, openMetrics })) {
    const list = found.get(series.name);
    if (list) list.push(series);
    else found.set(series.name, [series]);
  }
  return found;
}

function pick(
  series: readonly Series[],
  params: Params,
  page: string,
  body: string,
  context: Context,
): Sample {
  const wanted = Object.entries(params.labels ?? {});
  const matching = series.filter(({ labels }) =>
    wanted.every(([name, text]) => (labels[name] ?? "") === text),
  );
  if (matching.length === 0) return { unavailable: context.requester.text(noneReason(series, params, body)) };
  if (matching.length > 1 && params.stat === undefined)
    return { unavailable: context.requester.text(severalReason(matching, params)) };
  const times = matching.map(({ atMs }) => atMs ?? context.host.clock.now());
  const observedAtMs = Math.min(...times);
  const values =
    params.rate === undefined ? matching.map(({ value }) => value) : ratesOf(matching, params, page, context);
  if (values.length === 0) {
    return {
      unavailable: `a rate needs two readings, and this is the first (${formatDuration(params.rate ?? 0)} window)`,
    };
  }
  const value = combine(values, params.stat ?? "sum");
  return Number.isFinite(value) ? { value, observedAtMs } : { unavailable: `${params.metric} is ${value}` };
}

function combine(values: readonly number[], stat: NonNullable<Params["stat"]>): number {
  const sum = (): number => values.reduce((total, value) => total + value, 0);
  if (stat === "sum") return sum();
  if (stat === "mean") return sum() / values.length;
  return values.reduce((best, value) => (stat === "max" ? Math.max(best, value) : Math.min(best, value)));
}

/** Rates of the series that have one already; what is no longer on the page is forgotten. */
function ratesOf(
  series: readonly Series[],
  params: Params,
  page: string,
  { counters, host }: Context,
): number[] {
  const windowMs = params.rate ?? 0;
  const key = JSON.stringify([page, params.metric, params.labels, windowMs]);
  const before = counters.get(key);
  const now = new Map<string, Reading[]>();
  const atMs = host.clock.monotonic();
  for (const one of series) {
    const id = JSON.stringify(Object.entries(one.labels).sort());
    now.set(id, addReading(before?.get(id) ?? [], { value: one.value, atMs: one.atMs ?? atMs }, windowMs));
  }
  counters.set(key, now);
  return [...now.values()].map(rateOf).filter((rate) => rate !== undefined);
}

const SHOWN_SERIES = 3;

function printSeries({ name, labels }: Pick<Series, "name" | "labels">): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

function severalReason(series: readonly Series[], params: Params): string {
  const shown = series.slice(0, SHOWN_SERIES).map(printSeries).join(", ");
  const more = series.length > SHOWN_SERIES ? ", …" : "";
  return `${series.length} series match ${params.metric}: ${shown}${more}; narrow labels, or say stat: sum, max, min or mean`;
}

function noneReason(series: readonly Series[], params: Params, body: string): string {
  const asked = printSeries({ name: params.metric, labels: params.labels ?? {} });
  if (series.length > 0) {
    const shown = series.slice(0, SHOWN_SERIES).map(printSeries).join(", ");
    return `no series ${asked} on the page; there is ${shown}${series.length > SHOWN_SERIES ? ", …" : ""}`;
  }
  const near = nearest(params.metric, namesOn(body));
  return `no series ${asked} on the page${near === undefined ? "" : `; did you mean ${near}?`}`;
}

/** All names on a page, as far as it can be read. */
function namesOn(body: string): Set<string> {
  const names = new Set<string>();
  try {
    for (const { name } of parseExposition(body)) names.add(name);
  } catch {
    // A page that breaks off gives the names before that.
  }
  return names;
}
