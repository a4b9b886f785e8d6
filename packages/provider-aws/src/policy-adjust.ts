/** How much, in AWS's words. Pure. @see docs.aws.amazon.com, "Step and simple scaling policies" */
import type { SimpleAdjust } from "@bellows/core";

const TYPES = {
  change: "ChangeInCapacity",
  percent: "PercentChangeInCapacity",
  desired: "ExactCapacity",
} as const;

/** How AWS reads the number of an adjustment. */
export type AdjustmentType = (typeof TYPES)[keyof typeof TYPES];

/** An adjustment in AWS's words. */
interface Amount {
  type: AdjustmentType;
  amount: number;
}

/** An adjustment in AWS's words. */
export function amountOf(adjust: SimpleAdjust): Amount {
  if ("change" in adjust) return { type: TYPES.change, amount: adjust.change };
  if ("percent" in adjust) return { type: TYPES.percent, amount: adjust.percent };
  return { type: TYPES.desired, amount: adjust.desired };
}

/** An adjustment of AWS in the contract's words. */
export function adjustOf(type: string | undefined, amount: number): SimpleAdjust {
  if (type === TYPES.percent) return { percent: amount };
  return type === TYPES.desired ? { desired: amount } : { change: amount };
}

/**
 * What AWS would refuse in some adjustments of one policy: percentages that are not whole, and several ways of changing.
 * @param path - of each, for the faults.
 */
export function adjustFaults(adjusts: readonly SimpleAdjust[], path: (index: number) => string): string[] {
  const faults = adjusts.flatMap((adjust, index) =>
    "percent" in adjust && !Number.isInteger(adjust.percent)
      ? [`${path(index)}: AWS takes whole percentages, not ${adjust.percent}`]
      : [],
  );
  const words = new Set(adjusts.flatMap((adjust) => Object.keys(adjust)));
  if (words.size > 1)
    faults.push(`adjust: AWS has one way to change in a policy, not ${[...words].join(" and ")}`);
  return faults;
}
