import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, request, type Server } from "node:http";
import { type AddressInfo, createServer as createPort } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DecisionRecord, GroupStatus } from "@bellows/core";
import type { Control } from "../src/control.js";
import { connectControl } from "../src/remote-control.js";
import { socketPath } from "../src/socket.js";
import { type Holder, readHolder } from "../src/state-folder.js";
import { until } from "./daemon-fixture.js";

const CONTROLLER = fileURLToPath(new URL("fixtures/controller.mjs", import.meta.url));

/** An instance: answers who it is, finishes what it took when it is told to stop. */
const SERVER = `
import { createServer } from "node:http";
const server = createServer((request, response) => setTimeout(() => response.end(process.env.BELLOWS_INSTANCE), 3));
server.keepAliveTimeout = 65_000;
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  setInterval(() => server.closeIdleConnections(), 10);
});
`;

/** One run of a controller. */
export interface Life {
  readonly child: ChildProcess;
  /** Speaks to it through its socket. */
  readonly control: Control;
  /** All that it printed. */
  output(): string;
  /** Resolves when it runs rounds and serves HTTP. @throws Error with its output when it ended instead. */
  ready(): Promise<void>;
  /** Address of its HTTP API, once ready. */
  url(): string;
  /** SIGKILL. Returned: it is gone. */
  kill(): Promise<void>;
  /** SIGTERM. @returns its exit code. */
  stop(): Promise<number | null>;
  /** Its exit code, once it has ended by itself. */
  ended(): Promise<number | null>;
}

/** A process that runs for a server of this bench. */
export interface Running {
  pid: number;
  id: string;
}

/** A folder with a config and a state folder, controllers over it, and an end that leaves nothing running. */
export interface FaultBench {
  readonly folder: string;
  readonly state: string;
  readonly file: string;
  write(yaml: string): void;
  /** Starts a controller. @param apply - whether it makes what the file declares first. */
  live(apply?: "apply"): Life;
  /** Who holds the state folder, by what it wrote. */
  holder(): Holder | undefined;
  /** Processes of servers, by what their environment says. */
  instances(): Running[];
  /** What the provider has written about a server. */
  fact(id: string, file: string): Record<string, unknown> | undefined;
  /** Ids of servers, ended ones among them, that once listened. */
  everListened(): string[];
  /** Kills every process that mentions the folder, and removes it. */
  end(): Promise<void>;
}

