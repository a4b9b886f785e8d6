/** Growth a second out of a counter's readings. */

/** One reading of a counter. */
export interface Reading {
  value: number;
  /** Milliseconds of any clock that never goes back. */
  atMs: number;
}

/** Readings kept of one counter; more than this in one window adds nothing. */
const MOST_READINGS = 256;

/**
 * Adds a reading and forgets what the window no longer needs: all before the newest one that is at least `windowMs`
 * old. A reading of the same moment replaces the one before.
 * @returns a new list, oldest first.
 */
export function addReading(readings: readonly Reading[], reading: Reading, windowMs: number): Reading[] {
  const kept = readings.filter(({ atMs }) => atMs < reading.atMs);
  kept.push(reading);
  const needed = kept.findLastIndex(({ atMs }) => atMs <= reading.atMs - windowMs);
  return kept.slice(Math.max(0, needed, kept.length - MOST_READINGS));
}

/**
 * Growth a second between the first and the last reading. A counter that has fallen began again at zero: what it
 * shows then is what it has grown by.
 * @returns undefined where there are fewer than two readings.
 */
export function rateOf(readings: readonly Reading[]): number | undefined {
  const first = readings[0];
  const last = readings.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
  let growth = 0;
  for (let at = 1; at < readings.length; at++) {
    const before = readings[at - 1]?.value ?? 0;
    const now = readings[at]?.value ?? 0;
    growth += now < before ? now : now - before;
  }
  return growth / ((last.atMs - first.atMs) / 1_000);
}
