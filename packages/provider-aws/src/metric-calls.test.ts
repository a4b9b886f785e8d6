import type { GetMetricDataInput, GetMetricDataOutput } from "@aws-sdk/client-cloudwatch";
import { ConfigError, createHost, manualClock, ThrottledError } from "@bellows/core";
import { describe, expect, it } from "vitest";
import type { Aws, Call } from "./client.js";
import type { Answer } from "./metric-answer.js";
import { createMetricCalls } from "./metric-calls.js";
import { type Unit, unitOf } from "./metric-query.js";

const END_MS = Date.UTC(2026, 5, 1, 12, 0, 0);
const call = (): Call => ({ operation: "metrics.readOwn" });

const units = (count: number): Unit[] =>
  Array.from({ length: count }, (_, n) =>
    unitOf({ namespace: "Shop", metric: `m${n}`, stat: "Sum", dimensions: {} }, 60_000),
  );

/** A CloudWatch that answers as it is told, and what it was asked. */
function world(answer: (names: string[], input: GetMetricDataInput, asked: number) => GetMetricDataOutput) {
  const calls: string[][] = [];
  const aws = {
    cloudWatch: async (make: (sdk: unknown) => { input: GetMetricDataInput }) => {
      const { input } = make({ GetMetricDataCommand: Command });
      const names = (input.MetricDataQueries ?? []).map(
        ({ MetricStat }) => MetricStat?.Metric?.MetricName ?? "",
      );
      calls.push(names);
      return answer(names, input, calls.length);
    },
  } as unknown as Aws;
  const clock = manualClock();
  const metrics = createMetricCalls(aws, createHost({ key: "aws", clock }));
  const ask = async (asked: Unit[]): Promise<(number | string)[]> => {
    const told = new Map<string, Answer>();
    const batch = { region: undefined, units: asked, startMs: END_MS - 60_000, endMs: END_MS };
    await metrics.ask(batch, call, (unit, given) => {
      expect(told.has(unit.key)).toBe(false);
      told.set(unit.key, given);
    });
    return asked.map(({ key }) => inShort(told.get(key)));
  };
  return { ask, calls, clock };
}

class Command {
  constructor(readonly input: GetMetricDataInput) {}
}

function inShort(answer: Answer | undefined): number | string {
  if (answer === undefined) return "nothing";
  return "unavailable" in answer ? answer.unavailable : (answer.series[0]?.[0]?.value ?? "no point");
}

/** Answers with a query's place in the call. */
const one = (
  Id: string,
  value: number,
  StatusCode: "Complete" | "PartialData" | "InternalError" = "Complete",
) => ({
  Id,
  StatusCode,
  Timestamps: [new Date(END_MS - 60_000)],
  Values: [value],
});
const numberOf = (name: string): number => Number(name.slice(1));
const all = (names: string[]): GetMetricDataOutput => ({
  MetricDataResults: names.map((name, index) => one(`q${index}`, numberOf(name))),
});
const refusal = (): ConfigError =>
  new ConfigError("AWS refused cloudwatch:GetMetricData: m3 is bad (ValidationError)", {
    vendorCode: "ValidationError",
  });

