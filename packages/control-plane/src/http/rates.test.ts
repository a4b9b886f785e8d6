import { manualClock } from "@bellows/core";
import { expect, test } from "vitest";
import { createRate } from "./rates.js";

test("each has so many calls a window, which begins with the first", () => {
  const clock = manualClock(0);
  const rate = createRate(clock, 2, 60_000);
  expect(rate.take("a")).toEqual({ allowed: true, remaining: 1, fullInMs: 60_000 });
  clock.advance(20_000);
  expect(rate.take("a")).toMatchObject({ allowed: true, remaining: 0 });
  expect(rate.take("a")).toEqual({ allowed: false, remaining: 0, fullInMs: 40_000 });
  expect(rate.take("b").allowed).toBe(true);
  expect(rate.look("b").remaining).toBe(1);
  clock.advance(40_000);
  expect(rate.take("a").allowed).toBe(true);
});
