import type { MetricDataResult } from "@aws-sdk/client-cloudwatch";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCollector, newestSample, pastOf } from "./metric-answer.js";
import { type Unit, unitOf } from "./metric-query.js";
import { newestSpan } from "./metric-window.js";

const NOON_MS = Date.UTC(2026, 5, 1, 12, 0, 0);
const MINUTE_MS = 60_000;
const SPAN = newestSpan(MINUTE_MS, NOON_MS, 0);

const plain = unitOf({ namespace: "Shop", metric: "Jobs", stat: "Sum", dimensions: {} }, MINUTE_MS);
const other = unitOf({ namespace: "Shop", metric: "Users", stat: "Sum", dimensions: {} }, MINUTE_MS);
const search = unitOf({ expression: "SEARCH('x', 'Sum')", using: {} }, MINUTE_MS);

/** A result whose points begin so many minutes before noon. */
function result(Id: string, points: Record<number, number>, rest: Partial<MetricDataResult> = {}) {
  const minutes = Object.keys(points).map(Number);
  return {
    Id,
    StatusCode: "Complete" as const,
    Timestamps: minutes.map((minute) => new Date(NOON_MS - minute * MINUTE_MS)),
    Values: Object.values(points),
    ...rest,
  };
}

/** What pages make of one question. */
function answered(unit: Unit, ...pages: MetricDataResult[][]) {
  const collector = createCollector(new Map([["q0", unit]]));
  const early = pages.flatMap((MetricDataResults) => collector.take({ MetricDataResults }));
  const outcomes = [...early, ...collector.end()];
  expect(outcomes).toHaveLength(1);
  return outcomes[0]?.answer ?? "too-many";
}

/** The sample that pages make. */
function sample(unit: Unit, ...pages: MetricDataResult[][]) {
  const answer = answered(unit, ...pages);
  return typeof answer === "string" ? answer : newestSample(unit, answer, SPAN);
}

describe("the number in an answer", () => {
  it("is the newest whole period's, true at its end", () => {
    expect(sample(plain, [result("q0", { 3: 30, 1: 10, 2: 20 })])).toEqual({
      value: 10,
      observedAtMs: NOON_MS,
    });
    expect(sample(plain, [result("q0", { 2: 20 })])).toEqual({
      value: 20,
      observedAtMs: NOON_MS - MINUTE_MS,
    });
  });

  it("is not one of a period that still runs, or that is too old", () => {
    expect(sample(plain, [result("q0", { 0: 5, 1: 10 })])).toMatchObject({ value: 10 });
    expect(sample(plain, [result("q0", { 0: 5 })])).toMatchObject({ unavailable: expect.any(String) });
    expect(sample(plain, [result("q0", { 16: 5 })])).toMatchObject({ unavailable: expect.any(String) });
  });

  it("is zero only when a zero was put: no data point is no number", () => {
    expect(sample(plain, [result("q0", { 1: 0 })])).toMatchObject({ value: 0 });
    expect(sample(plain, [result("q0", {})])).toEqual({
      unavailable: "Shop Jobs has no data point in 15m; name and all dimensions must be those of CloudWatch",
    });
    expect(sample(search, [result("q0", {})])).toEqual({
      unavailable: "the expression has no data point in 15m",
    });
    expect(sample(search, [])).toEqual({ unavailable: "CloudWatch left it out of its answer" });
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY]])("is never %d", (value) =>
    expect(sample(plain, [result("q0", { 1: value })])).toEqual({ unavailable: `the value is ${value}` }),
  );

  it("is not one of several series", () => {
    const two = [result("q0", { 1: 1 }, { Label: "a" }), result("q0", { 1: 2 }, { Label: "b" })];
    const reason = { unavailable: expect.stringContaining("the expression gives 2 series") };
    expect(sample(search, two)).toEqual(reason);
    expect(sample(search, two.slice(0, 1), two.slice(1))).toEqual(reason);
    expect(
      sample(search, [result("q0", { 1: 1 }, { Label: "a" }), result("q0", {}, { Label: "a" })]),
    ).toEqual(reason);
  });

  it.each([
    [{ StatusCode: "PartialData" as const }, "CloudWatch gave only a part of its data"],
    [
      { StatusCode: "Forbidden" as const, Messages: [{ Code: "Forbidden", Value: "Ask in its own region" }] },
      "CloudWatch answered Forbidden: Forbidden: Ask in its own region",
    ],
    [{ StatusCode: undefined }, "CloudWatch answered without a status"],
  ])("is missing with %j", (rest, unavailable) =>
    expect(sample(plain, [result("q0", { 1: 1 }, rest as Partial<MetricDataResult>)])).toEqual({
      unavailable,
    }),
  );

  it("is asked for again when CloudWatch failed at it, and in smaller company when there was too much", () => {
    expect(answered(plain, [result("q0", {}, { StatusCode: "InternalError" })])).toBe("ask-again");
    const collector = createCollector(
      new Map([
        ["q0", search],
        ["q1", plain],
      ]),
    );
    const page = { MetricDataResults: [result("q0", { 1: 1 }), result("q1", { 1: 1 })] };
    const outcomes = collector.take({ ...page, Messages: [{ Code: "MaxMetricsExceeded" }] });
    expect(outcomes.map(({ unit }) => unit)).toEqual([plain]);
    expect(collector.end()).toEqual([{ unit: search, answer: "too-many" }]);
  });
});

