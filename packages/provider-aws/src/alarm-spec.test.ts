import { type AlarmSpec, isBellowsError } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { alarmOf, eventOf, specOf } from "./alarm-map.js";
import { alarmInput } from "./alarm-spec.js";
import { reasonData } from "./alarm-state.js";

const spec = (more: Partial<AlarmSpec> = {}): AlarmSpec => ({
  name: "busy",
  metric: { namespace: "AWS/EC2", name: "CPUUtilization", stat: "Average" },
  above: 70,
  periodMs: 60_000,
  periods: 2,
  ...more,
});

function faults(more: Partial<AlarmSpec>): string[] {
  try {
    alarmInput(spec(more), "alarms.create");
  } catch (error) {
    if (isBellowsError(error)) return error.message.replace(/^.*? made: /, "").split("; ");
  }
  return [];
}

describe("alarms in CloudWatch's words", () => {
  it.each<[Partial<AlarmSpec>, object]>([
    [{}, { ComparisonOperator: "GreaterThanThreshold", Threshold: 70, Statistic: "Average", Period: 60 }],
    [
      { above: undefined, atLeast: 0 },
      { ComparisonOperator: "GreaterThanOrEqualToThreshold", Threshold: 0 },
    ],
    [
      { above: undefined, below: 1 },
      { ComparisonOperator: "LessThanThreshold", Threshold: 1 },
    ],
    [
      { above: undefined, atMost: 1 },
      { ComparisonOperator: "LessThanOrEqualToThreshold", Threshold: 1 },
    ],
    [{ metric: { namespace: "N", name: "a", stat: "p99" } }, { ExtendedStatistic: "p99" }],
    [{ missing: "not-breaching" }, { TreatMissingData: "notBreaching" }],
    [{ periodsToAlarm: 1 }, { EvaluationPeriods: 2, DatapointsToAlarm: 1 }],
    [
      { owner: "shop/web", native: { description: "Busy" } },
      { AlarmDescription: "Busy\nbellows:owner=shop/web" },
    ],
  ])("%j", (more, fields) => {
    const given = JSON.parse(JSON.stringify(spec(more))) as AlarmSpec;
    const input = alarmInput(given, "alarms.create");
    expect(input).toMatchObject(fields);
    expect(specOf(alarmOf(input))).toEqual({ missing: "missing", ...given });
  });

  it("a band of anomaly detection stands in place of a bound", () => {
    const { above: _above, ...rest } = spec();
    const banded: AlarmSpec = {
      ...rest,
      metric: { name: "m1" },
      native: {
        metrics: [
          { id: "m1", metric: { namespace: "N", name: "a", stat: "Average" }, returns: true },
          { id: "band", expression: "ANOMALY_DETECTION_BAND(m1, 2)" },
        ],
        comparison: "GreaterThanUpperThreshold",
        thresholdMetricId: "band",
      },
    };
    const input = alarmInput(banded, "alarms.create");
    expect(input).toMatchObject({
      ThresholdMetricId: "band",
      ComparisonOperator: "GreaterThanUpperThreshold",
    });
    expect(specOf(alarmOf(input))).toEqual({ missing: "missing", ...banded });
  });
});

it.each<[string, Partial<AlarmSpec>, RegExp[]]>([
  ["two bounds", { below: 1 }, [/^above and below: an alarm has one bound/]],
  ["none", { above: undefined }, [/^needs one bound/]],
  ["a period that there is not", { periodMs: 45_000 }, [/^periodMs: must be 10, 20 or 30 seconds/]],
  ["no period", { periodMs: 0 }, [/^periodMs: /]],
  ["more than a day", { periods: 1441 }, [/^periods: 1441 of 1m are more than 1d/]],
  ["more than a week", { periodMs: 3_600_000, periods: 169 }, [/^periods: 169 of 1h are more than 7d/]],
  ["more of the periods than there are", { periodsToAlarm: 3 }, [/^periodsToAlarm: 3 of 2/]],
  ["no namespace", { metric: { name: "a" } }, [/^metric.namespace: is missing/]],
  [
    "a unit that there is not",
    { metric: { namespace: "N", name: "a", unit: "%" } },
    [/^metric.unit: must be a unit/],
  ],
  ["an unknown word", { native: { colour: "red" } }, [/^native: Unrecognized key/]],
  ["an action that is no ARN", { native: { actions: ["pager"] } }, [/^native.actions.0: must be an ARN/]],
  [
    "more actions than AWS takes",
    { executes: ["a", "b", "c", "d", "e", "f"].map((policy) => ({ group: "web", policy })) },
    [/^executes: an alarm has at most 5 actions, not 6/],
  ],
  [
    "math whose result has another name",
    { metric: { name: "x", unit: "Count" }, native: { metrics: [{ id: "q", expression: "SELECT 1" }] } },
    [/^metric.unit: stands in native.metrics/, /^metric.name: must be the id .* q$/],
  ],
  ["each instance for itself", { scope: "instance" }, [/^scope: AWS's alarms watch one metric/]],
])("refused: %s", (_what, more, told) => {
  const found = faults(more);
  expect(found).toHaveLength(told.length);
  for (const [index, fault] of told.entries()) expect(found[index]).toMatch(fault);
});

it("actions are policies by name where they are, and stay ARNs where not", () => {
  const alarm = alarmOf({
    AlarmName: "busy",
    AlarmActions: [
      "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:c1:autoScalingGroupName/a/b:policyName/scale up",
      "arn:aws:sns:eu-west-1:123456789012:pager",
    ],
  });
  expect(alarm).toMatchObject({
    executes: [{ group: "a/b", policy: "scale up" }],
    native: { actions: ["arn:aws:sns:eu-west-1:123456789012:pager"] },
    repeats: true,
    state: "insufficient-data",
  });
});

it("a past is told in plain words", () => {
  const Timestamp = new Date(1_000);
  expect(eventOf({ Timestamp, HistoryItemType: "StateUpdate", HistorySummary: "to ALARM" })).toEqual({
    atMs: 1_000,
    kind: "state-update",
    text: "to ALARM",
  });
});

it("a state that is set by hand says that the metric lies on the threshold, where the first step begins", () => {
  expect(JSON.parse(reasonData({ Threshold: 70, Period: 60, Statistic: "Average" }, 0))).toEqual({
    version: "1.0",
    queryDate: "1970-01-01T00:00:00.000+0000",
    statistic: "Average",
    period: 60,
    recentDatapoints: [70],
    threshold: 70,
  });
});
