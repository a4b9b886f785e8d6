import { groupMembers, hasInEnvironment, ownIdentity, signal } from "./processes.js";
import type { ServerEntry } from "./records.js";

/**
 * Living processes that a server has left behind in its process group.
 * @param watched - true when nobody else can have got its group's number: its end was seen just now.
 */
export function remainsOf(entry: ServerEntry, watched: boolean): number[] {
  const group = entry.process?.pid;
  if (group === undefined || entry.record.adopted || entry.process?.bootId !== ownIdentity().bootId)
    return [];
  if (!groupExists(group)) return [];
  const mark = `BELLOWS_INSTANCE=${entry.record.id}`;
  return groupMembers(group).filter((pid) => watched || hasInEnvironment(pid, mark));
}

function groupExists(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}

/** Ends what a server has left behind. */
export function killRemains(entry: ServerEntry, watched: boolean): void {
  for (const pid of remainsOf(entry, watched)) signal(pid, "SIGKILL");
}
