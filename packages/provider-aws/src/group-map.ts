/** Auto Scaling groups and their instances in the contract's words. Pure. */
import type { AutoScalingGroup, Instance as Member, TagDescription } from "@aws-sdk/client-auto-scaling";
import type { Instance as Server } from "@aws-sdk/client-ec2";
import type { Group, GroupState, GroupStatus, Health, Instance, Lifecycle, Metadata } from "@bellows/core";
import { isGroupStable } from "@bellows/core";
import { attachmentsOf } from "./attachments.js";
import { nativeWords } from "./group-native.js";

/** Tags of a group that Bellows keeps for itself; all begin with `bellows:`. */
export const TAGS = {
  /** The file that made the group: `project/key`. */
  owner: "bellows:owner",
  /** What the group was made from, as a digest: tells an equal `create` from a different one. */
  spec: "bellows:spec",
  /** Processes that stay suspended when the group is resumed, with spaces between them. */
  suspended: "bellows:suspended",
  /** The launch template of somebody else that the group is launched from, by name or id as it was given. */
  template: "bellows:template",
} as const;

/** Tags that are no metadata: AWS's own, and ours. */
export const RESERVED_TAG = /^(aws|bellows):/i;

/** The processes without which no instance comes or goes: a group that has suspended both is paused. */
const COMING_AND_GOING = ["Launch", "Terminate"] as const;

/** What a group's life is called while AWS still ends it. @see docs.aws.amazon.com, AutoScalingGroup, Status */
const DELETING = "Delete in progress";

/**
 * Lifecycle states of AWS, by what they begin with; the first that fits counts.
 * @see docs.aws.amazon.com, Auto Scaling instance lifecycle
 */
const LIFECYCLES: readonly (readonly [prefix: string, lifecycle: Lifecycle])[] = [
  ["InService", "in-service"],
  ["Pending", "pending"],
  ["Standby", "standby"],
  ["EnteringStandby", "draining"],
  ["Detaching", "draining"],
  ["Terminating", "terminating"],
  ["Terminated", "terminated"],
];

/** Members that are none any more, or not yet: they wait in the warm pool, or have left. */
const OUTSIDE = /^(Warmed|Detached)/;

/** Where an instance is in its life; a state that AWS adds one day counts as pending, which is not in service. */
export function lifecycleOf(state: string): Lifecycle {
  return LIFECYCLES.find(([prefix]) => state.startsWith(prefix))?.[1] ?? "pending";
}

function healthOf(status: string | undefined): Health {
  if (status?.toLowerCase() === "healthy") return "healthy";
  return status?.toLowerCase() === "unhealthy" ? "unhealthy" : "unknown";
}

/** Value of a tag. */
export function tagOf(group: Pick<AutoScalingGroup, "Tags">, key: string): string | undefined {
  return group.Tags?.find((tag) => tag.Key === key)?.Value;
}

/** The tags that are metadata. */
export function metadataTags({ Tags = [] }: Pick<AutoScalingGroup, "Tags">): TagDescription[] {
  return Tags.filter(({ Key = "" }) => !RESERVED_TAG.test(Key));
}

/** A group's metadata: its tags, without AWS's own and ours. */
export function metadataOf(group: Pick<AutoScalingGroup, "Tags">): Metadata {
  return Object.fromEntries(metadataTags(group).map(({ Key = "", Value = "" }) => [Key, Value]));
}

/** Names of the suspended processes, sorted. */
export function suspendedOf({
  SuspendedProcesses = [],
}: Pick<AutoScalingGroup, "SuspendedProcesses">): string[] {
  return SuspendedProcesses.map(({ ProcessName = "" }) => ProcessName).sort();
}

/** Whether neither new instances come nor old ones go. */
export function isPaused(group: Pick<AutoScalingGroup, "SuspendedProcesses">): boolean {
  const suspended = suspendedOf(group);
  return COMING_AND_GOING.every((name) => suspended.includes(name));
}

/** Whether AWS is ending the group; it can still be read meanwhile. */
export function isDeleting({ Status }: Pick<AutoScalingGroup, "Status">): boolean {
  return Status?.startsWith(DELETING) === true;
}

/** Subnets of a group; AWS keeps them as one text. */
export function subnetsOf({ VPCZoneIdentifier = "" }: Pick<AutoScalingGroup, "VPCZoneIdentifier">): string[] {
  return VPCZoneIdentifier.split(",")
    .map((subnet) => subnet.trim())
    .filter((subnet) => subnet !== "");
}

