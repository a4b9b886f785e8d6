import type { Step } from "../contracts/policy.js";

/** Where a step pulls: `grow` or `shrink`. */
export type Direction = "grow" | "shrink";

/**
 * Where a step pulls: by the sign of its change; one with an exact count by the side on which it is open
 * (`atLeast` grows, `atMost` alone shrinks).
 */
export function stepDirection({ adjust, atLeast }: Step): Direction {
  if ("change" in adjust) return adjust.change > 0 ? "grow" : "shrink";
  if ("percent" in adjust) return adjust.percent > 0 ? "grow" : "shrink";
  return atLeast === undefined ? "shrink" : "grow";
}

/** Whether a value lies in a step: both bounds belong to it. */
export function stepHolds({ atLeast, atMost }: Step, value: number): boolean {
  return (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost);
}

/**
 * The step that applies to a value in one direction. Of several that hold the farthest wins: of growing steps the one
 * with the highest `atLeast`, of shrinking ones the one with the lowest `atMost` (then by the other bound, the
 * narrower). So `atLeast: 70` and `atLeast: 85` make AWS's intervals [70, 85) and [85, ∞), and `atMost: 40` and
 * `atMost: 20` make (20, 40] and (-∞, 20].
 * @returns undefined if none holds.
 */
export function findStep(steps: readonly Step[], value: number, direction: Direction): Step | undefined {
  let best: Step | undefined;
  for (const step of steps) {
    if (stepDirection(step) !== direction || !stepHolds(step, value)) continue;
    if (best === undefined || isFarther(step, best, direction)) best = step;
  }
  return best;
}

function isFarther(a: Step, b: Step, direction: Direction): boolean {
  const low = (a.atLeast ?? Number.NEGATIVE_INFINITY) - (b.atLeast ?? Number.NEGATIVE_INFINITY) || 0;
  const high = (b.atMost ?? Number.POSITIVE_INFINITY) - (a.atMost ?? Number.POSITIVE_INFINITY) || 0;
  const [first, second] = direction === "grow" ? [low, high] : [high, low];
  return first === 0 ? second > 0 : first > 0;
}