describe("questions in one call", () => {
  it("are answered by it", async () => {
    const { ask, calls } = world(all);
    expect(await ask(units(500))).toEqual(Array.from({ length: 500 }, (_, n) => n));
    expect(calls).toHaveLength(1);
  });

  it("are answered page by page, to the last", async () => {
    const tokens: (string | undefined)[] = [];
    const { ask } = world((_names, { NextToken }, asked) => {
      tokens.push(NextToken);
      return {
        MetricDataResults: [one(`q${asked - 1}`, asked)],
        ...(asked < 3 ? { NextToken: `page ${asked + 1}` } : {}),
      };
    });
    expect(await ask(units(3))).toEqual([1, 2, 3]);
    expect(tokens).toEqual([undefined, "page 2", "page 3"]);
  });

  it("are not asked for ever when a token leads back to itself", async () => {
    const { ask } = world(() => ({ MetricDataResults: [one("q0", 1)], NextToken: "again" }));
    expect(await ask(units(2))).toEqual([1, "CloudWatch left it out of its answer"]);
  });

  it("are told the reason when there is no answer at all", async () => {
    const { ask, calls } = world(() => {
      throw new ThrottledError("AWS refused cloudwatch:GetMetricData: Rate exceeded (Throttling)");
    });
    const reason = "AWS refused cloudwatch:GetMetricData: Rate exceeded (Throttling)";
    expect(await ask(units(2))).toEqual([reason, reason]);
    expect(calls).toHaveLength(1);
  });

  it("keep what they have when a later page does not come", async () => {
    const { ask } = world((_names, _input, asked) => {
      if (asked > 1) throw new ThrottledError("Rate exceeded");
      return { MetricDataResults: [one("q0", 7)], NextToken: "more" };
    });
    expect(await ask(units(2))).toEqual([7, "Rate exceeded"]);
  });
});

describe("a bad question", () => {
  const strict = (names: string[]): GetMetricDataOutput => {
    if (names.includes("m3")) throw refusal();
    return all(names);
  };

  it("spoils no other", async () => {
    const { ask, calls } = world(strict);
    expect(await ask(units(8))).toEqual([0, 1, 2, refusal().message, 4, 5, 6, 7]);
    expect(calls.map((names) => names.length)).toEqual([8, 4, 4, 2, 2, 1, 1]);
  });

  it("is not asked again for ten minutes", async () => {
    const { ask, calls, clock } = world(strict);
    await ask(units(8));
    calls.length = 0;
    expect(await ask(units(8))).toEqual([0, 1, 2, refusal().message, 4, 5, 6, 7]);
    expect(calls).toEqual([["m0", "m1", "m2", "m4", "m5", "m6", "m7"]]);
    clock.advance(10 * 60_000);
    calls.length = 0;
    await ask(units(8));
    expect(calls[0]).toContain("m3");
  });

  it("is one that CloudWatch cannot read, not one that may not be asked", async () => {
    const { ask, calls } = world(() => {
      throw new ConfigError("AWS refused cloudwatch:GetMetricData: no (404)", { vendorCode: "404" });
    });
    expect(await ask(units(4))).toEqual(Array(4).fill("AWS refused cloudwatch:GetMetricData: no (404)"));
    expect(calls).toHaveLength(1);
  });
});

describe("a question that CloudWatch failed at", () => {
  const failing = (times: number) =>
    world((names, _input, asked) => ({
      MetricDataResults: names.map((name, index) =>
        one(`q${index}`, numberOf(name), name === "m1" && asked <= times ? "InternalError" : "Complete"),
      ),
    }));

  it("is asked once more, alone", async () => {
    const { ask, calls } = failing(1);
    expect(await ask(units(3))).toEqual([0, 1, 2]);
    expect(calls).toEqual([["m0", "m1", "m2"], ["m1"]]);
  });

  it("has no answer then", async () => {
    const { ask, calls } = failing(2);
    expect(await ask(units(3))).toEqual([0, "CloudWatch failed at it (InternalError)", 2]);
    expect(calls).toHaveLength(2);
  });
});

it("questions that together find too much are asked in smaller company", async () => {
  const search = (n: number): Unit => unitOf({ expression: `SEARCH('${n}', 'Sum')`, using: {} }, 60_000);
  const { ask, calls } = world((names) => ({
    MetricDataResults: names.map((_, index) => one(`q${index}`, 5)),
    Messages: names.length > 1 ? [{ Code: "MaxMetricsExceeded" }] : [],
  }));
  expect(await ask([search(1), search(2), search(3)])).toEqual([5, 5, 5]);
  expect(calls.map((names) => names.length)).toEqual([3, 2, 1, 1, 1]);
});
