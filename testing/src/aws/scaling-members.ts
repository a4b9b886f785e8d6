/** Instances that join a group, leave it, rest, are kept or end. */
import { serverOf } from "./ec2.js";
import { AwsError, type Input, invalid, pageOf } from "./input.js";
import { endActivity, shownActivity, startActivity } from "./scaling-activities.js";
import { join, leave } from "./scaling-balancers.js";
import { enterService, newMember, settle, terminate } from "./scaling-convergence.js";
import { groupIn, memberOf } from "./scaling-find.js";
import { shownMember } from "./scaling-show.js";
import type { Group, Member } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

/** Most ids that one call moves, and whose protection it changes. @see facts/aws.md, section 2, Per call */
const MOVES_PER_CALL = 20;
const PROTECTIONS_PER_CALL = 50;

function idsIn(input: Input, most: number): string[] {
  const ids = input.texts("InstanceIds");
  if (ids.length === 0 || ids.length > most)
    throw invalid(`Value at 'instanceIds' failed: Member must have between 1 and ${most} ids`);
  return ids;
}

function membersIn(world: World, input: Input, most = MOVES_PER_CALL): { group: Group; members: Member[] } {
  const group = groupIn(world, input);
  const members = idsIn(input, most).map((id) => {
    const member = group.members.find((one) => one.id === id);
    if (member === undefined)
      throw invalid(`The instance ${id} is not part of Auto Scaling group ${group.name}.`);
    return member;
  });
  return { group, members };
}

/** @throws AwsError when fewer would be less than min. */
function requireEnough(group: Group, fewer: number): void {
  if (group.desired - fewer < group.min)
    throw invalid(
      `Currently, desiredSize equals minSize (${group.min}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
    );
}

/** @throws AwsError when more would be more than max. */
function requireRoom(group: Group, more: number): void {
  if (group.desired + more > group.max)
    throw invalid(
      `AutoScalingGroup ${group.name} would have a desired capacity of ${group.desired + more}, which is above its max size ${group.max}.`,
    );
}

function done(world: World, group: Group, description: string, why: string): Answer {
  const activity = startActivity(world, group, description, [why]);
  endActivity(world, group, activity.id, "Successful");
  return shownActivity(activity);
}

function attach(world: World, group: Group, ids: readonly string[]): void {
  const servers = ids.map((id) => {
    const server = serverOf(world, id);
    const owner = world.state.groups.find(({ members }) => members.some((member) => member.id === id));
    if (owner !== undefined)
      throw invalid(`Instance ${id} is already part of AutoScalingGroup:${owner.name}`);
    if (server.state !== "running") throw invalid(`Instance ${id} is not in correct state.`);
    return server;
  });
  requireRoom(group, ids.length);
  group.desired += ids.length;
  for (const { id, zone, type, tags } of servers) {
    tags["aws:autoscaling:groupName"] = group.name;
    const member = newMember(world, group, id, { zone, type, launch: {} });
    const why = "an instance was attached in response to a user request.";
    member.activityId = startActivity(world, group, `Attaching an existing EC2 instance: ${id}`, [why]).id;
    enterService(world, group, member);
  }
}

/** Actions on members. */
export const scalingMembers: Handlers = {
  DescribeAutoScalingInstances(world, input) {
    const ids = input.texts("InstanceIds");
    const found = world.state.groups
      .flatMap((group) => group.members.map((member) => ({ group, member })))
      .filter(({ member }) => ids.length === 0 || ids.includes(member.id));
    const key = ({ member }: (typeof found)[number]): string => member.id;
    const { page, next } = pageOf(found, input, { key, size: "MaxRecords", usual: 50, most: 50 });
    return {
      AutoScalingInstances: page.map(({ group, member }) => ({
        ...shownMember(member),
        HealthStatus: member.health.toUpperCase(),
        AutoScalingGroupName: group.name,
      })),
      NextToken: next,
    };
  },
  AttachInstances(world, input) {
    attach(world, groupIn(world, input), idsIn(input, MOVES_PER_CALL));
    return undefined;
  },
  DetachInstances(world, input) {
    const { group, members } = membersIn(world, input);
    const isFewer = input.flag("ShouldDecrementDesiredCapacity") === true;
    if (isFewer) requireEnough(group, members.length);
    if (isFewer) group.desired -= members.length;
    const Activities = members.map((member) => {
      leave(world, group, member.id);
      group.members = group.members.filter((one) => one !== member);
      Reflect.deleteProperty(world.state.servers[member.id]?.tags ?? {}, "aws:autoscaling:groupName");
      const why = "an instance was detached in response to a user request.";
      return done(world, group, `Detaching EC2 instance: ${member.id}`, why);
    });
    settle(world, group);
    return { Activities };
  },
  EnterStandby(world, input) {
    const { group, members } = membersIn(world, input);
    for (const { id, lifecycle } of members)
      if (lifecycle !== "InService") throw invalid(`The instance ${id} is not in InService.`);
    const isFewer = input.flag("ShouldDecrementDesiredCapacity") === true;
    if (isFewer) requireEnough(group, members.length);
    if (isFewer) group.desired -= members.length;
    const Activities = members.map((member) => {
      leave(world, group, member.id);
      member.lifecycle = "Standby";
      const why = "an instance was moved to standby in response to a user request.";
      return done(world, group, `Moving EC2 instance to Standby: ${member.id}`, why);
    });
    settle(world, group);
    return { Activities };
  },
  ExitStandby(world, input) {
    const { group, members } = membersIn(world, input);
    for (const { id, lifecycle } of members)
      if (lifecycle !== "Standby") throw invalid(`The instance ${id} is not in Standby.`);
    requireRoom(group, members.length);
    group.desired += members.length;
    const Activities = members.map((member) => {
      member.lifecycle = "InService";
      member.inServiceAtMs = world.now();
      join(world, group, member.id);
      const why = "an instance was moved out of standby in response to a user request.";
      return done(world, group, `Moving EC2 instance out of Standby: ${member.id}`, why);
    });
    settle(world, group);
    return { Activities };
  },
  SetInstanceProtection(world, input) {
    const { members } = membersIn(world, input, PROTECTIONS_PER_CALL);
    for (const member of members) member.isProtected = input.flag("ProtectedFromScaleIn") === true;
    return {};
  },
  SetInstanceHealth(world, input) {
    const { group, member } = memberOf(world, input.required("InstanceId"));
    const respectsGrace = input.flag("ShouldRespectGracePeriod") ?? true;
    const graceEndMs = (member.inServiceAtMs ?? world.now()) + group.graceSeconds * 1_000;
    if (respectsGrace && world.now() < graceEndMs) return undefined;
    member.health = input.required("HealthStatus") === "Unhealthy" ? "Unhealthy" : "Healthy";
    settle(world, group);
    return undefined;
  },
  TerminateInstanceInAutoScalingGroup(world, input) {
    const { group, member } = memberOf(world, input.required("InstanceId"));
    const isFewer = input.flag("ShouldDecrementDesiredCapacity") === true;
    if (isFewer) requireEnough(group, 1);
    if (isFewer) group.desired -= 1;
    const why = "an instance was taken out of service in response to a user request.";
    const activity = terminate(world, group, member, [why]);
    if (activity === undefined)
      throw new AwsError("ScalingActivityInProgress", `Instance ${member.id} is already being terminated.`);
    settle(world, group);
    return { Activity: shownActivity(activity) };
  },
};
