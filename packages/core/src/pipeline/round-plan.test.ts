import { describe, expect, it } from "vitest";
import type { MetricSpec, ScalingSpec } from "../contracts/scaling.js";
import { planRound, type Read } from "./round-plan.js";

/** A group with these metrics: source and params of each. */
function group(name: string, provider: string, ...metrics: [source: string, params: object][]) {
  const specs = metrics.map(
    ([source, params], index): MetricSpec => ({
      name: `m${index}`,
      source,
      params,
      maxAgeMs: 60_000,
    }),
  );
  return {
    spec: {
      name,
      ref: `the-${name}`,
      provider,
      everyMs: 30_000,
      metrics: specs,
    } as Partial<ScalingSpec> as ScalingSpec,
  };
}

const readsOf = (...groups: ReturnType<typeof group>[]): Read[] =>
  planRound(groups, 1).asks.filter((ask) => ask.kind === "read");

describe("what a round asks of a source", () => {
  it("is one read for all groups of a provider's account, in their order", () => {
    const groups = Array.from({ length: 500 }, (_, n) =>
      group(
        `g${n}`,
        "prod",
        ["cloudwatch", { metric: "a", of: n }],
        ["cloudwatch", { metric: "b", of: n }],
        ["group", { metric: "cpuPercent" }],
      ),
    );
    const reads = readsOf(...groups);
    expect(reads.map(({ source, provider, queries }) => [source, provider, queries.length])).toEqual([
      ["cloudwatch", "prod", 1_000],
      ["group", "prod", 500],
    ]);
    expect(reads[0]?.queries.slice(0, 3)).toEqual([
      { params: { metric: "a", of: 0 } },
      { params: { metric: "b", of: 0 } },
      { params: { metric: "a", of: 1 } },
    ]);
    expect(reads[1]?.queries[499]).toEqual({ params: { metric: "cpuPercent" }, group: "the-g499" });
  });

  it("is one read an account, since each has its own drivers", () => {
    const reads = readsOf(
      group("a", "prod", ["cloudwatch", { q: 1 }]),
      group("b", "test", ["cloudwatch", { q: 1 }]),
      group("c", "prod", ["cloudwatch", { q: 2 }]),
    );
    expect(reads.map(({ provider, queries }) => [provider, queries.length])).toEqual([
      ["prod", 2],
      ["test", 1],
    ]);
  });

  it("is asked once where groups want the same, unless it is about the group itself", () => {
    const reads = readsOf(
      group("a", "prod", ["cloudwatch", { x: 1, y: 2 }], ["group", { metric: "cpuPercent" }]),
      group("b", "prod", ["cloudwatch", { y: 2, x: 1 }], ["group", { metric: "cpuPercent" }]),
    );
    expect(reads.map(({ queries }) => queries.length)).toEqual([1, 2]);
  });
});
