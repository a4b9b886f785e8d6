import { applyAdjust } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { adjustOf, amountOf } from "./policy-adjust.js";

// "Step and simple scaling policies" of the user guide: of the change, what is more than one
// is cut towards zero, what is less becomes one.
describe("percentages as AWS rounds them", () => {
  it.each([
    [3, 50, 4],
    [3, -50, 2],
    [10, 25, 12],
    [10, -25, 8],
    [4, -10, 3],
    [1, -50, 0],
    [127, 10, 139],
    [67, -10, 61],
    [1, 67, 2],
    [1, -58, 0],
    [25, 12, 28],
    [50, 10, 55],
    [0, 50, 0],
  ])("%d and %d percent is %d", (size, percent, result) =>
    expect(applyAdjust({ percent }, size, { rounding: "aws" })).toBe(result),
  );

  it.each([
    [4, 25, 2, 6],
    [4, -25, 2, 2],
    [100, 25, 2, 125],
  ])("%d and %d percent, at least %d, is %d", (size, percent, minMagnitude, result) =>
    expect(applyAdjust({ percent }, size, { rounding: "aws", minMagnitude })).toBe(result),
  );
});

it.each([
  [{ change: -2 }, { type: "ChangeInCapacity", amount: -2 }],
  [{ percent: 50 }, { type: "PercentChangeInCapacity", amount: 50 }],
  [{ desired: 0 }, { type: "ExactCapacity", amount: 0 }],
])("%j is %j, there and back", (adjust, amount) => {
  expect(amountOf(adjust)).toEqual(amount);
  expect(adjustOf(amount.type, amount.amount)).toEqual(adjust);
});
