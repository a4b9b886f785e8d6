/**
 * The one way in which this provider talks to AWS.
 *
 * Note [Retries]: the SDK's own are off (`maxAttempts: 1`), because retrying in two layers multiplies. What was refused
 * for too many calls is always made again: it did nothing. What got no answer, or a fault of the service, may have
 * taken effect: it is made again only if twice is the same as once. The other calls ({@link ONCE}) end with an error
 * whose `retry` is `after-refresh`, and whoever made them looks first.
 */

import { randomInt } from "node:crypto";
import { channel } from "node:diagnostics_channel";
import { setMaxListeners } from "node:events";
import {
  AuthenticationError,
  type BellowsError,
  ConfigError,
  createThrottle,
  delay,
  type Host,
  PermissionError,
  type Throttle,
  UnavailableError,
} from "@bellows/core";
import { codeOf, type Failure, failureOf, toBellowsError } from "./errors.js";
import type { AwsOptions } from "./options.js";
import { loadCredentialProviders, loadSdk, type Sdks, SERVICES, type ServiceName } from "./services.js";

/** What a call is about. */
export interface Call {
  /** The contract's method, such as `groups.create`; errors name it. */
  operation: string;
  /** Name or id of the thing. */
  resource?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Region, where it is another than the connection's. */
  region?: string | undefined;
  /** Time for the call with its repetitions, in milliseconds (default 60,000). */
  deadlineMs?: number | undefined;
}

/** What all commands of the SDK have in common. */
export interface Command<Output> {
  readonly input: object;
  resolveMiddleware(...args: never[]): (args: never) => Promise<{ output: Output }>;
}

/**
 * Makes one call of a service, with repetitions: `aws.autoScaling((sdk) => new sdk.DescribePoliciesCommand({ … }), call)`.
 * The SDK's package is loaded by the first one.
 * @throws BellowsError of the class that the code of AWS means, see errors.ts; the signal's reason when it is aborted.
 */
export type Caller<S extends ServiceName> = <Output>(
  make: (sdk: Sdks[S]) => Command<Output>,
  call: Call,
) => Promise<Output>;

/** Who calls. */
export interface Identity {
  account: string;
  arn: string;
}

/** AWS, as one provider's options reach it. */
export type Aws = { readonly [S in ServiceName]: Caller<S> } & {
  /** Key of the provider. */
  readonly key: string;
  /** The connection's region. @throws ConfigError when nothing names one. */
  region(): Promise<string>;
  /** Who calls, asked once. */
  identity(call: Call): Promise<Identity>;
  /** Ends connections. */
  close(): void;
};

/** One call, told to whoever listens on the diagnostics channel `bellows:aws:call`: before each try. */
export interface CallMade {
  /** As IAM names it, such as `autoscaling:DescribePolicies`. */
  action: string;
  operation: string;
  region: string;
}

const made = channel("bellows:aws:call");

/** Calls that must not be made twice unlooked: what they do twice is not what they do once. */
const ONCE = new Set([
  "CreateAutoScalingGroup",
  "CreateLaunchConfiguration",
  "CreateLoadBalancer",
  "CreateLoadBalancerPolicy",
  "CreateAppCookieStickinessPolicy",
  "CreateLBCookieStickinessPolicy",
  "CreateLoadBalancerListeners",
  "CreateListener",
  "AttachInstances",
  "DetachInstances",
  "EnterStandby",
  "ExitStandby",
  "TerminateInstanceInAutoScalingGroup",
  "ExecutePolicy",
  "StartInstanceRefresh",
]);

const READS = /^(Describe|Get|List)/;
const DEADLINE_MS = 60_000;
/** Longest time for one try: to connect, and until the whole answer is there. */
const CONNECT_MS = 3_000;
const ANSWER_MS = 20_000;
/** Longest time until there are credentials: the machine's own service may hang, and the SDK would wait for ever. */
const CREDENTIALS_MS = 10_000;
/** Tries of a call that got no answer or a fault; a call that is throttled goes on until its deadline. */
const TRIES = 5;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;

/** What a client of the SDK has. */
interface SdkClient {
  send(command: unknown, options: { abortSignal: AbortSignal }): Promise<unknown>;
  destroy(): void;
  config: { region(): Promise<string>; credentials(): Promise<unknown> };
}

