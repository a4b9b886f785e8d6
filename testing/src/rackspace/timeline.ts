/**
 * The time of a stand-in.
 *
 * Note [Time]: nothing runs by itself. What is due is done when a request comes in or the test advances the clock, in
 * the order of its times, and with the clock standing at each. So a test sees what happens in an hour without waiting.
 */

/** Time that is moved on. */
export interface Timeline {
  /** The time now, or that of what is being done, in milliseconds since the epoch. */
  now(): number;
  /** Has something done later. */
  after(ms: number, run: () => void): void;
  /** Does all that is due. */
  run(): void;
}

/** @param clock - milliseconds since the epoch; the latest time that `run` goes to. */
export function createTimeline(clock: () => number): Timeline {
  const due: { atMs: number; run: () => void }[] = [];
  let nowMs = clock();
  return {
    now: () => nowMs,
    after(ms, run) {
      const atMs = nowMs + ms;
      const index = due.findIndex((one) => one.atMs > atMs);
      due.splice(index === -1 ? due.length : index, 0, { atMs, run });
    },
    run() {
      const endMs = clock();
      for (let next = due[0]; next !== undefined && next.atMs <= endMs; next = due[0]) {
        due.shift();
        nowMs = Math.max(nowMs, next.atMs);
        next.run();
      }
      nowMs = Math.max(nowMs, endMs);
    },
  };
}
