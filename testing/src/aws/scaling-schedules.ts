/** Scheduled actions, which run: at their start, and at each minute that their recurrence names. */
import { isDue } from "../cron.js";
import { AwsError, Input, invalid, pageOf } from "./input.js";
import { groupIn } from "./scaling-find.js";
import { rebound } from "./scaling-groups.js";
import type { Group, Schedule } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

const MINUTE_MS = 60_000;

/** Runs what fell due after `sinceMs`. Suspended schedules are not made up for. */
export function runSchedules(world: World, group: Group, sinceMs: number): void {
  for (const schedule of [...group.schedules]) {
    const isOver = schedule.endAtMs !== undefined && schedule.endAtMs <= world.now();
    const due = !isOver && isDueSince(schedule, sinceMs, world.now());
    if (due && !("ScheduledActions" in group.suspended)) run(world, group, schedule);
    const isOnce = schedule.recurrence === undefined;
    if (isOver || (due && isOnce)) group.schedules = group.schedules.filter((one) => one !== schedule);
  }
}

function isDueSince({ startAtMs, recurrence, timeZone }: Schedule, sinceMs: number, nowMs: number): boolean {
  if (startAtMs !== undefined && startAtMs > sinceMs && startAtMs <= nowMs) return true;
  if (recurrence === undefined || (startAtMs !== undefined && startAtMs > nowMs)) return false;
  const firstMs = Math.floor(sinceMs / MINUTE_MS + 1) * MINUTE_MS;
  for (let atMs = firstMs; atMs <= nowMs; atMs += MINUTE_MS)
    if (isDue(recurrence, atMs, timeZone)) return true;
  return false;
}

function run(world: World, group: Group, { name, min, max, desired }: Schedule): void {
  try {
    rebound(world, group, { min, max, desired }, `a scheduled action ${name} ran,`);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
}

function put(world: World, input: Input, group: Group): void {
  const name = input.required("ScheduledActionName");
  const [min, max, desired] = [
    input.number("MinSize"),
    input.number("MaxSize"),
    input.number("DesiredCapacity"),
  ];
  if (min === undefined && max === undefined && desired === undefined)
    throw invalid("At least one of MinSize, MaxSize or DesiredCapacity must be specified");
  if (min !== undefined && max !== undefined && min > max) throw invalid("MinSize must not be above MaxSize");
  const startAtMs = input.time("StartTime") ?? input.time("Time");
  if (startAtMs !== undefined && startAtMs < world.now()) throw invalid("Given start time is in the past");
  const optional = {
    startAtMs,
    endAtMs: input.time("EndTime"),
    recurrence: input.text("Recurrence"),
    timeZone: input.text("TimeZone"),
    min,
    max,
    desired,
  };
  const set = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  group.schedules = [...group.schedules.filter((one) => one.name !== name), { name, ...set }];
}

function shown(world: World, group: Group, schedule: Schedule): Answer {
  const time = (ms: number | undefined): Date | undefined => (ms === undefined ? undefined : new Date(ms));
  return {
    AutoScalingGroupName: group.name,
    ScheduledActionName: schedule.name,
    ScheduledActionARN: world.arn(
      "autoscaling",
      `scheduledUpdateGroupAction:stand-in:autoScalingGroupName/${group.name}:scheduledActionName/${schedule.name}`,
    ),
    Time: time(schedule.startAtMs),
    StartTime: time(schedule.startAtMs),
    EndTime: time(schedule.endAtMs),
    Recurrence: schedule.recurrence,
    TimeZone: schedule.timeZone,
    MinSize: schedule.min,
    MaxSize: schedule.max,
    DesiredCapacity: schedule.desired,
  };
}

/** Several actions in one call: each fails by itself. */
function batch(names: readonly Input[], run: (one: Input) => void): Answer[] {
  return names.flatMap((one) => {
    try {
      run(one);
      return [];
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const ScheduledActionName = one.text("ScheduledActionName");
      return [{ ScheduledActionName, ErrorCode: error.code, ErrorMessage: error.message }];
    }
  });
}

function remove(group: Group, name: string): void {
  if (!group.schedules.some((one) => one.name === name))
    throw invalid(`Scheduled action name not found - Scheduled action '${name}' not found`);
  group.schedules = group.schedules.filter((one) => one.name !== name);
}

/** Actions on scheduled actions. */
export const scalingSchedules: Handlers = {
  PutScheduledUpdateGroupAction(world, input) {
    put(world, input, groupIn(world, input));
    return undefined;
  },
  BatchPutScheduledUpdateGroupAction(world, input) {
    const group = groupIn(world, input);
    const failed = batch(input.inputs("ScheduledUpdateGroupActions"), (one) => put(world, one, group));
    return { FailedScheduledUpdateGroupActions: failed };
  },
  DescribeScheduledActions(world, input) {
    const [name, names] = [input.text("AutoScalingGroupName"), input.texts("ScheduledActionNames")];
    const found = world.state.groups
      .filter((group) => name === undefined || group.name === name)
      .flatMap((group) => group.schedules.map((schedule) => ({ group, schedule })))
      .filter(({ schedule }) => names.length === 0 || names.includes(schedule.name));
    const key = ({ group, schedule }: (typeof found)[number]): string => `${group.name}/${schedule.name}`;
    const { page, next } = pageOf(found, input, { key, size: "MaxRecords", usual: 50, most: 100 });
    return {
      ScheduledUpdateGroupActions: page.map(({ group, schedule }) => shown(world, group, schedule)),
      NextToken: next,
    };
  },
  DeleteScheduledAction(world, input) {
    remove(groupIn(world, input), input.required("ScheduledActionName"));
    return undefined;
  },
  BatchDeleteScheduledAction(world, input) {
    const group = groupIn(world, input);
    const names = input.texts("ScheduledActionNames").map((name) => new Input({ ScheduledActionName: name }));
    const failed = batch(names, (one) => remove(group, one.required("ScheduledActionName")));
    return { FailedScheduledActions: failed };
  },
};
