/**
 * The one family of errors that Bellows throws across its borders.
 *
 * Note [Branded errors]: a plugin may bring a second copy of this package, so `instanceof` can fail on an error
 * that is ours. Every error therefore carries its class under a registered symbol, and {@link isBellowsError} and
 * `instanceof` both look at that brand alone.
 */

/** Whether, and when, asking again may help. */
export type Retry = "never" | "later" | "after-refresh";

/** The short name of each error class; `isBellowsError(e, "limit")` tests for it. */
export type ErrorCode =
  | "config"
  | "not-found"
  | "already-exists"
  | "conflict"
  | "cooldown"
  | "throttled"
  | "authentication"
  | "permission"
  | "limit"
  | "capacity"
  | "unsupported"
  | "unavailable"
  | "timeout"
  | "refused"
  | "internal";

/** What an error tells beside its message. */
export interface ErrorDetails {
  /** Whether asking again may help; each class has its own default. */
  retry?: Retry;
  /** What the reader can do about it, as a short imperative sentence. */
  hint?: string;
  /** Key of the provider or source in question, as the config names it. */
  provider?: string;
  /** The contract method that failed, such as `groups.create`. */
  operation?: string;
  /** Name or id of the thing it was about. */
  resource?: string;
  /** The vendor's own request id. */
  requestId?: string;
  /** The vendor's own error code, unchanged. */
  vendorCode?: string;
  /** When it may be tried again, in milliseconds from now (a vendor's Retry-After). */
  retryAfterMs?: number;
  cause?: unknown;
}

const BRAND = Symbol.for("bellows.error");

/** Base of all errors thrown by Bellows and its plugins. */
export class BellowsError extends Error {
  readonly code: ErrorCode;
  readonly retry: Retry;
  readonly hint?: string;
  readonly provider?: string;
  readonly operation?: string;
  readonly resource?: string;
  readonly requestId?: string;
  readonly vendorCode?: string;
  readonly retryAfterMs?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, defaultRetry: Retry = "never") {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.retry = details.retry ?? defaultRetry;
    for (const key of [
      "hint",
      "provider",
      "operation",
      "resource",
      "requestId",
      "vendorCode",
      "retryAfterMs",
    ] as const) {
      if (details[key] !== undefined) (this as Record<string, unknown>)[key] = details[key];
    }
    Object.defineProperty(this, BRAND, { value: code, enumerable: false });
  }

  /** True for an error of this class (or a subclass) even if another copy of this package made it. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (!isBellowsError(value)) return false;
    const own = CODE_OF.get(this);
    return own === undefined
      ? this === BellowsError || Object.prototype.isPrototypeOf.call(this.prototype, value)
      : value.code === own;
  }
}

/** A configuration or an argument is wrong; nothing was attempted. */
export class ConfigError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("config", message, details);
  }
}
/** The thing named does not exist (or no longer does). */
export class NotFoundError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("not-found", message, details);
  }
}
/** A thing of that name exists already and differs from what was asked for. */
export class AlreadyExistsError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("already-exists", message, details);
  }
}
/** The state of the thing forbids it now, or a name fits two things. */
export class ConflictError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("conflict", message, details, "after-refresh");
  }
}
/** Refused because a cooldown is running; `retryAfterMs` says how long. */
export class CooldownError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("cooldown", message, details, "later");
  }
}
/** The vendor asks for fewer calls. */
export class ThrottledError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("throttled", message, details, "later");
  }
}
/** Credentials are missing, wrong or expired. */
export class AuthenticationError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("authentication", message, details);
  }
}
/** The credentials are good, and may not do this. */
export class PermissionError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("permission", message, details);
  }
}
/** A bound or quota forbids it. */
export class LimitError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("limit", message, details);
  }
}
/** The vendor has no room for it at the moment. */
export class CapacityError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("capacity", message, details, "later");
  }
}
/** This provider cannot do it; the hint names the way out. */
export class UnsupportedError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("unsupported", message, details);
  }
}
/** The other side did not answer, or answered with a fault of its own. */
export class UnavailableError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("unavailable", message, details, "later");
  }
}
/** A deadline passed. What was asked for may still happen. */
export class TimeoutError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("timeout", message, details, "after-refresh");
  }
}
/** Refused by a rule of Bellows: the group is paused, or an instance is protected. */
export class RefusedError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("refused", message, details);
  }
}
/** A fault of Bellows itself. */
export class InternalError extends BellowsError {
  constructor(message: string, details?: ErrorDetails) {
    super("internal", message, details);
  }
}

const CODE_OF = new Map<unknown, ErrorCode>([
  [ConfigError, "config"],
  [NotFoundError, "not-found"],
  [AlreadyExistsError, "already-exists"],
  [ConflictError, "conflict"],
  [CooldownError, "cooldown"],
  [ThrottledError, "throttled"],
  [AuthenticationError, "authentication"],
  [PermissionError, "permission"],
  [LimitError, "limit"],
  [CapacityError, "capacity"],
  [UnsupportedError, "unsupported"],
  [UnavailableError, "unavailable"],
  [TimeoutError, "timeout"],
  [RefusedError, "refused"],
  [InternalError, "internal"],
]);

/**
 * Whether a value is an error of Bellows, from whichever installed copy.
 * @param code - when given, it must also be of that class.
 */
export function isBellowsError(value: unknown, code?: ErrorCode): value is BellowsError {
  if (typeof value !== "object" || value === null) return false;
  const brand = (value as Record<symbol, unknown>)[BRAND];
  return typeof brand === "string" && (code === undefined || brand === code);
}

/** One line for people: what failed, and what to do. Never a stack, never a cause's message. */
export function errorLine(error: unknown): string {
  if (!isBellowsError(error)) return error instanceof Error ? error.message : String(error);
  return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
}
