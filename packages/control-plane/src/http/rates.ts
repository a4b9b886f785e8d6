import type { Clock } from "@bellows/core";

/** What is left of somebody's allowance. */
export interface Allowance {
  /** Whether this call is within it. */
  allowed: boolean;
  remaining: number;
  /** When it is full again, in milliseconds from now. */
  fullInMs: number;
}

/** Counts calls in windows of one length, each key for itself. */
export interface Rate {
  readonly limit: number;
  /** Counts one call. */
  take(key: string): Allowance;
  /** Looks without counting. */
  look(key: string): Allowance;
}

/** The most keys that are counted at a time: when there are more, all begin anew. */
const MOST_KEYS = 20_000;

/** Makes a rate. @param windowMs - length of a window; it begins with the first call in it. */
export function createRate(clock: Clock, limit: number, windowMs: number): Rate {
  const windows = new Map<string, { sinceMs: number; count: number }>();
  const current = (key: string): { sinceMs: number; count: number } => {
    const nowMs = clock.monotonic();
    const old = windows.get(key);
    return old === undefined || nowMs - old.sinceMs >= windowMs ? { sinceMs: nowMs, count: 0 } : old;
  };
  const allowanceOf = ({ sinceMs, count }: { sinceMs: number; count: number }): Allowance => ({
    allowed: count <= limit,
    remaining: Math.max(0, limit - count),
    fullInMs: sinceMs + windowMs - clock.monotonic(),
  });
  return {
    limit,
    take(key) {
      const window = current(key);
      window.count += 1;
      if (windows.size >= MOST_KEYS && !windows.has(key)) windows.clear();
      windows.set(key, window);
      return allowanceOf(window);
    },
    look: (key) => allowanceOf(current(key)),
  };
}
