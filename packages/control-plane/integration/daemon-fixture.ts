import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPluginLoader, type Logger, loadConfig, renderFaults, systemClock } from "@bellows/core";
import { type Daemon, type DaemonOptions, type Loaded, startDaemon } from "../src/daemon.js";
import { openStandalone } from "../src/standalone.js";

/** A folder with a config, daemons over it, and an end that leaves nothing running. */
export interface Bench {
  folder: string;
  file: string;
  /** Log lines of warnings and errors. */
  complaints: string[];
  write(yaml: string): void;
  start(more?: Partial<DaemonOptions>): Promise<Daemon>;
  /** Deletes groups and balancers, stops daemons, removes the folder. */
  end(): Promise<void>;
}

const SERVER = `
import { createServer } from "node:http";
createServer((request, response) => response.end(process.env.BELLOWS_INSTANCE ?? "")).listen(Number(process.env.PORT), "127.0.0.1");
`;

/** Makes a bench. */
export function createBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), "bellows-daemon-"));
  const file = join(folder, "bellows.yaml");
  const complaints: string[] = [];
  const complain = (_data: object, message: string): void => void complaints.push(message);
  const logger: Logger = { debug: () => {}, info: () => {}, warn: complain, error: complain };
  const daemons: Daemon[] = [];
  writeFileSync(join(folder, "server.mjs"), SERVER);
  const loader = createPluginLoader({ from: [folder, dirname(fileURLToPath(import.meta.url))] });
  return {
    folder,
    file,
    complaints,
    write: (yaml) => writeFileSync(file, yaml),
    async start(more = {}) {
      const daemon = await startDaemon({
        file,
        load: () => loadConfig(file, { loader, cwd: folder, env: process.env }),
        folder: join(folder, "state"),
        clock: systemClock,
        logger,
        version: "0.0.0-test",
        newId: randomUUID,
        ...more,
      });
      daemons.push(daemon);
      return daemon;
    },
    async end() {
      for (const daemon of daemons) await daemon.stop(5_000);
      await clear(await loadConfig(file, { loader, cwd: folder, env: process.env }), folder, logger);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Removes what the daemons left running, whatever became of them. */
async function clear(loaded: Loaded, folder: string, logger: Logger): Promise<void> {
  if ("faults" in loaded)
    throw new Error(`the bench's last config has faults: ${renderFaults(loaded.faults)}`);
  const settings = {
    folder: join(folder, "state"),
    clock: systemClock,
    logger,
    version: "0.0.0-test",
    newId: randomUUID,
  };
  const { session, close } = await openStandalone({ ...loaded, ...settings });
  for (const cloud of session.clouds.values()) {
    for await (const group of cloud.groups.list())
      await cloud.groups.delete(group.id, { force: true, wait: true });
    if (cloud.loadBalancers === undefined) continue;
    for await (const balancer of cloud.loadBalancers.list()) await cloud.loadBalancers.delete(balancer.id);
  }
  await close();
}

/** Waits until `look` gives something. @throws Error that says what was waited for, after `limitMs` (default 20 s). */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  limitMs = 20_000,
): Promise<T> {
  const startedAtMs = Date.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() - startedAtMs > limitMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
