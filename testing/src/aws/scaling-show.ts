/** Groups and their members as they are answered. */
import { groupZones } from "./scaling-convergence.js";
import { shownLaunch } from "./scaling-launch.js";
import { shownTags } from "./scaling-tags.js";
import type { Group, Member } from "./state.js";
import type { Answer } from "./wire.js";
import { ACCOUNT, type World } from "./world.js";

/** A member, as every answer shows it. */
export function shownMember(member: Member): Record<string, Answer> {
  const { LaunchTemplate, LaunchConfigurationName } = shownLaunch(member.launch);
  return {
    InstanceId: member.id,
    InstanceType: member.type,
    AvailabilityZone: member.zone,
    LifecycleState: member.lifecycle,
    HealthStatus: member.health,
    LaunchConfigurationName,
    LaunchTemplate,
    ProtectedFromScaleIn: member.isProtected,
  };
}

/** A group, as it is answered. */
export function shownGroup(world: World, group: Group): Answer {
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: world.arn(
      "autoscaling",
      `autoScalingGroup:stand-in:autoScalingGroupName/${group.name}`,
    ),
    ...shownLaunch(group.launch),
    MinSize: group.min,
    MaxSize: group.max,
    DesiredCapacity: group.desired,
    DefaultCooldown: group.cooldownSeconds,
    AvailabilityZones: groupZones(world, group),
    LoadBalancerNames: group.loadBalancers,
    TargetGroupARNs: group.targetGroups,
    HealthCheckType: group.healthCheckType,
    HealthCheckGracePeriod: group.graceSeconds,
    Instances: group.members.map(shownMember),
    CreatedTime: new Date(group.createdAtMs),
    SuspendedProcesses: Object.entries(group.suspended).map(([ProcessName, SuspensionReason]) => ({
      ProcessName,
      SuspensionReason,
    })),
    VPCZoneIdentifier: group.subnets.join(","),
    EnabledMetrics: group.enabledMetrics.map((Metric) => ({ Metric, Granularity: "1Minute" })),
    Status: group.isDeleting ? "Delete in progress" : undefined,
    Tags: shownTags(group),
    TerminationPolicies: group.terminationPolicies,
    NewInstancesProtectedFromScaleIn: group.protectNew,
    ServiceLinkedRoleARN: `arn:aws:iam::${ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
    CapacityRebalance: false,
    ...group.given,
    WarmPoolConfiguration: group.warmPool,
    WarmPoolSize: group.warmPool === undefined ? undefined : 0,
  };
}
