import { expect, test } from "vitest";
import type { Timer } from "./threshold.js";
import { advanceTimer, timerLeftMs } from "./threshold.js";

/** Walks a timer through looks `[at, holds]`. */
function walk(...looks: [number, boolean | undefined][]): Timer | undefined {
  return looks.reduce<Timer | undefined>(
    (timer, [atMs, holds]) => advanceTimer(timer, holds, atMs),
    undefined,
  );
}

test("a condition has held for as long as it was seen to hold", () => {
  expect(walk([0, true])?.heldMs).toBe(0);
  expect(walk([0, true], [10, true], [25, true])?.heldMs).toBe(25);
});

test("false resets", () => {
  expect(walk([0, true], [10, true], [20, false])).toBeUndefined();
  expect(walk([0, true], [10, false], [20, true], [30, true])?.heldMs).toBe(10);
});

test("a missing sample stops the timer where it is", () => {
  expect(walk([0, true], [10, true], [20, undefined], [500, undefined])?.heldMs).toBe(10);
});

test("after the gap it goes on from there, and the gap does not count", () => {
  expect(walk([0, true], [10, true], [20, undefined], [30, true])?.heldMs).toBe(10);
  expect(walk([0, true], [10, true], [20, undefined], [30, true], [40, true])?.heldMs).toBe(20);
});

test("a missing sample starts no timer", () => {
  expect(walk([0, undefined])).toBeUndefined();
});

test("a clock that jumps back moves nothing", () => {
  expect(walk([1_000, true], [1_010, true], [200, true])?.heldMs).toBe(10);
  expect(walk([1_000, true], [1_010, true], [200, true], [215, true])?.heldMs).toBe(25);
});

test("what is left is never below zero", () => {
  expect(timerLeftMs({ heldMs: 30 }, 20)).toBe(0);
  expect(timerLeftMs({ heldMs: 5 }, 20)).toBe(15);
  expect(timerLeftMs(undefined, 20)).toBe(20);
});
