import { describe, expect, it } from "vitest";
import type { BalancerStats, LiveSummary } from "./balancer/client.js";
import { measure, trafficOf } from "./traffic.js";

function summary(
  requests: number,
  more: { failures?: number; serverErrors?: number; mean?: number; active?: number } = {},
): LiveSummary {
  const { failures = 0, serverErrors = 0, mean, active = 0 } = more;
  const latencyMs = mean === undefined ? {} : { latencyMs: { mean, p50: mean, p95: mean } };
  const window = {
    seconds: 60,
    requests,
    failures,
    serverErrors,
    requestsPerSecond: requests / 60,
    ...latencyMs,
  };
  return { requests, failures, serverErrors, bytesIn: 0, bytesOut: 0, window, active };
}

const stats = (members: Record<string, LiveSummary>, pool: LiveSummary, waiting = 0): BalancerStats => ({
  atMs: 0,
  total: pool,
  pools: { default: { ...pool, waiting, members } },
});

describe("traffic of a group", () => {
  const own = stats(
    { a: summary(10, { mean: 20 }), b: summary(30, { mean: 40, serverErrors: 3 }) },
    summary(60, { mean: 35, failures: 6, active: 2 }),
    5,
  );

  it("is the whole pool's when it has the pool for itself: former members and waiting requests included", () => {
    const traffic = trafficOf(new Set(["a", "b"]), [own]);
    if (traffic === undefined) throw new Error("none");
    expect(measure("requestCount", traffic, undefined)).toBe(60);
    expect(measure("requestRate", traffic, undefined)).toBe(1);
    expect(measure("errorRate", traffic, undefined)).toBe(0.1);
    expect(measure("latencyMs", traffic, undefined)).toBe(35);
    expect(measure("activeRequests", traffic, undefined)).toBe(7);
  });

  it("is its members' part of a pool that it shares", () => {
    const traffic = trafficOf(new Set(["b"]), [own]);
    if (traffic === undefined) throw new Error("none");
    expect(measure("requestCount", traffic, undefined)).toBe(30);
    expect(measure("latencyMs", traffic, undefined)).toBe(40);
  });

  it("adds up over several balancers", () => {
    const traffic = trafficOf(new Set(["a", "b"]), [own, stats({ a: summary(4) }, summary(4))]);
    if (traffic === undefined) throw new Error("none");
    expect(measure("requestCount", traffic, undefined)).toBe(64);
    expect(measure("requestCount", traffic, "max")).toBe(30);
    expect(measure("latencyMs", traffic, "mean")).toBe(30);
  });

  it("is none where no balancer has an instance of it", () => {
    expect(trafficOf(new Set(["c"]), [own])).toBeUndefined();
    expect(trafficOf(new Set(["c"]), [])).toBeUndefined();
  });

  it("has no latency without requests, and no errors either", () => {
    const traffic = trafficOf(new Set(["a"]), [stats({ a: summary(0) }, summary(0))]);
    if (traffic === undefined) throw new Error("none");
    expect(measure("latencyMs", traffic, undefined)).toBeUndefined();
    expect(measure("errorRate", traffic, undefined)).toBe(0);
  });
});
