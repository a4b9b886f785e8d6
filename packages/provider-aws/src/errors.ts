import {
  AlreadyExistsError,
  AuthenticationError,
  type BellowsError,
  CapacityError,
  ConfigError,
  ConflictError,
  type ErrorDetails,
  isBellowsError,
  LimitError,
  NotFoundError,
  PermissionError,
  ThrottledError,
  TimeoutError,
  UnavailableError,
  UnsupportedError,
} from "@bellows/core";

type ErrorClass = new (message: string, details?: ErrorDetails) => BellowsError;

/** What a code of AWS means here. */
interface Meaning {
  error: ErrorClass;
  hint?: string;
}

const CREDENTIALS =
  "check AWS_PROFILE, AWS_ACCESS_KEY_ID and the machine's role; bellows doctor shows who calls";

/** Every code that this provider tells apart, by what it means. The text of a message is never looked at. */
const CODES: ReadonlyMap<string, Meaning> = new Map(
  (
    [
      // The SDK's own list of codes that ask for fewer calls, without LimitExceededException, which is a quota here.
      [
        "Throttling ThrottlingException ThrottledException RequestLimitExceeded RequestThrottled " +
          "RequestThrottledException TooManyRequestsException SlowDown EC2ThrottledException " +
          "BandwidthLimitExceeded PriorRequestNotComplete ProvisionedThroughputExceededException",
        { error: ThrottledError },
      ],
      [
        "LimitExceeded LimitExceededFault LimitExceededException TooManyLoadBalancers TooManyAccessPoints " +
          "TooManyTags TooManyTargetGroups TooManyListeners TooManyTargets TooManyPolicies " +
          "InstanceLimitExceeded VcpuLimitExceeded MaxSpotInstanceCountExceeded TooManyRegistrationsForTargetId " +
          "VersionLimitExceeded LaunchTemplateLimitExceeded",
        { error: LimitError, hint: "ask AWS for a higher quota, or remove what is unused" },
      ],
      [
        "AlreadyExists AlreadyExistsFault DuplicateLoadBalancerName DuplicateAccessPointName DuplicateListener " +
          "DuplicateTargetGroupName InvalidLaunchTemplateName.AlreadyExistsException DuplicatePolicyName",
        { error: AlreadyExistsError },
      ],
      [
        "ResourceContention ResourceContentionFault ResourceInUse ResourceInUseFault ScalingActivityInProgress " +
          "ScalingActivityInProgressFault OperationNotPermitted IncorrectInstanceState DependencyViolation " +
          "IdempotentParameterMismatch ActiveInstanceRefreshNotFound InstanceRefreshInProgress",
        { error: ConflictError },
      ],
      [
        "InsufficientInstanceCapacity InsufficientHostCapacity InsufficientCapacity " +
          "InsufficientReservedInstanceCapacity SpotMaxPriceTooLow",
        { error: CapacityError },
      ],
      [
        "AccessDenied AccessDeniedException AccessDeniedFault UnauthorizedOperation UnauthorizedException " +
          "NotAuthorized OptInRequired Blocked PendingVerification",
        { error: PermissionError, hint: "bellows permissions lists what a file needs" },
      ],
      [
        "ServiceLinkedRoleFailure",
        { error: PermissionError, hint: "let AWS make the service-linked role of Auto Scaling" },
      ],
      [
        "InvalidClientTokenId SignatureDoesNotMatch ExpiredToken ExpiredTokenException AuthFailure " +
          "UnrecognizedClientException UnrecognizedClient IncompleteSignature MissingAuthenticationToken " +
          "RequestExpired InvalidAccessKeyId CredentialsProviderError TokenProviderError",
        { error: AuthenticationError, hint: CREDENTIALS },
      ],
      [
        "LoadBalancerNotFound AccessPointNotFound ResourceNotFound ResourceNotFoundException " +
          "InvalidInstanceID.NotFound InvalidLaunchTemplateId.NotFound InvalidLaunchTemplateId.VersionNotFound " +
          "InvalidLaunchTemplateName.NotFoundException TargetGroupNotFound ListenerNotFound PolicyNotFound " +
          "InvalidAMIID.NotFound InvalidKeyPair.NotFound InvalidGroup.NotFound InvalidSubnetID.NotFound " +
          "NoSuchEntity CertificateNotFound",
        { error: NotFoundError },
      ],
      ["UnsupportedOperation UnsupportedOperationException", { error: UnsupportedError }],
      [
        "InternalFailure InternalError InternalServerError ServiceUnavailable Unavailable InternalServiceError",
        { error: UnavailableError },
      ],
    ] as const
  ).flatMap(([codes, meaning]) => codes.split(" ").map((code) => [code, meaning] as const)),
);

/** What the SDK itself throws, before anything was asked of AWS. */
const NO_CREDENTIALS: ReadonlySet<string> = new Set(["CredentialsProviderError", "TokenProviderError"]);

/** "You already have a pending update": AWS asks to try again. @see docs.aws.amazon.com, ResourceContentionFault */
const CONTENDED: ReadonlySet<string> = new Set(["ResourceContention", "ResourceContentionFault"]);

