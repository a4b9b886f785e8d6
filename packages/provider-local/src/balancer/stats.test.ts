import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketOf, createCounters, latencyOf, mergeCounters, record, summarize } from "./stats.js";

describe("the sliding window", () => {
  it("counts what happened in it and forgets what is older", () => {
    const counters = createCounters();
    record(counters, 1_500, { latencyMs: 10 });
    record(counters, 9_999, { latencyMs: 10, serverError: true });
    record(counters, 10_000, { failed: true });
    const summary = summarize(counters, 10_900, 5);
    expect(summary).toMatchObject({ requests: 3, failures: 1, serverErrors: 1 });
    expect(summary.window).toMatchObject({
      seconds: 5,
      requests: 2,
      failures: 1,
      serverErrors: 1,
      requestsPerSecond: 0.4,
    });
  });

  it("is empty again when its time has passed, while the totals stay", () => {
    const counters = createCounters();
    record(counters, 5_000, { latencyMs: 3 });
    const summary = summarize(counters, 70_000, 60);
    expect(summary.requests).toBe(1);
    expect(summary.window.requests).toBe(0);
    expect(summary.window.latencyMs).toBeUndefined();
  });

  it("does not count a second twice when its slot is used again a minute later", () => {
    const counters = createCounters();
    record(counters, 5_000, { latencyMs: 3 });
    record(counters, 65_000, { latencyMs: 3 });
    expect(summarize(counters, 65_500, 60).window.requests).toBe(1);
  });

  it("holds exactly the events of its seconds, whenever they came", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 60 }), (steps, seconds) => {
        const counters = createCounters();
        let atMs = 0;
        const times = steps.map((step) => {
          atMs += step;
          record(counters, atMs, {});
          return Math.floor(atMs / 1_000);
        });
        const now = Math.floor(atMs / 1_000);
        const expected = times.filter((second) => second > now - seconds).length;
        expect(summarize(counters, atMs, seconds).window.requests).toBe(expected);
        expect(summarize(counters, atMs, seconds).requests).toBe(steps.length);
      }),
    );
  });

  it("gives the exact mean, and percentiles within ten percent of the true ones", () => {
    const latencies = fc.array(fc.double({ min: 0.1, max: 60_000, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(latencies, (values) => {
        const counters = createCounters();
        for (const latencyMs of values) record(counters, 1_000, { latencyMs });
        const measured = summarize(counters, 1_000, 1).window.latencyMs;
        const sorted = values.toSorted((a, b) => a - b);
        const truth = (fraction: number): number => sorted[Math.ceil(sorted.length * fraction) - 1] as number;
        expect(measured?.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 6);
        expect((measured?.p50 ?? 0) / truth(0.5)).toBeGreaterThan(0.9);
        expect((measured?.p50 ?? 0) / truth(0.5)).toBeLessThan(1.1);
        expect((measured?.p95 ?? 0) / truth(0.95)).toBeGreaterThan(0.9);
        expect((measured?.p95 ?? 0) / truth(0.95)).toBeLessThan(1.1);
      }),
    );
  });

  it.each([0, -1, Number.NaN, 1e12])("takes a latency of %d without harm", (latencyMs) => {
    expect(latencyOf(bucketOf(latencyMs))).toBeGreaterThan(0);
    expect(Number.isFinite(latencyOf(bucketOf(latencyMs)))).toBe(true);
  });
});

describe("a sum of counters", () => {
  it("equals the counters of everything together", () => {
    const event = fc.record({
      part: fc.nat(2),
      gapMs: fc.nat(15_000),
      latencyMs: fc.integer({ min: 1, max: 1_000 }),
      failed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        const parts = [createCounters(), createCounters(), createCounters()];
        const whole = createCounters();
        let atMs = 0;
        for (const { part, gapMs, ...outcome } of events) {
          atMs += gapMs;
          record(parts[part] as (typeof parts)[0], atMs, outcome);
          record(whole, atMs, outcome);
        }
        expect(summarize(mergeCounters(parts), atMs, 30)).toEqual(summarize(whole, atMs, 30));
      }),
    );
  });
});
