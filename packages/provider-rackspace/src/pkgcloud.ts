/**
 * Calls that pkgcloud makes. Which they are, and why no others, says docs/adr/0014.
 *
 * Note [How it is held]: pkgcloud never authenticates here (it would once for each client and each first call), never
 * decides what a failure is (it takes 410, 429, 502 and 504 for success), never waits without end, and gets every id as
 * text (it throws on numbers). Its own log events are not listened to, because tokens and keys are in them. It is loaded
 * with the first call: that takes a sixth of a second.
 */
import { createRequire } from "node:module";
import { delay, type Host, isBellowsError, TimeoutError, UnavailableError } from "@bellows/core";
import type { Call, Carrier, Destination, Rackspace, Reply } from "./client.js";

/** How pkgcloud answers; some of its methods answer with an error alone. */
type Done<T> = (error: unknown, result?: T) => void;

/** What every client of pkgcloud has that is used or replaced here. */
interface PkgcloudClient {
  _identity: { token: { id: string; expires: Date } };
  _serviceUrl: string | null;
  _parseError: (response: RawResponse, body: unknown) => Refused | undefined;
  before: ((request: { timeout?: number }) => unknown)[];
  setCustomUserAgent(userAgent: string): void;
}

/** The methods of the client for Cloud Servers that are sound. */
export interface ComputeClient extends PkgcloudClient {
  getServer(id: string, done: Done<{ original: unknown }>): void;
  createServer(details: Record<string, unknown>, done: Done<{ id: string }>): void;
  destroyServer(id: string, done: Done<unknown>): void;
  getFlavors(done: Done<readonly object[]>): void;
}

/** The methods of the client for Cloud Load Balancers that are sound. */
export interface BalancerClient extends PkgcloudClient {
  addNodes(balancer: string, nodes: readonly object[], done: Done<readonly object[]>): void;
  updateNode(
    balancer: string,
    node: { id: string; condition?: string; weight?: number },
    done: Done<void>,
  ): void;
  removeNodes(balancer: string, nodes: readonly string[], done: Done<void>): void;
  deleteLoadBalancer(balancer: string, done: Done<void>): void;
}

interface ClientSettings {
  provider: "rackspace";
  username: string;
  apiKey: string;
  region: string;
}

interface Library {
  compute: { createClient(settings: ClientSettings): ComputeClient };
  loadbalancer: { createClient(settings: ClientSettings): BalancerClient };
}

interface RawResponse {
  statusCode: number;
  headers: Record<string, string | string[] | undefined>;
}

/** An answer outside 200 to 299, on its way through pkgcloud's callback. */
interface Refused {
  statusCode: number;
  headers: RawResponse["headers"];
  result: unknown;
  message: string;
}

/** Calls of the two services that pkgcloud knows, with the repetitions, tokens and errors of the connection. */
export interface Pkgcloud {
  /**
   * @param action - for errors: `DELETE /servers/ID`.
   * @param use - calls one method of the client.
   */
  servers<T>(action: string, call: Call, use: (client: ComputeClient, done: Done<T>) => void): Promise<T>;
  balancers<T>(action: string, call: Call, use: (client: BalancerClient, done: Done<T>) => void): Promise<T>;
}

/** pkgcloud must never think that a token has ended: whoever asks Identity is the connection. */
const NEVER_ENDS = new Date(8.64e15);
/** How much later than pkgcloud's own time-out a call that was never answered is given up, in milliseconds. */
const GRACE_MS = 2_000;

/** Makes the two clients, once they are needed. */
export function createPkgcloud(rackspace: Rackspace, host: Host): Pkgcloud {
  const library = once(() => createRequire(import.meta.url)("pkgcloud") as Library);
  const settings: ClientSettings = {
    provider: "rackspace",
    username: "unused",
    apiKey: "unused",
    region: rackspace.region,
  };
  const compute = once(() => held(library().compute.createClient(settings), host));
  const loadbalancer = once(() => held(library().loadbalancer.createClient(settings), host));

  const through =
    <C extends PkgcloudClient>(service: "cloudServersOpenStack" | "cloudLoadBalancers", client: () => C) =>
    async <T>(action: string, call: Call, use: (client: C, done: Done<T>) => void): Promise<T> => {
      const [method = "GET", path = ""] = action.split(" ");
      let result: T | undefined;
      const carrier: Carrier = async (destination) => {
        const reply = await carried(client(), use, destination, host);
        if ("result" in reply) result = reply.result;
        return "result" in reply ? { status: 200, headers: {}, body: "" } : reply;
      };
      await rackspace.request(service, path, {
        ...call,
        method: method as NonNullable<Call["method"]>,
        carrier,
      });
      return result as T;
    };
  return {
    servers: through("cloudServersOpenStack", compute),
    balancers: through("cloudLoadBalancers", loadbalancer),
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Takes out of pkgcloud's hands what it does wrong. */
function held<C extends PkgcloudClient>(client: C, host: Host): C {
  client.setCustomUserAgent(host.userAgent);
  client._parseError = ({ statusCode, headers }, body) =>
    statusCode >= 200 && statusCode < 300
      ? undefined
      : { statusCode, headers, result: body, message: `answered ${statusCode}` };
  return client;
}

/** Calls a method once, within its time. */
async function carried<C extends PkgcloudClient, T>(
  client: C,
  use: (client: C, done: Done<T>) => void,
  { endpoint, token, timeoutMs, signal }: Destination,
  host: Host,
): Promise<Reply | { result: T | undefined }> {
  client._identity.token = { id: token, expires: NEVER_ENDS };
  client._serviceUrl = endpoint;
  const timeOut = (request: { timeout?: number }): unknown => Object.assign(request, { timeout: timeoutMs });
  const ended = new AbortController();
  const stop = (): void => ended.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    // A method that meets an answer it does not expect may never call back.
    const late = delay(host.clock, timeoutMs + GRACE_MS, ended.signal).then(() => {
      throw new TimeoutError(`${new URL(endpoint).origin} did not answer in time`, {
        vendorCode: "ETIMEDOUT",
      });
    });
    const answered = new Promise<T | undefined>((resolve, reject) => {
      client.before.push(timeOut);
      try {
        use(client, (error, result) => (error ? reject(error as Error) : resolve(result)));
      } finally {
        client.before.splice(client.before.indexOf(timeOut), 1);
      }
    });
    return { result: await Promise.race([answered, late]) };
  } catch (error) {
    signal.throwIfAborted();
    return replyOf(error, endpoint);
  } finally {
    signal.removeEventListener("abort", stop);
    ended.abort();
  }
}

/** An answer outside 200 to 299. @throws UnavailableError when there was none. */
function replyOf(error: unknown, endpoint: string): Reply {
  if (isBellowsError(error)) throw error;
  const { statusCode, headers, result, code, message } = error as Partial<Refused> & { code?: unknown };
  if (typeof statusCode === "number")
    return {
      status: statusCode,
      headers: plain(headers),
      body: typeof result === "string" ? result : json(result),
    };
  const { origin } = new URL(endpoint);
  if (typeof code !== "string")
    throw new UnavailableError(`${origin}: ${message ?? "no answer"}`, { cause: error });
  throw new UnavailableError(`${origin} gave no answer (${code})`, { vendorCode: code, cause: error });
}

function json(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value);
}

function plain(headers: RawResponse["headers"] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value ?? ""].flat().join(", ")]),
  );
}