/** Makes a connection; nothing is loaded or called until something is asked of it. */
export function createAws(options: AwsOptions, host: Host): Aws {
  // All calls that are under way listen to it, and they may be many: that is no leak.
  setMaxListeners(0, host.signal);
  const clients = new Map<string, SdkClient>();
  const gates = new Map<string, Gate>();
  let credentials: object | undefined;
  let checked: Promise<Identity> | undefined;

  const clientOf = (service: ServiceName, region: string | undefined): SdkClient => {
    const key = `${service}/${region ?? ""}`;
    let client = clients.get(key);
    if (client === undefined) {
      credentials ??= credentialsOf(options);
      const Client = Reflect.get(loadSdk(service), SERVICES[service].client) as new (
        config: object,
      ) => SdkClient;
      client = new Client(clientConfig(options, host, region, credentials));
      clients.set(key, client);
    }
    return client;
  };

  const gateOf = (service: ServiceName, region: string): Gate => {
    const { budget } = SERVICES[service];
    const key = `${budget}/${region}`;
    let gate = gates.get(key);
    if (gate === undefined) {
      gate = createGate(host, options.callsPerSecond?.[budget]);
      gates.set(key, gate);
    }
    return gate;
  };

  const regionOf = async (client: SdkClient): Promise<string> => {
    try {
      return await client.config.region();
    } catch (error) {
      throw new ConfigError(`provider ${host.key} has no region`, {
        provider: host.key,
        hint: `set providers.${host.key}.region, --region or AWS_REGION`,
        cause: error,
      });
    }
  };

  const send = async (
    service: ServiceName,
    make: (sdk: never) => Command<unknown>,
    call: Call,
  ): Promise<unknown> => {
    call.signal?.throwIfAborted();
    const client = clientOf(service, call.region ?? options.region);
    const region = await regionOf(client);
    const command = make(loadSdk(service) as never);
    const name = command.constructor.name.replace(/Command$/, "");
    if (!READS.test(name) && service !== "sts") await checkAccount(call);
    const tell = (): void => {
      const { operation } = call;
      if (made.hasSubscribers)
        made.publish({ action: `${SERVICES[service].iam}:${name}`, operation, region } satisfies CallMade);
    };
    const about = {
      provider: host.key,
      operation: call.operation,
      action: `${SERVICES[service].iam}:${name}`,
      ...(call.resource === undefined ? {} : { resource: call.resource }),
    };
    return repeat({
      client,
      command,
      call,
      host,
      tell,
      gate: gateOf(service, region),
      about,
      once: ONCE.has(name),
    });
  };

  const identity = (call: Call): Promise<Identity> => {
    checked ??= (
      send("sts", ((sdk: Sdks["sts"]) => new sdk.GetCallerIdentityCommand({})) as never, call) as Promise<{
        Account?: string;
        Arn?: string;
      }>
    )
      .then(({ Account = "", Arn = "" }) => ({ account: Account, arn: Arn }))
      .catch((error: unknown) => {
        checked = undefined;
        throw error;
      });
    return checked;
  };

  /** @throws PermissionError when another account would be changed than the options name. */
  const checkAccount = async (call: Call): Promise<void> => {
    if (options.accountId === undefined) return;
    const { account, arn } = await identity({ operation: call.operation, signal: call.signal });
    if (account === options.accountId) return;
    throw new PermissionError(`these credentials reach account ${account}, not ${options.accountId}`, {
      provider: host.key,
      operation: call.operation,
      hint: `they are those of ${arn}: check profile and assumeRole`,
    });
  };

  const callers = Object.fromEntries(
    (Object.keys(SERVICES) as ServiceName[]).map((service) => [
      service,
      (make: (sdk: never) => Command<unknown>, call: Call) => send(service, make, call),
    ]),
  ) as unknown as { [S in ServiceName]: Caller<S> };
  return {
    ...callers,
    key: host.key,
    region: () => regionOf(clientOf("autoScaling", options.region)),
    identity,
    close() {
      for (const client of clients.values()) client.destroy();
      clients.clear();
    },
  };
}

function clientConfig(
  options: AwsOptions,
  host: Host,
  region: string | undefined,
  credentials: object,
): object {
  const chosen = region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  return {
    ...credentials,
    ...(chosen === undefined || chosen === "" ? {} : { region: chosen }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    maxAttempts: 1,
    // Metrics are read in small requests; and a server behind `endpoint` may not understand compressed ones.
    disableRequestCompression: true,
    customUserAgent: host.userAgent,
    // Without throwOnRequestTimeout the SDK only complains on the console, and goes on waiting.
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
    },
  };
}

