import { errorLine } from "@bellows/core";
import type { LocalContext } from "./context.js";
import { lastLines } from "./logs.js";
import { ageOf } from "./processes.js";
import { isReady } from "./readiness.js";
import type { FACTS, ServerEntry } from "./records.js";

/**
 * Note [A full disk]: what is found out about a server may not be writable. Then it is said in the log and found out
 * again at the next look; reading and ending servers must go on.
 */
function tryWrite<F extends keyof typeof FACTS>(
  { folders, logger }: LocalContext,
  id: string,
  fact: F,
  value: NonNullable<ServerEntry[F]>,
): boolean {
  try {
    folders.write(id, fact, value);
    return true;
  } catch (error) {
    logger.warn({ server: id }, `could not write down the ${fact} of server ${id}: ${errorLine(error)}`);
    return false;
  }
}

/** Lines of its log that tell why a server ended. */
const LAST_WORDS = 3;

/** Writes down how a server ended, with its last words. @returns whether it could be written. */
export function noteEnd(context: LocalContext, entry: ServerEntry, how: string): boolean {
  const { id, adopted } = entry.record;
  const failed = entry.ready === undefined;
  const words = adopted ? [] : lastLines(context.folders.path(id), LAST_WORDS);
  const said = words.length === 0 ? "" : `; its last words: ${words.join(" | ")}`;
  const text = `${how}${failed ? " before it was ready" : ""}${said}`;
  return tryWrite(context, id, "end", { atMs: context.clock.now(), failed, text });
}

/** Asks a running server whether it is ready, and writes it down. @returns whether that is news. */
export async function noteReadiness(context: LocalContext, entry: ServerEntry): Promise<boolean> {
  const { id, ready, port } = entry.record;
  // The age is the system's own: the time of day may jump.
  const aliveMs = entry.process === undefined ? 0 : ageOf(entry.process.pid);
  if (!(await isReady(ready, port, aliveMs))) return false;
  const now = context.folders.read(id);
  if (now === undefined || now.ready !== undefined || now.end !== undefined) return false;
  return tryWrite(context, id, "ready", { atMs: context.clock.now() });
}
