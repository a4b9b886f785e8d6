import type { Writable } from "node:stream";
import { type Clock, systemClock } from "@bellows/core";

/** All that a command touches of the world; tests hand in their own. */
export interface Context {
  /** Data alone. */
  stdout: Writable;
  /** Logs, prompts, progress, errors. */
  stderr: Writable;
  stdin: NodeJS.ReadStream;
  env: NodeJS.ProcessEnv;
  cwd: string;
  clock: Clock;
  /** Aborts at the first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  /** Whether stdout is a terminal, and how wide. */
  terminal: boolean;
  columns: number;
  /** Whether colours may be used on stdout and stderr. */
  colors: boolean;
  /** What the process will exit with; a command sets it where it is not 0 and no error was thrown. */
  exitCode: number;
  /** What the environment and files brought into a config; blanked out of everything that is said. */
  secrets: Set<string>;
  /** Set by commands for which being stopped is the normal end. */
  signalHandled: boolean;
}

/** The context of this process. The second Ctrl-C ends it at once. */
export function processContext(argv: readonly string[]): Context {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(name);
  };
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const { env, stdout } = process;
  const terminal = stdout.isTTY === true;
  return {
    stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env,
    cwd: process.cwd(),
    clock: systemClock,
    signal: controller.signal,
    terminal,
    columns: stdout.columns ?? 100,
    colors: terminal && !env.NO_COLOR && !argv.includes("--no-color") && env.TERM !== "dumb",
    exitCode: 0,
    secrets: new Set(),
    signalHandled: false,
  };
}

/** Writes a line of data. */
export function say(context: Context, text: string): void {
  context.stdout.write(`${blanked(context, text)}\n`);
}

/** Writes a line for the person at the terminal. */
export function note(context: Context, text: string): void {
  context.stderr.write(`${blanked(context, text)}\n`);
}

/** Without secrets, whether they stand there as they are or as JSON writes them. */
function blanked(context: Context, text: string): string {
  let out = text;
  for (const secret of context.secrets)
    for (const form of [secret, JSON.stringify(secret).slice(1, -1)]) out = out.replaceAll(form, "[secret]");
  return out;
}