/** A group in the contract's words. Its id is its name. */
export function groupOf(group: AutoScalingGroup): Group {
  const name = group.AutoScalingGroupName ?? "";
  const [subnets, paused, owner] = [subnetsOf(group), suspendedOf(group), tagOf(group, TAGS.owner)];
  return {
    name,
    id: name,
    min: group.MinSize ?? 0,
    max: group.MaxSize ?? 0,
    desired: group.DesiredCapacity ?? 0,
    cooldownMs: (group.DefaultCooldown ?? 0) * 1_000,
    metadata: metadataOf(group),
    loadBalancers: attachmentsOf(group),
    zones: [...(group.AvailabilityZones ?? [])],
    ...(subnets.length === 0 ? {} : { subnets }),
    paused: isPaused(group),
    ...(paused.length === 0 ? {} : { pausedProcesses: paused }),
    native: nativeOf(group),
    ...(group.CreatedTime === undefined ? {} : { createdAtMs: group.CreatedTime.getTime() }),
    ...(owner === undefined ? {} : { owner }),
    ...(isDeleting(group) ? { problems: ["it is being deleted"] } : {}),
  };
}

/** What only AWS has of a group, in the words of a file. */
function nativeOf(group: AutoScalingGroup): Record<string, unknown> {
  const [metadata, suspended] = [metadataTags(group), tagOf(group, TAGS.suspended)];
  return {
    ...nativeWords(group),
    ...(suspended === undefined ? {} : { suspended: suspended.split(" ") }),
    ...(metadata.length === 0
      ? {}
      : { propagateMetadata: metadata.every(({ PropagateAtLaunch }) => PropagateAtLaunch === true) }),
  };
}

/** Members of a group: not those that wait in its warm pool, nor those that have left. */
export function membersOf({ Instances = [] }: Pick<AutoScalingGroup, "Instances">): Member[] {
  return Instances.filter(({ LifecycleState = "" }) => !OUTSIDE.test(LifecycleState));
}

/**
 * An instance in the contract's words.
 * @param server - what EC2 says of it; without it, it has no name, no addresses and no launch time.
 */
export function instanceOf(member: Member, group: string, server?: Server): Instance {
  const name = server?.Tags?.find(({ Key }) => Key === "Name")?.Value;
  const version = member.LaunchTemplate?.Version ?? member.LaunchConfigurationName;
  return {
    id: member.InstanceId ?? "",
    ...(name === undefined || name === "" ? {} : { name }),
    group,
    lifecycle: lifecycleOf(member.LifecycleState ?? ""),
    health: healthOf(member.HealthStatus),
    ...(server?.LaunchTime === undefined ? {} : { launchedAtMs: server.LaunchTime.getTime() }),
    ...(member.AvailabilityZone === undefined ? {} : { zone: member.AvailabilityZone }),
    addresses: server === undefined ? [] : addressesOf(server),
    protected: member.ProtectedFromScaleIn === true,
    ...(version === undefined ? {} : { launchVersion: version }),
  };
}

/** Addresses of a server, private before public before IPv6. */
export function addressesOf({ PrivateIpAddress, PublicIpAddress, Ipv6Address }: Server): string[] {
  return [PrivateIpAddress, PublicIpAddress, Ipv6Address].filter(
    (address): address is string => address !== undefined && address !== "",
  );
}

/**
 * What one look at a group shows.
 * @param observedAtMs - when it was read, in milliseconds since the epoch.
 */
export function statusOf(group: AutoScalingGroup, observedAtMs: number): GroupStatus {
  const name = group.AutoScalingGroupName ?? "";
  return {
    group: groupOf(group),
    instances: membersOf(group).map((member) => instanceOf(member, name)),
    observedAtMs,
  };
}

/** Counts of a group; where sizes have weights, in their units, as min, max and desired are. */
export function stateOf(group: AutoScalingGroup): GroupState {
  const active = membersOf(group).filter(({ LifecycleState }) => LifecycleState === "InService");
  const activeCapacity = weightOf(active);
  const desiredCapacity = group.DesiredCapacity ?? 0;
  return {
    activeIds: active.map(({ InstanceId = "" }) => InstanceId),
    activeCapacity,
    desiredCapacity,
    pendingCapacity: desiredCapacity - activeCapacity,
    paused: isPaused(group),
  };
}

/** Whether a group has what it wants: as core tells it, or, where sizes have weights, at least so much in service. */
export function isSettled(group: AutoScalingGroup): boolean {
  const members = membersOf(group);
  if (!members.some(({ WeightedCapacity }) => WeightedCapacity !== undefined))
    return isGroupStable(statusOf(group, 0));
  const counting = members.filter(({ LifecycleState = "" }) => lifecycleOf(LifecycleState) !== "standby");
  return (
    counting.every(
      ({ LifecycleState, HealthStatus }) =>
        LifecycleState === "InService" && healthOf(HealthStatus) !== "unhealthy",
    ) && weightOf(counting) >= (group.DesiredCapacity ?? 0)
  );
}

function weightOf(members: readonly Member[]): number {
  return members.reduce((sum, { WeightedCapacity = "1" }) => sum + Number(WeightedCapacity), 0);
}
