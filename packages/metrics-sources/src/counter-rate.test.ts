import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addReading, type Reading, rateOf } from "./counter-rate.js";

const readings = (...values: [atSeconds: number, value: number][]): Reading[] =>
  values.map(([atSeconds, value]) => ({ atMs: atSeconds * 1_000, value }));

describe("the rate of a counter", () => {
  test.each([
    ["nothing yet", readings(), undefined],
    ["one reading is no rate", readings([0, 100]), undefined],
    ["growth over time", readings([0, 100], [10, 150]), 5],
    ["standing still", readings([0, 100], [10, 100]), 0],
    ["begun again: what it shows is what it grew by", readings([0, 100], [10, 150], [20, 30]), 4],
    ["begun again at zero", readings([0, 100], [10, 0]), 0],
  ])("%s", (_name, given, rate) => {
    expect(rateOf(given)).toBe(rate);
  });

  test("is over the window, and one reading before it", () => {
    let kept: Reading[] = [];
    for (let second = 0; second <= 100; second += 10)
      kept = addReading(kept, { atMs: second * 1_000, value: second }, 25_000);
    expect(kept.map(({ atMs }) => atMs / 1_000)).toEqual([70, 80, 90, 100]);
  });

  test("where rounds are rarer than the window, the reading before still counts", () => {
    const kept = addReading(readings([0, 0]), { atMs: 60_000, value: 120 }, 10_000);
    expect(rateOf(kept)).toBe(2);
  });

  test("of a steady counter is its pace; a restart that nobody could see can only lower it", () => {
    const step = fc.record({ seconds: fc.integer({ min: 1, max: 60 }), restart: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 100 }),
        fc.integer({ min: 0, max: 1_000 }),
        (steps, pace) => {
          let kept = addReading([], { atMs: 0, value: 0 }, 30_000);
          let atMs = 0;
          let value = 0;
          let hidden = false;
          for (const { seconds, restart } of steps) {
            const before = value;
            atMs += seconds * 1_000;
            value = (restart ? 0 : value) + seconds * pace;
            hidden ||= restart && value >= before;
            kept = addReading(kept, { atMs, value }, 30_000);
          }
          if (hidden) expect(rateOf(kept)).toBeLessThanOrEqual(pace + 1e-6);
          else expect(rateOf(kept)).toBeCloseTo(pace, 6);
        },
      ),
    );
  });
});
