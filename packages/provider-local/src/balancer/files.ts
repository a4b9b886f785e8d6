import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

/** The desired configuration; survives the process. */
export const configPath = (folder: string): string => join(folder, "config.json");
/** Who runs, and where it is reached. */
export const recordPath = (folder: string): string => join(folder, "balancer.json");
/** What the process prints. */
export const logPath = (folder: string): string => join(folder, "balancer.log");

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Replaces a file whole or not at all, mode 0600. Returned means durable.
 * @throws the file system's own error; the old content is then untouched.
 */
export function writeAtomic(path: string, text: string): void {
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = openSync(draft, "wx", 0o600);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/**
 * Parsed JSON of a file; undefined when there is no such file.
 * @throws SyntaxError when it is not JSON.
 */
export function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return JSON.parse(text);
}
