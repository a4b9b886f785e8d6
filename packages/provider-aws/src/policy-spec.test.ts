import { isBellowsError, type PolicySpec } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { policyInput } from "./policy-spec.js";

const NOW = Date.UTC(2030, 0, 1);
const make = (spec: Partial<PolicySpec>) =>
  policyInput("web", { name: "p", adjust: { change: 1 }, ...spec } as PolicySpec, NOW, "policies.create");

/** What is thrown: its code, and what it complains about. */
function refusal(spec: Partial<PolicySpec>): [string, string[]] {
  try {
    make(spec);
  } catch (error) {
    if (isBellowsError(error)) return [error.code, error.message.replace(/^.*? by AWS: /s, "").split("; ")];
  }
  return ["", []];
}

describe("policies in AWS's words", () => {
  it.each<[string, Partial<PolicySpec>, object]>([
    [
      "simple",
      { adjust: { percent: -25 }, minMagnitude: 2, cooldownMs: 180_000 },
      {
        PolicyType: "SimpleScaling",
        AdjustmentType: "PercentChangeInCapacity",
        ScalingAdjustment: -25,
        MinAdjustmentMagnitude: 2,
        Cooldown: 180,
      },
    ],
    [
      "disabled, and exact",
      { adjust: { desired: 0 }, native: { enabled: false } },
      { PolicyType: "SimpleScaling", AdjustmentType: "ExactCapacity", ScalingAdjustment: 0, Enabled: false },
    ],
    [
      "a percentile as target",
      {
        adjust: { target: { value: 200 } },
        native: { metric: { namespace: "Shop", name: "Latency", stat: "p90" }, warmupMs: 60_000 },
      },
      {
        PolicyType: "TargetTrackingScaling",
        EstimatedInstanceWarmup: 60,
        TargetTrackingConfiguration: {
          TargetValue: 200,
          CustomizedMetricSpecification: {
            Metrics: [
              {
                Id: "m1",
                MetricStat: { Metric: { Namespace: "Shop", MetricName: "Latency" }, Stat: "p90", Period: 60 },
                ReturnData: true,
              },
            ],
          },
        },
      },
    ],
    [
      "a forecast over metrics of one's own",
      {
        adjust: { target: { value: 40 } },
        native: {
          predictive: { specification: { CustomizedLoadMetricSpecification: { MetricDataQueries: [] } } },
        },
      },
      {
        PolicyType: "PredictiveScaling",
        PredictiveScalingConfiguration: {
          MetricSpecifications: [
            { CustomizedLoadMetricSpecification: { MetricDataQueries: [] }, TargetValue: 40 },
          ],
        },
      },
    ],
  ])("%s", (_what, spec, fields) =>
    expect(make(spec)).toEqual({
      kind: "policy",
      input: { AutoScalingGroupName: "web", PolicyName: "p", ...fields },
    }),
  );

  it.each<[string, Partial<PolicySpec>, object]>([
    [
      "by the clock",
      {
        adjust: { desired: 1 },
        cooldownMs: 0,
        schedule: { cron: "0  22 * * MON-FRI", timezone: "Europe/Berlin" },
      },
      { DesiredCapacity: 1, Recurrence: "0 22 * * MON-FRI", TimeZone: "Europe/Berlin" },
    ],
    [
      "at a moment",
      { adjust: { desired: 1 }, schedule: { atMs: NOW + 60_000 } },
      { DesiredCapacity: 1, StartTime: new Date(NOW + 60_000) },
    ],
  ])("a schedule %s", (_what, spec, fields) =>
    expect(make(spec)).toEqual({
      kind: "schedule",
      input: { AutoScalingGroupName: "web", ScheduledActionName: "p", ...fields },
    }),
  );
});