describe("pages", () => {
  it("tell a question's answer as soon as it is whole", () => {
    const collector = createCollector(
      new Map([
        ["q0", plain],
        ["q1", other],
        ["q2", search],
      ]),
    );
    const part = { StatusCode: "PartialData" as const };
    const first = collector.take({
      MetricDataResults: [result("q0", { 1: 1 }), result("q1", { 1: 2 }, part), result("q2", { 1: 3 })],
    });
    expect(first.map(({ unit }) => unit)).toEqual([plain]);
    const second = collector.take({ MetricDataResults: [result("q1", { 2: 4 })] });
    expect(second).toEqual([
      {
        unit: other,
        answer: {
          series: [
            [
              { startMs: NOON_MS - MINUTE_MS, value: 2 },
              { startMs: NOON_MS - 2 * MINUTE_MS, value: 4 },
            ],
          ],
        },
      },
    ]);
    expect(collector.end().map(({ unit }) => unit)).toEqual([search]);
  });

  it("make the same answer however they cut it", () => {
    const minutes = fc.uniqueArray(fc.integer({ min: 1, max: 15 }), { minLength: 1 });
    fc.assert(
      fc.property(minutes, fc.array(fc.nat(15)), (all, cuts) => {
        const newestFirst = [...all].sort((a, b) => a - b);
        const ends = [...new Set([...cuts, all.length])]
          .filter((cut) => cut <= all.length)
          .sort((a, b) => a - b);
        const pages = ends.map((end, index) =>
          newestFirst.slice(ends[index - 1] ?? 0, end).map((minute) => [minute, minute * 10]),
        );
        const results = pages.map((points, index) => [
          result("q0", Object.fromEntries(points), {
            StatusCode: index === pages.length - 1 ? "Complete" : "PartialData",
          }),
        ]);
        const newest = Math.min(...all);
        expect(sample(plain, ...results)).toEqual({
          value: newest * 10,
          observedAtMs: NOON_MS - (newest - 1) * MINUTE_MS,
        });
      }),
    );
  });
});

describe("the past in an answer", () => {
  const answer = {
    series: [[4, 1, 3, 2].map((minute) => ({ startMs: NOON_MS - minute * MINUTE_MS, value: minute }))],
  };
  const at = (minute: number) => NOON_MS - minute * MINUTE_MS;

  it("is in order of time, from the first to before the last", () => {
    const range = { fromMs: at(3), toMs: at(0), stepMs: MINUTE_MS };
    expect(pastOf(plain, answer, range)).toEqual([
      { value: 4, observedAtMs: at(3) },
      { value: 3, observedAtMs: at(2) },
      { value: 2, observedAtMs: at(1) },
    ]);
  });

  it("has the newest of each step", () => {
    const range = { fromMs: at(3), toMs: at(-1), stepMs: 2 * MINUTE_MS };
    expect(pastOf(plain, answer, range)).toEqual([
      { value: 3, observedAtMs: at(2) },
      { value: 1, observedAtMs: at(0) },
    ]);
  });

  it("is one reason where there is none", () => {
    const range = { fromMs: at(3), toMs: at(0), stepMs: MINUTE_MS };
    expect(pastOf(plain, { unavailable: "why" }, range)).toEqual([{ unavailable: "why" }]);
    expect(pastOf(search, { series: [[], []] }, range)).toMatchObject([
      { unavailable: expect.stringContaining("2 series") },
    ]);
  });
});
