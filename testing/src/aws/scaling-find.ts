import { type Input, invalid } from "./input.js";
import type { Group, Member } from "./state.js";
import type { World } from "./world.js";

/** A group by name. @throws AwsError when there is none: it has no code of its own. */
export function groupOf({ state }: World, name: string): Group {
  const group = state.groups.find((one) => one.name === name);
  if (group === undefined)
    throw invalid(`AutoScalingGroup name not found - AutoScalingGroup '${name}' not found`);
  return group;
}

/** The group that a call names. @throws AwsError when there is none. */
export function groupIn(world: World, input: Input): Group {
  return groupOf(world, input.required("AutoScalingGroupName"));
}

/** A member and its group. @throws AwsError when the instance belongs to no group. */
export function memberOf({ state }: World, id: string): { group: Group; member: Member } {
  for (const group of state.groups) {
    const member = group.members.find((one) => one.id === id);
    if (member !== undefined) return { group, member };
  }
  throw invalid(`Instance Id not found - No managed instance found for instance ID: ${id}`);
}
