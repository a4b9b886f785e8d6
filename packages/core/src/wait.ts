import type { Clock } from "./clock.js";
import { systemClock } from "./clock.js";
import type { CallOptions } from "./contracts/common.js";
import { formatDuration } from "./duration.js";
import { TimeoutError } from "./errors.js";

/** Longest wait where a caller names none: ten minutes. */
export const DEFAULT_WAIT_MS = 600_000;
/** First and longest distance of two looks. */
const FIRST_POLL_MS = 100;
const LONGEST_POLL_MS = 10_000;

/** How to wait. */
export interface WaitOptions extends CallOptions {
  /** In milliseconds (default 600,000). */
  timeoutMs?: number;
  /** What is awaited, for the error: `group web to be stable`. */
  what?: string;
  /** Where time comes from (default: this machine's clock). */
  clock?: Clock;
  /** Longest distance of two looks, in milliseconds (default 10,000). */
  pollMs?: number;
}

/**
 * Looks again and again, at growing distances, until `look` answers something other than `undefined` or `false`.
 * While it waits the process stays alive.
 * @throws TimeoutError past the deadline; what was waited for may still happen.
 * @throws the signal's reason when it is aborted, and whatever `look` throws.
 */
export async function waitUntil<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions = {},
): Promise<T> {
  const clock = options.clock ?? systemClock;
  const timeoutMs = options.timeoutMs ?? DEFAULT_WAIT_MS;
  const startMs = clock.monotonic();
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(options.pollMs ?? LONGEST_POLL_MS, pollMs * 1.5)) {
    options.signal?.throwIfAborted();
    const answer = await look();
    if (answer !== undefined && answer !== false) return answer;
    const leftMs = timeoutMs - (clock.monotonic() - startMs);
    if (leftMs <= 0) throw timedOut(options.what, timeoutMs);
    await delay(clock, Math.min(pollMs, leftMs), options.signal);
  }
}

function timedOut(what: string | undefined, timeoutMs: number): TimeoutError {
  return new TimeoutError(`waited ${formatDuration(timeoutMs)} for ${what ?? "it"}`, {
    hint: "it may still happen; wait longer with timeoutMs, or look again",
  });
}

/**
 * Resolves after `delayMs`, keeping the process alive meanwhile.
 * @throws the signal's reason when it is aborted.
 */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const cancel = clock.after(
      delayMs,
      () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      },
      { keepAlive: true },
    );
    const stop = (): void => {
      cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", stop, { once: true });
  });
}
