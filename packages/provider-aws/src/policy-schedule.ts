/** Schedules as AWS's scheduled actions, and back. Pure. @see docs.aws.amazon.com, PutScheduledUpdateGroupAction */
import type {
  PutScheduledUpdateGroupActionType,
  ScheduledUpdateGroupAction,
} from "@aws-sdk/client-auto-scaling";
import { checkSchedule, errorLine, type Policy, type PolicySpec, type Schedule } from "@bellows/core";
import type { NativeOf } from "./policy-native.js";

/** What AWS's cron has: numbers, lists, ranges, steps, and names of months and days. */
const PLAIN_CRON = /^[\d*,/\-\s]*([A-Za-z]{3}[\d*,/\-\s]*)*$/;

/** A schedule's own part of a scheduled action. */
type When = Pick<PutScheduledUpdateGroupActionType, "Recurrence" | "TimeZone" | "StartTime" | "EndTime">;

/** What AWS would refuse in a schedule. @param nowMs - milliseconds since the epoch. */
export function scheduleFaults(schedule: Schedule, nowMs: number): string[] {
  if ("atMs" in schedule) {
    if (schedule.atMs % 1_000 !== 0) return ["schedule.atMs: must be whole seconds"];
    return schedule.atMs > nowMs ? [] : [`schedule.atMs: ${new Date(schedule.atMs).toISOString()} is over`];
  }
  if (!PLAIN_CRON.test(schedule.cron))
    return [`schedule.cron: AWS knows no ${JSON.stringify(schedule.cron)}`];
  try {
    checkSchedule(schedule);
    return [];
  } catch (error) {
    return [`schedule.cron: ${errorLine(error)}`];
  }
}

/** A schedule in AWS's words; UTC is what it takes when no time zone is named. */
function whenInput(schedule: Schedule, native: NativeOf<"schedule">): When {
  if ("atMs" in schedule) return { StartTime: new Date(schedule.atMs) };
  const { cron, timezone = "UTC" } = schedule;
  return {
    Recurrence: cron.trim().split(/\s+/).join(" "),
    ...(timezone === "UTC" ? {} : { TimeZone: timezone }),
    ...(native.startMs === undefined ? {} : { StartTime: new Date(native.startMs) }),
    ...(native.endMs === undefined ? {} : { EndTime: new Date(native.endMs) }),
  };
}

/** A scheduled action in AWS's words. */
export function scheduleInput(
  group: string,
  { name, schedule, desired }: { name: string; schedule: Schedule; desired: number },
  native: NativeOf<"schedule">,
): PutScheduledUpdateGroupActionType {
  return {
    AutoScalingGroupName: group,
    ScheduledActionName: name,
    DesiredCapacity: desired,
    ...(native.min === undefined ? {} : { MinSize: native.min }),
    ...(native.max === undefined ? {} : { MaxSize: native.max }),
    ...whenInput(schedule, native),
  };
}

/** Whether a scheduled action is a policy: those that only move bounds are none, and stand under `cloud.native`. */
export function isPolicy({ DesiredCapacity }: Pick<ScheduledUpdateGroupAction, "DesiredCapacity">): boolean {
  return DesiredCapacity !== undefined;
}

/** A scheduled action as a policy. */
export function schedulePolicyOf(action: ScheduledUpdateGroupAction): Policy {
  const {
    AutoScalingGroupName: group = "",
    ScheduledActionName: name = "",
    ScheduledActionARN: arn,
  } = action;
  const native = nativeOf(action);
  return {
    name,
    engine: "native",
    group,
    id: name,
    ...(arn === undefined ? {} : { providerId: arn }),
    adjust: { desired: action.DesiredCapacity ?? 0 },
    schedule: scheduleOf(action),
    ...(Object.keys(native).length === 0 ? {} : { native }),
  };
}

function scheduleOf({ Recurrence, TimeZone = "UTC", StartTime }: ScheduledUpdateGroupAction): Schedule {
  if (Recurrence === undefined) return { atMs: StartTime?.getTime() ?? 0 };
  return { cron: Recurrence, ...(TimeZone === "UTC" ? {} : { timezone: TimeZone }) };
}

function nativeOf({
  MinSize,
  MaxSize,
  Recurrence,
  StartTime,
  EndTime,
}: ScheduledUpdateGroupAction): NativeOf<"schedule"> {
  return {
    ...(MinSize === undefined ? {} : { min: MinSize }),
    ...(MaxSize === undefined ? {} : { max: MaxSize }),
    ...(Recurrence === undefined || StartTime === undefined ? {} : { startMs: StartTime.getTime() }),
    ...(Recurrence === undefined || EndTime === undefined ? {} : { endMs: EndTime.getTime() }),
  };
}

/** What a schedule can't have on AWS beyond the words that no policy of AWS has. */
export function notScheduled({ adjust, cooldownMs = 0, minMagnitude }: PolicySpec): string[] {
  return [
    ...("desired" in adjust ? [] : ["adjust: AWS's schedules set desired, and nothing else"]),
    ...(cooldownMs === 0 ? [] : ["cooldownMs: AWS's schedules wait for no cooldown and start none"]),
    ...(minMagnitude === undefined ? [] : ["minMagnitude: goes with percentages"]),
  ];
}
