/**
 * The one way in which this provider talks to Rackspace.
 *
 * Note [Retries]: those of `host.http` are off, because retrying in two layers multiplies. What was refused for too
 * many calls, or for its token, is always made again: it did nothing. What got no answer, or a fault of the service,
 * may have taken effect: it is made again only if twice is the same as once (`repeatable`; all but POST). The others
 * end with an error whose `retry` is `after-refresh`, and whoever made them looks first.
 */
import { randomInt } from "node:crypto";
import { setMaxListeners } from "node:events";
import {
  type BellowsError,
  createThrottle,
  delay,
  type Host,
  type HttpRequest,
  type HttpResponse,
  isBellowsError,
  type Throttle,
  UnavailableError,
} from "@bellows/core";
import { type About, refusalError, retold, retryAfterIn } from "./errors.js";
import { createIdentity, type Token } from "./identity.js";
import type { RackspaceOptions } from "./options.js";
import { endpointIn, ownEndpoint, type ServiceName } from "./services.js";

/** What a call is about. */
export interface Call {
  /** The contract's method, such as `groups.create`; errors name it. */
  operation: string;
  /** Name or id of the thing. */
  resource?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Default GET. */
  method?: NonNullable<HttpRequest["method"]>;
  json?: unknown;
  /** Undefined values are left out. */
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Answers of 400 and above are given back, but for 401 and those that ask to come back later. */
  anyStatus?: boolean;
  /** Whether making it twice is the same as making it once (default: unless it is a POST). */
  repeatable?: boolean;
  /** Time for the call with its repetitions, in milliseconds (default 60,000). */
  deadlineMs?: number | undefined;
  /** Makes the request in place of `host.http`; the token, the repetitions and the errors stay ours. */
  carrier?: Carrier;
}

