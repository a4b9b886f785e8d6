import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { accessSync, closeSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { Duplex } from "node:stream";
import type { ProcessIdentity } from "./balancer/identity.js";
import { identifyProcess } from "./balancer/identity.js";
import { openLog } from "./logs.js";

/**
 * Note [The gate]: between the moment a process exists and the moment its pid is on disk, we may be killed; the
 * process would run on, known to nobody. So what is started is a shell that waits for a word on a pipe and only then
 * turns into the server (same pid, same start time). The word is given when the pid is durable. If we die before,
 * the pipe closes, and the shell ends without having started anything.
 */
const GATE = 'IFS= read -r word <&3 || exit 125; exec 3<&-; exec "$@"';

/** A process that waits at the gate. */
export interface Gated {
  child: ChildProcess;
  identity: ProcessIdentity;
  /** Lets it turn into the server. */
  open(): void;
}

/** What to start, all worked out. */
export interface StartProcess {
  /** Absolute path of the program. */
  program: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** The server's folder, where its log is. */
  folder: string;
}

/** Why a server cannot be started, for people. */
export class StartFault extends Error {}

/**
 * Starts the gate, as the leader of a session and process group of its own.
 * @throws StartFault when the system refuses.
 */
export async function startGated(start: StartProcess): Promise<Gated> {
  const log = openLog(start.folder);
  try {
    const child = spawn("/bin/sh", ["-c", GATE, "bellows-gate", start.program, ...start.args], {
      cwd: start.cwd,
      env: start.env,
      detached: true,
      stdio: ["ignore", log, log, "pipe"],
    });
    if (child.pid === undefined) throw new StartFault(await spawnFault(child));
    const identity = identifyProcess(child.pid);
    if (identity === undefined) throw new StartFault("it ended before it began");
    return { child, identity, open: () => openGate(child) };
  } finally {
    closeSync(log);
  }
}

function openGate(child: ChildProcess): void {
  const pipe = child.stdio[3] as Duplex;
  // It may have been killed at the gate.
  pipe.on("error", () => {});
  pipe.end("go\n");
  child.unref();
}

function spawnFault(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => child.once("error", (error) => resolve(error.message)));
}

/**
 * Finds the program that a command means: a path (relative ones from `cwd`), or a name in PATH.
 * @throws StartFault that says whether it is missing, a folder, or not executable.
 */
export function findProgram(
  command: string,
  cwd: string,
  searchPath = "/usr/local/bin:/usr/bin:/bin",
): string {
  checkFolder(cwd);
  const candidates = command.includes("/")
    ? [isAbsolute(command) ? command : resolve(cwd, command)]
    : searchPath.split(delimiter).map((folder) => join(folder || ".", command));
  const present = candidates.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  const runnable = present.find(isExecutable);
  if (runnable !== undefined) return isAbsolute(runnable) ? runnable : resolve(cwd, runnable);
  if (present[0] !== undefined) throw new StartFault(`no permission to run ${present[0]}`);
  throw new StartFault(`command not found: ${command}${command.includes("/") ? "" : " (looked in PATH)"}`);
}

function checkFolder(cwd: string): void {
  const stat = statSync(cwd, { throwIfNoEntry: false });
  if (stat === undefined) throw new StartFault(`its working folder does not exist: ${cwd}`);
  if (!stat.isDirectory()) throw new StartFault(`its working folder is no folder: ${cwd}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
