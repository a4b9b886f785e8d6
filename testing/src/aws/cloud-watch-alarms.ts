/** Alarms: made, read, switched and set by hand. */

import { COMPARISONS, enter, periodMsOf, tell } from "./cloud-watch-evaluation.js";
import { tagsOf } from "./ec2-tags.js";
import { AwsError, Input, pageOf } from "./input.js";
import type { Alarm, Given } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

function alarmOf({ state }: World, name: string): Alarm {
  const alarm = state.alarms.find((one) => one.name === name);
  if (alarm === undefined) throw new AwsError("ResourceNotFound", `The alarm ${name} does not exist`, 404);
  return alarm;
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
