import type { Host, MetricQuery, Sample } from "@bellows/core";
import { defineMetricSource, isBellowsError, text, z } from "@bellows/core";
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
import { createSelector, describe, numberOf, parseDotPath, timeOf } from "./path.js";

const path = text().superRefine((written, ctx) => {
  try {
    parseDotPath(written);
  } catch (error) {
    if (!isBellowsError(error)) throw error;
    ctx.addIssue({ code: "custom", message: error.message, params: { hint: error.hint } });
  }
});

const requestFields = {
  /** In a metric it may be relative to the source's. */
  url: text().optional(),
  method: z.enum(["GET", "POST"]).optional(),
  body: z.string().optional(),
  /** Where the number stands in the JSON answer: `queue.ready`, `items.0.count`, or JMESPath. Absent: the whole answer. */
  select: path.optional(),
  /** Where the time of the number stands: ISO 8601, or seconds or milliseconds since the epoch. */
  observedAt: path.optional(),
  ...connectionFields,
};
const options = z.strictObject({ ...requestFields, url: absoluteUrl.optional(), ...boundFields });
const query = z.strictObject(requestFields);
type Options = z.infer<typeof options>;
type Params = z.infer<typeof query>;

const DEFAULT_MAX_BYTES = 1_048_576;

/**
 * Numbers out of JSON over HTTP. What a metric says is laid over what its source says. Equal requests of a read are
 * sent once, and their answer is looked into as often as is needed.
 */
export default defineMetricSource({
  name: "http",
  contract: 1,
  options,
  query,
  create(settings: Options, host: Host) {
    const requester = createRequester(host, settings.maxSize ?? DEFAULT_MAX_BYTES);
    requester.know(settings);
    return {
      read(queries, readOptions) {
        for (const { params } of queries) requester.know(params);
        const concurrency = settings.concurrency ?? DEFAULT_CONCURRENCY;
        const setup = { host, options: readOptions, concurrency, reason: requester.reason };
        return runJobs(queries.length, jobsOf(queries, settings, requester, host), setup);
      },
    };
  },
});

/** One job for each different request. */
function jobsOf(
  queries: readonly MetricQuery<Params>[],
  settings: Options,
  requester: Requester,
  host: Host,
): Job[] {
  const jobs = new Map<string, Job & { indexes: number[] }>();
  for (const [index, { params }] of queries.entries()) {
    let request: FullRequest;
    try {
      request = mergeRequests(settings, params);
    } catch (error) {
      jobs.set(`broken ${index}`, { indexes: [index], run: () => Promise.reject(error) });
      continue;
    }
    const key = JSON.stringify(request);
    const indexes = jobs.get(key)?.indexes ?? [];
    indexes.push(index);
    const run = (call: Call): Promise<void> => ask(request, indexes, call);
    jobs.set(key, { indexes, lane: new URL(request.url).origin, run });
  }
  return [...jobs.values()];

  async function ask(request: FullRequest, indexes: readonly number[], call: Call): Promise<void> {
    const response = await requester.send(request, call);
    const atMs = host.clock.now();
    const document = response.json<unknown>();
    for (const index of indexes) {
      const params = { ...settings, ...queries[index]?.params };
      call.answer(index, await pick(document, params, atMs, requester));
    }
  }
}

async function pick(document: unknown, params: Params, atMs: number, requester: Requester): Promise<Sample> {
  try {
    const number = await pickNumber(document, params.select);
    const observedAtMs = params.observedAt === undefined ? atMs : await pickTime(document, params.observedAt);
    if (typeof number === "string") return { unavailable: requester.text(number) };
    if (typeof observedAtMs === "string") return { unavailable: requester.text(observedAtMs) };
    return { value: number, observedAtMs };
  } catch (error) {
    return { unavailable: requester.reason(error) };
  }
}

async function pickNumber(document: unknown, select: string | undefined): Promise<number | string> {
  if (select === undefined) {
    return (
      numberOf(document) ??
      `the answer is ${describe(document)}, which is no number (select says where it stands)`
    );
  }
  const { value, note } = (await createSelector(select))(document);
  return (
    numberOf(value) ?? `${JSON.stringify(select)} is ${describe(value)}, ${note ?? "which is no number"}`
  );
}

async function pickTime(document: unknown, path: string): Promise<number | string> {
  const { value, note } = (await createSelector(path))(document);
  return (
    timeOf(value) ?? `observedAt ${JSON.stringify(path)} is ${describe(value)}, ${note ?? "which is no time"}`
  );
}
