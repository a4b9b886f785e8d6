import { randomInt } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { CapacityError } from "@bellows/core";
import { systemCode } from "./errors.js";

/** Ports tried before giving up: far more than chance needs in a range that is half full. */
const MOST_TRIES = 200;
/** A reservation that no server has used for so long was left by one that died before it wrote its intent. */
const STALE_MS = 60_000;

/** Hands out free ports, each to one server at a time, whoever else hands them out from the same folder. */
export interface Ports {
  /**
   * Reserves a port that nobody listens on.
   * @throws CapacityError when none is found.
   */
  reserve(): Promise<number>;
  /** Gives a port back. */
  release(port: number): void;
  /** Gives back what was reserved long ago for servers that never came to be. @param inUse - ports of all servers. */
  sweep(inUse: ReadonlySet<number>): void;
}

/**
 * Reservations are files named after the port, made exclusively: the one who makes it has the port.
 * @param range - below the system's own range for outgoing connections, lest one of those takes the port between
 *   its reservation and the moment the server listens.
 */
export function createPorts(stateDir: string, range: { from: number; to: number }): Ports {
  const folder = join(stateDir, "ports");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    async reserve() {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const port = randomInt(range.from, range.to + 1);
        if (!claim(join(folder, String(port)))) continue;
        if (await isFree(port)) return port;
        rmSync(join(folder, String(port)), { force: true });
      }
      throw new CapacityError(`found no free port from ${range.from} to ${range.to}`, {
        hint: "widen the provider's `ports`",
      });
    },
    release: (port) => rmSync(join(folder, String(port)), { force: true }),
    sweep(inUse) {
      for (const name of readdirSync(folder)) {
        const stat = statSync(join(folder, name), { throwIfNoEntry: false });
        if (inUse.has(Number(name)) || stat === undefined || Date.now() - stat.mtimeMs < STALE_MS) continue;
        rmSync(join(folder, name), { force: true });
      }
    },
  };
}

function claim(path: string): boolean {
  try {
    writeFileSync(path, "", { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Whether a server could listen on it, on every address of this machine. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}
