import { describe, expect, it } from "vitest";
import type { Answer } from "./metric-answer.js";
import { GROUP_METRICS, recipeOf, sampleOf, type Ties } from "./metric-groups.js";
import { entriesOf } from "./metric-query.js";
import { tiesOf } from "./metric-ties.js";

const NOW_MS = Date.UTC(2026, 5, 1, 12, 1, 0);
const NOON_MS = NOW_MS - 60_000;
const ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012";

const NONE: Ties = { classic: [], targets: [], without: [] };
const CLASSIC: Ties = { ...NONE, classic: ["front"] };
const BOTH: Ties = {
  ...CLASSIC,
  targets: [{ targetGroup: "targetgroup/web/6d", loadBalancer: "app/web/50" }],
};

function recipe(params: Parameters<typeof recipeOf>[0], ties?: Ties) {
  const made = recipeOf(params, "web", ties, NOW_MS);
  if (typeof made === "string") throw new Error(made);
  return made;
}

/** What is asked, in short. */
function asked(params: Parameters<typeof recipeOf>[0], ties?: Ties): string[] {
  return recipe(params, ties)
    .units.flatMap((unit) => entriesOf(unit, "q"))
    .map(({ MetricStat: { Metric, Stat, Period } = { Metric: {}, Stat: "", Period: 0 } }) => {
      const dimensions = (Metric?.Dimensions ?? []).map(({ Name, Value }) => `${Name}=${Value}`);
      return `${Stat} ${Period} ${Metric?.Namespace} ${Metric?.MetricName} ${dimensions.join(" ")}`;
    });
}

/** The sample, of values by minutes before noon at which their period begins. */
function sample(
  params: Parameters<typeof recipeOf>[0],
  ties: Ties | undefined,
  values: Record<number, number>[],
) {
  const answers: Answer[] = values.map((points) => ({
    series: [
      Object.entries(points).map(([minute, value]) => ({
        startMs: NOON_MS - Number(minute) * 60_000,
        value,
      })),
    ],
  }));
  return sampleOf(recipe(params, ties), answers);
}

describe("a group's metric is asked for as", () => {
  const group = "AutoScalingGroupName=web";
  const lb = "LoadBalancerName=front";
  const target = "TargetGroup=targetgroup/web/6d LoadBalancer=app/web/50";
  it.each<[Parameters<typeof recipeOf>[0], Ties, string[]]>([
    [{ metric: "cpuPercent" }, NONE, [`Average 60 AWS/EC2 CPUUtilization ${group}`]],
    [
      { metric: "cpuPercent", stat: "max", periodMs: 300_000 },
      NONE,
      [`Maximum 300 AWS/EC2 CPUUtilization ${group}`],
    ],
    [{ metric: "networkInBytes" }, NONE, [`Sum 300 AWS/EC2 NetworkIn ${group}`]],
    [{ metric: "networkOutBytes" }, NONE, [`Sum 300 AWS/EC2 NetworkOut ${group}`]],
    [
      { metric: "requestCount" },
      BOTH,
      [
        `Sum 60 AWS/ELB RequestCount ${lb}`,
        `Average 60 AWS/ELB HealthyHostCount ${lb}`,
        `Sum 60 AWS/ApplicationELB RequestCount ${target}`,
        `Average 60 AWS/ApplicationELB HealthyHostCount ${target}`,
      ],
    ],
    [
      { metric: "errorRate" },
      CLASSIC,
      [
        `Sum 60 AWS/ELB RequestCount ${lb}`,
        `Average 60 AWS/ELB HealthyHostCount ${lb}`,
        `Sum 60 AWS/ELB HTTPCode_Backend_5XX ${lb}`,
      ],
    ],
    [
      { metric: "latencyMs" },
      CLASSIC,
      [`Sum 60 AWS/ELB Latency ${lb}`, `SampleCount 60 AWS/ELB Latency ${lb}`],
    ],
    [{ metric: "latencyMs", stat: "max" }, CLASSIC, [`Maximum 60 AWS/ELB Latency ${lb}`]],
  ])("%j", (params, ties, questions) => expect(asked(params, ties)).toEqual(questions));
});

