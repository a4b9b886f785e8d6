import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A server's log is its standard output and error, appended to by itself, so that no process of ours stands in
 * between and none has to live for it. It is bounded by copying: the last part of one that grew too long goes to
 * `server.log.1`, then the log is cut to nothing. What is written in the instant between the two is lost.
 */

/** Most of a log that is read for its last lines. */
const TAIL_BYTES = 4_096;
/** Longest line shown. */
const LINE_LENGTH = 200;

/** Where a server's log is. */
export const logPath = (folder: string): string => join(folder, "server.log");

/** Opens a server's log for appending. The caller closes it. */
export const openLog = (folder: string): number => openSync(logPath(folder), "a", 0o600);

/** The last lines that are not blank, oldest first; none when there is no log. */
export function lastLines(folder: string, count: number): string[] {
  const text = tail(logPath(folder), TAIL_BYTES).toString("utf8");
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.slice(-count).map((line) => plain(line).slice(0, LINE_LENGTH));
}

/** Control characters would let a log repaint the terminal of who asks for the status. */
function plain(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return line.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replace(/[\u0000-\u001f\u007f]/g, " ");
}

function tail(path: string, bytes: number): Buffer {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return Buffer.alloc(0);
  }
  try {
    const size = fstatSync(file).size;
    const buffer = Buffer.alloc(Math.min(size, bytes));
    const read = readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.subarray(0, read);
  } finally {
    closeSync(file);
  }
}

/** Cuts a log that is longer than `limitBytes`; half as much of its end is kept beside it. */
export function boundLog(folder: string, limitBytes: number): void {
  const path = logPath(folder);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= limitBytes) return;
  writeFileSync(`${path}.1`, tail(path, Math.floor(limitBytes / 2)), { mode: 0o600 });
  truncateSync(path, 0);
}
