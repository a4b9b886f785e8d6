import { resolve } from "node:path";
import type { Clock, Host, Logger } from "@bellows/core";
import { storageFault } from "./errors.js";
import type { ServerFolders } from "./folders.js";
import { openFolders } from "./folders.js";
import type { LocalOptions } from "./options.js";
import type { Ports } from "./ports.js";
import { createPorts } from "./ports.js";

/** What every part of this provider works with. */
export interface LocalContext {
  /** Key of the provider in the config. */
  key: string;
  options: LocalOptions;
  /** Absolute. */
  stateDir: string;
  /** Relative paths of launches are meant from here. */
  baseFolder: string;
  clock: Clock;
  logger: Logger;
  folders: ServerFolders;
  ports: Ports;
}

/**
 * Opens the state directory of a provider, making it where it is missing.
 * @throws UnavailableError when that is not possible.
 */
export function openContext(options: LocalOptions, host: Host): LocalContext {
  const { key, clock, logger, baseFolder } = host;
  const stateDir = options.stateDir === undefined ? host.folder : resolve(baseFolder, options.stateDir);
  try {
    const folders = openFolders(stateDir);
    const ports = createPorts(stateDir, options.ports);
    return { key, options, stateDir, baseFolder, clock, logger, folders, ports };
  } catch (error) {
    throw storageFault(error, stateDir, key);
  }
}

/** Waits on the provider's clock. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((done) => void clock.after(ms, done));
}
