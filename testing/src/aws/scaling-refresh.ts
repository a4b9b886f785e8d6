/** Instance refreshes: as many instances at a time as the healthy percentage leaves, until all are new. */
import { AwsError, Input, pageOf } from "./input.js";
import { settle, terminate } from "./scaling-convergence.js";
import { groupIn } from "./scaling-find.js";
import type { Given, Group, Refresh } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

/** @see docs.aws.amazon.com, RefreshPreferences */
const HEALTHY_PERCENT = 90;

function active({ refreshes }: Group): Refresh | undefined {
  return refreshes.find(({ status }) => ["Pending", "InProgress", "Cancelling"].includes(status));
}

/** Goes on with a group's refresh: called at every tick. */
export function refresh(world: World, group: Group): void {
  const going = active(group);
  if (going === undefined || "InstanceRefresh" in group.suspended) return;
  if (going.status === "Cancelling") return end(world, going, "Cancelled");
  going.status = "InProgress";
  const members = group.members.filter(({ lifecycle }) => lifecycle === "InService");
  going.left = going.left.filter((id) => group.members.some((member) => member.id === id));
  going.percentage =
    going.total === 0 ? 100 : Math.floor(((going.total - going.left.length) / going.total) * 100);
  if (going.left.length === 0)
    return members.length >= group.desired ? end(world, going, "Successful") : undefined;
  const healthy = new Input(going.preferences).number("MinHealthyPercentage") ?? HEALTHY_PERCENT;
  const least = Math.ceil((group.desired * healthy) / 100);
  // Where the percentage leaves nobody, one goes all the same.
  const room = Math.max(members.length - least, members.length === group.desired ? 1 : 0);
  const why = "an instance was taken out of service in response to an instance refresh.";
  const next = members.filter(({ id }) => going.left.includes(id)).slice(0, room);
  for (const member of next) terminate(world, group, member, [why]);
  settle(world, group);
}

function end(world: World, going: Refresh, status: Refresh["status"]): void {
  going.status = status;
  going.endedAtMs = world.now();
  if (status === "Successful") going.percentage = 100;
}

function shown(group: Group, one: Refresh): Answer {
  return {
    InstanceRefreshId: one.id,
    AutoScalingGroupName: group.name,
    Status: one.status,
    StartTime: new Date(one.startedAtMs),
    EndTime: one.endedAtMs === undefined ? undefined : new Date(one.endedAtMs),
    PercentageComplete: one.percentage,
    InstancesToUpdate: one.left.length,
    Preferences: one.preferences,
  };
}

/** Actions on instance refreshes. */
export const scalingRefresh: Handlers = {
  StartInstanceRefresh(world, input) {
    const group = groupIn(world, input);
    if (active(group) !== undefined)
      throw new AwsError(
        "InstanceRefreshInProgress",
        `An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.`,
      );
    const left = group.members.map(({ id }) => id);
    group.refreshes.unshift({
      id: world.uuid(),
      status: "Pending",
      startedAtMs: world.now(),
      percentage: 0,
      left,
      total: left.length,
      preferences: (input.input("Preferences")?.tree ?? {}) as Given,
    });
    return { InstanceRefreshId: group.refreshes[0]?.id };
  },
  DescribeInstanceRefreshes(world, input) {
    const [group, ids] = [groupIn(world, input), input.texts("InstanceRefreshIds")];
    const found = group.refreshes.filter(({ id }) => ids.length === 0 || ids.includes(id));
    const paging = { key: (one: Refresh) => one.id, size: "MaxRecords", usual: 50, most: 100 };
    const { page, next } = pageOf(found, input, paging);
    return { InstanceRefreshes: page.map((one) => shown(group, one)), NextToken: next };
  },
  CancelInstanceRefresh(world, input) {
    const going = active(groupIn(world, input));
    if (going === undefined)
      throw new AwsError(
        "ActiveInstanceRefreshNotFound",
        "No in progress or pending Instance Refresh found.",
      );
    going.status = "Cancelling";
    return { InstanceRefreshId: going.id };
  },
};
