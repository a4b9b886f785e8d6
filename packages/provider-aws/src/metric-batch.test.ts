import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchesOf } from "./metric-batch.js";
import { companyOf, placesOf, type Unit, unitOf } from "./metric-query.js";
import { isPeriod, keptMs, newestSpan } from "./metric-window.js";

const NOON_MS = Date.UTC(2026, 5, 1, 12, 0, 0);
const MINUTE_MS = 60_000;

const unit = (n: number, periodMs = MINUTE_MS, region?: string): Unit =>
  unitOf({ namespace: "Shop", metric: `m${n}`, stat: "Sum", dimensions: {} }, periodMs, region);
const units = (count: number, periodMs?: number, region?: string): Unit[] =>
  Array.from({ length: count }, (_, n) => unit(n, periodMs, region));
const newest = ({ periodMs }: Unit) => newestSpan(periodMs, NOON_MS + 12_345, 0);
const sizes = (asked: readonly Unit[]): number[] =>
  batchesOf(asked, newest).map((batch) => batch.units.length);

describe("the newest data point", () => {
  it.each([
    // period, seconds after noon, offset; begin and end in seconds after noon
    [60, 90, 0, -840, 60],
    [60, 60, 0, -840, 60],
    [60, 59.999, 0, -900, 0],
    [60, 90, 60, -900, 0],
    [300, 299, 0, -900, 0],
    [3_600, 90, 0, -10_800, 0],
    [420, 90, 0, -1_560, -300],
    [10, 15, 0, -170, 10],
    [1, 15.5, 2, -167, 13],
  ])(
    "of %d s, %d s after noon and %d s back, lies between %d and %d s",
    (period, after, offset, from, to) => {
      const span = newestSpan(period * 1_000, NOON_MS + after * 1_000, offset * 1_000);
      expect([(span.startMs - NOON_MS) / 1_000, (span.endMs - NOON_MS) / 1_000]).toEqual([from, to]);
    },
  );

  it.each([
    [1_000, 3 / 24],
    [60_000, 15],
    [120_000, 15],
    [300_000, 63],
    [3_600_000, 455],
    [86_400_000, 455],
  ])("of %d ms is kept for %d days", (periodMs, days) => expect(keptMs(periodMs)).toBe(days * 86_400_000));

  it.each([
    [1_000, true],
    [5_000, true],
    [2_000, false],
    [45_000, false],
    [60_000, true],
    [90_000, false],
    [0, false],
    [300_000, true],
  ])("may have a period of %d ms: %s", (ms, is) => expect(isPeriod(ms)).toBe(is));
});

describe("questions are put together", () => {
  it("five hundred a call", () => {
    expect(sizes([])).toEqual([]);
    expect(sizes(units(500))).toEqual([500]);
    expect(sizes(units(501))).toEqual([500, 1]);
    expect(sizes(units(1_500))).toEqual([500, 500, 500]);
  });

  it("whatever their periods, as long as the answer is not too long", () => {
    expect(sizes([...units(250, MINUTE_MS), ...units(250, 300_000)])).toEqual([500]);
    expect(sizes([...units(400, 1_000), unit(1, 3_600_000)])).toEqual([400, 1]);
  });

  it("by region", () => {
    expect(sizes([...units(2), ...units(3, MINUTE_MS, "us-east-1")]).sort()).toEqual([2, 3]);
  });

  it("with one SELECT a call, and METRICS() alone", () => {
    const select = (n: number): Unit =>
      unitOf({ expression: `SELECT MAX(m${n}) FROM s`, using: {} }, MINUTE_MS);
    const all = unitOf({ expression: "SUM(METRICS())", using: {} }, MINUTE_MS);
    expect(sizes([select(1), select(2), ...units(3), all])).toEqual([4, 1, 1]);
  });

  it("within what a call takes, each once, aligned to all periods, with all that each needs", () => {
    const periods = [1, 5, 10, 20, 30, 60, 120, 180, 300, 420, 660, 780, 3_600, 86_400];
    const someUnit = fc
      .tuple(
        fc.nat(5_000),
        fc.constantFrom(...periods),
        fc.constantFrom(undefined, "us-east-1"),
        fc.constantFrom("plain", "math", "select", "all"),
      )
      .map(([n, period, region, kind]): Unit => {
        const stat = { namespace: "Shop", metric: `m${n}`, stat: "Sum", dimensions: {} };
        if (kind === "plain") return unitOf(stat, period * 1_000, region);
        const expression = { math: "a * 2", select: "SELECT MAX(a) FROM s", all: "SUM(METRICS())" }[kind];
        return unitOf({ expression, using: { a: stat } }, period * 1_000, region);
      });
    fc.assert(
      fc.property(fc.uniqueArray(someUnit, { maxLength: 700, selector: ({ key }) => key }), (asked) => {
        const batches = batchesOf(asked, newest);
        const keys = batches.flatMap((batch) => batch.units.map(({ key }) => key));
        expect(keys.sort()).toEqual(asked.map(({ key }) => key).sort());
        for (const { units: together, startMs, endMs, region } of batches) {
          const places = together.reduce((sum, each) => sum + placesOf(each), 0);
          const points = together.reduce(
            (sum, each) => sum + (placesOf(each) * (endMs - startMs)) / each.periodMs,
            0,
          );
          expect(places).toBeLessThanOrEqual(500);
          expect(points).toBeLessThanOrEqual(100_800);
          const companies = together.map(companyOf);
          expect(companies.filter((company) => company === "no-select").length).toBeLessThanOrEqual(1);
          if (companies.includes("none")) expect(together).toHaveLength(1);
          for (const each of together) {
            expect(each.region).toBe(region);
            expect(startMs % each.periodMs).toBe(0);
            expect(startMs).toBeLessThanOrEqual(newest(each).startMs);
            expect(endMs).toBeGreaterThanOrEqual(newest(each).endMs);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
