import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
  request,
  type Server,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { type Balancer, type BalancerConfigInput, startBalancer } from "../src/balancer/client.js";

type PoolInput = BalancerConfigInput["pools"][string];
type MemberInput = PoolInput["members"][number];

const cleanups: (() => unknown)[] = [];

/** Runs something after the test, the latest first. */
export function afterwards(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A private folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "balancer-test-"));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An HTTP server in this process; ends with the test. */
export async function serve(listener: RequestListener): Promise<{ port: number; server: Server }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  afterwards(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, server };
}

const INSTANCE = `
  const server = require("node:http").createServer((request, response) => {
    response.setHeader("x-member", process.env.NAME);
    if (request.url.startsWith("/slow")) setTimeout(() => response.end("slow"), 300);
    else response.end("ok");
  });
  server.listen(Number(process.env.PORT), "127.0.0.1", () => process.send(server.address().port));
  process.on("disconnect", () => process.exit(0));
`;

/** An HTTP server in a process of its own, that can be killed; answers `ok`, at /slow after 300 ms. */
export async function startInstance(
  name: string,
  port = 0,
): Promise<{ child: ChildProcess; member: MemberInput }> {
  const env = { NAME: name, PORT: String(port) };
  const child = spawn(process.execPath, ["-e", INSTANCE], {
    env,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  afterwards(() => child.kill("SIGKILL"));
  const [bound] = (await once(child, "message")) as [number];
  return { child, member: { id: name, address: "127.0.0.1", port: bound } };
}

/** Kills without warning; returned means gone. */
export async function killHard(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** A started balancer with one listener. */
export interface Running {
  balancer: Balancer;
  port: number;
  folder: string;
  /** Changes the pool and keeps the listener. */
  change(pool: PoolInput): Promise<void>;
}

/** Starts a balancer with one listener and one pool; it is stopped after the test. */
export async function balance(pool: PoolInput, protocol: "http" | "tcp" = "http"): Promise<Running> {
  const folder = join(temporaryFolder(), "front");
  const configOf = (next: PoolInput): BalancerConfigInput => {
    return { listeners: [{ port: 0, protocol, pool: "main" }], pools: { main: next } };
  };
  const balancer = await startBalancer({ folder, name: "front", config: configOf(pool) });
  afterwards(() => balancer.stop({ deadlineMs: 0 }));
  const [listener] = (await balancer.status()).listeners;
  const change = async (next: PoolInput): Promise<void> => void (await balancer.configure(configOf(next)));
  return { balancer, port: listener?.boundPort ?? 0, folder, change };
}

/** An answer, whole. */
export interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: Buffer;
  member: string;
}

/** Asks once. @throws when the connection breaks. */
export function ask(
  port: number,
  path = "/",
  options: RequestOptions & { body?: Buffer | string } = {},
): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, ...rest }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks), member: String(headers["x-member"] ?? "") });
      });
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** GETs without pause over kept-alive connections until told to end. */
export class Load {
  readonly members = new Map<string, number>();
  readonly failures: string[] = [];
  requests = 0;
  #ended = false;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #workers: Promise<void>[];

  constructor(port: number, path = "/", workers = 8) {
    this.#workers = Array.from({ length: workers }, () => this.#work(port, path));
  }

  async #work(port: number, path: string): Promise<void> {
    while (!this.#ended) {
      this.requests += 1;
      try {
        const answer = await ask(port, path, { agent: this.#agent });
        if (answer.status !== 200) this.failures.push(`status ${answer.status}: ${answer.body}`);
        this.members.set(answer.member, (this.members.get(answer.member) ?? 0) + 1);
      } catch (error) {
        this.failures.push((error as Error).message);
      }
    }
  }

  /** Returned means that this many more requests have been asked since the call. */
  async proceed(requests: number): Promise<void> {
    const until = this.requests + requests;
    await eventually(() => this.requests >= until);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#workers);
    this.#agent.destroy();
  }
}

/** Waits until a condition holds. @throws when it does not within 20 s. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
