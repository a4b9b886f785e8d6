/** Groups whose members are stacks of Cloud Orchestration, which itself is not here: only their ids are. */
import type { Group } from "./autoscale-state.js";
import type { Place } from "./world.js";

/** Makes and ends stacks, which take as long as servers to build. @returns whether there is nothing left to do. */
export function convergeStacks({ world }: Place, group: Group): boolean {
  const nowMs = world.now();
  while (group.stacks.length < group.desired)
    group.stacks.push({ id: `autoscale_${group.id}_${world.uuid()}`, createdAtMs: nowMs });
  group.stacks = group.stacks.slice(group.stacks.length - group.desired);
  const isBuilt = ({ createdAtMs }: { createdAtMs: number }): boolean =>
    nowMs > createdAtMs && nowMs - createdAtMs >= world.behaviour.buildMs;
  group.active = group.stacks.filter(isBuilt).map(({ id }) => id);
  return group.active.length === group.desired;
}
