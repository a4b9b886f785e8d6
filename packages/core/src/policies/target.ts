import { asCount } from "./adjust.js";
import { ceilRatio, isWithin } from "./exact.js";

/** Default tolerance of a `value` target, as HPA's. */
export const VALUE_TOLERANCE = 0.1;
/** Default tolerance of a `perInstance` target: whole work wants whole instances. */
export const SHARE_TOLERANCE = 0;

/** What a target policy says about a value. `reason` tells which rule spoke last. */
export interface TargetAnswer {
  want: number;
  reason: "over" | "under" | "within" | "pending" | "none-in-service";
}

/** Counts that a target looks at. */
export interface TargetCounts {
  readonly desired: number;
  readonly inService: number;
  readonly pending: number;
}

/**
 * A `value` target, by HPA's formula: `ceil(inService * value / target)`, unless value is within the tolerance.
 * With nothing in service there is no ratio: it wants `desired`, so such a policy alone never starts a group from
 * zero (`perInstance` does).
 * @param tolerance - fraction of the target, 0 to 1.
 * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
 */
export function wantForValue(
  value: number,
  target: number,
  tolerance: number,
  counts: TargetCounts,
): TargetAnswer {
  if (counts.inService === 0) return { want: counts.desired, reason: "none-in-service" };
  if (isWithin(value, target, tolerance)) return { want: counts.desired, reason: "within" };
  return whilePending(asCount(ceilRatio(counts.inService, value, target)), value > target, counts);
}

/**
 * A `perInstance` target: as many instances as `value` has shares, `ceil(value / share)`; works from zero.
 * @param tolerance - fraction of what the instances in service can take, 0 to 1.
 */
export function wantForShare(
  value: number,
  share: number,
  tolerance: number,
  counts: TargetCounts,
): TargetAnswer {
  const fits = share * counts.inService;
  if (tolerance > 0 && fits > 0 && isWithin(value, fits, tolerance))
    return { want: counts.desired, reason: "within" };
  const want = asCount(ceilRatio(1, value, share));
  return want === counts.desired
    ? { want, reason: "within" }
    : whilePending(want, want > counts.desired, counts);
}

/** While instances are pending their effect is unknown: never less than `desired`. */
function whilePending(want: number, over: boolean, counts: TargetCounts): TargetAnswer {
  if (counts.pending > 0 && want < counts.desired) return { want: counts.desired, reason: "pending" };
  return { want, reason: over ? "over" : "under" };
}
