import type { CallOptions } from "./common.js";

/** One HTTP request. */
export interface HttpRequest extends CallOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD";
  headers?: Record<string, string>;
  /** Sent as it is; `json` is serialized and typed. */
  body?: string;
  json?: unknown;
  /** Deadline for the whole request with its retries, in milliseconds (default 10,000). */
  timeoutMs?: number;
  /** Longest answer that is read, in bytes (default 1 MiB); a longer one is an `UnavailableError`. */
  maxBytes?: number;
  /** Retries of requests that can be repeated (GET, HEAD, PUT, DELETE); default 2. */
  retries?: number;
  /** Redirects followed, on the same origin only (default 3). */
  maxRedirects?: number;
  tls?: { ca?: string; cert?: string; key?: string; rejectUnauthorized?: boolean };
  /** Answer every status instead of throwing for those of 400 and above. */
  anyStatus?: boolean;
}

/** The answer to a request. */
export interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** Parses the body. @throws UnavailableError when it is no JSON, with its first characters. */
  json<T = unknown>(): T;
}

/**
 * HTTP as every plugin gets it (`host.http`): retries with jittered backoff in one layer, one throttle per host
 * that slows down as a whole, Retry-After honoured, bounded answers, secrets blanked out of errors.
 */
export interface HttpClient {
  /**
   * @throws UnavailableError for network faults and 5xx, ThrottledError for 429 (and 413 with Retry-After),
   *   AuthenticationError 401, PermissionError 403, NotFoundError 404, ConflictError 409, ConfigError other 4xx,
   *   TimeoutError past the deadline.
   */
  request(url: string, request?: HttpRequest): Promise<HttpResponse>;
}