/** Makes a bench. @param parent - where its folder is made (default: the system's temporary folder). */
export function createFaultBench(parent = tmpdir()): FaultBench {
  const folder = mkdtempSync(join(parent, "bellows-faults-"));
  const state = join(folder, "state");
  const file = join(folder, "bellows.yaml");
  const servers = join(state, "plugins", "local", "servers");
  const ended = join(state, "plugins", "local", "ended");
  writeFileSync(join(folder, "server.mjs"), SERVER);
  const lives: Life[] = [];
  return {
    folder,
    state,
    file,
    write: (yaml) => writeFileSync(file, yaml),
    live(apply) {
      const life = begin(state, [CONTROLLER, file, state, ...(apply === undefined ? [] : [apply])]);
      lives.push(life);
      return life;
    },
    holder: () => readHolder(state),
    instances: () => instancesOf(state),
    fact: (id, name) => readJson(join(servers, id, name)),
    everListened: () =>
      [servers, ended].flatMap((parent) =>
        namesIn(parent).filter((id) => readText(join(parent, id, "server.log")).includes("listening")),
      ),
    async end() {
      for (const life of lives) await life.kill();
      // What mentions the folder was started from it; a controller that dies may leave one more behind.
      for (let left = mentioning(folder); left.length > 0; left = mentioning(folder)) {
        for (const pid of left) signal(pid, "SIGKILL");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function begin(state: string, args: readonly string[]): Life {
  const child = spawn(process.execPath, [...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const exit = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    child,
    control: connectControl(socketPath(state)),
    output: () => output,
    async ready() {
      await until("a controller to be ready", async () => {
        if (isOver()) throw new Error(`the controller ended: ${output}`);
        return /^ready$/m.test(output);
      });
    },
    url: () => readHolder(state)?.url ?? "",
    async kill() {
      if (!isOver()) child.kill("SIGKILL");
      await exit;
    },
    async stop() {
      child.kill("SIGTERM");
      return exit;
    },
    ended: () => exit,
  };
}

/** A metric that the test sets, over HTTP. */
export interface Gauge {
  readonly url: string;
  value: number;
  /** Takes connections and never answers. */
  hangs: boolean;
  /** Stops listening; `open` does so again on the same port. */
  close(): Promise<void>;
  open(): Promise<void>;
}

/** Starts a gauge. */
export async function createGauge(value: number): Promise<Gauge> {
  let server: Server | undefined;
  let port = 0;
  const gauge: Gauge = {
    get url() {
      return `http://127.0.0.1:${port}/value`;
    },
    value,
    hangs: false,
    async open() {
      server = createServer((_request, response) => {
        if (!gauge.hangs) response.end(JSON.stringify({ value: gauge.value }));
      }).listen(port, "127.0.0.1");
      await once(server, "listening");
      port = (server.address() as AddressInfo).port;
    },
    async close() {
      server?.closeAllConnections();
      await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
      server = undefined;
    },
  };
  await gauge.open();
  return gauge;
}

/** Clients that ask again as soon as they have their answer. */
export interface Load {
  readonly requests: number;
  readonly failures: readonly string[];
  /** Returned: no request is under way. */
  stop(): Promise<void>;
}

/** Starts clients that GET from a port of this machine. */
export function startLoad(port: number, clients = 3): Load {
  const agent = new Agent({ keepAlive: true });
  const load = { requests: 0, failures: [] as string[], stop };
  let stopping = false;
  const client = async (): Promise<void> => {
    while (!stopping) {
      const failure = await get(agent, port);
      load.requests += 1;
      if (failure !== undefined) load.failures.push(failure);
      await new Promise((resolve) => setTimeout(resolve, failure === undefined ? 10 : 50));
    }
  };
  const running = Array.from({ length: clients }, client);
  async function stop(): Promise<void> {
    stopping = true;
    await Promise.all(running);
    agent.destroy();
  }
  return load;
}

/** @returns why it failed; undefined when it did not. */
function get(agent: Agent, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const at = new Date().toISOString();
    const call = request({ host: "127.0.0.1", port, agent, timeout: 10_000 }, (response) => {
      response.resume();
      response.on("end", () =>
        resolve(response.statusCode === 200 ? undefined : `${at} status ${response.statusCode}`),
      );
      response.on("error", (error) => resolve(`${at} ${error.message}`));
    });
    call.on("timeout", () => call.destroy(new Error("no answer in 10 s")));
    call.on("error", (error) => resolve(`${at} ${error.message}`));
    call.end();
  });
}

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const server = createPort().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Random numbers that come again with the same seed: 0 or more, below 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** All records of a group, oldest first. */
export async function recordsOf(control: Control, group = "web"): Promise<DecisionRecord[]> {
  const records: DecisionRecord[] = [];
  for await (const { value } of control.records(group)) records.push(value);
  return records;
}

/** A group's members, as the provider shows them. */
export async function membersOf(control: Control, group = "web"): Promise<GroupStatus["instances"]> {
  return (await control.invoke("local", "groups.instances", [group])) as GroupStatus["instances"];
}

/** Sends a signal; a process that is gone is none to worry about. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

/** Whether a process exists, a zombie excepted. */
export function lives(pid: number): boolean {
  const stat = readText(`/proc/${pid}/stat`);
  return stat !== "" && !/\) [ZX] /.test(stat);
}

/** Processes of the servers of a state folder, by what their environment says. */
export function instancesOf(state: string, group?: string): Running[] {
  return processes().flatMap(({ pid, environment }) => {
    const id = environment.get("BELLOWS_INSTANCE");
    if (id === undefined || !environment.get("BELLOWS_FOLDER")?.startsWith(`${state}/`)) return [];
    return group === undefined || environment.get("BELLOWS_GROUP") === group ? [{ pid, id }] : [];
  });
}

/** Other processes that name a folder in their command or environment. */
export function mentioning(folder: string): number[] {
  return processes().flatMap(({ pid, environment, command }) =>
    command.includes(folder) || [...environment.values()].some((value) => value.includes(folder))
      ? [pid]
      : [],
  );
}

interface Seen {
  pid: number;
  command: string;
  environment: Map<string, string>;
}

function processes(): Seen[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || !lives(pid)) return [];
    const environment = readText(`/proc/${pid}/environ`).split("\0");
    const pairs = environment.map((text): [string, string] => {
      const at = text.indexOf("=");
      return [text.slice(0, at), text.slice(at + 1)];
    });
    return [{ pid, command: readText(`/proc/${pid}/cmdline`), environment: new Map(pairs) }];
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readJson(path: string): Record<string, unknown> | undefined {
  const text = readText(path);
  return text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>);
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
