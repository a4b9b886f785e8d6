import { createHost, type MetricQuery, systemClock } from "@bellows/core";
import { type FaultProxy, motoOptions, type StandIn, startFaultProxy, startStandIn } from "@bellows/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Aws, createAws } from "../src/client.js";
import { type AwsMetrics, createMetrics } from "../src/metrics.js";

const NOON_MS = Date.UTC(2026, 5, 1, 12, 0, 0);
const soon = { deadlineMs: 10_000 };
const before = (seconds: number): number => NOON_MS - seconds * 1_000;

/** What moto has not: math, percentiles, searches, calls refused for one query; and bad days. */
describe("metrics that are more than a stored number", () => {
  let standIn: StandIn;
  let proxy: FaultProxy;
  let aws: Aws;
  let metrics: AwsMetrics;
  beforeAll(async () => {
    standIn = await startStandIn({ startAtMs: NOON_MS + 3_000 });
    proxy = await startFaultProxy(standIn.url);
    const host = createHost({ key: "aws", clock: { ...systemClock, now: () => standIn.now() } });
    aws = createAws(motoOptions(proxy), host);
    metrics = createMetrics(aws, host);
    await put("Errors", { app: "shop" }, { 60: [2], 180: [8] });
    await put("Requests", { app: "shop" }, { 60: [100], 120: [50] });
    await put("Latency", { app: "shop" }, { 60: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
    await put("Depth", { queue: "a" }, { 60: [3], 10: [30] });
    await put("Depth", { queue: "b" }, { 60: [4], 20: [40] });
  }, 60_000);
  beforeEach(() => {
    proxy.setRules();
    proxy.forget();
  });
  afterAll(async () => {
    aws?.close();
    await proxy?.stop();
    await standIn?.stop();
  });

  /** Puts values, by the seconds before noon at which they were measured. */
  const put = async (
    MetricName: string,
    dimensions: Record<string, string>,
    values: Record<number, number[]>,
  ): Promise<void> => {
    const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
    const MetricData = Object.entries(values).map(([seconds, Values]) => ({
      MetricName,
      Dimensions,
      Timestamp: new Date(before(Number(seconds))),
      Values,
      StorageResolution: 1,
    }));
    await aws.cloudWatch((sdk) => new sdk.PutMetricDataCommand({ Namespace: "Shop", MetricData }), {
      operation: "test",
    });
  };
  const app = { app: "shop" };
  const stat = (metric: string, name = "Sum", dimensions: object = app) => ({
    namespace: "Shop",
    metric,
    stat: name,
    dimensions,
  });
  const using = { errors: stat("Errors"), requests: stat("Requests") };
  const ask = (params: object): MetricQuery => ({ params });
  const read = async (...params: object[]) => metrics.readOwn(params.map(ask), soon);

  it("percentiles, and periods under a minute, are read in the same call", async () => {
    const depth = stat("Depth", "Maximum", { queue: "a" });
    expect(await read(stat("Latency", "p90"), { ...depth, period: 10_000 }, depth)).toEqual([
      { value: 9, observedAtMs: NOON_MS },
      { value: 30, observedAtMs: NOON_MS },
      { value: 30, observedAtMs: NOON_MS },
    ]);
    expect(proxy.calls()).toEqual({ GetMetricData: 1 });
  });

  it("metric math has its own names, also beside an expression with the same ones", async () => {
    const swapped = { errors: using.requests, requests: using.errors };
    expect(
      await read(
        { expression: "100 * errors / requests", using },
        { expression: "100 * errors / requests", using: swapped },
      ),
    ).toEqual([
      { value: 2, observedAtMs: NOON_MS },
      { value: 5_000, observedAtMs: NOON_MS },
    ]);
    expect(proxy.calls()).toEqual({ GetMetricData: 1 });
  });

  it("a period without a value is missing, and zero where FILL says so", async () => {
    const offset = 60_000;
    const ratio = (expression: string) => ({ expression, using, offset });
    expect(await read(ratio("errors / requests"), ratio("FILL(errors, 0) / requests"))).toEqual([
      { unavailable: "the expression has no data point in 15m" },
      { value: 0, observedAtMs: before(60) },
    ]);
  });

  it("a search must come down to one number", async () => {
    const search = "SEARCH('{Shop,queue} MetricName=\"Depth\"', 'Maximum', 60)";
    expect(await read({ expression: search }, { expression: `SUM(${search})` })).toEqual([
      {
        unavailable:
          "the expression gives 2 series, and one number is needed: wrap it in SUM(…), AVG(…) or MAX(…)",
      },
      { value: 70, observedAtMs: NOON_MS },
    ]);
  });

  it("METRICS() means the expression's own, whoever else asks", async () => {
    expect(await read({ expression: "SUM(METRICS())", using }, stat("Latency", "SampleCount"))).toEqual([
      { value: 102, observedAtMs: NOON_MS },
      { value: 10, observedAtMs: NOON_MS },
    ]);
    expect(proxy.calls()).toEqual({ GetMetricData: 2 });
  });

  it("a query that CloudWatch refuses spoils no other, and is not asked again and again", async () => {
    const times = (n: number) => ask({ expression: `requests * ${n}`, using: { requests: using.requests } });
    const good = Array.from({ length: 30 }, (_, n) => times(n));
    const queries = [...good.slice(0, 11), ask(stat("Requests", "Median")), ...good.slice(11)];
    const samples = await metrics.readOwn(queries, soon);
    expect(samples.filter((sample) => "unavailable" in sample)).toEqual([
      { unavailable: expect.stringContaining("The value Median for parameter Stat is not supported") },
    ]);
    expect(samples[11]).toHaveProperty("unavailable");
    proxy.forget();
    expect(await metrics.readOwn([queries[0] as MetricQuery, queries[11] as MetricQuery], soon)).toEqual([
      { value: 0, observedAtMs: NOON_MS },
      samples[11],
    ]);
    expect(proxy.calls()).toEqual({ GetMetricData: 1 });
  });

  it("one slow region holds up no other", async () => {
    proxy.setRules({ kind: "slow", actions: ["GetMetricData"], times: 1, delayMs: 3_000 });
    const heard: number[] = [];
    const queries = [ask(stat("Requests")), ask({ ...stat("Requests"), region: "us-east-1" })];
    const onSample = (index: number): void => void heard.push(index);
    const samples = await metrics.readOwn(queries, { deadlineMs: 1_000, onSample });
    expect(heard).toHaveLength(2);
    const late = samples.filter(
      (sample) => "unavailable" in sample && sample.unavailable === "no answer within 1s",
    );
    expect(late).toHaveLength(1);
  });

  it("a bad moment is sat out, a bad day is told before the time is up", async () => {
    for (const kind of ["throttle", "unavailable", "html", "reset", "lost-answer"] as const) {
      proxy.setRules({ kind, actions: ["GetMetricData"], times: 2 });
      expect([kind, ...(await read(stat("Requests")))]).toEqual([
        kind,
        { value: 100, observedAtMs: NOON_MS },
      ]);
    }
    proxy.setRules({ kind: "throttle", actions: ["GetMetricData"] });
    const [sample] = await metrics.readOwn([ask(stat("Requests"))], { deadlineMs: 1_500 });
    expect(sample).toEqual({
      unavailable: expect.stringMatching(/^AWS refused cloudwatch:GetMetricData: .*Thrott/),
    });
  }, 30_000);

  it("the past of high resolution is thinned to the steps that are wanted", async () => {
    const range = { fromMs: before(60), toMs: NOON_MS + 1, stepMs: 30_000 };
    const query = ask({ ...stat("Depth", "Maximum", { queue: "b" }), period: 10_000 });
    expect(await metrics.readOwnRange([query], range, soon)).toEqual([
      [
        { value: 4, observedAtMs: before(50) },
        { value: 40, observedAtMs: before(10) },
      ],
    ]);
  });
});
