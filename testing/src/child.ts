import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";

/** A process that a test started. */
export interface Child {
  readonly process: ChildProcess;
  /** What it has written to both its outputs so far (the last 64 Ki characters). */
  output(): string;
  /** Sends a signal and waits for the end; SIGKILL follows after ten seconds. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const KEPT_OUTPUT = 65_536;
const PATIENCE_MS = 10_000;

/** Starts a process and keeps what it says, for the error if it dies. */
export function startChild(command: string, args: readonly string[], options: SpawnOptions = {}): Child {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-KEPT_OUTPUT);
    });
  }
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      said += String(error);
      resolve();
    });
  });
  return {
    process: child,
    output: () => said,
    async stop(signal = "SIGTERM") {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** @throws Error with its last words when the process has ended. */
export function assertRunning(child: Child, name: string): void {
  const { exitCode, signalCode } = child.process;
  if (exitCode === null && signalCode === null) return;
  throw new Error(`${name} ended (${exitCode ?? signalCode}):\n${child.output()}`);
}
