import { isRunning } from "./balancer/identity.js";
import type { LocalContext } from "./context.js";
import { pause } from "./context.js";
import { signal } from "./processes.js";
import type { ServerEntry } from "./records.js";
import { remainsOf } from "./remains.js";
import { standingOf } from "./standing.js";

/** How often an ending server is looked at: soon at first, as most end at once. */
const FIRST_LOOK_MS = 10;
const LONGEST_LOOK_MS = 100;

/**
 * Ends a server that has a deletion: SIGTERM to its process group, SIGKILL when its grace has passed. A grace that
 * an earlier process began counts from then, and is never longer than it was (the wall clock may have jumped).
 * @returns its facts once nothing of it runs; undefined when somebody else has put it aside.
 */
export async function endServer(context: LocalContext, id: string): Promise<ServerEntry | undefined> {
  const { clock, folders } = context;
  const deletion = folders.read(id)?.deletion;
  if (deletion === undefined) return undefined;
  const passedMs = Math.min(Math.max(0, clock.now() - deletion.atMs), deletion.graceMs);
  const deadlineMs = clock.monotonic() + deletion.graceMs - passedMs;
  let asked = false;
  let watched = false;
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(waitMs * 1.5, LONGEST_LOOK_MS)) {
    const entry = folders.read(id);
    if (entry === undefined) return undefined;
    const targets = targetsOf(entry, watched);
    watched ||= targets.leader;
    if (targets.pids.length === 0 && standingOf(entry) !== "starting") return entry;
    const overdue = clock.monotonic() >= deadlineMs;
    if (overdue || !asked)
      for (const pid of targets.pids) asked = signal(pid, overdue ? "SIGKILL" : "SIGTERM") || asked;
    await pause(clock, waitMs);
  }
}

/** Whom to signal: the process group while its leader lives, then each that is left. */
function targetsOf(entry: ServerEntry, watched: boolean): { pids: number[]; leader: boolean } {
  if (entry.process === undefined) return { pids: [], leader: false };
  if (!isRunning(entry.process)) return { pids: remainsOf(entry, watched), leader: false };
  return { pids: [entry.record.adopted ? entry.process.pid : -entry.process.pid], leader: true };
}
