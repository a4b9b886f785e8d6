/** Auto Scaling, as facts/aws.md has it: what it answers, and what it does by itself. */
import { scalingActivities } from "./scaling-activities.js";
import { scalingBalancers } from "./scaling-balancers.js";
import { checkHealth, settle } from "./scaling-convergence.js";
import { scalingGroups } from "./scaling-groups.js";
import { scalingHooks } from "./scaling-hooks.js";
import { scalingLaunch } from "./scaling-launch.js";
import { scalingMembers } from "./scaling-members.js";
import { scalingPolicies } from "./scaling-policies.js";
import { refresh, scalingRefresh } from "./scaling-refresh.js";
import { runSchedules, scalingSchedules } from "./scaling-schedules.js";
import { scalingTags } from "./scaling-tags.js";
import type { Handlers, World } from "./world.js";

/** All actions. */
export const autoScaling: Handlers = {
  ...scalingGroups,
  ...scalingTags,
  ...scalingLaunch,
  ...scalingMembers,
  ...scalingBalancers,
  ...scalingActivities,
  ...scalingPolicies,
  ...scalingSchedules,
  ...scalingHooks,
  ...scalingRefresh,
};

/** What groups do by themselves. @param sinceMs - when it was called last. */
export function tickAutoScaling(world: World, sinceMs: number): void {
  for (const group of [...world.state.groups]) {
    checkHealth(world, group);
    runSchedules(world, group, sinceMs);
    refresh(world, group);
    settle(world, group);
  }
}
