/** What groups do, kept for who asks, and when it ended, for cooldowns. */
import { type Input, pageOf } from "./input.js";
import type { Activity, Group } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

/** Activities are listed for six weeks. @see facts/aws.md, section 2, Per call */
const KEPT_MS = 42 * 86_400_000;

/** Starts an activity. @param cause - sentences; the time is put before each. */
export function startActivity(
  world: World,
  group: Group,
  description: string,
  cause: readonly string[],
): Activity {
  const at = `At ${new Date(world.now()).toISOString().replace(/\.\d+/, "")}`;
  const activity: Activity = {
    id: world.uuid(),
    group: group.name,
    description,
    cause: cause.map((sentence) => `${at} ${sentence}`).join("  "),
    startedAtMs: world.now(),
    status: "InProgress",
    progress: 0,
    details: {},
  };
  group.activities.unshift(activity);
  return activity;
}

/** Ends an activity; the group cools from now on: the clock of a cooldown starts at the end of the last one. */
export function endActivity(
  world: World,
  group: Group,
  id: string | undefined,
  status: Activity["status"],
): void {
  const activity = group.activities.find((one) => one.id === id);
  if (activity === undefined || activity.status !== "InProgress") return;
  activity.status = status;
  activity.progress = 100;
  activity.endedAtMs = world.now();
  if (status === "Successful") group.coolsFromMs = world.now();
}

/** Whether a group is launching or terminating. */
export function isBusy(group: Group): boolean {
  return group.activities.some(({ status }) => status === "InProgress");
}

/** Whether simple policies wait, by the cooldown or by an activity that goes on. @see facts/aws.md, section 2, Cooldown */
export function isCooling(world: World, group: Group): boolean {
  if (isBusy(group)) return true;
  return group.coolsFromMs !== undefined && world.now() < group.coolsFromMs + group.coolsSeconds * 1_000;
}

/** An activity as it is answered. */
export function shownActivity(activity: Activity): Answer {
  const { startedAtMs, endedAtMs } = activity;
  return {
    ActivityId: activity.id,
    AutoScalingGroupName: activity.group,
    Description: activity.description,
    Cause: activity.cause,
    StartTime: new Date(startedAtMs),
    EndTime: endedAtMs === undefined ? undefined : new Date(endedAtMs),
    StatusCode: activity.status,
    StatusMessage: activity.details.message as string | undefined,
    Progress: activity.progress,
    Details: "{}",
  };
}

/** The action that lists activities. */
export const scalingActivities: Handlers = {
  DescribeScalingActivities(world, input: Input) {
    const name = input.text("AutoScalingGroupName");
    const ids = input.texts("ActivityIds");
    const found = world.state.groups
      .filter((group) => name === undefined || group.name === name)
      .flatMap(({ activities }) => activities)
      .filter(({ id, startedAtMs }) =>
        ids.length > 0 ? ids.includes(id) : startedAtMs > world.now() - KEPT_MS,
      );
    const paging = { key: (one: Activity) => one.id, size: "MaxRecords", usual: 100, most: 100 };
    const { page, next } = pageOf(found, input, paging);
    return { Activities: page.map(shownActivity), NextToken: next };
  },
};
