import { randomInt } from "node:crypto";
import type { Got, Response } from "got";
import type { Clock } from "../clock.js";
import type { HttpClient, HttpRequest, HttpResponse } from "../contracts/http.js";
import { type BellowsError, isBellowsError, TimeoutError, UnavailableError } from "../errors.js";
import { delay } from "../wait.js";
import { faultOf, statusError } from "./http-faults.js";
import type { Redaction } from "./redaction.js";
import { createThrottle, type Throttle } from "./throttle.js";

const DEFAULTS = { timeoutMs: 10_000, maxBytes: 1_048_576, retries: 2, maxRedirects: 3 };
const REPEATABLE = new Set(["GET", "HEAD", "PUT", "DELETE"]);
const FIRST_BACKOFF_MS = 100;

/** A number from 0 up to 1. */
const anyFraction = (): number => randomInt(1_000) / 1_000;

/** What an HTTP client is made from. */
export interface HttpClientOptions {
  clock: Clock;
  userAgent: string;
  redaction: Redaction;
  /** Key of the provider or source, for errors. */
  key?: string;
  /** 0 to 1, for the jitter of retries. Injected so that tests can hold it still. */
  random?: () => number;
}

/**
 * The HTTP client behind `host.http`. The library underneath (got) is loaded with the first request; its own retries
 * are off, since retrying in two layers multiplies.
 * @see HttpClient for what is thrown.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const throttles = new Map<string, Throttle>();
  let library: Promise<Got> | undefined;
  const load = (): Promise<Got> => {
    library ??= import("got").then(({ got }) =>
      got.extend({
        retry: { limit: 0 },
        followRedirect: false,
        throwHttpErrors: false,
        decompress: true,
        headers: { "user-agent": options.userAgent },
      }),
    );
    return library;
  };
  const throttleOf = (origin: string): Throttle => {
    let throttle = throttles.get(origin);
    if (throttle === undefined) {
      throttle = createThrottle(options.clock);
      throttles.set(origin, throttle);
    }
    return throttle;
  };
  return {
    async request(url, request = {}) {
      const target = readUrl(url, options);
      const deadline = withDeadline(options.clock, request);
      const met: Met = {};
      try {
        return await repeat(
          await load(),
          target,
          request,
          deadline.signal,
          options,
          throttleOf(target.origin),
          met,
        );
      } catch (error) {
        // What an earlier attempt met says more than that time ran out before the next one.
        if (deadline.expired()) throw met.fault ?? late(target, request, options, error);
        throw error;
      } finally {
        deadline.clear();
      }
    },
  };
}

/** The fault that the last whole attempt met. */
interface Met {
  fault?: BellowsError;
}

async function repeat(
  got: Got,
  url: URL,
  request: HttpRequest,
  signal: AbortSignal,
  options: HttpClientOptions,
  throttle: Throttle,
  met: Met,
): Promise<HttpResponse> {
  const tries = REPEATABLE.has(request.method ?? "GET") ? (request.retries ?? DEFAULTS.retries) : 0;
  for (let attempt = 0; ; attempt++) {
    await throttle.pass(signal);
    try {
      const response = await send(got, url, request, signal, options);
      throttle.succeeded();
      return response;
    } catch (error) {
      if (isBellowsError(error, "throttled")) throttle.throttled(error.retryAfterMs);
      if (signal.aborted || attempt >= tries || !isBellowsError(error) || error.retry !== "later")
        throw error;
      met.fault = error;
      const jitter = 0.5 + (options.random ?? anyFraction)();
      await delay(options.clock, FIRST_BACKOFF_MS * 2 ** attempt * jitter, signal);
    }
  }
}

async function send(
  got: Got,
  start: URL,
  request: HttpRequest,
  signal: AbortSignal,
  options: HttpClientOptions,
): Promise<HttpResponse> {
  const seen = request.maxRedirects ?? DEFAULTS.maxRedirects;
  let url = start;
  for (let redirects = 0; ; redirects++) {
    const response = await once(got, url, request, signal, options);
    const location = response.headers.location;
    if (response.status < 300 || response.status > 399 || response.status === 304 || location === undefined) {
      if (response.status >= 400 && request.anyStatus !== true)
        throw statusError(response, url, request, options);
      return response;
    }
    const next = new URL(location, url);
    if (next.origin !== start.origin)
      throw new UnavailableError(`${place(url)} redirects to another origin, ${place(next)}`, {
        hint: "name that address itself if it is the right one",
        retry: "never",
        ...named(options),
      });
    if (redirects >= seen)
      throw new UnavailableError(`${place(start)} redirects more than ${seen} times`, {
        retry: "never",
        ...named(options),
      });
    url = next;
  }
}

