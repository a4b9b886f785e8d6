import { describe, expect, it } from "vitest";
import { adjusted, faultOf, type Step, stepFor } from "./scaling-adjust.js";

const wide = { min: 0, max: 1_000 };

describe("what a policy makes of desired", () => {
  it.each([
    ["of 10.1 % more than 100, the part is dropped", 100, "PercentChangeInCapacity", 10.9, wide, 110],
    ["a change of less than one is one", 4, "PercentChangeInCapacity", 10, wide, 5],
    ["a change of less than minus one, one fewer", 4, "PercentChangeInCapacity", -10, wide, 3],
    ["a quarter of ten goes up to minus two", 10, "PercentChangeInCapacity", -25, wide, 8],
    ["half more of three is four", 3, "PercentChangeInCapacity", 50, wide, 4],
    ["the least change holds for percentages", 10, "PercentChangeInCapacity", 10, { ...wide, least: 3 }, 13],
    ["and in the other direction", 10, "PercentChangeInCapacity", -10, { ...wide, least: 3 }, 7],
    ["nothing of anything is nothing", 0, "PercentChangeInCapacity", 50, { ...wide, least: 3 }, 0],
    ["a number is added", 3, "ChangeInCapacity", -2, wide, 1],
    ["or it is the number itself", 3, "ExactCapacity", 7, wide, 7],
    ["max ends it", 3, "ChangeInCapacity", 9, { min: 0, max: 5 }, 5],
    ["min too", 3, "ExactCapacity", 0, { min: 2, max: 5 }, 2],
  ])("%s", (_words, desired, kind, adjustment, bounds, wanted) => {
    expect(adjusted(desired, kind, adjustment, bounds)).toBe(wanted);
  });
});

describe("steps", () => {
  const growing: Step[] = [
    { lower: 0, upper: 10, adjustment: 1 },
    { lower: 10, adjustment: 2 },
  ];
  const shrinking: Step[] = [
    { upper: -10, adjustment: -2 },
    { lower: -10, upper: 0, adjustment: -1 },
  ];
  it.each([
    ["above: the lower bound counts in", growing, 0, 1],
    ["above: the upper one does not", growing, 10, 2],
    ["below: the upper bound counts in", shrinking, -10, -2],
    ["below: the lower one does not", shrinking, -9.9, -1],
    ["what fits no step has none", growing, -1, undefined],
  ])("%s", (_words, steps, over, adjustment) => {
    expect(stepFor(steps, over)?.adjustment).toBe(adjustment);
  });

  it.each<[string, Step[], string | undefined]>([
    ["that meet are fine", growing, undefined],
    [
      "that overlap",
      [
        { lower: 0, upper: 11, adjustment: 1 },
        { lower: 10, adjustment: 2 },
      ],
      "overlap",
    ],
    ["without any bound", [{ adjustment: 1 }], "At least one bound"],
    ["with an end below the threshold", [{ lower: -5, upper: 0, adjustment: -1 }], "unspecified lower"],
    ["with an end above it", [{ lower: 0, upper: 5, adjustment: 1 }], "unspecified upper"],
  ])("%s", (_words, steps, fault) => {
    if (fault === undefined) expect(faultOf(steps)).toBeUndefined();
    else expect(faultOf(steps)).toContain(fault);
  });
});
