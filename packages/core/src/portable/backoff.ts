/** First wait after a failure, in milliseconds. */
export const FIRST_WAIT_MS = 1_000;
/** Longest wait: a crash loop costs one start a minute, and a repaired one is back within it. */
export const LONGEST_WAIT_MS = 60_000;

/**
 * How long to wait after so many failures in a row: 1 s, 2 s, 4 s, up to 60 s.
 * @param failures - 0 or more; 0 waits not at all.
 */
export function backoffMs(failures: number): number {
  return failures <= 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 10));
}
