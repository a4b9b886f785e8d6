import { randomUUID } from "node:crypto";
import { linkSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identifyProcess, isRunning, type ProcessIdentity, parseIdentity } from "./identity.js";

/**
 * One holder per folder, robust against SIGKILL at any moment.
 *
 * Note [Generations]: a stale lock file cannot be removed and made again without a race: of two processes that
 * found it stale, the second may remove what the first has just made. So nothing is ever taken away from under
 * anybody: holders are files `lock.1`, `lock.2`, …; the highest one counts; who finds its process dead makes the
 * next one. Each is made by `link`, which is atomic, refuses an existing name and shows the file complete. The
 * highest file is never removed, so a number is never given out anew; a holder lets go by ending.
 */
const NAME = /^lock\.(\d+)$/;

function generations(folder: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync(folder)) {
    const match = NAME.exec(name);
    if (match !== null) found.push(Number(match[1]));
  }
  return found.sort((a, b) => a - b);
}

function holderOf(folder: string, generation: number): ProcessIdentity | undefined {
  try {
    return parseIdentity(JSON.parse(readFileSync(join(folder, `lock.${generation}`), "utf8")));
  } catch {
    return undefined;
  }
}

/** The process that holds the folder now; undefined when nobody does. */
export function findHolder(folder: string): ProcessIdentity | undefined {
  const highest = generations(folder).at(-1);
  const holder = highest === undefined ? undefined : holderOf(folder, highest);
  return holder !== undefined && isRunning(holder) ? holder : undefined;
}

function claim(folder: string, draft: string, generation: number): boolean {
  try {
    linkSync(draft, join(folder, `lock.${generation}`));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function tryOnce(folder: string, draft: string): "mine" | "again" | ProcessIdentity {
  const highest = generations(folder).at(-1) ?? 0;
  const holder = highest === 0 ? undefined : holderOf(folder, highest);
  if (holder !== undefined && isRunning(holder)) return holder;
  const mine = highest + 1;
  if (!claim(folder, draft, mine)) return "again";
  const all = generations(folder);
  if ((all.at(-1) ?? 0) > mine) {
    rmSync(join(folder, `lock.${mine}`), { force: true });
    return "again";
  }
  for (const old of all) if (old < mine) rmSync(join(folder, `lock.${old}`), { force: true });
  return "mine";
}

/**
 * Takes the folder for this process, until it ends.
 * @returns undefined when it is ours now; otherwise the living process that has it (this one, when asked twice).
 */
export function acquireLock(folder: string): ProcessIdentity | undefined {
  const identity = identifyProcess(process.pid) as ProcessIdentity;
  const draft = join(folder, `draft.${randomUUID()}`);
  writeFileSync(draft, JSON.stringify(identity), { mode: 0o600 });
  try {
    for (;;) {
      const outcome = tryOnce(folder, draft);
      if (outcome === "again") continue;
      return outcome === "mine" ? undefined : outcome;
    }
  } finally {
    unlinkSync(draft);
  }
}
