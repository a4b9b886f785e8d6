/** CloudWatch's alarms in the contract's words. Pure. */
import type { AlarmHistoryItem, MetricAlarm } from "@aws-sdk/client-cloudwatch";
import type { Alarm, AlarmEvent, AlarmSpec } from "@bellows/core";
import { type AlarmNative, BOUNDS, COMPARISONS, MISSING } from "./alarm-native.js";
import { ownerIn } from "./alarm-owner.js";
import { dimensionsOf, periodOf, queriesOf, returning } from "./alarm-query.js";

/** How an alarm stands, and CloudWatch's word for it. */
export const STATES = {
  ok: "OK",
  alarm: "ALARM",
  "insufficient-data": "INSUFFICIENT_DATA",
} as const;

/** The period of math that names none, in milliseconds. */
const PERIOD_MS = 60_000;

const POLICY_ARN = /^arn:[^:]+:autoscaling:.*:autoScalingGroupName\/(.+):policyName\/([^:]+)$/;

/** The policy that an action executes; undefined for other actions. */
function policyIn(action: string): { group: string; policy: string } | undefined {
  const [, group, policy] = POLICY_ARN.exec(action) ?? [];
  return group === undefined || policy === undefined ? undefined : { group, policy };
}

/** An alarm in the contract's words. Its id is its name, which is unique in its region. */
export function alarmOf(alarm: MetricAlarm): Alarm {
  const { AlarmName: name = "", StateReason, AlarmActions = [] } = alarm;
  const changed = alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp;
  const executes = AlarmActions.flatMap((action) => policyIn(action) ?? []);
  const { owner } = ownerIn(alarm.AlarmDescription);
  return {
    id: name,
    name,
    ...metricAndPeriod(alarm),
    ...boundOf(alarm),
    periods: alarm.EvaluationPeriods ?? 1,
    ...(alarm.DatapointsToAlarm === undefined ? {} : { periodsToAlarm: alarm.DatapointsToAlarm }),
    ...missingOf(alarm.TreatMissingData),
    ...(executes.length === 0 ? {} : { executes }),
    ...(owner === undefined ? {} : { owner }),
    ...nativeOf(alarm),
    state: stateOf(alarm.StateValue),
    ...(StateReason === undefined ? {} : { stateReason: StateReason }),
    ...(changed === undefined ? {} : { stateChangedAtMs: changed.getTime() }),
    enabled: alarm.ActionsEnabled !== false,
    // While it is in alarm, CloudWatch has Auto Scaling execute its policies every minute; all else it does once.
    repeats: executes.length > 0,
  };
}

function metricAndPeriod(alarm: MetricAlarm): Pick<AlarmSpec, "metric" | "periodMs"> {
  const { Metrics = [], MetricName, Namespace, Statistic, ExtendedStatistic, Unit, Period } = alarm;
  if (MetricName === undefined)
    return { metric: { name: watchedIn(alarm) }, periodMs: mathPeriodOf(Metrics) };
  const stat = Statistic ?? ExtendedStatistic;
  const dimensions = dimensionsOf(alarm.Dimensions);
  return {
    metric: {
      ...(Namespace === undefined ? {} : { namespace: Namespace }),
      name: MetricName,
      ...(stat === undefined ? {} : { stat }),
      ...(dimensions === undefined ? {} : { dimensions }),
      ...(Unit === undefined ? {} : { unit: Unit }),
    },
    periodMs: Period === undefined ? PERIOD_MS : Period * 1_000,
  };
}

/** What an alarm without a plain metric watches: a query, or what CloudWatch has no metric for. */
function watchedIn({ Metrics = [], AlarmName = "" }: MetricAlarm): string {
  return returning(Metrics)?.Id ?? AlarmName;
}

/** The period of math: of the query that is watched, or of the first metric. */
function mathPeriodOf(queries: NonNullable<MetricAlarm["Metrics"]>): number {
  const watched = returning(queries);
  const periods = [...(watched === undefined ? [] : [watched]), ...queries].map(periodOf);
  return periods.find((periodMs) => periodMs !== undefined) ?? PERIOD_MS;
}

function boundOf({ ComparisonOperator, Threshold }: MetricAlarm): Partial<AlarmSpec> {
  const bound = BOUNDS.find((word) => COMPARISONS[word] === ComparisonOperator);
  return bound === undefined || Threshold === undefined ? {} : { [bound]: Threshold };
}

function missingOf(word: string | undefined): Pick<AlarmSpec, "missing"> {
  const found = Object.entries(MISSING).find(([, theirs]) => theirs === word);
  return found === undefined ? {} : { missing: found[0] as keyof typeof MISSING };
}

function stateOf(word: string | undefined): Alarm["state"] {
  const found = Object.entries(STATES).find(([, theirs]) => theirs === word);
  return (found?.[0] as keyof typeof STATES | undefined) ?? "insufficient-data";
}

function nativeOf(alarm: MetricAlarm): { native?: AlarmNative } {
  const { description } = ownerIn(alarm.AlarmDescription);
  const { AlarmActions = [], OKActions = [], InsufficientDataActions = [], Metrics = [] } = alarm;
  const lowSamples = alarm.EvaluateLowSampleCountPercentile as AlarmNative["lowSamples"];
  const actions = AlarmActions.filter((action) => policyIn(action) === undefined);
  const isBand = alarm.ThresholdMetricId !== undefined;
  const native: AlarmNative = {
    ...(description === undefined ? {} : { description }),
    ...(actions.length === 0 ? {} : { actions }),
    ...(OKActions.length === 0 ? {} : { okActions: [...OKActions] }),
    ...(InsufficientDataActions.length === 0
      ? {}
      : { insufficientDataActions: [...InsufficientDataActions] }),
    ...(lowSamples === undefined ? {} : { lowSamples }),
    ...(Metrics.length === 0 ? {} : { metrics: queriesOf(Metrics, mathPeriodOf(Metrics)) }),
    ...(isBand ? { comparison: alarm.ComparisonOperator as NonNullable<AlarmNative["comparison"]> } : {}),
    ...(alarm.ThresholdMetricId === undefined ? {} : { thresholdMetricId: alarm.ThresholdMetricId }),
  };
  return Object.keys(native).length === 0 ? {} : { native };
}

/** What an alarm would be made from: itself without how it stands. */
export function specOf(alarm: Alarm): AlarmSpec {
  const { id: _id, state: _state, stateReason: _reason, stateChangedAtMs: _at, ...rest } = alarm;
  const { enabled: _enabled, repeats: _repeats, ...spec } = rest;
  return spec;
}

/** An entry of an alarm's past: `StateUpdate` is `state-update`. */
export function eventOf({ Timestamp, HistoryItemType, HistorySummary = "" }: AlarmHistoryItem): AlarmEvent {
  const kind: string = HistoryItemType ?? "";
  return {
    atMs: Timestamp?.getTime() ?? 0,
    kind: kind.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase(),
    text: HistorySummary,
  };
}
