import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wantForShare, wantForValue } from "./target.js";

const settled = (count: number) => ({ desired: count, inService: count, pending: 0 });

describe("a value target", () => {
  test("follows HPA's formula: 4 in service at 82 of 60 need 6", () => {
    expect(wantForValue(82, 60, 0.1, settled(4))).toEqual({ want: 6, reason: "over" });
  });
  test("shrinks by the same formula: 10 at 30 of 60 need 5", () => {
    expect(wantForValue(30, 60, 0.1, settled(10))).toEqual({ want: 5, reason: "under" });
  });
  test.each([54, 60, 66])("wants desired within its tolerance: %d of 60", (value) => {
    expect(wantForValue(value, 60, 0.1, settled(4))).toEqual({ want: 4, reason: "within" });
  });
  test("does not confuse in service with desired: it counts instances in service", () => {
    expect(wantForValue(90, 60, 0.1, { desired: 6, inService: 4, pending: 2 }).want).toBe(6);
    expect(wantForValue(120, 60, 0.1, { desired: 6, inService: 4, pending: 2 }).want).toBe(8);
  });
  test("never wants less than desired while instances are pending", () => {
    expect(wantForValue(10, 60, 0.1, { desired: 6, inService: 4, pending: 2 })).toEqual({
      want: 6,
      reason: "pending",
    });
  });
  test("says nothing while nothing is in service", () => {
    expect(wantForValue(500, 60, 0.1, { desired: 2, inService: 0, pending: 2 })).toEqual({
      want: 2,
      reason: "none-in-service",
    });
    expect(wantForValue(500, 60, 0.1, settled(0)).want).toBe(0);
  });
});

describe("a perInstance target", () => {
  test.each([
    [0, 0],
    [1, 1],
    [20, 1],
    [21, 2],
    [100, 5],
  ])("of 20 needs for %d exactly %d, from zero too", (queue, want) => {
    expect(wantForShare(queue, 20, 0, settled(0)).want).toBe(want);
  });
  test("has no tolerance unless it is given one", () => {
    expect(wantForShare(81, 20, 0, settled(4)).want).toBe(5);
    expect(wantForShare(81, 20, 0.1, settled(4)).want).toBe(4);
    expect(wantForShare(89, 20, 0.1, settled(4)).want).toBe(5);
  });
  test("never wants less than desired while instances are pending", () => {
    expect(wantForShare(20, 20, 0, { desired: 3, inService: 1, pending: 2 })).toEqual({
      want: 3,
      reason: "pending",
    });
  });
});

test("targets are monotonic: a larger value never wants fewer", () => {
  const value = fc.double({ min: 0, max: 1_000, noNaN: true });
  const count = fc.integer({ min: 0, max: 200 });
  fc.assert(
    fc.property(
      value,
      value,
      fc.double({ min: 0.1, max: 500, noNaN: true }),
      count,
      count,
      (a, b, aim, inService, pending) => {
        const counts = { desired: inService + pending, inService, pending };
        const [less, more] = a < b ? [a, b] : [b, a];
        for (const want of [wantForValue, wantForShare]) {
          expect(want(less, aim, 0, counts).want).toBeLessThanOrEqual(want(more, aim, 0, counts).want);
        }
      },
    ),
  );
});
