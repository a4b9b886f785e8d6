import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Server, ServerSpec } from "@bellows/core";
import { createHost } from "@bellows/core";
import { adoptBalancer } from "../src/balancer/client.js";
import { openBalancerFolders } from "../src/balancer-folders.js";
import provider from "../src/index.js";

export const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

/** A launch of the small web server. */
export const web = { command: process.execPath, args: [fixture("web.mjs")] };

/** The provider, opened. */
export type Connected = Awaited<ReturnType<typeof provider.create>>;

/** A folder of its own, providers opened on it, and the promise that nothing of them runs on afterwards. */
export interface Bench {
  readonly stateDir: string;
  /** Opens a provider, as a controller does when it starts. */
  open(options?: object): Promise<Connected>;
  /** Starts another controller as a process of its own. */
  starter(count: number, prefix: string, command?: string[]): ChildProcess;
  /** Starts another controller that makes and deletes servers without end. */
  breather(prefix: string): ChildProcess;
  /** Ends all that was started and removes the folder. */
  clear(): Promise<void>;
}

export function createBench(): Bench {
  const stateDir = mkdtempSync(join(tmpdir(), "bellows-local-"));
  const opened: Connected[] = [];
  const started: ChildProcess[] = [];
  const run = (args: string[]): ChildProcess => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    started.push(child);
    return child;
  };
  return {
    stateDir,
    async open(options = {}) {
      const parsed = provider.options.parse({ stateDir, ...options });
      const connected = await provider.create(parsed, createHost({ key: "local", stateFolder: stateDir }));
      opened.push(connected);
      return connected;
    },
    starter: (count, prefix, command = [web.command, ...web.args]) =>
      run([fixture("starter.mjs"), stateDir, String(count), prefix, ...command]),
    breather: (prefix) => run([fixture("breather.mjs"), stateDir, prefix]),
    async clear() {
      for (const child of started) child.kill("SIGKILL");
      await Promise.all(opened.map((connected) => connected.close()));
      const balancers = openBalancerFolders(stateDir);
      for (const name of balancers.names())
        await (await adoptBalancer(balancers.path(name)))?.stop({ deadlineMs: 0 });
      killAll(stateDir);
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Kills every process group that a folder of servers knows of, adopted processes excepted. */
function killAll(stateDir: string): void {
  for (const pid of serverPids(stateDir)) {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}

function serverPids(stateDir: string): number[] {
  return ["servers", "ended"].flatMap((part) =>
    namesIn(join(stateDir, part)).flatMap((id) => {
      const text = readText(join(stateDir, part, id, "process.json"));
      return text === "" || id.startsWith("pid:") ? [] : [(JSON.parse(text) as { pid: number }).pid];
    }),
  );
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Pid of a server that was started here. */
export function pidOf(bench: Bench, server: Server): number {
  return (JSON.parse(readText(join(bench.stateDir, "servers", server.id, "process.json"))) as { pid: number })
    .pid;
}

/** Whether a process exists, a zombie excepted. */
export function lives(pid: number): boolean {
  const stat = readText(`/proc/${pid}/stat`);
  return stat !== "" && !/\) [ZX] /.test(stat);
}

let serial = 0;
export function specOf(spec: Partial<ServerSpec> = {}): ServerSpec {
  const name = `server-${++serial}`;
  return { name, idempotencyKey: `test/${name}`, labels: {}, launch: web, ...spec };
}

/** Asks until the answer is there; a test that waits for too long says what it last saw. */
export async function until<T>(
  ask: () => T | Promise<T>,
  good: (answer: T) => boolean,
  timeoutMs = 15_000,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (performance.now() > deadlineMs)
      throw new Error(`still ${JSON.stringify(answer)} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const isTrue = (answer: boolean): boolean => answer;

/** Lines that a process prints, as they come. */
export function linesOf(child: ChildProcess): string[] {
  const lines: string[] = [];
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  return lines;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
