import type { HttpRequest, HttpResponse } from "../contracts/http.js";
import type { ErrorDetails } from "../errors.js";
import {
  AuthenticationError,
  type BellowsError,
  ConfigError,
  ConflictError,
  NotFoundError,
  PermissionError,
  ThrottledError,
  UnavailableError,
} from "../errors.js";
import type { Redaction } from "./redaction.js";

/** Which fault of the network a system code stands for, in words. */
const NETWORK: Record<string, string> = {
  ECONNREFUSED: "refused the connection",
  ECONNRESET: "closed the connection",
  ENOTFOUND: "is not a known host",
  EAI_AGAIN: "could not be looked up",
  ETIMEDOUT: "did not answer in time",
  EHOSTUNREACH: "cannot be reached",
  ENETUNREACH: "cannot be reached",
  EPIPE: "closed the connection",
  DEPTH_ZERO_SELF_SIGNED_CERT: "has a self-signed certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "has a self-signed certificate in its chain",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "has a certificate that cannot be verified",
  CERT_HAS_EXPIRED: "has an expired certificate",
  ERR_TLS_CERT_ALTNAME_INVALID: "has a certificate for another name",
};

/** What errors are made with. */
export interface FaultContext {
  redaction: Redaction;
  key?: string;
}

/** Turns a fault of the network or the protocol into an UnavailableError. */
export function faultOf(error: unknown, url: URL, context: FaultContext): UnavailableError {
  const code = (error as { code?: unknown } | null)?.code;
  const words = typeof code === "string" ? NETWORK[code] : undefined;
  const detail =
    words ?? `failed: ${context.redaction.text(error instanceof Error ? error.message : String(error))}`;
  return new UnavailableError(`${url.origin} ${detail}`, {
    ...base(context, typeof code === "string" ? code : undefined),
    cause: error,
    ...(words?.includes("certificate") ? { retry: "never", hint: "give the authority as tls.ca" } : {}),
  });
}

/** Turns an answer of 400 and above into the error of its class, with the first words of what the server said. */
export function statusError(
  response: HttpResponse,
  url: URL,
  request: HttpRequest,
  context: FaultContext,
): BellowsError {
  const said = context.redaction.text(response.body.slice(0, 200)).replace(/\s+/g, " ").trim();
  const about = /^[[{"A-Za-z]/.test(said) ? `: ${said}` : "";
  const message = `${request.method ?? "GET"} ${url.origin}${url.pathname} answered ${response.status}${about}`;
  const details: ErrorDetails = { ...base(context, String(response.status)), ...retryAfter(response) };
  switch (response.status) {
    case 401:
      return new AuthenticationError(message, { hint: "check the credentials", ...details });
    case 403:
      return new PermissionError(message, details);
    case 404:
    case 410:
      return new NotFoundError(message, details);
    case 409:
      return new ConflictError(message, details);
    case 429:
      return new ThrottledError(message, details);
    case 413:
      return details.retryAfterMs === undefined
        ? new ConfigError(message, details)
        : new ThrottledError(message, details);
    default:
      return response.status >= 500 || response.status === 408
        ? new UnavailableError(message, details)
        : new ConfigError(message, details);
  }
}

function base(context: FaultContext, vendorCode: string | undefined): ErrorDetails {
  return {
    ...(context.key === undefined ? {} : { provider: context.key }),
    ...(vendorCode === undefined ? {} : { vendorCode }),
  };
}

/** Retry-After in seconds; the form with a date is rare and left to the back-off. */
function retryAfter(response: HttpResponse): ErrorDetails {
  const requestId =
    response.headers["x-request-id"] ??
    response.headers["x-amzn-requestid"] ??
    response.headers["x-response-id"];
  const seconds = Number(response.headers["retry-after"]);
  return {
    ...(requestId === undefined ? {} : { requestId }),
    ...(response.headers["retry-after"] === undefined || !Number.isFinite(seconds)
      ? {}
      : { retryAfterMs: Math.max(0, seconds * 1_000) }),
  };
}
