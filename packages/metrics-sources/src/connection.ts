/** What the sources that read over HTTP have in common: their words in a config file, and requests made from them. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Host, HttpRequest, HttpResponse } from "@bellows/core";
import { ConfigError, createRedaction, duration, errorLine, size, text, z } from "@bellows/core";
import type { Call } from "./batch.js";

const authSchema = z.union([
  z.strictObject({ user: text(), password: z.string() }),
  z.strictObject({ bearer: text() }),
]);

const tlsSchema = z.strictObject({
  /** The authority to trust, as PEM text. */
  ca: text().optional(),
  /** The same, in a file. */
  caFile: text().optional(),
  /** Certificate and key to show, as PEM files. */
  certFile: text().optional(),
  keyFile: text().optional(),
  /** Believe any certificate. */
  insecure: z.boolean().optional(),
});

/** An absolute address of http or https. */
export const absoluteUrl = text().refine(isHttpUrl, {
  error: "is no http or https address",
  params: { subject: true, hint: "write http://host:port/path" },
});

/** Headers, credentials, TLS and patience: allowed wherever a source connects. */
export const connectionFields = {
  headers: z.record(z.string(), z.string()).optional(),
  /** Basic (`user`, `password`) or `bearer`. */
  auth: authSchema.optional(),
  tls: tlsSchema.optional(),
  /** Time for one request with its retries (default 10s, never more than the round leaves). */
  timeout: duration({ min: 1 }).optional(),
};

/** What bounds a source as a whole. */
export const boundFields = {
  /** Longest answer that is read. */
  maxSize: size().optional(),
  /** Requests under way at once to one host (default 16). */
  concurrency: z.number().int().min(1).max(256).optional(),
};

/** Requests under way at once to one host, if a source does not say. */
export const DEFAULT_CONCURRENCY = 16;
const DEFAULT_TIMEOUT_MS = 10_000;

/** How to connect, as read from a file; `timeout` in milliseconds. */
export interface Connection {
  headers?: Record<string, string> | undefined;
  auth?: z.infer<typeof authSchema> | undefined;
  tls?: z.infer<typeof tlsSchema> | undefined;
  timeout?: number | undefined;
}

/** One request in full: what a source and a metric say together. Equal requests have equal JSON. */
export interface FullRequest extends Connection {
  url: string;
  method: "GET" | "POST";
  body?: string | undefined;
}

/** What a source or a metric says about a request. */
export interface PartialRequest extends Connection {
  url?: string | undefined;
  method?: "GET" | "POST" | undefined;
  body?: string | undefined;
}

/**
 * Lays what a metric says over what its source says. A relative address begins at the source's, which is taken for a
 * folder; headers are laid over one by one. What the source says about credentials goes to the source's own origin
 * alone: a metric that names another place brings its own.
 * @throws ConfigError when there is no address.
 */
export function mergeRequests(source: PartialRequest, metric: PartialRequest): FullRequest {
  const url = joinUrl(source.url, metric.url);
  const foreign = source.url !== undefined && new URL(source.url).origin !== url.origin;
  const body = metric.body ?? source.body;
  const headers = { ...lowerCased(foreign ? {} : source.headers), ...lowerCased(metric.headers) };
  return {
    url: url.href,
    method: metric.method ?? source.method ?? (body === undefined ? "GET" : "POST"),
    body,
    headers: Object.fromEntries(Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1))),
    auth: metric.auth ?? (foreign ? undefined : source.auth),
    tls: metric.tls ?? (foreign ? undefined : source.tls),
    timeout: metric.timeout ?? source.timeout,
  };
}

function joinUrl(source: string | undefined, metric: string | undefined): URL {
  const written = metric ?? source;
  if (written === undefined)
    throw new ConfigError("no address", { hint: "give the metric or its source a url" });
  const base = source === undefined ? undefined : folderOf(source, metric);
  if (!URL.canParse(written, base))
    throw new ConfigError("the url is no address", { hint: "write http://host:port/path" });
  const url = new URL(written, base);
  if (!/^https?:$/.test(url.protocol)) throw new ConfigError("the url is no http or https address");
  return url;
}