/** Where a {@link Carrier} sends its request. */
export interface Destination {
  /** Address of the service, the tenant included, without a slash at its end. */
  endpoint: string;
  /** Id of the token. */
  token: string;
  /** Time for this one try, in milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Another way to make one request, once.
 * @returns every answer that there is, whatever its status.
 * @throws UnavailableError or TimeoutError when there is none, the network's own code as its `vendorCode`.
 */
export type Carrier = (destination: Destination) => Promise<Reply>;

/** What is read of an answer. */
export type Reply = Pick<HttpResponse, "status" | "headers" | "body">;

/** The answer to a call. */
export interface Answer<T> {
  status: number;
  /** By their names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** Parsed; undefined where the answer has none. */
  body: T;
}

/** Rackspace, as one provider's options reach it. */
export interface Rackspace {
  /** Key of the provider. */
  readonly key: string;
  readonly region: string;
  /**
   * Makes one call of a service, with repetitions. The token and the address come from Identity, by `path` they go on.
   * @param path - as the service's documentation has it behind the tenant: `/groups`.
   * @throws BellowsError of the class that the service's fault means, see errors.ts; the signal's reason when aborted.
   */
  request<T = unknown>(service: ServiceName, path: string, call: Call): Promise<Answer<T>>;
  /** The token in use, or a new one; asked once for all who want it. */
  token(call?: Pick<Call, "signal">): Promise<Token>;
  /** Says that a service refused this token: the next call gets another. */
  refused(token: Token): void;
  /** Id of the tenant (account number). */
  tenant(): Promise<string>;
  /** Address of a service, the tenant included, without a slash at its end. */
  endpoint(service: ServiceName, call: Pick<Call, "operation" | "signal">): Promise<string>;
  /** What all calls of a service pass: an answer that asks for fewer makes every one wait. */
  gate(service: ServiceName): Throttle;
  close(): void;
}

const DEADLINE_MS = 60_000;
/** Longest time for one try, until the whole answer is there. */
const ANSWER_MS = 20_000;
/** Tries of a call that got no answer or a fault; one that is throttled goes on until its deadline. */
const TRIES = 5;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;
/** A group's manifest with 100 policies of 25 webhooks has about two megabytes. */
const LONGEST_ANSWER_BYTES = 8_388_608;
/** Nothing has reached the service: the connection was never there. */
const NEVER_SENT: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH"]);

/** Makes a connection; nothing is asked before the first call. */
export function createRackspace(options: RackspaceOptions, host: Host): Rackspace {
  // Every call in flight listens to it; Node takes more than ten for a leak.
  setMaxListeners(0, host.signal);
  const gates = new Map<ServiceName | "identity", Throttle>();
  const gateOf = (service: ServiceName | "identity"): Throttle => {
    const gate = gates.get(service) ?? createThrottle(host.clock);
    gates.set(service, gate);
    return gate;
  };
  // Whoever else waits for the token must not lose it when the first one gives up: no caller's signal goes along.
  const identity = createIdentity(options, host, async (path, json) => {
    const call: Call = { operation: "authenticate", method: "POST", json, repeatable: true };
    const endpoint = options.identityUrl.replace(/\/+$/, "");
    const url = `${endpoint}${path}`;
    const destination = { endpoint, token: "" };
    const about = { provider: host.key, operation: "authenticate", action: `identity POST ${path}` };
    return parsed(
      await repeat({ host, gate: gateOf("identity"), call, about, url, headers: {}, destination }),
      about,
    );
  });
  const token = (call?: Pick<Call, "signal">): Promise<Token> => untilAborted(identity.token(), call?.signal);

  const endpoint = async (
    service: ServiceName,
    call: Pick<Call, "operation" | "signal">,
  ): Promise<string> => {
    const { catalog, tenant } = await token(call);
    const own = ownEndpoint(options, service)?.replaceAll("{tenant}", tenant).replace(/\/+$/, "");
    const about = { provider: host.key, operation: call.operation };
    return own ?? endpointIn(catalog, service, options.region, about);
  };

  /** One call with the token in use, and once more with another when the service refuses it. */
  const send = async (service: ServiceName, path: string, call: Call): Promise<Reply> => {
    const about: About = {
      provider: host.key,
      operation: call.operation,
      action: `${service} ${call.method ?? "GET"} ${path}`,
      ...(call.resource === undefined ? {} : { resource: call.resource }),
    };
    const gate = gateOf(service);
    for (let attempt = 1; ; attempt++) {
      call.signal?.throwIfAborted();
      const used = await token(call);
      const base = await endpoint(service, call);
      const url = `${base}${path}${queryOf(call.query)}`;
      const headers = { "x-auth-token": used.id };
      const destination = { endpoint: base, token: used.id };
      const response = await repeat({ host, gate, call, about, url, headers, destination });
      if (response.status !== 401) return response;
      identity.refused(used);
      if (attempt > 1) throw refusalError(response, about);
    }
  };

  return {
    key: host.key,
    region: options.region,
    async request<T>(service: ServiceName, path: string, call: Call) {
      const response = await send(service, path, call);
      const about = { provider: host.key, operation: call.operation, action: `${service} ${path}` };
      return { status: response.status, headers: response.headers, body: parsed(response, about) as T };
    },
    token,
    refused: (used) => identity.refused(used),
    tenant: async () => (await token()).tenant,
    endpoint,
    gate: gateOf,
    close: () => gates.clear(),
  };
}

function queryOf(query: Call["query"] = {}): string {
  const given = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, String(value)]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

function parsed(response: Reply, about: Pick<About, "provider" | "operation" | "action">): unknown {
  if (response.body.trim() === "") return undefined;
  try {
    return JSON.parse(response.body) as unknown;
  } catch {
    if (response.status >= 400) return undefined;
    throw new UnavailableError(`the answer to ${about.action} is none of Rackspace`, {
      provider: about.provider,
      operation: about.operation,
      retry: "never",
      hint: "is the address right?",
    });
  }
}

interface Repeating {
  host: Host;
  gate: Throttle;
  call: Call;
  about: About;
  url: string;
  headers: Record<string, string>;
  /** For a carrier. */
  destination: Pick<Destination, "endpoint" | "token">;
}

/** Makes a request until it is answered; 401 is an answer to whoever has a token. */
async function repeat(repeating: Repeating): Promise<Reply> {
  const { host, call } = repeating;
  const { signal, unlink } = linked(host.signal, call.signal);
  try {
    return await tryAndTryAgain(repeating, signal);
  } finally {
    unlink();
  }
}

async function tryAndTryAgain(repeating: Repeating, signal: AbortSignal): Promise<Reply> {
  const { host, gate, call, about } = repeating;
  const { clock } = host;
  const endMs = clock.monotonic() + (call.deadlineMs ?? DEADLINE_MS);
  for (let attempt = 1; ; attempt++) {
    await gate.pass(signal);
    const outcome = await tryOnce(repeating, endMs - clock.monotonic(), signal);
    if ("response" in outcome) return outcome.response;
    const { error, again } = outcome;
    if (again === "no" || (again === "some" && attempt >= TRIES)) throw error;
    const pauseMs =
      Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1)) * (0.5 + randomInt(1_000) / 1_000);
    if (clock.monotonic() + Math.max(pauseMs, gate.waitMs()) > endMs) throw error;
    host.logger.debug({ action: about.action, code: error.vendorCode, attempt }, "Rackspace is asked again");
    await delay(clock, pauseMs, signal);
  }
}

