import { accessSync, constants } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";

/** Folders that are searched even where a user's PATH leaves them out. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Where a program lies, looked for along PATH; undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  return [name, ...folders.map((folder) => join(folder, name))].find(
    (file) => file.includes("/") && isExecutable(file),
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether tests that need a program can run. Where it is missing, they are skipped with a line that nobody overlooks.
 * @throws Error where it is missing and `CI=true`: there, all of them run.
 */
export function hasProgram(name: string, debianPackage: string): boolean {
  if (findProgram(name) !== undefined) return true;
  const words = `${name} is not installed (apt-get install --no-install-recommends ${debianPackage})`;
  if (process.env.CI === "true") throw new Error(words);
  console.warn(`\n*** SKIPPED: ${words} ***\n`);
  return false;
}

/** A loopback port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

/** What {@link waitFor} may be told. */
export interface WaitOptions {
  /** What is waited for, for the error. */
  what: string;
  /** When to give up, in milliseconds (default 30,000). */
  withinMs?: number;
  /** Time between two looks, in milliseconds (default 50). */
  everyMs?: number;
}

/**
 * Looks again and again until there is something to see; a look that throws is one that saw nothing.
 * @returns what `look` gave, once that is neither undefined nor false.
 * @throws Error when the time is up, with the last look's own error as its cause.
 */
export async function waitFor<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const endAtMs = performance.now() + (options.withinMs ?? 30_000);
  let cause: unknown;
  while (performance.now() < endAtMs) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 50));
  }
  throw new Error(`waited in vain for ${options.what}`, { cause });
}