describe("refused with every fault", () => {
  it.each<[string, Partial<PolicySpec>, RegExp[]]>([
    ["a change of nothing", { adjust: { change: 0 } }, [/must not be 0/]],
    ["a name that AWS refuses", { name: "a:b" }, [/^name: must have no colon/]],
    ["a name that is too long", { name: "x".repeat(256) }, [/^name: /]],
    [
      "several at once",
      { name: "a\nb", adjust: { percent: 0.5 }, cooldownMs: 1_500, native: { warm: 1 } },
      [/^name: /, /^cooldownMs: must be whole seconds/, /^native: Unrecognized key/],
    ],
    [
      "what only percentages and simple policies have",
      {
        adjust: { steps: [{ atLeast: 0, adjust: { change: 1 } }] },
        engine: "native",
        cooldownMs: 1_000,
        minMagnitude: 2,
      },
      [/^cooldownMs: AWS has none for steps/, /^minMagnitude: goes with percentages/],
    ],
    [
      "a target without what it looks at",
      { adjust: { target: { value: 5 } }, engine: "native" },
      [/^native: needs one of predefined, metric and metrics/],
    ],
    [
      "balancer's requests without the balancer",
      { adjust: { target: { value: 5 } }, native: { predefined: "ALBRequestCountPerTarget" } },
      [/^native.resourceLabel: goes with ALBRequestCountPerTarget/],
    ],
    [
      "math that nobody looks at",
      {
        adjust: { target: { value: 5 } },
        native: {
          metrics: [
            { id: "a", metric: { namespace: "N", name: "a" } },
            { id: "a", expression: "a * 2" },
          ],
        },
      },
      [/two queries have the id a/, /exactly one query must have returns/],
    ],
    [
      "a period that targets don't have",
      {
        adjust: { target: { value: 5 } },
        native: { metric: { namespace: "N", name: "a", stat: "Mean", periodMs: 300_000 } },
      },
      [/^native.metric.stat: must be Average/, /^native.metric.periodMs: must be 10, 30 or 60 seconds/],
    ],
    [
      "a moment that is over",
      { adjust: { desired: 1 }, schedule: { atMs: NOW } },
      [/^schedule.atMs: .* is over/],
    ],
    [
      "a pattern that is none",
      { adjust: { desired: 1 }, schedule: { cron: "0 25 * * *" } },
      [/^schedule.cron: /],
    ],
    [
      "a pattern that only others know",
      { adjust: { desired: 1 }, schedule: { cron: "0 1 L * *" } },
      [/^schedule.cron: /],
    ],
    [
      "desired outside its own bounds",
      { adjust: { desired: 9 }, schedule: { cron: "0 1 * * *" }, native: { max: 4 } },
      [/^adjust.desired: lies outside/],
    ],
  ])("%s", (_what, spec, faults) => {
    const [code, told] = refusal(spec);
    expect(code).toBe("config");
    expect(told).toHaveLength(faults.length);
    for (const [index, fault] of faults.entries()) expect(told[index]).toMatch(fault);
  });

  it.each<[string, Partial<PolicySpec>, string[]]>([
    [
      "what only Bellows keeps",
      { webhooks: ["hook"], keepMs: 60_000, metadata: { a: "b" }, rounding: "otter" },
      ["webhooks", "keepMs", "metadata", "rounding"],
    ],
    ["what only Bellows evaluates", { when: "cpu > 70", forMs: 60_000 }, ["when", "forMs"]],
    [
      "shares",
      {
        engine: "native",
        adjust: { target: { perInstance: 5, tolerance: 0.1 } },
        native: { predefined: "ASGAverageCPUUtilization" },
      },
      ["adjust.target.perInstance", "adjust.target.tolerance"],
    ],
    [
      "a schedule that adds",
      { schedule: { cron: "0 1 * * *" }, cooldownMs: 60_000 },
      ["adjust", "cooldownMs"],
    ],
  ])("as unsupported: %s", (_what, spec, words) => {
    const [code, told] = refusal(spec);
    expect(code).toBe("unsupported");
    expect(told.map((fault) => fault.split(":")[0])).toEqual(words);
  });
});
