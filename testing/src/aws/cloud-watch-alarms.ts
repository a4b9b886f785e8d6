/** Alarms, which are evaluated when time passes, and execute policies when their state changes. */

import { seriesIn } from "./cloud-watch-math.js";
import { queried } from "./cloud-watch-query.js";
import { tagsOf } from "./ec2.js";
import { AwsError, Input, pageOf } from "./input.js";
import { execute, policyOf } from "./scaling-policies.js";
import type { Alarm, AlarmState, Given } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

/** How many periods more than it evaluates CloudWatch looks back for values. */
const EXTRA_PERIODS = 2;

const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

function alarmOf({ state }: World, name: string): Alarm {
  const alarm = state.alarms.find((one) => one.name === name);
  if (alarm === undefined) throw new AwsError("ResourceNotFound", `The alarm ${name} does not exist`, 404);
  return alarm;
}

function periodMsOf(input: Input): number {
  const queries = input.inputs("Metrics");
  const own = queries.map((one) => one.input("MetricStat")?.number("Period") ?? one.number("Period"));
  return (input.number("Period") ?? own.find((one) => one !== undefined) ?? 60) * 1_000;
}

function requireSound(input: Input): void {
  const invalid = (message: string): AwsError => new AwsError("ValidationError", message);
  if (COMPARISONS[input.required("ComparisonOperator")] === undefined)
    throw invalid("ComparisonOperator is not supported");
  const [periodMs, periods] = [periodMsOf(input), Number(input.required("EvaluationPeriods"))];
  if (![10_000, 20_000, 30_000].includes(periodMs) && periodMs % 60_000 !== 0)
    throw invalid("Period must be 10, 20, 30 or a multiple of 60");
  if (periodMs < 3_600_000 && periodMs * periods > 86_400_000)
    throw invalid(
      "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)",
    );
  if ((input.number("DatapointsToAlarm") ?? periods) > periods)
    throw invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods");
}

function tell(world: World, alarm: Alarm, kind: string, summary: string, data: unknown = {}): void {
  alarm.history.unshift({ atMs: world.now(), kind, summary, data: JSON.stringify(data) });
}

/** Values of the alarm's evaluation range, the newest last; undefined where there is none. */
function valuesOf(world: World, input: Input): (number | undefined)[] {
  const periodMs = periodMsOf(input);
  const count = Number(input.required("EvaluationPeriods")) + EXTRA_PERIODS;
  const endMs = Math.floor(world.now() / periodMs) * periodMs;
  const starts = Array.from({ length: count }, (_, index) => endMs - (count - index) * periodMs);
  const queries = input.inputs("Metrics");
  const plain = new Input({
    Id: "m",
    MetricStat: {
      Metric: {
        Namespace: input.text("Namespace") ?? "",
        MetricName: input.text("MetricName") ?? "",
        Dimensions: input.tree.Dimensions ?? [],
      },
      Period: periodMs / 1_000,
      Stat: input.text("ExtendedStatistic") ?? input.text("Statistic") ?? "Average",
    },
  });
  const watched = queries.find((one) => one.flag("ReturnData") !== false) ?? plain;
  const all = queries.length > 0 ? queries : [plain];
  const [series] = seriesIn(queried(world, all, { startMs: starts[0] ?? 0, endMs })(watched.required("Id")));
  return starts.map((start) => series?.get(start));
}

/**
 * The state that the data say. Of the range, the newest values count; where there are fewer than periods, the alarm says
 * what the missing ones are. @see docs.aws.amazon.com, Configuring how CloudWatch alarms treat missing data
 */
function stateOf(alarm: Alarm, input: Input, values: readonly (number | undefined)[]): AlarmState {
  const compare = COMPARISONS[input.text("ComparisonOperator") ?? ""];
  const missing = input.text("TreatMissingData") ?? "missing";
  const periods = Number(input.required("EvaluationPeriods"));
  const needed = input.number("DatapointsToAlarm") ?? periods;
  const isBreach = (value: number): boolean => compare?.(value, input.number("Threshold") ?? 0) === true;
  const known = values.filter((value) => value !== undefined).slice(-periods);
  const breaches = known.filter(isBreach).length;
  const gaps = periods - known.length;
  if (breaches + (missing === "breaching" ? gaps : 0) >= needed) return "ALARM";
  if (missing === "notBreaching" || missing === "breaching" || gaps === 0) return "OK";
  if (known.length === 0) return missing === "ignore" ? alarm.state : "INSUFFICIENT_DATA";
  if (breaches < known.length) return "OK";
  if (missing === "ignore") return alarm.state;
  // All that there is breaches: that is enough once the oldest of it is old enough.
  const ageOfOldest = values.length - values.findIndex((value) => value !== undefined);
  return ageOfOldest >= needed ? "ALARM" : "OK";
}