/** Credentials as the options name them; without any, the SDK's own chain. One object, so that all clients share them. */
function credentialsOf({ credentials, profile, assumeRole, region, endpoint }: AwsOptions): object {
  if (assumeRole !== undefined) {
    const { arn, externalId, sessionName = "bellows" } = assumeRole;
    const { fromIni, fromTemporaryCredentials } = loadCredentialProviders();
    const master = credentials ?? (profile === undefined ? undefined : fromIni({ profile }));
    return {
      credentials: fromTemporaryCredentials({
        ...(master === undefined ? {} : { masterCredentials: master as never }),
        params: {
          RoleArn: arn,
          RoleSessionName: sessionName,
          ...(externalId === undefined ? {} : { ExternalId: externalId }),
        },
        clientConfig: {
          ...(region === undefined ? {} : { region }),
          ...(endpoint === undefined ? {} : { endpoint }),
        },
      }),
    };
  }
  return credentials === undefined ? {} : { credentials };
}

/** What all calls that AWS counts together pass: a throttled answer makes every one wait, not only the one that got it. */
interface Gate extends Throttle {}

function createGate({ clock }: Host, perSecond: number | undefined): Gate {
  const throttle = createThrottle(clock);
  if (perSecond === undefined) return throttle;
  let nextMs = Number.NEGATIVE_INFINITY;
  return {
    ...throttle,
    async pass(signal) {
      const atMs = Math.max(nextMs, clock.monotonic());
      nextMs = atMs + 1_000 / perSecond;
      if (atMs > clock.monotonic()) await delay(clock, atMs - clock.monotonic(), signal);
      await throttle.pass(signal);
    },
  };
}

interface Repeating {
  client: SdkClient;
  command: Command<unknown>;
  call: Call;
  host: Host;
  tell: () => void;
  gate: Gate;
  about: Parameters<typeof toBellowsError>[1];
  once: boolean;
}

async function repeat(repeating: Repeating): Promise<unknown> {
  const { signal, unlink } = linked(repeating.host.signal, repeating.call.signal);
  try {
    return await tryAndTryAgain(repeating, signal);
  } finally {
    unlink();
  }
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

async function tryAndTryAgain(
  { client, command, call, host, tell, gate, about, once }: Repeating,
  signal: AbortSignal,
): Promise<unknown> {
  const { clock } = host;
  const end = clock.monotonic() + (call.deadlineMs ?? DEADLINE_MS);
  for (let attempt = 0; ; attempt++) {
    await gate.pass(signal);
    let failed: BellowsError;
    try {
      await haveCredentials(client, host);
      tell();
      const answer = await client.send(command, { abortSignal: signal });
      gate.succeeded();
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      const failure = failureOf(error);
      failed = toBellowsError(error, about);
      if (failure === "throttled") gate.throttled();
      if (!isWorthAnother(failure, once, attempt + 1))
        throw once && (failure === "unanswered" || failure === "server") ? unsure(failed) : failed;
      host.logger.debug({ action: about.action, code: codeOf(error), attempt }, "AWS is asked again");
    }
    const pauseMs =
      Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt) * (0.5 + randomInt(1_000) / 1_000);
    if (clock.monotonic() + Math.max(pauseMs, gate.waitMs()) > end) throw failed;
    await delay(clock, pauseMs, signal);
  }
}

/** What did nothing can be asked again, whatever it was; what may have taken effect only if twice is as once. */
function isWorthAnother(failure: Failure, once: boolean, tries: number): boolean {
  if (failure === "throttled") return true;
  return failure !== "final" && tries < TRIES && (failure === "contended" || !once);
}

/** @throws AuthenticationError when none come in time, and what the SDK throws when there are none. */
async function haveCredentials(client: SdkClient, { clock, key }: Host): Promise<void> {
  const done = new AbortController();
  const late = delay(clock, CREDENTIALS_MS, done.signal).then(() => {
    throw new AuthenticationError(`credentials for AWS did not come in ${CREDENTIALS_MS / 1_000} s`, {
      provider: key,
      hint: "is the machine's or container's credentials service well? AWS_PROFILE or keys go before it",
    });
  });
  await Promise.race([client.config.credentials(), late]).finally(() => done.abort());
}

/** A call that was made once, and of which nobody knows whether it took effect. */
function unsure(failed: BellowsError): BellowsError {
  const { message, hint, provider, operation, resource, requestId, vendorCode } = failed;
  return new UnavailableError(message, {
    retry: "after-refresh",
    ...(hint === undefined ? {} : { hint }),
    ...(provider === undefined ? {} : { provider }),
    ...(operation === undefined ? {} : { operation }),
    ...(resource === undefined ? {} : { resource }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(vendorCode === undefined ? {} : { vendorCode }),
    cause: failed.cause,
  });
}

/** Whether a call that failed so may have taken effect all the same. */
export function mayHaveHappened(error: BellowsError): boolean {
  return error.retry === "after-refresh" && (error.code === "unavailable" || error.code === "timeout");
}
