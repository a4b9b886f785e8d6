/** Keeps the alarms of a connection in step with the groups that it sees. */
import { errorLine, type Host, isBellowsError } from "@bellows/core";

/** Told of a group's members; see `AlarmDrivers.seen`. */
export type MembersSeen = (names: readonly string[], members: readonly string[]) => void;

/**
 * Watches what it is told, and has alarms wired anew for groups whose members have changed: one run at a time, for all
 * groups that have changed until it begins. A group that is seen for the first time counts as changed: nobody knows what
 * has happened before.
 */
export function keepInStep(
  { logger, signal }: Pick<Host, "logger" | "signal">,
  rewire: (groups: readonly string[], signal: AbortSignal) => Promise<unknown>,
): MembersSeen {
  const known = new Map<string, string>();
  const changed = new Set<string>();
  let running = false;

  const run = async (): Promise<void> => {
    running = true;
    while (changed.size > 0) {
      const groups = [...changed];
      changed.clear();
      await rewire(groups, signal).catch((error: unknown) => {
        if (signal.aborted) return;
        // An account without Cloud Monitoring has no alarms to be wired.
        if (isBellowsError(error, "unsupported") || isBellowsError(error, "permission")) return;
        for (const group of groups) known.delete(group);
        logger.warn(
          { groups, error: errorLine(error) },
          "alarms could not be wired; the next look tries again",
        );
      });
    }
    running = false;
  };
  return (names, members) => {
    const [key] = names;
    const sight = [...members].sort().join(" ");
    if (key === undefined || known.get(key) === sight) return;
    for (const name of names) {
      known.set(name, sight);
      changed.add(name);
    }
    if (!running) void run();
  };
}
