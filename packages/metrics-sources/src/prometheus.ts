import type { Host, HttpResponse, MetricQuery, ReadOptions, Sample, TimeRange } from "@bellows/core";
import { ConfigError, defineMetricSource, text, UnavailableError, z } from "@bellows/core";
import { type BatchSetup, type Call, type Job, runJobs } from "./batch.js";
import {
  absoluteUrl,
  boundFields,
  connectionFields,
  createRequester,
  DEFAULT_CONCURRENCY,
  type Requester,
} from "./connection.js";

const options = z.strictObject({
  /** Root of the server, without `/api/v1`. */
  url: absoluteUrl,
  /** How queries are sent (default POST, which takes long ones); some proxies let only GET through. */
  method: z.enum(["GET", "POST"]).optional(),
  ...connectionFields,
  ...boundFields,
});
const query = z.strictObject({
  /** PromQL that gives one number. */
  query: text(),
});
type Options = z.infer<typeof options>;
type Params = z.infer<typeof query>;

const DEFAULT_MAX_BYTES = 16 * 1_048_576;
/** A server refuses more than 11,000 points a series in one answer. */
const POINTS_A_CALL = 10_000;

/**
 * Answers of a Prometheus server (or of what speaks its HTTP API) to PromQL. A sample's time is the one that the
 * server gives: the moment the query was evaluated for.
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/
 */
export default defineMetricSource({
  name: "prometheus",
  contract: 1,
  options,
  query,
  create(settings: Options, host: Host) {
    const requester = createRequester(host, settings.maxSize ?? DEFAULT_MAX_BYTES);
    requester.know(settings);
    const setup = (readOptions: ReadOptions): BatchSetup => ({
      host,
      options: readOptions,
      concurrency: settings.concurrency ?? DEFAULT_CONCURRENCY,
      reason: requester.reason,
    });
    const ask = createApi(settings, requester, host);
    return {
      read(queries, readOptions) {
        const jobs = jobsOf(queries, async (promql, indexes, call) => {
          const sample = instantSample(await ask("query", { query: promql }, call));
          for (const index of indexes) call.answer(index, sample);
        });
        return runJobs(queries.length, jobs, setup(readOptions));
      },
      async readRange(queries, range, readOptions) {
        const series: Sample[][] = queries.map(() => []);
        const jobs = jobsOf(queries, async (promql, indexes, call) => {
          const points = await readPoints(promql, range, (form) => ask("query_range", form, call));
          for (const index of indexes) {
            series[index] = points;
            call.answer(index, { value: points.length, observedAtMs: range.fromMs });
          }
        });
        // Progress is reported per query only when reading the present.
        const { onSample: _none, ...quiet } = readOptions;
        const ends = await runJobs(queries.length, jobs, setup(quiet));
        return series.map((points, index) => {
          const end = ends[index];
          return end !== undefined && "unavailable" in end ? [end] : points;
        });
      },
    };
  },
});

type Answerer = (promql: string, indexes: readonly number[], call: Call) => Promise<void>;

/** One job for each different query. */
function jobsOf(queries: readonly MetricQuery<Params>[], answer: Answerer): Job[] {
  const indexesOf = new Map<string, number[]>();
  for (const [index, { params }] of queries.entries()) {
    const indexes = indexesOf.get(params.query);
    if (indexes) indexes.push(index);
    else indexesOf.set(params.query, [index]);
  }
  return [...indexesOf].map(([promql, indexes]) => ({
    indexes,
    run: (call) => answer(promql, indexes, call),
  }));
}

/** What the API wraps every answer in. */
interface Envelope {
  status?: unknown;
  errorType?: unknown;
  error?: unknown;
  warnings?: unknown;
  data?: { resultType?: unknown; result?: unknown };
}

type Ask = (
  endpoint: "query" | "query_range",
  form: Record<string, string>,
  call: Call,
) => Promise<Envelope["data"]>;

