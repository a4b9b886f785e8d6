import { freemem, totalmem } from "node:os";
import { createHost, manualClock, type Sample } from "@bellows/core";
import { describe, expect, test } from "vitest";
import hostSource from "./host.js";

const METRICS = [
  "cpuPercent",
  "memoryPercent",
  "memoryAvailableBytes",
  "load1",
  "load5",
  "load15",
  "diskUsedPercent",
] as const;

async function readAll(queries: object[]): Promise<Sample[]> {
  const source = await hostSource.create({}, createHost({ key: "host" }));
  return source.read(
    queries.map((params) => ({ params: hostSource.query.parse(params) })),
    { deadlineMs: 10_000 },
  );
}

describe("the host source", () => {
  test("answers every metric of this machine, percentages between 0 and 100", async () => {
    const samples = await readAll(METRICS.map((metric) => ({ metric })));
    for (const [at, metric] of METRICS.entries()) {
      const sample = samples[at] as { value: number };
      expect(sample, metric).toMatchObject({ value: expect.any(Number), observedAtMs: expect.any(Number) });
      expect(sample.value).toBeGreaterThanOrEqual(0);
      if (metric.endsWith("Percent")) expect(sample.value).toBeLessThanOrEqual(100);
    }
  });

  test("counts as available what programs can still have: not less than what lies idle, not more than there is", async () => {
    const [sample] = await readAll([{ metric: "memoryAvailableBytes" }]);
    expect((sample as { value: number }).value).toBeGreaterThan(freemem() / 2);
    expect((sample as { value: number }).value).toBeLessThan(totalmem());
  });

  test("a disk that is not there is named, and its neighbour is answered", async () => {
    expect(
      await readAll([{ metric: "diskUsedPercent", path: "/no/such/place" }, { metric: "load1" }]),
    ).toEqual([
      { unavailable: "/no/such/place cannot be looked at: ENOENT" },
      { value: expect.any(Number), observedAtMs: expect.any(Number) },
    ]);
  });

  test("several who ask for the processor share one measurement", async () => {
    const clock = manualClock(1_000);
    const source = await hostSource.create({}, createHost({ key: "host", clock }));
    const reads = [1, 2].map(() =>
      source.read([{ params: { metric: "cpuPercent" } }], { deadlineMs: 5_000 }),
    );
    // A little work, so that the counters move while the clock stands.
    const endMs = performance.now() + 50;
    while (performance.now() < endMs) Math.sqrt(endMs);
    clock.advance(200);
    const [one, two] = await Promise.all(reads);
    expect(one).toEqual(two);
  });

  test("a metric that it does not know is refused when the file is read", () => {
    expect(hostSource.query.safeParse({ metric: "cpu" }).success).toBe(false);
  });
});
