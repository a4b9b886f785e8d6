import type { Rounding, SimpleAdjust } from "../contracts/policy.js";
import { percentChange } from "./rounding.js";

/** No want is larger than this: the contracts' largest count. */
export const LARGEST_COUNT = 100_000;

/** How the percentages of a policy become whole instances. */
export interface PercentRule {
  readonly rounding: Rounding;
  /** A percentage changes at least this many; absent: as many as rounding says. */
  readonly minMagnitude?: number;
}

/** A whole count from 0 to {@link LARGEST_COUNT}; NaN becomes 0. */
export function asCount(value: number): number {
  if (!(value > 0)) return 0;
  return value > LARGEST_COUNT ? LARGEST_COUNT : value;
}

/**
 * The count that an adjustment asks for, before any bounds.
 * @param desired - the current desired count: the base of `change` and `percent`.
 */
export function applyAdjust(adjust: SimpleAdjust, desired: number, rule: PercentRule): number {
  if ("change" in adjust) return asCount(desired + adjust.change);
  if ("desired" in adjust) return adjust.desired;
  return asCount(desired + percentChange(desired, adjust.percent, rule.rounding, rule.minMagnitude));
}

/** Whether an adjustment could ask for more than `desired`. */
export function canGrow(adjust: SimpleAdjust, desired: number): boolean {
  if ("change" in adjust) return adjust.change > 0;
  if ("percent" in adjust) return adjust.percent > 0;
  return adjust.desired > desired;
}

/** An adjustment as people write it: `+1`, `-50%`, `desired 3`. */
export function describeAdjust(adjust: SimpleAdjust): string {
  if ("desired" in adjust) return `desired ${adjust.desired}`;
  const [amount, unit] = "change" in adjust ? [adjust.change, ""] : [adjust.percent, "%"];
  return `${amount > 0 ? "+" : ""}${amount}${unit}`;
}