/** What is wrong with the wire, in words. */
const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused the connection",
  ECONNRESET: "closed the connection",
  EPIPE: "closed the connection",
  ENOTFOUND: "is not a known host",
  EAI_AGAIN: "could not be looked up",
  EHOSTUNREACH: "cannot be reached",
  ENETUNREACH: "cannot be reached",
  ETIMEDOUT: "did not answer in time",
  TimeoutError: "did not answer in time",
};

/** What a call was about, for its errors. */
export interface About {
  /** Key of the provider. */
  provider: string;
  /** The contract's method, such as `groups.create`. */
  operation: string;
  /** The API's own action, such as `autoscaling:CreateAutoScalingGroup`. */
  action: string;
  resource?: string;
}

/** What the SDK's errors tell, as far as they do. */
interface SdkError {
  name?: unknown;
  Code?: unknown;
  code?: unknown;
  message?: unknown;
  $metadata?: { httpStatusCode?: number; requestId?: string };
  $response?: { statusCode?: number };
  $retryable?: { throttling?: boolean };
}

/** How a call failed. */
export type Failure =
  /** Refused before it did anything: asking again later is safe, whatever it was. */
  | "throttled"
  /** Refused because another change of the same thing is under way: likewise, and soon. */
  | "contended"
  /** No answer, or one that is none: it may have taken effect. */
  | "unanswered"
  /** The service's own fault: it may have taken effect. */
  | "server"
  /** An answer that will be the same next time. */
  | "final";

/** The code of an error: the service's own where it told one. */
export function codeOf(error: unknown): string {
  const { Code, name, code } = (error ?? {}) as SdkError;
  for (const one of [Code, name === "Error" ? undefined : name, code, name])
    if (typeof one === "string" && one !== "") return one;
  return "unknown";
}

function statusOf(error: unknown): number | undefined {
  const { $metadata, $response } = (error ?? {}) as SdkError;
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

function networkOf(error: unknown): string | undefined {
  const { code, name } = (error ?? {}) as SdkError;
  const cause = (error as { cause?: { code?: unknown } } | null)?.cause?.code;
  return [code, name, cause].find((one): one is string => typeof one === "string" && one in NETWORK);
}

/** Whether a call that failed so may be made again. */
export function failureOf(error: unknown): Failure {
  if (isBellowsError(error)) return "final";
  const meaning = CODES.get(codeOf(error));
  if (meaning?.error === ThrottledError) return "throttled";
  if (CONTENDED.has(codeOf(error))) return "contended";
  if (networkOf(error) !== undefined) return "unanswered";
  const status = statusOf(error);
  if (meaning !== undefined && meaning.error !== UnavailableError) return "final";
  if (status === undefined) return isUnreadable(error) ? "unanswered" : "final";
  if (status === 429) return "throttled";
  return status >= 500 || isUnreadable(error) ? "server" : "final";
}

/** An answer in another language than the service's: a proxy's page, a server that is no AWS. */
function isUnreadable(error: unknown): boolean {
  const { name, message, $response } = (error ?? {}) as SdkError;
  if ($response === undefined || typeof message !== "string") return false;
  return name === "SyntaxError" || name === "Error" || name === "TypeError" || name === "RangeError";
}

/** Turns what the SDK threw into an error of the family, with the service's code, request id and own words. */
export function toBellowsError(error: unknown, about: About): BellowsError {
  if (isBellowsError(error)) return error;
  const code = codeOf(error);
  const status = statusOf(error);
  const { $metadata } = (error ?? {}) as SdkError;
  const details: ErrorDetails = {
    provider: about.provider,
    operation: about.operation,
    vendorCode: code,
    cause: error,
    ...(about.resource === undefined ? {} : { resource: about.resource }),
    ...($metadata?.requestId === undefined ? {} : { requestId: $metadata.requestId }),
  };
  const meaning = CODES.get(code);
  const said = wordsOf(error);
  if (NO_CREDENTIALS.has(code))
    return new AuthenticationError(`no credentials for AWS (${about.action}): ${said}`, {
      hint: CREDENTIALS,
      ...details,
    });
  if (meaning !== undefined)
    return new meaning.error(`AWS refused ${about.action}: ${said} (${code})`, {
      ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
      ...details,
    });
  const network = networkOf(error);
  if (network !== undefined) {
    const Lost = network === "TimeoutError" || network === "ETIMEDOUT" ? TimeoutError : UnavailableError;
    return new Lost(`AWS ${NETWORK[network]} (${about.action})`, { ...details, retry: "after-refresh" });
  }
  if (isUnreadable(error))
    return new UnavailableError(
      `the answer to ${about.action} is none of AWS${status === undefined ? "" : ` (status ${status})`}`,
      { ...details, hint: "is the endpoint right?" },
    );
  if (status !== undefined && status < 500)
    return new ConfigError(`AWS refused ${about.action}: ${said} (${code})`, details);
  return new UnavailableError(`AWS failed at ${about.action}: ${said} (${code})`, details);
}

function wordsOf(error: unknown): string {
  const { message } = (error ?? {}) as SdkError;
  const text = typeof message === "string" && message !== "" ? message : "it gave no reason";
  return text.replace(/\s+/g, " ").trim().replace(/\.$/, "").slice(0, 500);
}
