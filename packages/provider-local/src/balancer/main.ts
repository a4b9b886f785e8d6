import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { createControl } from "./control.js";
import { Engine } from "./engine.js";
import { configPath, readJson, recordPath, writeAtomic } from "./files.js";
import { identifyProcess, type ProcessIdentity } from "./identity.js";
import { acquireLock } from "./lock.js";
import { type BalancerRecord, chooseSocket, readRecord } from "./record.js";
import type { BalancerConfig } from "./schema.js";

/** How long work may go on after SIGTERM. */
const TERM_DEADLINE_MS = 10_000;

/** What the starter is told over its channel; the log has the same in words. */
export type StartMessage = { ready: true } | { held: ProcessIdentity } | { failed: string };

function log(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

function tell(message: StartMessage, then: () => void = () => {}): void {
  if (process.send === undefined) return then();
  process.send(message, undefined, {}, then);
}

function fail(message: string): void {
  log(message);
  tell({ failed: message }, () => process.exit(1));
}

async function run(folder: string, name: string): Promise<void> {
  const holder = acquireLock(folder);
  if (holder !== undefined) return tell({ held: holder }, () => process.exit(3));
  const former = readRecord(folder);
  const engine = new Engine(name, log, former?.ports);
  await engine.apply((readJson(configPath(folder)) ?? { listeners: [], pools: {} }) as BalancerConfig);

  const socket = chooseSocket(folder);
  const identity = identifyProcess(process.pid) as ProcessIdentity;
  const writeRecord = (): void => {
    const record: BalancerRecord = { ...identity, name, socket, ports: engine.ports };
    writeAtomic(recordPath(folder), JSON.stringify(record));
  };
  let stopping = false;
  const stop = (deadlineMs: number): void => {
    if (stopping) return;
    stopping = true;
    log(`stopping within ${deadlineMs} ms`);
    void engine.stop(deadlineMs).then(() => {
      control.close();
      if (dirname(socket) !== folder) rmSync(dirname(socket), { recursive: true, force: true });
      log("stopped");
      process.exit(0);
    });
  };
  const configure = async (config: BalancerConfig): Promise<void> => {
    await engine.apply(config);
    writeAtomic(configPath(folder), JSON.stringify(config));
    writeRecord();
  };
  const control = createControl(engine, { configure, stop });
  rmSync(socket, { force: true });
  await new Promise<void>((resolve, reject) => control.once("error", reject).listen(socket, resolve));
  writeRecord();
  process.on("SIGTERM", () => stop(TERM_DEADLINE_MS));
  process.on("SIGINT", () => stop(TERM_DEADLINE_MS));
  log(`balancer ${name} runs as process ${process.pid}`);
  tell({ ready: true });
}

process.umask(0o077);
process.on("SIGHUP", () => {});
// A starter that is gone must not end us, nor may its end of a pipe.
process.on("disconnect", () => {});
process.stdout.on("error", () => {});
process.channel?.unref();
process.on("uncaughtException", (error) => fail(`unexpected: ${error.stack ?? error.message}`));

const [folder, name] = process.argv.slice(2);
if (folder === undefined) fail("usage: main.js FOLDER [NAME]");
else run(folder, name ?? "balancer").catch((error: Error) => fail(`cannot start: ${error.message}`));