/** `http://h/api` and `stats` give `http://h/api/stats`; with `?a=1` the path stays as it is. */
function folderOf(source: string, metric: string | undefined): string {
  if (!URL.canParse(source))
    throw new ConfigError("the url of the source is no address", { hint: "write http://host:port/path" });
  const url = new URL(source);
  if (metric !== undefined && !/^[?#]/.test(metric) && !url.pathname.endsWith("/")) url.pathname += "/";
  return url.href;
}

function lowerCased(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Sends requests for one source, and says what went wrong without its secrets. */
export interface Requester {
  /** Remembers the secrets in what a source or a metric says. */
  know(connection: PartialRequest): void;
  /** @throws as `HttpClient.request`; ConfigError when a TLS file cannot be read. */
  send(
    request: FullRequest,
    call: Pick<Call, "signal" | "leftMs">,
    extra?: HttpRequest,
  ): Promise<HttpResponse>;
  /** Blanks out secrets. */
  text(text: string): string;
  /** An error in one line. */
  reason(error: unknown): string;
}

const LONGEST_REASON = 400;

/** Makes the requester of a source. */
export function createRequester(host: Host, maxBytes: number): Requester {
  const redaction = createRedaction();
  const secret = (value: string | undefined): void => {
    if (value === undefined || value === "") return;
    redaction.add(value);
    host.secret(value);
  };
  return {
    know({ auth, headers, url }) {
      if (auth !== undefined && "bearer" in auth) secret(auth.bearer);
      if (auth !== undefined && "user" in auth) for (const text of [auth.password, basic(auth)]) secret(text);
      for (const [name, value] of Object.entries(headers ?? {})) if (SECRET_HEADER.test(name)) secret(value);
      if (url !== undefined && URL.canParse(url)) secret(decoded(new URL(url).password));
    },
    async send(request, call, extra) {
      const tls = request.tls === undefined ? undefined : await readTls(request.tls, host.baseFolder);
      return host.http.request(request.url, {
        method: request.method,
        headers: {
          accept: "application/json",
          ...typeOf(request.body),
          ...request.headers,
          ...authorization(request.auth),
        },
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(tls === undefined ? {} : { tls }),
        maxBytes,
        retries: 1,
        ...extra,
        timeoutMs: Math.min(request.timeout ?? DEFAULT_TIMEOUT_MS, call.leftMs()),
        signal: call.signal,
      });
    },
    text: redaction.text,
    reason(error) {
      const line = redaction.text(errorLine(error)).replace(/\s+/g, " ");
      return line.length > LONGEST_REASON
        ? `${line.slice(0, LONGEST_REASON)}…`
        : line || "failed without a reason";
    },
  };
}

/** What is sent unless a header says otherwise. */
function typeOf(body: string | undefined): Record<string, string> {
  return body !== undefined && /^\s*[[{]/.test(body) ? { "content-type": "application/json" } : {};
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const SECRET_HEADER = /authorization|cookie|token|secret|api-?key|password/i;

function basic({ user, password }: { user: string; password: string }): string {
  return Buffer.from(`${user}:${password}`).toString("base64");
}

function authorization(auth: Connection["auth"]): Record<string, string> {
  if (auth === undefined) return {};
  return { authorization: "bearer" in auth ? `Bearer ${auth.bearer}` : `Basic ${basic(auth)}` };
}

/** Read anew for each request: certificates are renewed while we run. */
async function readTls(
  tls: NonNullable<Connection["tls"]>,
  folder: string,
): Promise<NonNullable<HttpRequest["tls"]>> {
  const [ca, cert, key] = await Promise.all([
    tls.ca ?? readPem("caFile", tls.caFile, folder),
    readPem("certFile", tls.certFile, folder),
    readPem("keyFile", tls.keyFile, folder),
  ]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tls.insecure === true ? { rejectUnauthorized: false } : {}),
  };
}

async function readPem(name: string, file: string | undefined, folder: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(resolve(folder, file), "utf8");
  } catch (error) {
    const code = (error as { code?: string }).code ?? "unreadable";
    throw new ConfigError(`tls.${name} ${resolve(folder, file)} cannot be read: ${code}`, { cause: error });
  }
}

function isHttpUrl(written: string): boolean {
  return URL.canParse(written) && /^https?:$/.test(new URL(written).protocol);
}
