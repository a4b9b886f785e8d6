/**
 * What the services of Rackspace mean when they refuse. Each has its own form of body: Autoscale wraps it in `error`,
 * Cloud Servers and Identity in a key named after the fault, Load Balancers and Monitoring not at all.
 */
import {
  AuthenticationError,
  BellowsError,
  ConfigError,
  ConflictError,
  type ErrorDetails,
  isBellowsError,
  LimitError,
  NotFoundError,
  PermissionError,
  ThrottledError,
  UnavailableError,
  UnsupportedError,
} from "@bellows/core";

type ErrorClass = new (message: string, details?: ErrorDetails) => BellowsError;

/** What a fault's name means here. */
interface Meaning {
  error: ErrorClass;
  hint?: string;
}

const CREDENTIALS = "check username and apiKey (or password); bellows doctor shows who calls";
const QUOTA = "ask Rackspace for a higher limit, or remove what is unused";

/** Every fault that this provider tells apart, by its name in the body. The text of a message is never looked at. */
const FAULTS: ReadonlyMap<string, Meaning> = new Map(
  (
    [
      // Autoscale.
      [
        "InvalidJsonError ValidationError InvalidMinEntities InvalidLaunchConfiguration InvalidQueryArgument " +
          "UnsupportedMediaType",
        { error: ConfigError },
      ],
      [
        "NoSuchScalingGroupError NoSuchPolicyError NoSuchWebhookError ServerNotFoundError",
        { error: NotFoundError },
      ],
      ["GroupNotEmptyError", { error: ConflictError, hint: "set min and max to 0 first, or force it" }],
      ["GroupPausedError", { error: ConflictError, hint: "resume the group first" }],
      [
        "CannotExecutePolicyError",
        { error: ConflictError, hint: "a cooldown is running, or it would change nothing" },
      ],
      ["CannotDeleteServerBelowMinError", { error: LimitError, hint: "lower min first, or replace it" }],
      ["ScalingGroupOverLimitError PoliciesOverLimitError WebhooksOverLimitError", { error: LimitError }],
      ["TenantSuspendedError Forbidden", { error: PermissionError }],
      ["NotImplementedError InvalidMethod", { error: UnsupportedError }],
      ["InvalidCredentials", { error: AuthenticationError, hint: CREDENTIALS }],
      ["RateLimitError", { error: ThrottledError }],
      ["InternalError", { error: UnavailableError }],
      // Cloud Servers and Identity; `overLimit` is told by whether it says when to come back.
      ["badRequest badMediaType", { error: ConfigError }],
      ["unauthorized", { error: AuthenticationError, hint: CREDENTIALS }],
      ["forbidden userDisabled", { error: PermissionError }],
      ["itemNotFound", { error: NotFoundError }],
      ["conflictingRequest buildInProgress", { error: ConflictError }],
      ["badMethod notImplemented", { error: UnsupportedError }],
      ["computeFault identityFault serviceUnavailable", { error: UnavailableError }],
      // Monitoring.
      ["requiredNotFoundError alarmParseError", { error: ConfigError }],
      ["notFoundError parentNotFoundError", { error: NotFoundError }],
      ["limitReached requestTooLargeError", { error: LimitError, hint: QUOTA }],
      ["rateLimitReached", { error: ThrottledError }],
      ["unauthorizedError", { error: AuthenticationError, hint: CREDENTIALS }],
      ["forbiddenError", { error: PermissionError }],
      ["internalError systemFailureError", { error: UnavailableError }],
    ] as const
  ).flatMap(([names, meaning]) => names.split(" ").map((name) => [name, meaning] as const)),
);

/** What a status means where the body names no fault. */
const STATUSES: ReadonlyMap<number, Meaning> = new Map([
  [401, { error: AuthenticationError, hint: CREDENTIALS }],
  [403, { error: PermissionError }],
  [404, { error: NotFoundError }],
  [405, { error: UnsupportedError }],
  [409, { error: ConflictError }],
  [410, { error: NotFoundError }],
  // A load balancer that is busy with an earlier change.
  [422, { error: ConflictError }],
  [429, { error: ThrottledError }],
  [501, { error: UnsupportedError }],
]);

