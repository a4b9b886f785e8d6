import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UsePoint } from "./usage.js";
import { addPoint, combine, cpuPercentOf, useOf } from "./usage.js";

const use = (cpuMs: number, ageMs = 0) => ({ cpuMs, ageMs, memoryBytes: 1 });

describe("the processor's load", () => {
  it("counts from the start of the process at the first look", () => {
    const points = addPoint([], use(500, 1_000), 10_000);
    expect(cpuPercentOf(points, use(500, 1_000), 10_000, 1_000)).toBe(50);
  });

  it("counts from the newest look that is old enough", () => {
    const points: UsePoint[] = [
      { atMs: 0, cpuMs: 0 },
      { atMs: 5_000, cpuMs: 5_000 },
      { atMs: 9_500, cpuMs: 5_000 },
    ];
    expect(cpuPercentOf(points, use(6_000), 10_000, 1_000)).toBe(20);
    expect(cpuPercentOf(points, use(6_000), 10_000, 10_000)).toBe(60);
  });

  it("of two busy threads is 200", () => {
    expect(cpuPercentOf([{ atMs: 0, cpuMs: 0 }], use(2_000), 1_000, 1_000)).toBe(200);
  });

  it("is never negative, nor infinite, whatever was seen before", () => {
    const point = fc.record({
      atMs: fc.integer({ min: -1e6, max: 1e6 }),
      cpuMs: fc.integer({ min: 0, max: 1e9 }),
    });
    fc.assert(
      fc.property(
        fc.array(point),
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 1, max: 1e6 }),
        (points, cpuMs, windowMs) => {
          const percent = cpuPercentOf(points, use(cpuMs), 1_000_000, windowMs);
          expect(Number.isFinite(percent)).toBe(true);
          expect(percent).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});

describe("points", () => {
  it("that come too quickly are not kept, and old ones go", () => {
    let points = addPoint([], use(0, 100), 0);
    points = addPoint(points, use(1, 200), 100);
    expect(points).toHaveLength(2);
    for (let atMs = 1_000; atMs < 200_000; atMs += 1_000) points = addPoint(points, use(atMs), atMs);
    expect(points).toHaveLength(64);
    expect(points.at(-1)?.atMs).toBe(199_000);
  });
});

describe("a server's use", () => {
  const processes = [
    { pid: 10, group: 10, cpuMs: 5, memoryBytes: 100, ageMs: 50 },
    { pid: 11, group: 10, cpuMs: 7, memoryBytes: 10, ageMs: 20 },
    { pid: 12, group: 12, cpuMs: 9, memoryBytes: 1, ageMs: 70 },
  ];
  const entry = (pid: number, adopted?: boolean) =>
    ({ record: { adopted }, process: { pid, startedAt: "", bootId: "" } }) as unknown as Parameters<
      typeof useOf
    >[0];

  it("is that of its whole process group", () => {
    expect(useOf(entry(10), processes)).toEqual({ cpuMs: 12, memoryBytes: 110, ageMs: 50 });
  });
  it("is that of the one process, when it was taken in", () => {
    expect(useOf(entry(11, true), processes)).toEqual({ cpuMs: 7, memoryBytes: 10, ageMs: 20 });
  });
  it("is none when nothing of it runs", () => {
    expect(useOf(entry(99), processes)).toBeUndefined();
  });
});

describe("instances together", () => {
  it.each([
    ["mean", 2],
    ["max", 3],
    ["min", 1],
    ["sum", 6],
  ] as const)("%s of 1, 2, 3 is %d", (stat, result) => {
    expect(combine([1, 2, 3], stat)).toBe(result);
  });
});
