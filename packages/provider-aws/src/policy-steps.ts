/**
 * The steps of a policy as AWS's intervals, and back. Pure.
 *
 * Note [Intervals]: a step of the contract holds up to its bounds, and of several that hold the farthest wins; AWS has
 * intervals side by side, of which the one nearer to the threshold gives its far bound to the next. The two say the
 * same: `atLeast: 0` and `atLeast: 10` are [0, 10) and [10, ∞), `atMost: 0` and `atMost: -10` are (-10, 0] and
 * (-∞, -10]. So a step that is open on its far side ends where the next begins. Steps that are closed must meet.
 * @see docs.aws.amazon.com, Auto Scaling API, StepAdjustment
 */
import type { StepAdjustment } from "@aws-sdk/client-auto-scaling";
import type { SimpleAdjust, Step } from "@bellows/core";
import { adjustFaults, adjustOf, amountOf } from "./policy-adjust.js";

/** Most steps of a policy. @see docs.aws.amazon.com, Auto Scaling quotas */
const MOST_STEPS = 20;

/** Where one adjustment holds; an end that is left out is infinite. */
export interface Interval {
  from?: number;
  to?: number;
  adjust: SimpleAdjust;
}

const low = ({ from = Number.NEGATIVE_INFINITY }: Interval): number => from;
const high = ({ to = Number.POSITIVE_INFINITY }: Interval): number => to;

/**
 * The intervals that steps mean, from the lowest to the highest.
 * @param faults - takes what has no meaning for AWS: steps without bounds, overlaps, gaps, several ways of changing.
 */
export function intervalsOf(steps: readonly Step[], faults: string[]): Interval[] {
  const boundless = steps.flatMap(({ atLeast, atMost }, index) => {
    if (atLeast === undefined && atMost === undefined)
      return [`adjust.steps.${index}: needs atLeast or atMost`];
    if (atLeast !== undefined && atMost !== undefined && atLeast >= atMost)
      return [`adjust.steps.${index}: atLeast ${atLeast} must be less than atMost ${atMost}`];
    return [];
  });
  faults.push(
    ...boundless,
    ...adjustFaults(
      steps.map(({ adjust }) => adjust),
      (index) => `adjust.steps.${index}.adjust`,
    ),
    ...(steps.length > MOST_STEPS ? [`adjust.steps: at most ${MOST_STEPS}, not ${steps.length}`] : []),
  );
  const intervals = nestled(steps);
  if (boundless.length === 0) faults.push(...seamFaults(intervals));
  return intervals;
}

/** Sorted, and open steps ended where their neighbour begins. */
function nestled(steps: readonly Step[]): Interval[] {
  const intervals = steps
    .map(({ atLeast, atMost, adjust }) => intervalOf(atLeast, atMost, adjust))
    .sort((a, b) => compare(low(a), low(b)) || compare(high(a), high(b)));
  return intervals.map(({ from, to, adjust }, index) => {
    const [before, after] = [intervals[index - 1], intervals[index + 1]];
    const start = from === undefined && before?.from === undefined ? before?.to : from;
    const end = to === undefined && after !== undefined && after.to === undefined ? after.from : to;
    return intervalOf(start, end, adjust);
  });
}

/** An interval without the keys of its open ends. */
export function intervalOf(from: number | undefined, to: number | undefined, adjust: SimpleAdjust): Interval {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }), adjust };
}

/** Infinities are equal to themselves, which their difference is not. */
function compare(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function seamFaults(intervals: readonly Interval[]): string[] {
  return intervals.slice(1).flatMap((interval, index) => {
    const before = intervals[index] as Interval;
    const [end, start] = [high(before), low(interval)];
    if (low(before) === end || start === high(interval)) return [`adjust.steps: two steps begin at ${end}`];
    if (end > start)
      return [`adjust.steps: two steps overlap from ${start} to ${Math.min(end, high(interval))}`];
    return end < start ? [`adjust.steps: no step holds from ${end} to ${start}`] : [];
  });
}

/**
 * What AWS would refuse at the ends of intervals that count from a threshold: below it they must go on for ever, and
 * above it too.
 */
export function endFaults(intervals: readonly Interval[]): string[] {
  const [first, last] = [intervals[0], intervals.at(-1)];
  return [
    ...(first?.from !== undefined && first.from < 0
      ? [`adjust.steps: no step holds below ${first.from}: leave atLeast out of the lowest`]
      : []),
    ...(last?.to !== undefined && last.to > 0
      ? [`adjust.steps: no step holds above ${last.to}: leave atMost out of the highest`]
      : []),
  ];
}

/** Intervals in AWS's words. */
export function stepAdjustments(intervals: readonly Interval[]): StepAdjustment[] {
  return intervals.map(({ from, to, adjust }) => ({
    ...(from === undefined ? {} : { MetricIntervalLowerBound: from }),
    ...(to === undefined ? {} : { MetricIntervalUpperBound: to }),
    ScalingAdjustment: amountOf(adjust).amount,
  }));
}

/** Intervals as steps, in the form in which policies of AWS have them: side by side, from the lowest to the highest. */
export function stepsOf(intervals: readonly Interval[]): Step[] {
  return intervals.map(({ from, to, adjust }) => ({
    ...(from === undefined ? {} : { atLeast: from }),
    ...(to === undefined ? {} : { atMost: to }),
    adjust,
  }));
}

/** Step adjustments of AWS as intervals. */
export function readIntervals(type: string | undefined, steps: readonly StepAdjustment[]): Interval[] {
  return steps
    .map((step) =>
      intervalOf(
        step.MetricIntervalLowerBound,
        step.MetricIntervalUpperBound,
        adjustOf(type, step.ScalingAdjustment ?? 0),
      ),
    )
    .sort((a, b) => compare(low(a), low(b)));
}

/**
 * The interval that AWS looks up for a value: above the threshold its lower bound belongs to it, below the upper one.
 * On the threshold it is taken as AWS takes alarms: from above where an interval begins there, else from below.
 * @param breach - how far the metric lies above the threshold (negative: below).
 */
export function findInterval(intervals: readonly Interval[], breach: number): Interval | undefined {
  const fromAbove = (interval: Interval): boolean => low(interval) <= breach && breach < high(interval);
  const fromBelow = (interval: Interval): boolean => low(interval) < breach && breach <= high(interval);
  if (breach < 0) return intervals.find(fromBelow);
  return intervals.find(fromAbove) ?? (breach === 0 ? intervals.find(fromBelow) : undefined);
}