describe("a group's number", () => {
  it("is the newest that has had a minute to arrive, true at its period's end", () => {
    expect(sample({ metric: "cpuPercent" }, undefined, [{ 0: 90, 1: 82, 2: 70 }])).toEqual({
      value: 82,
      observedAtMs: NOON_MS,
    });
    expect(sample({ metric: "networkInBytes" }, undefined, [{ 0: 9, 5: 7, 10: 6 }])).toEqual({
      value: 7,
      observedAtMs: NOON_MS,
    });
  });

  it.each<[string, Parameters<typeof recipeOf>[0], Ties, Record<number, number>[], number]>([
    [
      "requests of all balancers",
      { metric: "requestCount" },
      BOTH,
      [{ 1: 30 }, { 1: 2 }, { 1: 12 }, { 1: 2 }],
      42,
    ],
    [
      "no requests where a balancer told its instances only",
      { metric: "requestCount" },
      CLASSIC,
      [{}, { 1: 2 }],
      0,
    ],
    ["requests a second", { metric: "requestRate" }, CLASSIC, [{ 1: 30 }, {}], 0.5],
    ["a share of errors", { metric: "errorRate" }, CLASSIC, [{ 1: 40 }, {}, { 1: 10 }], 0.25],
    ["no errors where none were told", { metric: "errorRate" }, CLASSIC, [{ 1: 40 }, {}, {}], 0],
    ["no errors without requests", { metric: "errorRate" }, CLASSIC, [{}, { 1: 1 }, {}], 0],
    [
      "milliseconds, weighed by requests",
      { metric: "latencyMs" },
      BOTH,
      [{ 1: 3 }, { 1: 30 }, { 1: 1 }, { 1: 10 }],
      100,
    ],
    ["the slowest of all", { metric: "latencyMs", stat: "max" }, BOTH, [{ 1: 0.2 }, { 1: 0.3 }], 300],
    ["the quickest of all", { metric: "latencyMs", stat: "min" }, BOTH, [{}, { 1: 0.25 }], 250],
  ])("is %s", (_what, params, ties, values, value) =>
    expect(sample(params, ties, values)).toEqual({ value, observedAtMs: NOON_MS }),
  );

  it("is of the last minute of which all balancers have told", () => {
    const values: Record<number, number>[] = [{ 1: 30, 2: 20 }, {}, { 2: 3 }, {}];
    expect(sample({ metric: "requestCount" }, BOTH, values)).toEqual({
      value: 23,
      observedAtMs: NOON_MS - 60_000,
    });
  });

  it.each<[Parameters<typeof recipeOf>[0], Record<number, number>[], string]>([
    [{ metric: "cpuPercent" }, [{}], "AWS/EC2 has no CPUUtilization of group web in 15m"],
    [
      { metric: "requestCount" },
      [{}, {}],
      "the load balancers of web tell nothing about its requests in 15m",
    ],
    [{ metric: "latencyMs" }, [{}, {}], "the load balancers of web tell nothing about its requests in 15m"],
  ])("is missing where nothing was told: %j", (params, values, unavailable) =>
    expect(sample(params, CLASSIC, values)).toEqual({ unavailable }),
  );
});

describe("a group's metric that AWS does not have", () => {
  it.each<[Parameters<typeof recipeOf>[0], Ties | undefined, string]>([
    [{ metric: "memoryPercent" }, NONE, "CloudWatch agent"],
    [{ metric: "memoryBytes" }, NONE, "CloudWatch agent"],
    [{ metric: "activeRequests" }, CLASSIC, "ActiveConnectionCount"],
    [
      { metric: "toString" },
      NONE,
      `"toString" is no metric of a group on AWS; there are: ${GROUP_METRICS.join(", ")}`,
    ],
    [
      { metric: "cpuPercent", periodMs: 90_000 },
      NONE,
      "cpuPercent has no period of 90s: write a multiple of 1m",
    ],
    [
      { metric: "cpuPercent", periodMs: 10_000 },
      NONE,
      "cpuPercent has no period of 10s: write a multiple of 1m",
    ],
    [{ metric: "cpuPercent", stat: "sum" }, NONE, "cpuPercent has no sum on AWS, but mean, max, min"],
    [{ metric: "latencyMs", stat: "sum" }, CLASSIC, "latencyMs has no sum on AWS, but mean, max, min"],
    [{ metric: "requestCount" }, NONE, "counted by load balancers, and web has none"],
    [{ metric: "requestCount" }, { ...NONE, without: ["tcp"] }, "tcp belongs to none"],
    [{ metric: "requestCount" }, undefined, 'there is no group "web"'],
  ])("%j says what to do instead", (params, ties, words) =>
    expect(recipeOf(params, "web", ties, NOW_MS)).toContain(words),
  );
});

it("what stands in front of a group is named as metrics name it", () => {
  const web = `${ARN}:targetgroup/web/6d0ecf831eec9f09`;
  const tcp = `${ARN}:targetgroup/tcp/1a`;
  const idle = `${ARN}:targetgroup/idle/2b`;
  const balancers = new Map([
    [web, [`${ARN}:loadbalancer/app/front/50dc6c495c0c9188`]],
    [tcp, [`${ARN}:loadbalancer/net/tcp/77`]],
  ]);
  expect(tiesOf(["old"], [web, tcp, idle], balancers)).toEqual({
    classic: ["old"],
    targets: [
      { targetGroup: "targetgroup/web/6d0ecf831eec9f09", loadBalancer: "app/front/50dc6c495c0c9188" },
    ],
    without: ["tcp", "idle"],
  });
});
