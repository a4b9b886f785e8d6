import type { Counts } from "../contracts/decision.js";
import type { GroupStatus } from "../contracts/group.js";
import type { Instance } from "../contracts/instance.js";
import type { ScalingSpec } from "../contracts/scaling.js";

/** A group's instances, counted. */
export interface Census {
  readonly counts: Counts;
  /** Instances that scale-in must not take, and that have not begun to go. */
  readonly protectedCount: number;
}

/** Counts a group's instances; terminated ones are no members any more. */
export function takeCensus({ group, instances }: GroupStatus, spec: ScalingSpec): Census {
  const counts = {
    desired: group.desired,
    min: spec.min,
    max: spec.max,
    inService: 0,
    pending: 0,
    draining: 0,
    other: 0,
  };
  let protectedCount = 0;
  for (const instance of instances) {
    const { lifecycle } = instance;
    if (lifecycle === "terminated") continue;
    if (lifecycle === "pending") counts.pending++;
    else if (lifecycle === "draining") counts.draining++;
    else if (isInService(instance)) counts.inService++;
    else counts.other++;
    if (instance.protected && lifecycle !== "draining" && lifecycle !== "terminating") protectedCount++;
  }
  return { counts, protectedCount };
}

function isInService({ lifecycle, health }: Instance): boolean {
  return lifecycle === "in-service" && health !== "unhealthy";
}