/** One exchange; the body is read up to its bound and no further. */
async function once(
  got: Got,
  url: URL,
  request: HttpRequest,
  signal: AbortSignal,
  options: HttpClientOptions,
): Promise<HttpResponse> {
  const maxBytes = request.maxBytes ?? DEFAULTS.maxBytes;
  const body = bodyOf(request);
  const stream = got.stream(url, {
    method: request.method ?? "GET",
    headers: {
      ...(request.json === undefined ? {} : { "content-type": "application/json" }),
      ...request.headers,
    },
    ...(body === undefined ? {} : { body }),
    signal,
    ...(request.tls === undefined ? {} : { https: tlsOf(request.tls) }),
  });
  try {
    const head = await new Promise<Response>((resolve, reject) =>
      stream.once("response", resolve).once("error", reject),
    );
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes)
        throw new UnavailableError(`${place(url)} answered with more than ${maxBytes} bytes`, {
          retry: "never",
          ...named(options),
        });
      chunks.push(chunk);
    }
    return answer(head, Buffer.concat(chunks).toString("utf8"), url, options);
  } catch (error) {
    throw isBellowsError(error) ? error : faultOf(error, url, options);
  } finally {
    stream.destroy();
  }
}

function answer(head: Response, body: string, url: URL, options: HttpClientOptions): HttpResponse {
  const headers = Object.fromEntries(
    Object.entries(head.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : String(value ?? ""),
    ]),
  );
  return {
    status: head.statusCode,
    headers,
    body,
    json<T>() {
      try {
        return JSON.parse(body) as T;
      } catch {
        const start = options.redaction.text(body.slice(0, 60)).replace(/\s+/g, " ");
        throw new UnavailableError(
          `${place(url)} did not answer with JSON; it begins with ${JSON.stringify(start)}`,
          { retry: "never", ...named(options) },
        );
      }
    },
  };
}

/** A stream of a method that may have a body waits for one: none is sent as an empty one. */
function bodyOf(request: HttpRequest): string | undefined {
  if (request.json !== undefined) return JSON.stringify(request.json);
  return request.body ?? (/^(GET|HEAD)$/.test(request.method ?? "GET") ? undefined : "");
}

function tlsOf(tls: NonNullable<HttpRequest["tls"]>): Record<string, unknown> {
  return {
    ...(tls.ca === undefined ? {} : { certificateAuthority: tls.ca }),
    ...(tls.cert === undefined ? {} : { certificate: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: tls.rejectUnauthorized }),
  };
}

function readUrl(text: string, options: HttpClientOptions): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new UnavailableError(`not an http or https address: ${options.redaction.text(text)}`, {
    retry: "never",
    ...named(options),
  });
}

function late(url: URL, request: HttpRequest, options: HttpClientOptions, cause: unknown): TimeoutError {
  return new TimeoutError(
    `${place(url)} did not answer within ${request.timeoutMs ?? DEFAULTS.timeoutMs} ms`,
    { cause, ...named(options) },
  );
}

/** Origin and path: never the query or the user part, which may hold secrets. */
function place(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function named(options: HttpClientOptions): { provider?: string } {
  return options.key === undefined ? {} : { provider: options.key };
}

function withDeadline(
  clock: Clock,
  request: HttpRequest,
): { signal: AbortSignal; expired: () => boolean; clear: () => void } {
  const controller = new AbortController();
  let expired = false;
  const cancel = clock.after(request.timeoutMs ?? DEFAULTS.timeoutMs, () => {
    expired = true;
    controller.abort(new UnavailableError("deadline"));
  });
  const forward = (): void => controller.abort(request.signal?.reason);
  if (request.signal?.aborted === true) forward();
  request.signal?.addEventListener("abort", forward, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    clear() {
      cancel();
      request.signal?.removeEventListener("abort", forward);
    },
  };
}
