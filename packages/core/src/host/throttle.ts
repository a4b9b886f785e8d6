import type { Clock } from "../clock.js";
import { delay } from "../wait.js";

/**
 * One gate for all requests to a host: a throttled answer makes every request wait, not only the one that got it.
 *
 * The pause doubles with each throttled answer in a row (from 500 ms up to 20 s, or what Retry-After says), and
 * halves with each good answer.
 */
export interface Throttle {
  /** Resolves when the next request may go. */
  pass(signal?: AbortSignal): Promise<void>;
  throttled(retryAfterMs?: number): void;
  succeeded(): void;
  /** How long requests wait now, in milliseconds. */
  waitMs(): number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
const LONGEST_RETRY_AFTER_MS = 120_000;

/** Makes an open gate. */
export function createThrottle(clock: Clock): Throttle {
  let pauseMs = 0;
  let openAtMs = 0;
  const waitMs = (): number => Math.max(0, openAtMs - clock.monotonic());
  return {
    waitMs,
    async pass(signal) {
      while (waitMs() > 0) await delay(clock, waitMs(), signal);
    },
    throttled(retryAfterMs) {
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs === 0 ? FIRST_PAUSE_MS : pauseMs * 2);
      const ms = Math.min(LONGEST_RETRY_AFTER_MS, Math.max(pauseMs, retryAfterMs ?? 0));
      openAtMs = Math.max(openAtMs, clock.monotonic() + ms);
    },
    succeeded() {
      pauseMs = pauseMs <= FIRST_PAUSE_MS ? 0 : pauseMs / 2;
    },
  };
}
