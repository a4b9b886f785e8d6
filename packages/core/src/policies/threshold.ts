/** How long a condition has held, without the time in which its data was missing. */
export interface Timer {
  heldMs: number;
  /** When it was last seen to hold; absent while its data is missing, so that the gap does not count. */
  seenAtMs?: number;
}

/**
 * Moves the timer of a `for` on by one look.
 * @param timer - as it was left by the last look; absent: the condition did not hold then.
 * @param holds - whether it holds now; `undefined`: its data is missing, and the timer stops where it is, neither
 *   going on nor back to 0.
 * @param nowMs - a clock that jumped back moves nothing.
 * @returns the timer to remember; absent when the condition is false.
 */
export function advanceTimer(
  timer: Timer | undefined,
  holds: boolean | undefined,
  nowMs: number,
): Timer | undefined {
  if (holds === false) return undefined;
  if (holds === undefined) {
    return timer === undefined || timer.seenAtMs === undefined ? timer : { heldMs: timer.heldMs };
  }
  const heldMs = timer?.heldMs ?? 0;
  const sinceMs = timer?.seenAtMs === undefined ? 0 : Math.max(0, nowMs - timer.seenAtMs);
  return { heldMs: heldMs + sinceMs, seenAtMs: nowMs };
}

/** How much longer a condition must hold, 0 if it has held long enough. */
export function timerLeftMs(timer: Timer | undefined, forMs: number): number {
  return Math.max(0, forMs - (timer?.heldMs ?? 0));
}
