import { existsSync, mkdirSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { resolve as resolvePath } from "node:path";
import {
  ConfigError,
  ConflictError,
  isBellowsError,
  NotFoundError,
  TimeoutError,
  UnavailableError,
} from "@bellows/core";
import type { CallOptions } from "./call-options.js";
import { configPath, writeAtomic } from "./files.js";
import { isRunning } from "./identity.js";
import { launch } from "./launch.js";
import { findHolder } from "./lock.js";
import { type BalancerRecord, readRecord } from "./record.js";
import type { BalancerStats, BalancerStatus } from "./report.js";
import type { BalancerConfig, BalancerConfigInput, MemberConfig } from "./schema.js";

export type { CallOptions } from "./call-options.js";
export type { BalancerStats, BalancerStatus, LiveSummary, MemberStatus } from "./report.js";
export type {
  BalancerConfig,
  BalancerConfigInput,
  HealthCheckConfig,
  ListenerConfig,
  MemberConfig,
  PoolConfig,
} from "./schema.js";
export type { Summary } from "./stats.js";

/** How long the control endpoint may take to answer. */
const CALL_TIMEOUT_MS = 5_000;
/** What {@link Balancer.stop} gives work under way by default. */
const STOP_DEADLINE_MS = 10_000;
/** After the deadline, what the process may need to be gone before it is killed. */
const STOP_GRACE_MS = 2_000;

/** A running balancer process, seen from outside. It lives on when its starter ends. */
export interface Balancer {
  readonly folder: string;
  readonly name: string;
  readonly pid: number;
  /** Listeners, pools and members as they are now. */
  status(options?: CallOptions): Promise<BalancerStatus>;
  /** Counts and latencies. @param options.seconds - length of the sliding window, 1 to 60 (default 60). */
  stats(options?: CallOptions & { seconds?: number }): Promise<BalancerStats>;
  /** The configuration in force. */
  config(options?: CallOptions): Promise<BalancerConfig>;
  /**
   * Replaces the whole configuration without dropping a connection. Returned means in force and durable.
   * @throws ConfigError when it does not fit the schema; ConflictError when a listener's port is taken. In both
   * cases the configuration before stays in force.
   */
  configure(config: BalancerConfigInput, options?: CallOptions): Promise<BalancerStatus>;
  /** Changes one member's state, the rest of the configuration untouched. Returned means in force. */
  setMemberState(
    pool: string,
    member: string,
    state: MemberConfig["state"],
    options?: CallOptions,
  ): Promise<BalancerStatus>;
  /** Stops the process: nothing new, what is under way until the deadline. Returned means it is gone. */
  stop(options?: CallOptions & { deadlineMs?: number }): Promise<void>;
}

/** What to start. */
export interface StartOptions {
  /** A folder of the balancer's own; made (0700) when missing. */
  folder: string;
  /** Shown in its status and in the process list. */
  name: string;
  /** The configuration to begin with; default: the one it had. */
  config?: BalancerConfigInput;
}

/**
 * Checks a configuration and fills in its defaults.
 * @throws ConfigError that lists every fault with its path.
 */
export async function parseBalancerConfig(input: BalancerConfigInput): Promise<BalancerConfig> {
  const { balancerConfigSchema } = await import("./schema.js");
  const parsed = balancerConfigSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(top)"}: ${issue.message}`);
  throw new ConfigError(`the balancer's configuration is wrong: ${faults.join("; ")}`);
}

/**
 * Starts a balancer as a process of its own, or takes over the one that already runs in that folder. Returned means
 * that its listeners accept connections.
 * @throws ConfigError when `config` is wrong; ConflictError when a port is taken; UnavailableError when it cannot
 * run; TimeoutError when it is not ready in time.
 */
export async function startBalancer(start: StartOptions, options: CallOptions = {}): Promise<Balancer> {
  const folder = resolvePath(start.folder);
  const config = start.config === undefined ? undefined : await parseBalancerConfig(start.config);
  options.signal?.throwIfAborted();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const running = await adoptBalancer(folder, options);
  if (running !== null) return withConfig(running, config, options);
  if (config !== undefined) writeAtomic(configPath(folder), JSON.stringify(config));
  const message = await launch(folder, start.name, options);
  if ("failed" in message) throw startError(start.name, message.failed);
  const started = await connectBalancer(folder, options);
  // Somebody else was faster, perhaps with another configuration.
  return "held" in message ? withConfig(started, config, options) : started;
}

async function withConfig(
  running: Balancer,
  config: BalancerConfig | undefined,
  options: CallOptions,
): Promise<Balancer> {
  if (config !== undefined) await running.configure(config, options);
  return running;
}

function startError(name: string, reason: string): Error {
  const message = `balancer "${name}": ${reason}`;
  if (reason.includes("EADDRINUSE"))
    return new ConflictError(message, { hint: "choose another port, or stop what uses it" });
  return new UnavailableError(message);
}

/**
 * The balancer that runs in a folder; null when none does. A process that merely has the recorded pid is not taken
 * for it.
 */
export async function adoptBalancer(folder: string, options: CallOptions = {}): Promise<Balancer | null> {
  try {
    return await connectBalancer(folder, options);
  } catch (error) {
    if (isBellowsError(error, "not-found")) return null;
    throw error;
  }
}

/**
 * Connects to the balancer of a folder, waiting for one that is just starting.
 * @throws NotFoundError when none runs there; TimeoutError when it does not answer.
 */
export async function connectBalancer(folder: string, options: CallOptions = {}): Promise<Balancer> {
  const path = resolvePath(folder);
  const deadlineMs = performance.now() + (options.timeoutMs ?? CALL_TIMEOUT_MS);
  for (;;) {
    options.signal?.throwIfAborted();
    const holder = existsSync(path) ? findHolder(path) : undefined;
    if (holder === undefined) throw new NotFoundError(`no balancer runs in ${path}`, { resource: path });
    const record = readRecord(path);
    if (record !== undefined && record.pid === holder.pid && record.startedAt === holder.startedAt) {
      return new BalancerClient(path, record);
    }
    if (performance.now() > deadlineMs) throw new TimeoutError(`the balancer in ${path} does not get ready`);
    await pause(20);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class BalancerClient implements Balancer {
  readonly name: string;
  readonly pid: number;

  constructor(
    readonly folder: string,
    private readonly record: BalancerRecord,
  ) {
    this.name = record.name;
    this.pid = record.pid;
  }

  status(options?: CallOptions): Promise<BalancerStatus> {
    return this.#call("GET", "/status", undefined, options) as Promise<BalancerStatus>;
  }

  stats(options: CallOptions & { seconds?: number } = {}): Promise<BalancerStats> {
    const path = options.seconds === undefined ? "/stats" : `/stats?seconds=${options.seconds}`;
    return this.#call("GET", path, undefined, options) as Promise<BalancerStats>;
  }

  config(options?: CallOptions): Promise<BalancerConfig> {
    return this.#call("GET", "/config", undefined, options) as Promise<BalancerConfig>;
  }

  async configure(config: BalancerConfigInput, options?: CallOptions): Promise<BalancerStatus> {
    const parsed = await parseBalancerConfig(config);
    return (await this.#call("PUT", "/config", parsed, options)) as BalancerStatus;
  }

  async setMemberState(
    pool: string,
    member: string,
    state: MemberConfig["state"],
    options?: CallOptions,
  ): Promise<BalancerStatus> {
    return (await this.#call("POST", "/member-state", { pool, member, state }, options)) as BalancerStatus;
  }

  async stop(options: CallOptions & { deadlineMs?: number } = {}): Promise<void> {
    const deadlineMs = options.deadlineMs ?? STOP_DEADLINE_MS;
    if (!isRunning(this.record)) return;
    try {
      await this.#call("POST", "/stop", { deadlineMs }, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      // One that no longer listens has ended by itself, or never will.
      if (isRunning(this.record)) process.kill(this.pid, "SIGTERM");
      else if (!(error instanceof UnavailableError)) throw error;
    }
    const killAtMs = performance.now() + deadlineMs + STOP_GRACE_MS;
    while (isRunning(this.record)) {
      options.signal?.throwIfAborted();
      if (performance.now() > killAtMs) process.kill(this.pid, "SIGKILL");
      await pause(10);
    }
  }

  #call(method: string, path: string, body: unknown, options: CallOptions = {}): Promise<unknown> {
    const { socket } = this.record;
    const what = `balancer "${this.name}": ${method} ${path}`;
    const timeoutMs = options.timeoutMs ?? CALL_TIMEOUT_MS;
    return new Promise((resolve, reject) => {
      const call = httpRequest({ socketPath: socket, method, path, agent: false, signal: options.signal });
      const timer = setTimeout(
        () => call.destroy(new TimeoutError(`${what} took more than ${timeoutMs} ms`)),
        timeoutMs,
      );
      call.once("close", () => clearTimeout(timer));
      call.once("response", (response) => void readAnswer(response, what).then(resolve, reject));
      call.once("error", (error) => reject(callError(error, what, options.signal)));
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function callError(error: Error, what: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof TimeoutError) return error;
  return new UnavailableError(`${what}: ${error.message}`, { cause: error });
}

async function readAnswer(response: IncomingMessage, what: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const answer = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { error?: string };
  if (response.statusCode === 200) return answer;
  const message = `${what}: ${answer.error}`;
  if (response.statusCode === 409)
    throw new ConflictError(message, { hint: "choose another port, or stop what uses it" });
  if (response.statusCode === 404) throw new NotFoundError(message);
  if (response.statusCode === 400) throw new ConfigError(message);
  throw new UnavailableError(message);
}