function createApi(settings: Options, requester: Requester, host: Host): Ask {
  const method = settings.method ?? "POST";
  const root = new URL(settings.url);
  root.pathname = root.pathname.replace(/\/*$/, "");
  return async (endpoint, form, call) => {
    const url = new URL(root);
    url.pathname += `/api/v1/${endpoint}`;
    const fields = new URLSearchParams(form).toString();
    if (method === "GET") url.search = `${url.search ? `${url.search}&` : "?"}${fields}`;
    const { headers, auth, tls, timeout } = settings;
    const response = await requester.send(
      {
        url: url.href,
        method,
        headers: {
          ...headers,
          ...(method === "POST" ? { "content-type": "application/x-www-form-urlencoded" } : {}),
        },
        body: method === "POST" ? fields : undefined,
        auth,
        tls,
        timeout,
      },
      call,
      { anyStatus: true },
    );
    return unwrap(response, url, host);
  };
}

function unwrap(response: HttpResponse, url: URL, host: Host): Envelope["data"] {
  const failed = response.status >= 300;
  let envelope: Envelope;
  try {
    envelope = (response.json<Envelope | null>() ?? {}) as Envelope;
  } catch (error) {
    if (failed) throw refused(response.status, url);
    throw error;
  }
  if (envelope.status === "error") {
    const { errorType, error } = envelope;
    throw new ConfigError(
      `Prometheus refused it: ${[errorType, error].filter((part) => typeof part === "string").join(": ")}`,
    );
  }
  if (failed) throw refused(response.status, url);
  if (envelope.status !== "success") {
    throw new UnavailableError(`${url.origin} did not answer as Prometheus does`, {
      hint: "url is the server's root, without /api/v1",
    });
  }
  if (Array.isArray(envelope.warnings) && envelope.warnings.length > 0) {
    host.logger.warn({ warnings: envelope.warnings.slice(0, 5) }, "Prometheus warns about a query");
  }
  return envelope.data;
}

function refused(status: number, url: URL): UnavailableError {
  const hint =
    status === 401 || status === 403
      ? "check auth"
      : status === 404
        ? "url is the server's root, without /api/v1"
        : undefined;
  return new UnavailableError(
    `${url.origin}${url.pathname} answered ${status}`,
    hint === undefined ? {} : { hint },
  );
}

/** The one number of an instant answer, or why there is none. */
function instantSample(data: Envelope["data"]): Sample {
  const { resultType, result } = data ?? {};
  if (resultType === "scalar") return pointSample(result);
  if (resultType !== "vector" || !Array.isArray(result)) {
    return {
      unavailable: `the query gives a ${String(resultType)}, not a number: leave out the range, or use rate(…), avg_over_time(…)`,
    };
  }
  if (result.length === 0) return { unavailable: "no series matches the query" };
  if (result.length > 1) {
    return {
      unavailable: `the query gives ${result.length} series, and one number is needed: wrap it in sum(…), avg(…) or max(…)`,
    };
  }
  return pointSample((result[0] as { value?: unknown } | null)?.value);
}

/** A point `[seconds, "number"]`. */
function pointSample(point: unknown): Sample {
  const [seconds, written] = Array.isArray(point) ? (point as unknown[]) : [];
  if (typeof seconds !== "number" || typeof written !== "string")
    return { unavailable: "the answer has no value" };
  const value = Number(written);
  if (written === "" || !Number.isFinite(value)) return { unavailable: `the value is ${written || "empty"}` };
  return { value, observedAtMs: Math.round(seconds * 1_000) };
}

/** Asks for a span in as many calls as its points need. Points that are no numbers are left out. */
async function readPoints(
  promql: string,
  range: TimeRange,
  ask: (form: Record<string, string>) => Promise<Envelope["data"]>,
): Promise<Sample[]> {
  const points: Sample[] = [];
  for (let fromMs = range.fromMs; fromMs < range.toMs; fromMs += POINTS_A_CALL * range.stepMs) {
    const toMs = Math.min(range.toMs, fromMs + POINTS_A_CALL * range.stepMs);
    const form = {
      query: promql,
      start: seconds(fromMs),
      end: seconds(toMs - 1),
      step: seconds(range.stepMs),
    };
    const result = (await ask(form))?.result;
    const series = Array.isArray(result) ? (result as { values?: unknown }[]) : [];
    if (series.length > 1) {
      throw new ConfigError(
        `the query gives ${series.length} series, and one is needed: wrap it in sum(…), avg(…) or max(…)`,
      );
    }
    const values = series[0]?.values;
    if (Array.isArray(values)) points.push(...values.map(pointSample).filter((sample) => "value" in sample));
  }
  return points;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}
