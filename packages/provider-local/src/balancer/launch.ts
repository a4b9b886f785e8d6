import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TimeoutError, UnavailableError } from "@bellows/core";
import type { CallOptions } from "./call-options.js";
import { logPath } from "./files.js";
import type { StartMessage } from "./main.js";

/** How long a balancer may take to be ready; it takes some 200 ms on an idle machine. */
const START_TIMEOUT_MS = 15_000;
function mainPath(): string {
  const beside = fileURLToPath(new URL("./main.js", import.meta.url));
  // From source (tests), the process is run as it was built.
  return existsSync(beside) ? beside : fileURLToPath(new URL("../../dist/balancer/main.js", import.meta.url));
}

/** Only what a process needs to run: the starter's secrets stay with the starter. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { PATH, TMPDIR, TZ } = process.env;
  return { ...(PATH && { PATH }), ...(TMPDIR && { TMPDIR }), ...(TZ && { TZ }) };
}

/**
 * Starts the process of a balancer, detached: it outlives this one. Returned means that it told how its start went;
 * unless it is ready, it has ended.
 * @throws TimeoutError, UnavailableError; in both cases nothing is left running.
 */
export function launch(folder: string, name: string, options: CallOptions): Promise<StartMessage> {
  const log = openSync(logPath(folder), "a", 0o600);
  const child = spawn(process.execPath, [mainPath(), folder, name], {
    cwd: folder,
    detached: true,
    env: plainEnvironment(),
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  return new Promise<StartMessage>((resolve, reject) => {
    const timeoutMs = options.timeoutMs ?? START_TIMEOUT_MS;
    const giveUp = (error: unknown): void => {
      child.kill("SIGKILL");
      settle(() => reject(error));
    };
    const late = new TimeoutError(
      `balancer "${name}" was not ready within ${timeoutMs} ms: see ${logPath(folder)}`,
    );
    const timer = setTimeout(() => giveUp(late), timeoutMs);
    const onAbort = (): void => giveUp(options.signal?.reason);
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      child.removeAllListeners();
      child.on("error", () => {});
      if (child.connected) child.disconnect();
      child.unref();
      end();
    };
    options.signal?.addEventListener("abort", onAbort, { once: true });
    let message: StartMessage | undefined;
    child.once("message", (received) => {
      message = received as StartMessage;
      if ("ready" in message) settle(() => resolve({ ready: true }));
    });
    child.once("error", (error) =>
      giveUp(new UnavailableError(`cannot start balancer "${name}": ${error.message}`)),
    );
    // One that could not start is waited for, so that nobody takes it for running while it ends.
    child.once("exit", (code) => {
      const text = `balancer "${name}" ended at once (exit ${code}): see ${logPath(folder)}`;
      settle(() => (message === undefined ? reject(new UnavailableError(text)) : resolve(message)));
    });
  });
}
