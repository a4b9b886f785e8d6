/**
 * When CloudWatch is asked about. Pure.
 *
 * Note [Alignment]: a data point has the time at which its period begins, and periods are counted from the start of the
 * call. So a call starts at a multiple of all periods that it asks for; and what it answers for a period that was
 * still running at the end that was asked for is not used.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Periods of metrics with high resolution. @see docs.aws.amazon.com, MetricDataQuery, Period */
const SHORT_PERIODS_MS = [1, 5, 10, 20, 30].map((seconds) => seconds * SECOND_MS);
/**
 * How far back the newest data point is looked for: over the five minutes of basic monitoring, with time to arrive.
 * Whoever asks tells by `maxAge` what is too old.
 */
const LOOK_BACK_MS = 15 * MINUTE_MS;
const LOOK_BACK_SHORT_MS = 3 * MINUTE_MS;
const LEAST_PERIODS = 3;

/** A span of time. */
export interface Span {
  startMs: number;
  /** Exclusive. */
  endMs: number;
}

/** Whether CloudWatch has data points of this length. */
export function isPeriod(ms: number): boolean {
  return SHORT_PERIODS_MS.includes(ms) || (ms >= MINUTE_MS && ms % MINUTE_MS === 0);
}

/** The last multiple of `stepMs` that is not after `ms`. */
export function alignDown(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs;
}

/** How far back the newest data point of a period is looked for. */
export function lookBackMs(periodMs: number): number {
  const least = periodMs < MINUTE_MS ? LOOK_BACK_SHORT_MS : LOOK_BACK_MS;
  return Math.max(least, LEAST_PERIODS * periodMs);
}

/** Where the newest data point is, that had ended `offsetMs` before now. */
export function newestSpan(periodMs: number, nowMs: number, offsetMs: number): Span {
  const endMs = alignDown(nowMs - offsetMs, periodMs);
  return { startMs: endMs - alignDown(lookBackMs(periodMs), periodMs), endMs };
}

/** For how long CloudWatch keeps data points of this length. @see docs.aws.amazon.com, GetMetricData */
export function keptMs(periodMs: number): number {
  if (periodMs < MINUTE_MS) return 3 * HOUR_MS;
  if (periodMs % (5 * MINUTE_MS) !== 0) return 15 * DAY_MS;
  return periodMs % HOUR_MS === 0 ? 455 * DAY_MS : 63 * DAY_MS;
}
