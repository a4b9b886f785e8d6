import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Rounding } from "../contracts/policy.js";
import { applyAdjust } from "./adjust.js";
import { percentChange } from "./rounding.js";

const MODES: Rounding[] = ["aws", "otter", "nomad", "cf", "hpa"];

/** New size of `count` after `percent`. */
function resize(count: number, percent: number, rounding: Rounding, minMagnitude?: number): number {
  return applyAdjust(
    { percent },
    count,
    minMagnitude === undefined ? { rounding } : { rounding, minMagnitude },
  );
}

describe("the same percentage means another count on another cloud", () => {
  test.each([
    [3, 50, 4, 5, 5, 5, 5],
    [3, -50, 2, 1, 2, 2, 1],
    [10, 25, 12, 13, 13, 13, 13],
    [10, -25, 8, 7, 8, 8, 7],
    [4, -10, 3, 3, 4, 3, 3],
    [1, -50, 0, 0, 1, 0, 0],
  ])("%i changed by %i percent is aws %i, otter %i, nomad %i, cf %i, hpa %i", (count, percent, ...sizes) => {
    expect(MODES.map((mode) => resize(count, percent, mode))).toEqual(sizes);
  });
});

describe("no rounding is left to floating point", () => {
  test.each(MODES)("25 and 12 percent more are exactly 28 under %s", (mode) => {
    expect(resize(25, 12, mode)).toBe(28);
  });

  test.each(MODES)("50 and 10 percent more are exactly 55 under %s", (mode) => {
    expect(resize(50, 10, mode)).toBe(55);
  });

  test("otter takes the exact expansion of the double: 1.1 % of 1000 gives +12", () => {
    expect(percentChange(1_000, 1.1, "otter")).toBe(12);
    expect(percentChange(1_000, -1.1, "otter")).toBe(-12);
  });

  test.each(["aws", "nomad", "cf", "hpa"] as const)(
    "%s takes the decimal text: 1.1 percent of 1000 gives +11",
    (mode) => {
      expect(percentChange(1_000, 1.1, mode)).toBe(11);
    },
  );

  test("whole percentages agree with integer arithmetic for every size to 500", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 100 }), (count, percent) => {
        const up = Math.floor((count * percent + 99) / 100);
        const down = Math.floor((count * percent) / 100);
        expect(percentChange(count, percent, "hpa")).toBe(up);
        expect(percentChange(count, percent, "otter")).toBe(up);
        expect(percentChange(count, percent, "nomad")).toBe(up);
        expect(percentChange(count, -percent, "otter")).toBe(0 - up);
        expect(percentChange(count, -percent, "nomad")).toBe(0 - down);
        expect(percentChange(count, percent, "aws")).toBe(count > 0 && down === 0 ? 1 : down);
      }),
    );
  });

  test("percentages in scientific notation are read exactly", () => {
    expect(percentChange(1_000, 1e-7, "nomad")).toBe(1);
    expect(percentChange(2, 1e21, "nomad")).toBe(2e19);
  });
});

describe("AWS, from its guide", () => {
  test.each([
    [100, 12.7, 12],
    [10, 5, 1],
    [10, -5, -1],
    [100, -6.67, -6],
    [100, 1, 1],
    [100, 0.67, 1],
    [100, -0.58, -1],
  ])("%i changed by %d percent changes %i", (count, percent, change) => {
    expect(percentChange(count, percent, "aws")).toBe(change);
  });
});

describe("minMagnitude", () => {
  test("a percentage changes at least that many, in its own direction", () => {
    expect(resize(4, 10, "aws", 2)).toBe(6);
    expect(resize(4, -10, "aws", 2)).toBe(2);
    expect(resize(10, 50, "aws", 2)).toBe(15);
  });

  test("a rounding that would change nothing changes that many", () => {
    expect(resize(4, -10, "nomad")).toBe(4);
    expect(resize(4, -10, "nomad", 1)).toBe(3);
  });

  test("a group at zero grows by it", () => {
    expect(resize(0, 50, "otter")).toBe(0);
    expect(resize(0, 50, "otter", 2)).toBe(2);
  });
});

describe("cf", () => {
  test("differs by at least one", () => {
    expect(resize(10, 1, "cf")).toBe(11);
    expect(resize(10, -1, "cf")).toBe(9);
  });
  test("rounds a half up, in both directions", () => {
    expect(resize(10, 25, "cf")).toBe(13);
    expect(resize(10, -25, "cf")).toBe(8);
  });
});

test("no adjustment goes below zero or beyond the largest count", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 100_000 }),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.constantFrom(...MODES),
      (count, percent, mode) => {
        const size = resize(count, percent, mode);
        expect(Number.isInteger(size) && size >= 0 && size <= 100_000).toBe(true);
        if (percent > 0) expect(size).toBeGreaterThanOrEqual(count);
        else expect(size).toBeLessThanOrEqual(count);
      },
    ),
  );
});
