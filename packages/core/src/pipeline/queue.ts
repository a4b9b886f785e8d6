import type { Soon } from "./soon.js";

/** One piece of work at a time for each group, in the order in which they came. */
export interface GroupQueue {
  /** Runs `work` when everything that entered before it for this group has ended, well or badly. */
  enter<T>(group: string, work: () => Promise<T>): Promise<T>;
  /** The same for work that may end at once; where nothing is before it, it then has ended when this returns. */
  enter<T>(group: string, work: () => Soon<T>): Soon<T>;
  /** Resolves when nothing runs or waits. */
  idle(): Promise<void>;
  /** Names of the groups that have work running or waiting. */
  busy(): string[];
}

/** Makes the queue that spans evaluate to record, one line of work a group. */
export function createGroupQueue(): GroupQueue {
  const tails = new Map<string, Promise<unknown>>();
  function enter<T>(group: string, work: () => Promise<T>): Promise<T>;
  function enter<T>(group: string, work: () => Soon<T>): Soon<T>;
  function enter<T>(group: string, work: () => Soon<T>): Soon<T> {
    const before = tails.get(group);
    const run = before === undefined ? work() : before.then(work);
    if (!(run instanceof Promise)) return run;
    const tail: Promise<void> = run.then(leave, leave);
    function leave(): void {
      if (tails.get(group) === tail) tails.delete(group);
    }
    tails.set(group, tail);
    return run;
  }
  return {
    enter,
    async idle() {
      while (tails.size > 0) await Promise.all(tails.values());
    },
    busy: () => [...tails.keys()],
  };
}
