/** Auto Scaling groups: made, read, changed, sized, paused, deleted. */
import { zoneOfSubnet, zonesOf } from "./ec2-places.js";
import { AwsError, type Input, invalid, pageOf } from "./input.js";
import { isBusy, isCooling } from "./scaling-activities.js";
import { requireBalancers } from "./scaling-balancers.js";
import { settle, terminate } from "./scaling-convergence.js";
import { groupIn } from "./scaling-find.js";
import { launchOf } from "./scaling-launch.js";
import { shownGroup } from "./scaling-show.js";
import { passesTags, tagsIn } from "./scaling-tags.js";
import type { Given, Group } from "./state.js";
import type { Handlers, World } from "./world.js";

/** Fields that are answered as they were given. */
const GIVEN = [
  "PlacementGroup",
  "MaxInstanceLifetime",
  "CapacityRebalance",
  "DefaultInstanceWarmup",
  "Context",
  "DesiredCapacityType",
  "InstanceMaintenancePolicy",
  "AvailabilityZoneDistribution",
];
/** All processes. @see docs.aws.amazon.com, Types of processes */
const PROCESSES = [
  "Launch",
  "Terminate",
  "AddToLoadBalancer",
  "AlarmNotification",
  "AZRebalance",
  "HealthCheck",
  "InstanceRefresh",
  "ReplaceUnhealthy",
  "ScheduledActions",
];
const NAMES_PER_CALL = 100;

/** @throws AwsError when a group could not have these bounds. */
export function requireBounds(min: number, max: number, desired: number): void {
  if (min < 0 || max < 0) throw invalid("MinSize and MaxSize must not be negative");
  if (min > max) throw invalid(`Max bound, ${max}, must be greater than or equal to min bound, ${min}`);
  if (desired < min || desired > max)
    throw invalid(
      `Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`,
    );
}

function givenIn(input: Input): Given {
  return Object.fromEntries(GIVEN.flatMap((key) => (input.has(key) ? [[key, input.tree[key] ?? null]] : [])));
}