/** What one try brought: an answer, or an error and whether to try again (`some`: not for ever). */
type Outcome = { response: Reply } | { error: BellowsError; again: "no" | "some" | "until-deadline" };

async function tryOnce(repeating: Repeating, leftMs: number, signal: AbortSignal): Promise<Outcome> {
  const { host, gate, call, about, url } = repeating;
  let response: Reply;
  try {
    const timeoutMs = Math.max(1, Math.min(ANSWER_MS, leftMs));
    response =
      call.carrier === undefined
        ? await host.http.request(url, requestOf(repeating, timeoutMs, signal))
        : await call.carrier({ ...repeating.destination, timeoutMs, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!isBellowsError(error)) throw error;
    return unanswered(error, call, about);
  }
  const { status } = response;
  if (status < 400 || (status === 401 && about.operation !== "authenticate")) {
    gate.succeeded();
    return { response };
  }
  const error = refusalError(response, about);
  if (error.code === "throttled") {
    gate.throttled(retryAfterIn(response.headers));
    return { error, again: "until-deadline" };
  }
  if (status >= 500 && error.code === "unavailable") {
    if (error.retryAfterMs !== undefined) gate.throttled(error.retryAfterMs);
    return isRepeatable(call) ? { error, again: "some" } : { error: unsure(error), again: "no" };
  }
  gate.succeeded();
  return call.anyStatus === true ? { response } : { error, again: "no" };
}

function requestOf({ call, headers }: Repeating, timeoutMs: number, signal: AbortSignal): HttpRequest {
  return {
    method: call.method ?? "GET",
    headers: { accept: "application/json", ...headers },
    ...(call.json === undefined ? {} : { json: call.json }),
    signal,
    anyStatus: true,
    retries: 0,
    timeoutMs,
    maxBytes: LONGEST_ANSWER_BYTES,
  };
}

/** No answer, or none that can be read. */
function unanswered(error: BellowsError, call: Call, about: About): Outcome {
  const told = retold(error, {
    operation: about.operation,
    ...(about.resource === undefined ? {} : { resource: about.resource }),
  });
  const isLost = error.code === "unavailable" || error.code === "timeout";
  if (!isLost || error.retry === "never") return { error: told, again: "no" };
  if (isRepeatable(call) || NEVER_SENT.has(error.vendorCode ?? "")) return { error: told, again: "some" };
  return { error: unsure(told), again: "no" };
}

function isRepeatable({ method = "GET", repeatable = method !== "POST" }: Call): boolean {
  return repeatable;
}

/** A call that was made once, and of which nobody knows whether it took effect. */
function unsure(error: BellowsError): BellowsError {
  return retold(error, { retry: "after-refresh" });
}

/** Waits for something that others wait for too; giving up ends the waiting, not the thing. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/**
 * A signal that aborts with either. Not `AbortSignal.any`: what that makes is kept for as long as the host's signal
 * lives, which is as long as the process.
 */
function linked(
  host: AbortSignal,
  call: AbortSignal | undefined,
): { signal: AbortSignal; unlink: () => void } {
  if (call === undefined) return { signal: host, unlink: () => undefined };
  const controller = new AbortController();
  const sources = [host, call];
  const abort = (): void => controller.abort(sources.find(({ aborted }) => aborted)?.reason);
  for (const source of sources) source.addEventListener("abort", abort, { once: true });
  if (sources.some(({ aborted }) => aborted)) abort();
  return {
    signal: controller.signal,
    unlink: () => {
      for (const source of sources) source.removeEventListener("abort", abort);
    },
  };
}
