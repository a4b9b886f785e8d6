import type { Rounding } from "../contracts/policy.js";
import { binaryFraction, ceilDiv, decimalFraction, floorDiv } from "./exact.js";

/**
 * How many instances a percentage changes, in each peer's own way; see {@link Rounding}. Exact: `otter` takes the
 * percentage as the exact expansion of its double (1.1 % of 1000 gives +12), the others as its decimal text.
 * @param count - what it is a percentage of: the desired count, 0 or more.
 * @param percent - positive to grow, negative to shrink; finite.
 * @param minMagnitude - it changes at least this many.
 * @returns the change, not the result; it may take more than there are.
 * @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html
 */
export function percentChange(count: number, percent: number, rounding: Rounding, minMagnitude = 0): number {
  const { num, den } = rounding === "otter" ? binaryFraction(percent) : decimalFraction(percent);
  const change = Number(ROUND[rounding](BigInt(count) * num, den * 100n));
  // Adding 0 turns -0 into 0.
  return (percent > 0 ? Math.max(change, minMagnitude) : Math.min(change, -minMagnitude)) + 0;
}

/** Each rounds the exact change `num / den`. Counts are whole, so rounding the result is rounding the change. */
const ROUND: Readonly<Record<Rounding, (num: bigint, den: bigint) => bigint>> = {
  aws: (num, den) => (num !== 0n && magnitude(num) < den ? signOf(num) : num / den),
  otter: (num, den) => (num > 0n ? ceilDiv(num, den) : floorDiv(num, den)),
  nomad: ceilDiv,
  cf: (num, den) => floorDiv(2n * num + den, 2n * den) || signOf(num),
  hpa: (num, den) => (num > 0n ? ceilDiv(num, den) : floorDiv(num, den)),
};

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function signOf(value: bigint): bigint {
  if (value === 0n) return 0n;
  return value < 0n ? -1n : 1n;
}
