import type { Host, MetricQuery, Sample } from "@bellows/core";
import { defineMetricSource, isBellowsError, text, UnavailableError, z } from "@bellows/core";
import { type Call, type Job, runJobs } from "./batch.js";
import {
  absoluteUrl,
  boundFields,
  connectionFields,
  createRequester,
  DEFAULT_CONCURRENCY,
  type FullRequest,
  type Requester,
} from "./connection.js";
import { describe, follow, numberOf, parseDotPath } from "./path.js";

const { timeout, tls } = connectionFields;
const options = z.strictObject({
  /** Root of the management API, without `/api`: `http://host:15672`. */
  url: absoluteUrl,
  user: text().optional(),
  password: z.string().optional(),
  /** Virtual host (default `/`). */
  vhost: text().optional(),
  timeout,
  tls,
  ...boundFields,
});
const query = z.strictObject({
  queue: text(),
  /** Virtual host, if not the source's. */
  vhost: text().optional(),
  /** Which of the queue's numbers, as the management API names them (default `messages_ready`). */
  field: text().optional(),
});
type Options = z.infer<typeof options>;
type Params = z.infer<typeof query>;

const DEFAULT_MAX_BYTES = 8 * 1_048_576;
const DEFAULT_FIELD = "messages_ready";
/** Up to this many queues of a virtual host are asked for one by one; beyond, its list is read page by page. */
const MOST_SINGLE_QUEUES = 20;
const PAGE_SIZE = 500;

/**
 * Numbers of RabbitMQ queues, by the management API. Its figures lag some seconds behind the queue; a field that a
 * queue does not have yet (all of them, just after it was declared) is `unavailable`, never zero.
 * @see https://www.rabbitmq.com/docs/management#http-api
 */
export default defineMetricSource({
  name: "rabbitmq",
  contract: 1,
  options,
  query,
  create(settings: Options, host: Host) {
    const requester = createRequester(host, settings.maxSize ?? DEFAULT_MAX_BYTES);
    requester.know({ url: settings.url, auth: authOf(settings) });
    const api = createApi(settings, requester);
    return {
      read(queries, readOptions) {
        const concurrency = settings.concurrency ?? DEFAULT_CONCURRENCY;
        const setup = { host, options: readOptions, concurrency, reason: requester.reason };
        return runJobs(queries.length, jobsOf(queries, settings.vhost ?? "/", api, host), setup);
      },
    };
  },
});

function authOf({ user, password }: Options): FullRequest["auth"] {
  return user === undefined ? undefined : { user, password: password ?? "" };
}

/** Asks the management API for what lies under `/api/queues`. */
type Api = (path: readonly string[], search: Record<string, string>, call: Call) => Promise<unknown>;

function createApi(settings: Options, requester: Requester): Api {
  const root = settings.url.replace(/\/*$/, "");
  const { tls, timeout } = settings;
  return async (path, search, call) => {
    const place = ["api", "queues", ...path].map(encodeURIComponent).join("/");
    const url = `${root}/${place}?${new URLSearchParams(search)}`;
    const response = await requester.send({ url, method: "GET", auth: authOf(settings), tls, timeout }, call);
    return response.json<unknown>();
  };
}

/** The queries about one virtual host: the queues asked for, each with the places of its queries. */
type Wanted = Map<string, { index: number; field: string }[]>;

function jobsOf(queries: readonly MetricQuery<Params>[], defaultVhost: string, api: Api, host: Host): Job[] {
  const vhosts = new Map<string, Wanted>();
  for (const [index, { params }] of queries.entries()) {
    const vhost = params.vhost ?? defaultVhost;
    const wanted = vhosts.get(vhost) ?? (new Map() as Wanted);
    vhosts.set(vhost, wanted);
    const queue = wanted.get(params.queue) ?? [];
    wanted.set(params.queue, [...queue, { index, field: params.field ?? DEFAULT_FIELD }]);
  }
  return [...vhosts].flatMap(([vhost, wanted]) =>
    wanted.size > MOST_SINGLE_QUEUES
      ? [{ indexes: indexesOf(wanted), run: (call: Call) => readList(vhost, wanted, api, call, host) }]
      : [...wanted].map(([queue, fields]) => ({
          indexes: fields.map(({ index }) => index),
          run: (call: Call) => readOne(vhost, queue, fields, api, call, host),
        })),
  );
}

function indexesOf(wanted: Wanted): number[] {
  return [...wanted.values()].flat().map(({ index }) => index);
}

type Fields = readonly { index: number; field: string }[];

async function readOne(
  vhost: string,
  queue: string,
  fields: Fields,
  api: Api,
  call: Call,
  host: Host,
): Promise<void> {
  let answer: unknown;
  try {
    answer = await api([vhost, queue], { columns: columnsOf(fields) }, call);
  } catch (error) {
    if (!isBellowsError(error, "not-found")) throw error;
    throw new UnavailableError(
      `there is no queue ${JSON.stringify(queue)} in virtual host ${JSON.stringify(vhost)} (404)`,
    );
  }
  answerFields(answer, queue, fields, call, host.clock.now());
}

async function readList(vhost: string, wanted: Wanted, api: Api, call: Call, host: Host): Promise<void> {
  const open = new Map(wanted);
  const columns = columnsOf([...wanted.values()].flat());
  for (let page = 1, pages = 1; page <= pages && open.size > 0; page++) {
    const search = { page: String(page), page_size: String(PAGE_SIZE), columns };
    const answer = (await api([vhost], search, call)) as { items?: unknown; page_count?: unknown } | null;
    if (!Array.isArray(answer?.items)) throw new UnavailableError("the list of queues came without items");
    pages = numberOf(answer.page_count) ?? 1;
    const atMs = host.clock.now();
    for (const item of answer.items as { name?: unknown }[]) {
      const fields = typeof item?.name === "string" ? open.get(item.name) : undefined;
      if (fields === undefined) continue;
      answerFields(item, item.name as string, fields, call, atMs);
      open.delete(item.name as string);
    }
  }
  for (const [queue, fields] of open) {
    const unavailable = `there is no queue ${JSON.stringify(queue)} in virtual host ${JSON.stringify(vhost)}`;
    for (const { index } of fields) call.answer(index, { unavailable });
  }
}

/** The API sends a field whole if its first step is named. */
function columnsOf(fields: Fields): string {
  const names = fields.map(({ field }) => (parseDotPath(field) ?? [field])[0] ?? field);
  return [...new Set(["name", ...names])].join(",");
}

function answerFields(answer: unknown, queue: string, fields: Fields, call: Call, atMs: number): void {
  for (const { index, field } of fields) call.answer(index, fieldOf(answer, queue, field, atMs));
}

function fieldOf(answer: unknown, queue: string, field: string, atMs: number): Sample {
  const { value } = follow(answer, parseDotPath(field) ?? [field]);
  const number = numberOf(value);
  if (number !== undefined) return { value: number, observedAtMs: atMs };
  const why =
    value === undefined
      ? "RabbitMQ does not tell it (not yet, for a queue just declared)"
      : "which is no number";
  return { unavailable: `${field} of queue ${JSON.stringify(queue)} is ${describe(value)}: ${why}` };
}
