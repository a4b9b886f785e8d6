import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { metricSourceSuite } from "@bellows/conformance";
import { createHost, type MetricQuery, type Sample, systemClock } from "@bellows/core";
import { hasPython, motoOptions, startMoto, type TestServer } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { type Aws, type CallMade, createAws } from "../src/client.js";
import { createGroups } from "../src/groups.js";
import { createLoadBalancers } from "../src/load-balancers.js";
import { type AwsMetrics, createMetrics } from "../src/metrics.js";

const CALL = { operation: "test" };
const MINUTE_MS = 60_000;
/** The time of day stands still for the driver, so that no minute ends between a value and its reading. */
const NOW_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
const soon = { deadlineMs: 10_000 };

/** Minutes before now, where a data point's period begins. */
const at = (minutes: number): number => NOW_MS - minutes * MINUTE_MS;
const jobs = (queue: string, more: object = {}): MetricQuery => ({
  params: { namespace: "Shop", metric: "Jobs", stat: "Sum", dimensions: { queue }, ...more },
});

describe.runIf(hasPython())("metrics on AWS", () => {
  let moto: TestServer;
  let aws: Aws;
  let metrics: AwsMetrics;
  beforeAll(async () => {
    moto = await startMoto();
    const host = createHost({ key: "aws", clock: { ...systemClock, now: () => NOW_MS + 5_000 } });
    aws = createAws(motoOptions(moto), host);
    metrics = createMetrics(aws, host);
    await put("Shop", "Jobs", { queue: "fast" }, { 4: 3, 2: 40, 0: 99 });
    await put("Shop", "Jobs", { queue: "slow" }, { 1: 7, 3: 5 });
    await put("Shop", "Jobs", { queue: "far" }, { 1: 11 }, "us-east-1");
  }, 300_000);
  afterAll(async () => {
    aws?.close();
    await moto?.stop();
  });

  /** Puts values, by the minutes before now at which their period begins. */
  const put = async (
    Namespace: string,
    MetricName: string,
    dimensions: Record<string, string>,
    values: Record<number, number>,
    region?: string,
  ): Promise<void> => {
    const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
    const MetricData = Object.entries(values).map(([minutes, Value]) => ({
      MetricName,
      Dimensions,
      Timestamp: new Date(at(Number(minutes))),
      Value,
    }));
    await aws.cloudWatch((sdk) => new sdk.PutMetricDataCommand({ Namespace, MetricData }), {
      ...CALL,
      region,
    });
  };

  it("in CloudWatch's words are the newest whole period's, true at its end", async () => {
    const heard: [number, Sample][] = [];
    const onSample = (index: number, sample: Sample): void => void heard.push([index, sample]);
    const samples = await metrics.readOwn(
      [jobs("fast"), jobs("slow"), jobs("fast", { offset: 2 * MINUTE_MS })],
      {
        ...soon,
        onSample,
      },
    );
    expect(samples).toEqual([
      { value: 40, observedAtMs: at(1) },
      { value: 7, observedAtMs: at(0) },
      { value: 3, observedAtMs: at(3) },
    ]);
    expect(heard.sort(([a], [b]) => a - b)).toEqual([...samples.entries()]);
  });

  it("are read from the region that a query names", async () => {
    const [there, here] = await metrics.readOwn([jobs("far", { region: "us-east-1" }), jobs("far")], soon);
    expect(there).toEqual({ value: 11, observedAtMs: at(0) });
    expect(here).toMatchObject({ unavailable: expect.stringContaining("has no data point in 15m") });
  });

  it("of a thousand queries take two calls, and equal ones are asked once", async () => {
    const asked = Array.from({ length: 1_000 }, (_, n) => jobs(`none-${n}`));
    expect(await callsOf(() => metrics.readOwn(asked, { deadlineMs: 60_000 }))).toEqual([
      "cloudwatch:GetMetricData",
      "cloudwatch:GetMetricData",
    ]);
    const equal = Array.from({ length: 1_000 }, () => jobs("slow"));
    expect(await callsOf(() => metrics.readOwn(equal, soon))).toEqual(["cloudwatch:GetMetricData"]);
  }, 90_000);

  it("that cannot be asked for say why, and spoil no other", async () => {
    const samples = await metrics.readOwn(
      [
        jobs("slow"),
        { params: { namespace: "Shop" } },
        { params: { expression: "m1 * 2" } },
        jobs("slow", { region: "Ireland" }),
        jobs("slow", { period: 90_000 }),
      ],
      soon,
    );
    expect(samples).toEqual([
      { value: 7, observedAtMs: at(0) },
      { unavailable: expect.stringContaining("metric ") },
      { unavailable: "the expression uses m1, which stands nowhere under using (names: none)" },
      { unavailable: "region must be a region such as eu-west-1" },
      { unavailable: "period must be a multiple of 60,000 ms, or 1, 5, 10, 20 or 30 s" },
    ]);
  });

  it("have a past, in order of time, by the ends of their periods", async () => {
    const range = { fromMs: at(3), toMs: at(0) + 1, stepMs: MINUTE_MS };
    expect(await metrics.readOwnRange([jobs("fast"), jobs("slow"), jobs("none")], range, soon)).toEqual([
      [
        { value: 3, observedAtMs: at(3) },
        { value: 40, observedAtMs: at(1) },
      ],
      [
        { value: 5, observedAtMs: at(2) },
        { value: 7, observedAtMs: at(0) },
      ],
      [],
    ]);
    const long = { fromMs: at(60 * 24 * 40), toMs: at(60 * 24 * 30), stepMs: MINUTE_MS };
    expect(await metrics.readOwnRange([jobs("fast")], long, soon)).toEqual([
      [{ unavailable: expect.stringContaining("ask with a longer period") }],
    ]);
  });

  describe("of a group", () => {
    const ask = (metric: string, group: string, more: object = {}) => ({
      params: { metric, ...more },
      group,
    });
    beforeAll(async () => {
      const host = createHost({ key: "aws" });
      const zones = ["eu-west-1a"];
      const listeners = [{ port: 80, instancePort: 8080, protocol: "http" as const }];
      await createLoadBalancers(aws, host).create({ name: "front", zones, listeners });
      const launch = { image: "ami-0123456789abcdef0", size: "t3.micro" };
      const groups = createGroups(aws, host);
      await groups.create({ name: "web", min: 0, max: 1, zones, launch, loadBalancers: [{ id: "front" }] });
      await groups.create({ name: "bare", min: 0, max: 1, zones, launch });
      const group = { AutoScalingGroupName: "web" };
      const front = { LoadBalancerName: "front" };
      await put("AWS/EC2", "CPUUtilization", group, { 1: 99, 2: 82, 3: 10 });
      await put("AWS/EC2", "NetworkIn", group, { 2: 500, 3: 300 });
      await put("AWS/ELB", "RequestCount", front, { 2: 120 });
      await put("AWS/ELB", "HealthyHostCount", front, { 2: 1 });
      await put("AWS/ELB", "HTTPCode_Backend_5XX", front, { 2: 30 });
      await put("AWS/ELB", "Latency", front, { 2: 0.25 });
    }, 60_000);

    it("have the neutral names, and a minute to arrive", async () => {
      const names = ["cpuPercent", "requestCount", "requestRate", "errorRate", "latencyMs"];
      const samples = await metrics.read(
        names.map((name) => ask(name, "web")),
        soon,
      );
      expect(samples).toEqual([82, 120, 2, 0.25, 250].map((value) => ({ value, observedAtMs: at(1) })));
    });

    it("of many groups are asked for together; what stands in front of a group is remembered", async () => {
      const queries = ["cpuPercent", "networkInBytes", "requestCount"].flatMap((name) => [
        ask(name, "web"),
        ask(name, "bare"),
      ]);
      await metrics.read(queries, soon);
      expect(await callsOf(() => metrics.read(queries, soon))).toEqual(["cloudwatch:GetMetricData"]);
    });

    it("behind an application balancer are those of its target group", async () => {
      const { Subnets = [] } = await aws.ec2((sdk) => new sdk.DescribeSubnetsCommand({}), CALL);
      const host = createHost({ key: "aws" });
      await createLoadBalancers(aws, host).create({
        name: "app",
        type: "application",
        subnets: Subnets.slice(0, 2).map(({ SubnetId = "" }) => SubnetId),
        listeners: [{ port: 80, instancePort: 8080, protocol: "http" }],
      });
      const launch = { image: "ami-0123456789abcdef0", size: "t3.micro" };
      const zones = ["eu-west-1a"];
      const tied = { name: "shop", min: 0, max: 1, zones, launch, loadBalancers: [{ id: "app" }] };
      await createGroups(aws, host).create(tied);
      const { TargetGroups = [] } = await aws.elbV2((sdk) => new sdk.DescribeTargetGroupsCommand({}), CALL);
      const [{ TargetGroupArn = "", LoadBalancerArns = [] } = {}] = TargetGroups;
      const dimensions = {
        TargetGroup: TargetGroupArn.replace(/^.*:/, ""),
        LoadBalancer: (LoadBalancerArns[0] ?? "").replace(/^.*:loadbalancer\//, ""),
      };
      await put("AWS/ApplicationELB", "RequestCount", dimensions, { 2: 60 });
      await put("AWS/ApplicationELB", "TargetResponseTime", dimensions, { 2: 0.5 });
      expect(await metrics.read([ask("requestRate", "shop"), ask("latencyMs", "shop")], soon)).toEqual([
        { value: 1, observedAtMs: at(1) },
        { value: 500, observedAtMs: at(1) },
      ]);
    });

    it("that AWS does not have say what to do", async () => {
      const samples = await metrics.read(
        [
          ask("memoryPercent", "web"),
          ask("requestCount", "bare"),
          ask("requestCount", "no-such"),
          { params: { metric: "cpuPercent" } },
          ask("cpuPercent", "bare"),
        ],
        soon,
      );
      expect(samples).toEqual(
        [
          "CloudWatch agent",
          "bare has none: tie it to one",
          'there is no group "no-such"',
          "none is named",
          "AWS/EC2 has no CPUUtilization of group bare in 15m",
        ].map((words) => ({ unavailable: expect.stringContaining(words) })),
      );
    });
  });

  describe("read as a source", () => {
    metricSourceSuite(
      { describe, test },
      {
        create: () => ({
          read: (queries, options) => metrics.readOwn(queries, options),
          readRange: (queries, range, options) => metrics.readOwnRange(queries, range, options),
        }),
        good: [
          { ...jobs("fast"), expect: 40 },
          { ...jobs("slow"), expect: 7 },
        ],
        bad: [
          { ...jobs("none"), why: /no data point/ },
          { params: { expression: "m1" }, why: /uses m1/ },
          { params: { namespace: "Shop" }, why: /metric/ },
        ],
      },
    );
  });
});

describe("a CloudWatch that never answers", () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("is not waited for longer than the read lasts, or than its caller wants", async () => {
    const host = createHost({ key: "aws" });
    const aws = createAws(motoOptions({ url }), host);
    const metrics = createMetrics(aws, host);
    const late = await metrics.readOwn([jobs("a"), { params: {} }], { deadlineMs: 300 });
    expect(late).toEqual([
      { unavailable: "no answer within 300ms" },
      { unavailable: expect.stringContaining("namespace") },
    ]);
    const giveUp = new AbortController();
    const reading = metrics.readOwn([jobs("a")], { deadlineMs: 600_000, signal: giveUp.signal });
    giveUp.abort();
    expect(await reading).toEqual([{ unavailable: "the read was given up" }]);
    aws.close();
  });
});

/** What an act asks of AWS, in order. */
async function callsOf(act: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  const listen = (message: unknown): void => void calls.push((message as CallMade).action);
  subscribe("bellows:aws:call", listen);
  await act().finally(() => unsubscribe("bellows:aws:call", listen));
  return calls;
}
