/** How much a policy changes a group, as AWS reckons. @see facts/aws.md, section 2, Rounding and Steps */

/** A step's share of an adjustment; bounds are relative to the alarm's threshold. */
export interface Step {
  lower?: number | undefined;
  upper?: number | undefined;
  adjustment: number;
}

/**
 * The new desired capacity: of the change, more than 1 is rounded down, less than -1 up, and what lies between becomes
 * 1 or -1; then the least change holds, for percentages alone; then the bounds.
 */
export function adjusted(
  desired: number,
  kind: string,
  adjustment: number,
  bounds: { min: number; max: number; least?: number | undefined },
): number {
  let wanted = desired + adjustment;
  if (kind === "ExactCapacity") wanted = adjustment;
  if (kind === "PercentChangeInCapacity") wanted = desired + percentChange(desired, adjustment, bounds.least);
  return Math.min(bounds.max, Math.max(bounds.min, wanted));
}

function percentChange(desired: number, percent: number, least = 0): number {
  const change = (desired * percent) / 100;
  if (change === 0) return 0;
  const rounded = Math.abs(change) < 1 ? Math.sign(change) : Math.trunc(change);
  return Math.sign(change) * Math.max(Math.abs(rounded), least);
}

/**
 * The step for a value that is `over` the threshold (below it, negative): its bound next to the threshold counts in. On
 * the threshold that is the step that begins there, or where none does, the one that ends there.
 */
export function stepFor(steps: readonly Step[], over: number): Step | undefined {
  const above = ({ lower = Number.NEGATIVE_INFINITY, upper = Number.POSITIVE_INFINITY }: Step): boolean =>
    over >= 0 && over >= lower && over < upper;
  const below = ({ lower = Number.NEGATIVE_INFINITY, upper = Number.POSITIVE_INFINITY }: Step): boolean =>
    over <= 0 && over > lower && over <= upper;
  return steps.find(above) ?? steps.find(below);
}

/** What is wrong with steps, in AWS's sense; undefined when nothing is. */
export function faultOf(steps: readonly Step[]): string | undefined {
  const sorted = steps.toSorted((a, b) => (a.lower ?? -Infinity) - (b.lower ?? -Infinity));
  if (steps.some(({ lower, upper }) => lower === undefined && upper === undefined))
    return "At least one bound must be specified";
  if (sorted.some((step, index) => index > 0 && step.lower !== sorted[index - 1]?.upper))
    return "Step adjustment intervals can't overlap or have a gap between them";
  if (steps.some(({ lower }) => lower !== undefined && lower < 0) && sorted[0]?.lower !== undefined)
    return "There must be a step adjustment with an unspecified lower bound when one has a negative lower bound";
  if (steps.some(({ upper }) => upper !== undefined && upper > 0) && sorted.at(-1)?.upper !== undefined)
    return "There must be a step adjustment with an unspecified upper bound when one has a positive upper bound";
  return undefined;
}