/** Changes an alarm's state, and runs the actions of the new one. */
function enter(world: World, alarm: Alarm, state: AlarmState, reason: string, value?: number): void {
  const from = alarm.state;
  Object.assign(alarm, { state, reason, stateChangedAtMs: world.now() });
  if (from === state) return;
  tell(world, alarm, "StateUpdate", `Alarm updated from ${from} to ${state}`, {
    version: "1.0",
    oldState: { stateValue: from },
    newState: { stateValue: state, stateReason: reason },
  });
  act(world, alarm, value);
}

/** Runs the actions of an alarm's state: policies by their ARNs. Simple ones keep their cooldown. */
function act(world: World, alarm: Alarm, value?: number): void {
  if (!alarm.areActionsEnabled) return;
  alarm.actedAtMs = world.now();
  const input = new Input(alarm.given);
  const key = { ALARM: "AlarmActions", OK: "OKActions", INSUFFICIENT_DATA: "InsufficientDataActions" };
  for (const arn of input.texts(key[alarm.state])) {
    if (!arn.includes(":scalingPolicy:")) continue;
    try {
      const { group, policy } = policyOf(world, arn);
      if ("AlarmNotification" in group.suspended)
        throw new AwsError("Suspended", "AlarmNotification is suspended");
      execute(world, group, policy, {
        why: `a monitor alarm ${alarm.name} in state ${alarm.state} triggered policy ${policy.name}`,
        honorsCooldown: true,
        over: value === undefined ? undefined : value - (input.number("Threshold") ?? 0),
      });
      tell(world, alarm, "Action", `Successfully executed action ${arn}`);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      tell(world, alarm, "Action", `Failed to execute action ${arn}`, { error: error.message });
    }
  }
}

/**
 * Evaluates all alarms. One that lasts runs its Auto Scaling actions again each period. @see docs.aws.amazon.com,
 * Using Amazon CloudWatch alarms
 */
export function tickAlarms(world: World): void {
  for (const alarm of world.state.alarms) {
    const input = new Input(alarm.given);
    const values = valuesOf(world, input);
    const state = stateOf(alarm, input, values);
    const last = values.findLast((one) => one !== undefined);
    const reason = `Threshold Crossed: ${values.filter((one) => one !== undefined).length} datapoints [${values.join(", ")}]`;
    if (state !== alarm.state) enter(world, alarm, state, reason, last);
    else if (state !== "INSUFFICIENT_DATA" && world.now() >= (alarm.actedAtMs ?? 0) + periodMsOf(input))
      act(world, alarm, last);
  }
}

/** The newest value that goes with a state that was set by hand. */
function valueIn(data: unknown): number | undefined {
  const read = typeof data === "string" ? (JSON.parse(data) as { recentDatapoints?: number[] }) : {};
  return read.recentDatapoints?.at(-1);
}

function shown(alarm: Alarm): Answer {
  const { Tags: _tags, ...given } = alarm.given;
  const list = (key: string): Answer => given[key] ?? [];
  return {
    ...given,
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    ActionsEnabled: alarm.areActionsEnabled,
    OKActions: list("OKActions"),
    AlarmActions: list("AlarmActions"),
    InsufficientDataActions: list("InsufficientDataActions"),
    Dimensions: list("Dimensions"),
    AlarmConfigurationUpdatedTimestamp: new Date(alarm.configuredAtMs),
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateReasonData: alarm.reasonData,
    StateUpdatedTimestamp: new Date(alarm.stateChangedAtMs),
    StateTransitionedTimestamp: new Date(alarm.stateChangedAtMs),
  };
}

