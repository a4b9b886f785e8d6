import fc from "fast-check";
import { expect, test } from "vitest";
import { binaryFraction, ceilDiv, ceilRatio, decimalFraction, floorDiv, isWithin } from "./exact.js";

test("11 × 125 ÷ 55 is exactly 25, where floating point makes 26 of 11 × (125 ÷ 55)", () => {
  expect(Math.ceil(11 * (125 / 55))).toBe(26);
  expect(ceilRatio(11, 125, 55)).toBe(25);
});

test("fractions are read by their decimal text: 3 × 0.1 ÷ 0.3 is exactly 1", () => {
  expect(ceilRatio(3, 0.1, 0.3)).toBe(1);
  expect(ceilRatio(10, 0.7, 0.1)).toBe(70);
  expect(ceilRatio(1, 0.3, 0.1)).toBe(3);
});

test("every ratio of hundredths agrees with whole-number arithmetic", () => {
  const hundredths = fc.integer({ min: 1, max: 100_000 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_000 }), hundredths, hundredths, (count, value, target) => {
      expect(ceilRatio(count, value / 100, target / 100)).toBe(
        Number(ceilDiv(BigInt(count) * BigInt(value), BigInt(target))),
      );
    }),
    { numRuns: 2_000 },
  );
});

test("a ratio too large for a number is infinite, not an error", () => {
  expect(ceilRatio(1_000, 1e308, 1e-5)).toBe(Number.POSITIVE_INFINITY);
});

test("negative values have a ratio too", () => {
  expect(ceilRatio(3, -10, 20)).toBe(-1);
  expect(ceilRatio(3, -10.5, 20)).toBe(-1);
});

test("a value exactly at the edge of the tolerance is within it", () => {
  expect(isWithin(66, 60, 0.1)).toBe(true);
  expect(isWithin(54, 60, 0.1)).toBe(true);
  expect(isWithin(0.33, 0.3, 0.1)).toBe(true);
  expect(isWithin(0.3300001, 0.3, 0.1)).toBe(false);
  expect(isWithin(77, 70, 0.1)).toBe(true);
  expect(isWithin(20, 20, 0)).toBe(true);
});

test("the edge of every tolerance in whole percents is exact", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 0, max: 100 }), (target, percent) => {
      const edge = (target * (100 + percent)) / 100;
      expect(isWithin(Number(edge.toFixed(2)), target, percent / 100)).toBe(true);
      expect(isWithin(Number((edge + 0.01).toFixed(2)), target, percent / 100)).toBe(false);
    }),
  );
});

test("a double is its bits or its text", () => {
  expect(decimalFraction(1.1)).toEqual({ num: 11n, den: 10n });
  expect(decimalFraction(-2.5e-8)).toEqual({ num: -25n, den: 1_000_000_000n });
  expect(decimalFraction(1e21)).toEqual({ num: 10n ** 21n, den: 1n });
  const bits = binaryFraction(1.1);
  expect(bits.num * 10n > bits.den * 11n).toBe(true);
  expect(binaryFraction(-0.75)).toEqual({ num: -3n, den: 4n });
  expect(binaryFraction(5e-324).den).toBe(2n ** 1_074n);
});

test("division rounds down or up, below zero too", () => {
  expect([floorDiv(7n, 2n), floorDiv(-7n, 2n), floorDiv(-8n, 2n)]).toEqual([3n, -4n, -4n]);
  expect([ceilDiv(7n, 2n), ceilDiv(-7n, 2n), ceilDiv(8n, 2n)]).toEqual([4n, -3n, 4n]);
});
