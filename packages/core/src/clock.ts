/** Stops a timer that has not fired yet; calling it again does nothing. */
export type CancelTimer = () => void;

/** Where all time in Bellows comes from, so that it can be real, virtual or made to jump. */
export interface Clock {
  /** The time of day, in milliseconds since the epoch. It may jump, back or forth. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. For durations, not for records. */
  monotonic(): number;
  /**
   * Calls `run` once after `delayMs` (0 or more) of monotonic time.
   * A timer does not keep the process alive, unless `keepAlive` says so (somebody awaits it).
   */
  after(delayMs: number, run: () => void, options?: { keepAlive?: boolean }): CancelTimer;
}

/** Longest delay that the platform's timers take (2^31 - 1 ms, about 24.8 days). */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run, options) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(Math.max(0, leftMs), LONGEST_TIMER_MS);
      timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : run()), stepMs);
      if (!options?.keepAlive) timer.unref();
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until it is told to move. For tests and simulations. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`, firing due timers in order of their time. */
  advance(ms: number): void;
  /** Sets the time of day without moving monotonic time: what a jump of the system clock looks like. */
  jumpTo(epochMs: number): void;
}

/**
 * Makes a clock that only `advance` moves.
 * @param startMs - its first time of day, in milliseconds since the epoch.
 */
export function manualClock(startMs = 0): ManualClock {
  let wallMs = startMs;
  let monotonicMs = 0;
  let serial = 0;
  const timers = new Map<number, { dueMs: number; run: () => void }>();
  const next = (limitMs: number): [number, { dueMs: number; run: () => void }] | undefined => {
    let best: [number, { dueMs: number; run: () => void }] | undefined;
    for (const entry of timers) {
      if (entry[1].dueMs <= limitMs && (best === undefined || entry[1].dueMs < best[1].dueMs)) best = entry;
    }
    return best;
  };
  const moveTo = (targetMs: number): void => {
    const stepMs = Math.max(0, targetMs - monotonicMs);
    monotonicMs += stepMs;
    wallMs += stepMs;
  };
  return {
    now: () => wallMs,
    monotonic: () => monotonicMs,
    after(delayMs, run) {
      const id = ++serial;
      timers.set(id, { dueMs: monotonicMs + Math.max(0, delayMs), run });
      return () => void timers.delete(id);
    },
    advance(ms) {
      const targetMs = monotonicMs + ms;
      for (let due = next(targetMs); due !== undefined; due = next(targetMs)) {
        timers.delete(due[0]);
        moveTo(due[1].dueMs);
        due[1].run();
      }
      moveTo(targetMs);
    },
    jumpTo(epochMs) {
      wallMs = epochMs;
    },
  };
}
