import { type ErrorCode, errorLine, isBellowsError } from "@bellows/core";

/** `type` of an error body, as Otter has them; the last seven are what the proxy in front of it answers. */
export type FaultType =
  | "InvalidJsonError"
  | "ValidationError"
  | "InvalidMinEntities"
  | "InvalidLaunchConfiguration"
  | "InvalidQueryArgument"
  | "NoSuchScalingGroupError"
  | "NoSuchPolicyError"
  | "NoSuchWebhookError"
  | "ServerNotFoundError"
  | "GroupNotEmptyError"
  | "GroupPausedError"
  | "CannotDeleteServerBelowMinError"
  | "CannotExecutePolicyError"
  | "ScalingGroupOverLimitError"
  | "PoliciesOverLimitError"
  | "WebhooksOverLimitError"
  | "NotImplementedError"
  | "InternalError"
  | "InvalidCredentials"
  | "Forbidden"
  | "NotFound"
  | "InvalidMethod"
  | "RequestTimeout"
  | "Conflict"
  | "RateLimitError"
  | "RequestTooLarge"
  | "UnsupportedMediaType"
  | "ServiceUnavailable";

/** Status of each type. @see facts of Rackspace Autoscale v1.0, otter/rest/errors.py */
const STATUS: Record<FaultType, number> = {
  InvalidJsonError: 400,
  ValidationError: 400,
  InvalidMinEntities: 400,
  InvalidLaunchConfiguration: 400,
  InvalidQueryArgument: 400,
  InvalidCredentials: 401,
  GroupNotEmptyError: 403,
  GroupPausedError: 403,
  CannotDeleteServerBelowMinError: 403,
  CannotExecutePolicyError: 403,
  Forbidden: 403,
  NoSuchScalingGroupError: 404,
  NoSuchPolicyError: 404,
  NoSuchWebhookError: 404,
  ServerNotFoundError: 404,
  NotFound: 404,
  InvalidMethod: 405,
  RequestTimeout: 408,
  Conflict: 409,
  RateLimitError: 413,
  RequestTooLarge: 413,
  UnsupportedMediaType: 415,
  ScalingGroupOverLimitError: 422,
  PoliciesOverLimitError: 422,
  WebhooksOverLimitError: 422,
  InternalError: 500,
  NotImplementedError: 501,
  ServiceUnavailable: 503,
};

/** An answer of the Autoscale API that is an error. */
export class AutoscaleFault extends Error {
  readonly status: number;

  /** @param retryAfterMs - goes out as `Retry-After`. */
  constructor(
    readonly type: FaultType,
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
    this.status = STATUS[type];
  }
}

/** The body of an error. */
export interface FaultBody {
  error: { type: FaultType; code: number; message: string; details: string };
}

/** An error as it goes over the wire. */
export function bodyOf({ type, status, message }: AutoscaleFault): FaultBody {
  return { error: { type, code: status, message, details: "" } };
}

/** What an error of Bellows is in this API, where the route has no better word for it. */
const OF_CODE: Record<ErrorCode, FaultType> = {
  config: "ValidationError",
  "not-found": "NotFound",
  "already-exists": "ValidationError",
  conflict: "Conflict",
  cooldown: "CannotExecutePolicyError",
  throttled: "RateLimitError",
  // Those of the provider, not of whoever asks here.
  authentication: "ServiceUnavailable",
  permission: "ServiceUnavailable",
  limit: "Forbidden",
  capacity: "ServiceUnavailable",
  unsupported: "NotImplementedError",
  unavailable: "ServiceUnavailable",
  timeout: "ServiceUnavailable",
  refused: "Forbidden",
  internal: "InternalError",
};

/** What the framework refused by itself, by status. */
const OF_STATUS: Record<number, FaultType> = {
  400: "InvalidJsonError",
  404: "NotFound",
  405: "InvalidMethod",
  408: "RequestTimeout",
  413: "RequestTooLarge",
  414: "NotFound",
  415: "UnsupportedMediaType",
  429: "RateLimitError",
};

/** Any error as an answer of this API. What nobody foresaw is an `InternalError` that tells nothing. */
export function faultOf(error: unknown): AutoscaleFault {
  if (error instanceof AutoscaleFault) return error;
  if (isBellowsError(error)) {
    const type = OF_CODE[error.code];
    return type === "InternalError"
      ? unforeseen()
      : new AutoscaleFault(type, errorLine(error), error.retryAfterMs);
  }
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  const type = typeof status === "number" ? OF_STATUS[status] : undefined;
  if (type === undefined) return unforeseen();
  return new AutoscaleFault(type, type === "InvalidJsonError" ? "" : errorLine(error));
}

function unforeseen(): AutoscaleFault {
  return new AutoscaleFault("InternalError", "An Internal Error was encountered");
}

/** Puts a route's own word in place of one class of error. */
export async function inWordsOf<T>(
  code: ErrorCode,
  fault: (line: string) => AutoscaleFault,
  work: Promise<T>,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isBellowsError(error, code) ? fault(errorLine(error)) : error;
  }
}

/** The errors of things that are not there. */
export const missing = {
  group: (tenant: string, group: string) =>
    new AutoscaleFault("NoSuchScalingGroupError", `No such scaling group ${group} for tenant ${tenant}`),
  policy: (tenant: string, group: string, policy: string) =>
    new AutoscaleFault(
      "NoSuchPolicyError",
      `No such scaling policy ${policy} for group ${group} for tenant ${tenant}`,
    ),
  webhook: (tenant: string, group: string, policy: string, webhook: string) =>
    new AutoscaleFault(
      "NoSuchWebhookError",
      `No such webhook ${webhook} for policy ${policy} in group ${group} for tenant ${tenant}`,
    ),
  server: (tenant: string, group: string, server: string) =>
    new AutoscaleFault(
      "ServerNotFoundError",
      `Active server ${server} not found in tenant ${tenant}'s group ${group}`,
    ),
};