function subnetsIn(world: World, input: Input): string[] {
  const ids = (input.text("VPCZoneIdentifier") ?? "").split(",").filter((id) => id !== "");
  try {
    for (const id of ids) zoneOfSubnet(world, id.trim());
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  return ids.map((id) => id.trim());
}

function zonesIn(world: World, input: Input): string[] {
  const zones = input.texts("AvailabilityZones");
  const wrong = zones.filter((zone) => !zonesOf(world).includes(zone));
  if (wrong.length > 0) throw invalid(`Invalid availability zones: [${wrong.join(", ")}]`);
  return zones;
}

function made(world: World, input: Input): Group {
  const name = input.required("AutoScalingGroupName");
  const existing = world.state.groups.find((one) => one.name === name);
  if (existing !== undefined)
    throw new AwsError(
      "AlreadyExists",
      `AutoScalingGroup by this name already exists - A group with the name ${name} ${existing.isDeleting ? "is pending delete" : "already exists"}`,
    );
  const [min, max] = [Number(input.required("MinSize")), Number(input.required("MaxSize"))];
  const desired = input.number("DesiredCapacity") ?? min;
  requireBounds(min, max, desired);
  const launch = launchOf(world, input);
  if (launch === undefined)
    throw invalid(
      "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.",
    );
  const [zones, subnets] = [zonesIn(world, input), subnetsIn(world, input)];
  if (zones.length + subnets.length === 0)
    throw invalid("At least one Availability Zone or VPC Subnet is required.");
  const [loadBalancers, targetGroups] = [input.texts("LoadBalancerNames"), input.texts("TargetGroupARNs")];
  requireBalancers(world, loadBalancers, targetGroups);
  return {
    name,
    createdAtMs: world.now(),
    min,
    max,
    desired,
    cooldownSeconds: input.number("DefaultCooldown") ?? 300,
    zones,
    subnets,
    launch,
    loadBalancers,
    targetGroups,
    healthCheckType: input.text("HealthCheckType") ?? "EC2",
    graceSeconds: input.number("HealthCheckGracePeriod") ?? 0,
    terminationPolicies: orDefault(input.texts("TerminationPolicies")),
    protectNew: input.flag("NewInstancesProtectedFromScaleIn") ?? false,
    given: givenIn(input),
    tags: tagsIn(input),
    suspended: {},
    enabledMetrics: [],
    members: [],
    activities: [],
    policies: [],
    schedules: [],
    hooks: input.inputs("LifecycleHookSpecificationList").map((one) => ({
      name: one.required("LifecycleHookName"),
      transition: one.required("LifecycleTransition"),
      heartbeatMs: (one.number("HeartbeatTimeout") ?? 3_600) * 1_000,
      defaultResult: one.text("DefaultResult") === "CONTINUE" ? "CONTINUE" : "ABANDON",
      given: one.tree as Given,
    })),
    refreshes: [],
    isDeleting: false,
    coolsSeconds: 0,
  };
}

function orDefault(policies: string[]): string[] {
  return policies.length > 0 ? policies : ["Default"];
}

/** A new desired capacity. @param why - what asked for it, as activities' causes tell it. */
export function resize(
  world: World,
  group: Group,
  desired: number,
  why: string,
  cooldownSeconds?: number,
): void {
  const from = group.desired;
  group.desired = desired;
  group.coolsSeconds = cooldownSeconds ?? group.cooldownSeconds;
  settle(world, group, `${why} changing the desired capacity from ${from} to ${desired}.`);
}

/** Makes or changes bounds; desired moves to a bound that passes it. @see facts/aws.md, section 2, Suspension */
export function rebound(
  world: World,
  group: Group,
  {
    min = group.min,
    max = group.max,
    desired,
  }: { min?: number | undefined; max?: number | undefined; desired?: number | undefined },
  why = `a user request update of AutoScalingGroup constraints to min: ${min}, max: ${max}`,
): void {
  const wanted = desired ?? Math.min(Math.max(group.desired, min), Math.max(min, max));
  requireBounds(min, max, wanted);
  Object.assign(group, { min, max });
  if (wanted === group.desired) settle(world, group);
  else resize(world, group, wanted, why);
}

function update(world: World, group: Group, input: Input): void {
  const launch = launchOf(world, input);
  const [zones, subnets] = [zonesIn(world, input), subnetsIn(world, input)];
  const policies = input.texts("TerminationPolicies");
  const bounds = {
    min: input.number("MinSize"),
    max: input.number("MaxSize"),
    desired: input.number("DesiredCapacity"),
  };
  const [min, max] = [bounds.min ?? group.min, bounds.max ?? group.max];
  requireBounds(min, max, bounds.desired ?? Math.min(Math.max(group.desired, min), Math.max(min, max)));
  Object.assign(group, {
    launch: launch ?? group.launch,
    cooldownSeconds: input.number("DefaultCooldown") ?? group.cooldownSeconds,
    healthCheckType: input.text("HealthCheckType") ?? group.healthCheckType,
    graceSeconds: input.number("HealthCheckGracePeriod") ?? group.graceSeconds,
    protectNew: input.flag("NewInstancesProtectedFromScaleIn") ?? group.protectNew,
    terminationPolicies: policies.length > 0 ? policies : group.terminationPolicies,
    given: { ...group.given, ...givenIn(input) },
    ...(zones.length + subnets.length > 0 ? { zones, subnets } : {}),
  });
  rebound(world, group, bounds);
}

function processesIn(input: Input): string[] {
  const named = input.texts("ScalingProcesses");
  const wrong = named.find((name) => !PROCESSES.includes(name));
  if (wrong !== undefined) throw invalid(`${wrong} is not a valid process type`);
  return named.length > 0 ? named : PROCESSES;
}

/** Actions on groups. */
export const scalingGroups: Handlers = {
  CreateAutoScalingGroup(world, input) {
    const group = made(world, input);
    world.state.groups.push(group);
    settle(
      world,
      group,
      `a user request created an AutoScalingGroup changing the desired capacity from 0 to ${group.desired}.`,
    );
    return undefined;
  },
  UpdateAutoScalingGroup(world, input) {
    update(world, groupIn(world, input), input);
    return undefined;
  },
  DescribeAutoScalingGroups(world, input) {
    const names = input.texts("AutoScalingGroupNames");
    if (names.length > NAMES_PER_CALL)
      throw invalid(`Member must have length less than or equal to ${NAMES_PER_CALL}`);
    const found = world.state.groups
      .filter((group) => names.length === 0 || names.includes(group.name))
      .filter((group) => passesTags(group, input))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const paging = { key: (one: Group) => one.name, size: "MaxRecords", usual: 50, most: 100 };
    const { page, next } = pageOf(found, input, paging);
    return { AutoScalingGroups: page.map((one) => shownGroup(world, one)), NextToken: next };
  },
  DeleteAutoScalingGroup(world, input) {
    const group = groupIn(world, input);
    const isForced = input.flag("ForceDelete") === true;
    if (!isForced && isBusy(group))
      throw new AwsError(
        "ScalingActivityInProgress",
        "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.",
      );
    if (!isForced && group.members.length > 0)
      throw new AwsError(
        "ResourceInUse",
        "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.",
      );
    Object.assign(group, { isDeleting: true, min: 0, max: 0, desired: 0, suspended: {}, hooks: [] });
    for (const member of [...group.members])
      terminate(world, group, member, ["a user request deleted the AutoScalingGroup."]);
    settle(world, group);
    return undefined;
  },
  SetDesiredCapacity(world, input) {
    const group = groupIn(world, input);
    const desired = Number(input.required("DesiredCapacity"));
    if (desired > group.max)
      throw invalid(
        `New SetDesiredCapacity value ${desired} is above max value ${group.max} for the AutoScalingGroup.`,
      );
    if (desired < group.min)
      throw invalid(
        `New SetDesiredCapacity value ${desired} is below min value ${group.min} for the AutoScalingGroup.`,
      );
    if (input.flag("HonorCooldown") === true && isCooling(world, group))
      throw new AwsError(
        "ScalingActivityInProgress",
        `Scaling activity for the AutoScalingGroup ${group.name} is in progress or cooling down.`,
      );
    if (desired !== group.desired)
      resize(world, group, desired, "a user request explicitly set group desired capacity");
    return undefined;
  },
  SuspendProcesses(world, input) {
    const group = groupIn(world, input);
    const at = new Date(world.now()).toISOString();
    for (const name of processesIn(input)) group.suspended[name] ??= `User suspended at ${at}`;
    return undefined;
  },
  ResumeProcesses(world, input) {
    const group = groupIn(world, input);
    const resumed = processesIn(input);
    group.suspended = Object.fromEntries(
      Object.entries(group.suspended).filter(([name]) => !resumed.includes(name)),
    );
    settle(world, group);
    return undefined;
  },
  EnableMetricsCollection(world, input) {
    const group = groupIn(world, input);
    group.enabledMetrics = [...new Set([...group.enabledMetrics, ...input.texts("Metrics")])];
    return undefined;
  },
};
