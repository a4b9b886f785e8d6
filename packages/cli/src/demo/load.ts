import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What the load generator says, twice a second and at its end. */
export interface LoadReport {
  clients: number;
  requests: number;
  failed: number;
  inFlight: number;
  done?: true;
  errors?: Record<string, number>;
}

/** A load generator at work. */
export interface Load {
  /** The last report. */
  last(): LoadReport;
  /** Resolves with the totals when it has ended. @throws Error when it died. */
  ended: Promise<LoadReport>;
  stop(): void;
}

/** Starts the example's load generator as a process of its own, so that it takes no time from Bellows. */
export function startLoad(script: string, url: string, phases: string): Load {
  let last: LoadReport = { clients: 0, requests: 0, failed: 0, inFlight: 0 };
  const child: ChildProcess = spawn(process.execPath, [script, url, phases], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<LoadReport>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) =>
      last.done
        ? resolve(last)
        : reject(new Error(`the load generator ended early (exit ${code ?? "by signal"})`)),
    );
  });
  ended.catch(() => {});
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      last = JSON.parse(line) as LoadReport;
    });
  }
  return { last: () => last, ended, stop: () => void child.kill("SIGTERM") };
}
