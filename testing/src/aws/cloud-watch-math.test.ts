import { describe, expect, it } from "vitest";
import type { Series } from "./cloud-watch-data.js";
import { evaluate, type Names, seriesIn } from "./cloud-watch-math.js";

const one: Series = new Map([
  [0, 1],
  [60, 2],
  [120, 3],
]);
const two: Series = new Map([
  [0, 10],
  [120, 30],
]);
const names: Names = {
  id: (name) => (name === "m1" ? one : two),
  metrics: () => [one, two],
  search: () => [one, two],
};

describe("metric math", () => {
  it.each([
    ["m1 + m2", [11, 33]],
    ["(m1 + 1) * 2", [4, 6, 8]],
    ["100 - m1 / 2", [99.5, 99, 98.5]],
    ["-m1", [-1, -2, -3]],
    ["m1 / (m1 - 2)", [-1, 3]],
    ["FILL(m2, 0)", [10, 0, 30]],
    ["FILL(m2, REPEAT)", [10, 10, 30]],
    ["m1 + FILL(m2, 0)", [11, 2, 33]],
    ["SUM([m1, m2])", [11, 2, 33]],
    ["SUM(METRICS())", [11, 2, 33]],
    ["MAX(m1) - m1", [2, 1, 0]],
    ["IF(m1 > 1, m1, 0)", [0, 2, 3]],
    ["AVG(SEARCH('{Shop,Name} MetricName=\"Depth\"', 'Sum', 60))", [5.5, 2, 16.5]],
  ])("%s", (expression, values) => {
    expect(seriesIn(evaluate(expression, names)).map((series) => [...series.values()])).toEqual([values]);
  });

  it.each(["m1 +", "m1 m2", "m1 ? m2", "RATE(m1)", "(m1"])("%s is refused", (expression) => {
    expect(() => evaluate(expression, names)).toThrow(/Error in expression|Unsupported/);
  });

  it("of several series gives several", () => {
    expect(seriesIn(evaluate("METRICS() * 2", names))).toHaveLength(2);
  });
});
