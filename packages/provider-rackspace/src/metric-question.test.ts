import { describe, expect, it } from "vitest";
import { spansOf } from "./metric-plots.js";
import { combined, groupQuestion, readQuestion } from "./metric-question.js";

describe("a group's own metric", () => {
  it.each([
    ["cpuPercent", "agent.cpu", [42], 42],
    ["memoryPercent", "agent.memory", [512, 2_048], 25],
    ["memoryBytes", "agent.memory", [512], 512],
  ])("%s comes from %s", (metric, check, numbers, value) => {
    const question = groupQuestion({ metric });
    expect(question).toMatchObject({ check, resolution: "full" });
    expect(typeof question === "object" && question.value(numbers)).toBe(value);
  });

  it("has the coarsest points that its window allows", () => {
    expect(groupQuestion({ metric: "cpuPercent", periodMs: 1_800_000 })).toMatchObject({ resolution: "20m" });
    expect(groupQuestion({ metric: "cpuPercent", periodMs: 60_000 })).toMatchObject({ resolution: "full" });
  });

  it("that the agent does not tell is refused, with those that it tells", () => {
    expect(groupQuestion({ metric: "requestRate" })).toMatch(/does not tell requestRate.*cpuPercent/);
  });

  it.each([
    ["mean", 2],
    ["max", 3],
    ["min", 1],
    ["sum", 6],
  ] as const)("is the %s of its instances", (stat, value) => expect(combined([1, 2, 3], stat)).toBe(value));
});

describe("a question", () => {
  it("has its usual words", () => {
    expect(readQuestion({ check: "agent.cpu", metric: "usage_average" })).toMatchObject({
      metrics: ["usage_average"],
      select: "average",
      stat: "mean",
      resolution: "full",
      offsetMs: 0,
    });
  });

  it("that makes no sense says why", () => {
    expect(readQuestion({ check: "agent.cpu" })).toMatch(/metric/);
  });
});

describe("a span", () => {
  it("is asked in pieces of 1440 points, on whole milliseconds", () => {
    const day = 86_400_000;
    expect(spansOf({ fromMs: 0.4, toMs: day - 0.5 }, "full")).toEqual([
      { fromMs: 0, toMs: day / 2 },
      { fromMs: day / 2, toMs: day },
    ]);
    expect(spansOf({ fromMs: 0, toMs: 5 * day }, "5m")).toHaveLength(1);
    expect(spansOf({ fromMs: 0, toMs: 5 * day + 1 }, "5m")).toHaveLength(2);
  });
});
