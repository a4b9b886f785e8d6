import { type Clock, errorLine, type Logger, type StateStore } from "@bellows/core";

/** How often old records are removed, in milliseconds. */
const EVERY_MS = 3_600_000;
/** Records that stay however old they are, a group. */
const KEEP_LAST = 100;

/**
 * Removes records older than `keepMs` now and every hour, one group after the other; each group's newest stay.
 * @returns a way to stop.
 */
export function keepHouse(store: StateStore, clock: Clock, logger: Logger, keepMs: () => number): () => void {
  let cancel = (): void => {};
  let stopped = false;
  const clean = async (): Promise<void> => {
    for await (const partition of store.partitions()) {
      if (stopped) return;
      await store.prune(partition, { beforeMs: clock.now() - keepMs(), keep: KEEP_LAST });
    }
  };
  const again = (): void => {
    clean().catch((error: unknown) =>
      logger.warn({}, `old records could not be removed: ${errorLine(error)}`),
    );
    cancel = clock.after(EVERY_MS, again);
  };
  again();
  return () => {
    stopped = true;
    cancel();
  };
}