/** An answer of 400 or above, as far as it tells what is wrong. */
export interface Refusal {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** What a request was about, for its errors. */
export interface About {
  /** Key of the provider. */
  provider: string;
  /** The contract's method, such as `groups.create`. */
  operation: string;
  /** Service, method and path: `autoscale POST /groups`. */
  action: string;
  resource?: string;
}

/** A fault as the body of an answer tells it. */
export interface Fault {
  /** Its name: Autoscale's and Monitoring's `type`, or the key around it. */
  name?: string;
  /** The service's own words, on one line. */
  words: string;
}

/** Reads the fault in a body, in whichever of the four forms it is. */
export function faultIn(body: string): Fault {
  const parsed = parseObject(body);
  if (parsed === undefined) return { words: oneLine(/^[{[<]/.test(body.trim()) ? "" : body) };
  if ("message" in parsed || typeof parsed.type === "string")
    return { ...nameIn(parsed.type), words: wordsOf(parsed) };
  const [key, inner] = Object.entries(parsed)[0] ?? [];
  if (key === undefined || !isObject(inner)) return { words: "" };
  return { ...nameIn(key === "error" ? inner.type : key), words: wordsOf(inner) };
}

function nameIn(value: unknown): { name?: string } {
  return typeof value === "string" && value !== "" ? { name: value } : {};
}

function wordsOf({ message, details, validationErrors }: Record<string, unknown>): string {
  const faults = isObject(validationErrors) ? validationErrors.messages : undefined;
  const parts = [...texts(message), ...texts(faults), ...texts(faults === undefined ? details : undefined)];
  return oneLine([...new Set(parts)].join("; "));
}

function texts(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((one): one is string => typeof one === "string" && one.trim() !== "");
}

function oneLine(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*/g, "; ")
    .replace(/:; /g, ": ")
    .replace(/\s+/g, " ")
    .replace(/\.$/, "")
    .slice(0, 500);
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Turns an answer of 400 or above into an error of the family, with the service's own name, words and request id. */
export function refusalError(refusal: Refusal, about: About): BellowsError {
  const { status, headers, body } = refusal;
  const fault = faultIn(body);
  const { error: FaultError, hint } = meaningOf(refusal, fault);
  const requestId = headers["x-response-id"] ?? headers["x-compute-request-id"] ?? headers["x-request-id"];
  const retryAfterMs = retryAfterIn(headers);
  const code = fault.name ?? String(status);
  const said = fault.words === "" ? "it gave no reason" : fault.words;
  const verb = FaultError === UnavailableError ? "failed at" : "refused";
  return new FaultError(`Rackspace ${verb} ${about.action}: ${said} (${code})`, {
    provider: about.provider,
    operation: about.operation,
    vendorCode: code,
    ...(about.resource === undefined ? {} : { resource: about.resource }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(hint === undefined ? {} : { hint }),
  });
}

function meaningOf({ status, headers }: Refusal, { name }: Fault): Meaning {
  // Too much at once says when to come back; too much for the account does not.
  if (status === 413 && name !== "requestTooLargeError")
    return retryAfterIn(headers) === undefined
      ? { error: LimitError, hint: QUOTA }
      : { error: ThrottledError };
  const meaning = (name === undefined ? undefined : FAULTS.get(name)) ?? STATUSES.get(status);
  return meaning ?? { error: status >= 500 ? UnavailableError : ConfigError };
}

/** What `Retry-After` says, in milliseconds; undefined where it says nothing, or a date. */
export function retryAfterIn(headers: Readonly<Record<string, string>>): number | undefined {
  const written = headers["retry-after"];
  const seconds = written === undefined || written.trim() === "" ? Number.NaN : Number(written);
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1_000) : undefined;
}

/** The same error, told of another operation or thing, with another hint, retry or class. */
export function retold(error: BellowsError, details: ErrorDetails, As?: ErrorClass): BellowsError {
  const { code, message, retry, hint, provider, operation, resource, requestId, vendorCode, retryAfterMs } =
    error;
  const all: ErrorDetails = {
    ...(As === undefined ? { retry } : {}),
    ...(hint === undefined ? {} : { hint }),
    ...(provider === undefined ? {} : { provider }),
    ...(operation === undefined ? {} : { operation }),
    ...(resource === undefined ? {} : { resource }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(vendorCode === undefined ? {} : { vendorCode }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    ...details,
  };
  return As === undefined ? new BellowsError(code, message, all) : new As(message, all);
}

/** Whether a call that failed so may have taken effect all the same. */
export function mayHaveHappened(error: unknown): boolean {
  return (
    isBellowsError(error) &&
    error.retry === "after-refresh" &&
    (error.code === "unavailable" || error.code === "timeout")
  );
}