/** Actions on alarms. */
export const alarmHandlers: Handlers = {
  PutMetricAlarm(world, input) {
    const name = input.required("AlarmName");
    requireSound(input);
    const old = world.state.alarms.find((one) => one.name === name);
    const changed = {
      given: input.tree as Given,
      configuredAtMs: world.now(),
      areActionsEnabled: input.flag("ActionsEnabled") ?? true,
    };
    if (old !== undefined) {
      Object.assign(old, changed);
      tell(world, old, "ConfigurationUpdate", `Alarm "${name}" updated`);
      return {};
    }
    const alarm: Alarm = {
      ...changed,
      name,
      arn: world.arn("cloudwatch", `alarm:${name}`),
      state: "INSUFFICIENT_DATA",
      reason: "Unchecked: Initial alarm creation",
      stateChangedAtMs: world.now(),
      tags: tagsOf(input.inputs("Tags")),
      history: [],
    };
    world.state.alarms.push(alarm);
    tell(world, alarm, "ConfigurationUpdate", `Alarm "${name}" created`);
    return {};
  },
  DescribeAlarms(world, input) {
    const [names, prefix, state, action] = [
      input.texts("AlarmNames"),
      input.text("AlarmNamePrefix"),
      input.text("StateValue"),
      input.text("ActionPrefix"),
    ];
    const found = world.state.alarms
      .filter((one) => names.length === 0 || names.includes(one.name))
      .filter((one) => one.name.startsWith(prefix ?? "") && (state === undefined || one.state === state))
      .filter((one) => action === undefined || actionsOf(one).some((each) => each.startsWith(action)))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const key = (one: Alarm): string => one.name;
    const { page, next } = pageOf(found, input, { key, size: "MaxRecords", usual: 50, most: 100 });
    return { MetricAlarms: page.map(shown), CompositeAlarms: [], NextToken: next };
  },
  DescribeAlarmsForMetric: (world, input) => ({
    MetricAlarms: world.state.alarms
      .filter(
        ({ given }) =>
          given.MetricName === input.required("MetricName") &&
          given.Namespace === input.required("Namespace"),
      )
      .map(shown),
  }),
  DeleteAlarms(world, input) {
    const names = input.texts("AlarmNames");
    for (const name of names) alarmOf(world, name);
    world.state.alarms = world.state.alarms.filter((one) => !names.includes(one.name));
    return {};
  },
  SetAlarmState(world, input) {
    const alarm = alarmOf(world, input.required("AlarmName"));
    const state = (["OK", "ALARM", "INSUFFICIENT_DATA"] as const).find(
      (one) => one === input.text("StateValue"),
    );
    if (state === undefined) throw new AwsError("ValidationError", "StateValue is not valid");
    const { StateReasonData: data } = input.tree;
    if (typeof data === "string") alarm.reasonData = data;
    enter(world, alarm, state, input.required("StateReason"), valueIn(data));
    return {};
  },
  EnableAlarmActions(world, input) {
    for (const name of input.texts("AlarmNames")) alarmOf(world, name).areActionsEnabled = true;
    return {};
  },
  DisableAlarmActions(world, input) {
    for (const name of input.texts("AlarmNames")) alarmOf(world, name).areActionsEnabled = false;
    return {};
  },
  DescribeAlarmHistory(world, input) {
    const [name, kind] = [input.text("AlarmName"), input.text("HistoryItemType")];
    const [start, end] = [input.time("StartDate") ?? 0, input.time("EndDate") ?? Number.POSITIVE_INFINITY];
    const found = world.state.alarms
      .filter((one) => name === undefined || one.name === name)
      .flatMap((alarm) =>
        alarm.history.map((item, index) => ({
          alarm,
          item,
          key: `${alarm.name}/${alarm.history.length - index}`,
        })),
      )
      .filter(
        ({ item }) => (kind === undefined || item.kind === kind) && item.atMs >= start && item.atMs <= end,
      );
    const ordered = input.text("ScanBy") === "TimestampAscending" ? found.toReversed() : found;
    const paging = {
      key: (one: (typeof found)[number]) => one.key,
      size: "MaxRecords",
      usual: 100,
      most: 100,
    };
    const { page, next } = pageOf(ordered, input, paging);
    return {
      AlarmHistoryItems: page.map(({ alarm, item }) => ({
        AlarmName: alarm.name,
        AlarmType: "MetricAlarm",
        Timestamp: new Date(item.atMs),
        HistoryItemType: item.kind,
        HistorySummary: item.summary,
        HistoryData: item.data,
      })),
      NextToken: next,
    };
  },
  ListTagsForResource: (world, input) => ({
    Tags: Object.entries(taggedBy(world, input).tags).map(([Key, Value]) => ({ Key, Value })),
  }),
  TagResource(world, input) {
    Object.assign(taggedBy(world, input).tags, tagsOf(input.inputs("Tags")));
    return {};
  },
  UntagResource(world, input) {
    for (const key of input.texts("TagKeys")) Reflect.deleteProperty(taggedBy(world, input).tags, key);
    return {};
  },
};

function actionsOf({ given }: Alarm): string[] {
  const input = new Input(given);
  return ["OKActions", "AlarmActions", "InsufficientDataActions"].flatMap((key) => input.texts(key));
}

function taggedBy({ state }: World, input: Input): Alarm {
  const arn = input.required("ResourceARN");
  const alarm = state.alarms.find((one) => one.arn === arn);
  if (alarm === undefined) throw new AwsError("ResourceNotFoundException", `${arn} does not exist`, 404);
  return alarm;
}
