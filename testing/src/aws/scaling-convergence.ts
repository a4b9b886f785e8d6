/**
 * How a group becomes what it should be. Called after whatever may have changed it: launches what is missing, in the
 * zone with the fewest; ends what is ill or too much. Suspended processes are obeyed. @see facts/aws.md, section 2
 */
import { endServer } from "./ec2.js";
import { zoneOfSubnet } from "./ec2-places.js";
import { AwsError } from "./input.js";
import { endActivity, startActivity } from "./scaling-activities.js";
import { join, leave } from "./scaling-balancers.js";
import { launchForGroup } from "./scaling-launch.js";
import type { Activity, Group, Member } from "./state.js";
import type { World } from "./world.js";

const LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING";
const TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING";

/** Members that count towards desired: neither in standby nor leaving. */
export function counted(group: Group): Member[] {
  return group.members.filter(
    ({ lifecycle }) => lifecycle.startsWith("Pending") || lifecycle === "InService",
  );
}

/** Brings a group nearer to what it should be. @param why - what somebody asked of it, as the cause of activities. */
export function settle(world: World, group: Group, why?: string): void {
  if (!world.state.groups.includes(group)) return;
  if (group.isDeleting && group.members.length === 0) {
    world.state.groups.splice(world.state.groups.indexOf(group), 1);
    return;
  }
  if (!("ReplaceUnhealthy" in group.suspended)) replaceUnhealthy(world, group);
  const missing = group.desired - counted(group).length;
  const causes = why === undefined ? [] : [why];
  for (let count = 0; count < missing && !("Launch" in group.suspended); count++)
    if (!launch(world, group, causes)) return;
  if ("Terminate" in group.suspended) return;
  for (const member of victims(group, -missing)) {
    const size = counted(group).length;
    const shrink = `an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${size} to ${size - 1}.`;
    terminate(world, group, member, [...causes, shrink]);
  }
}

/** Unhealthy members go, also while launches are suspended. */
function replaceUnhealthy(world: World, group: Group): void {
  if ("Terminate" in group.suspended) return;
  const ill = group.members.filter(
    ({ health, lifecycle }) => health === "Unhealthy" && lifecycle === "InService",
  );
  for (const member of ill)
    terminate(world, group, member, ["an instance was taken out of service in response to a health check."]);
}

/** Looks at the health of a group's members: what does not run has failed, and with type ELB so has what is sick. */
export function checkHealth(world: World, group: Group): void {
  if ("HealthCheck" in group.suspended) return;
  for (const member of group.members) {
    const isGone = world.state.servers[member.id]?.state !== "running";
    const isSick = group.healthCheckType.includes("ELB") && world.state.sick.includes(member.id);
    const hasGrace = world.now() < (member.inServiceAtMs ?? world.now()) + group.graceSeconds * 1_000;
    if (member.lifecycle === "InService" && (isGone || (isSick && !hasGrace))) member.health = "Unhealthy";
  }
}

/** @returns whether an instance was launched; a launch that fails is told once, and tried again at the next look. */
function launch(world: World, group: Group, causes: readonly string[]): boolean {
  const size = counted(group).length;
  const grow = `an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${size} to ${size + 1}.`;
  try {
    const { server, from } = launchForGroup(world, group, emptiestZone(world, group));
    const description = `Launching a new EC2 instance: ${server.id}`;
    const member = newMember(world, group, server.id, { zone: server.zone, type: server.type, launch: from });
    member.activityId = startActivity(world, group, description, [...causes, grow]).id;
    world.after(world.behaviour.launchMs, () => begin(world, group, member));
    return true;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const [last] = group.activities;
    if (last?.status === "Failed" && last.details.message === error.message) return false;
    const failed = startActivity(world, group, "Launching a new EC2 instance", [...causes, grow]);
    failed.details = { message: error.message };
    endActivity(world, group, failed.id, "Failed");
    return false;
  }
}

/** Adds a member that is pending. */
export function newMember(
  world: World,
  group: Group,
  id: string,
  about: Pick<Member, "zone" | "type" | "launch">,
): Member {
  const member: Member = {
    ...about,
    id,
    lifecycle: "Pending",
    health: "Healthy",
    isProtected: group.protectNew,
    joinedAtMs: world.now(),
    waitsFor: [],
    token: world.uuid(),
  };
  group.members.push(member);
  return member;
}

function begin(world: World, group: Group, member: Member): void {
  if (member.lifecycle !== "Pending") return;
  if (!waitForHooks(world, group, member, LAUNCHING)) enterService(world, group, member);
}

/** Puts a pending member in service. */
export function enterService(world: World, group: Group, member: Member): void {
  if (!member.lifecycle.startsWith("Pending")) return;
  member.lifecycle = "InService";
  member.inServiceAtMs = world.now();
  join(world, group, member.id);
  endActivity(world, group, member.activityId, "Successful");
  settle(world, group);
}

/** Ends a member: hooks are waited for, then it leaves the balancers and is terminated. */
export function terminate(
  world: World,
  group: Group,
  member: Member,
  causes: readonly string[],
): Activity | undefined {
  if (member.lifecycle.startsWith("Terminating")) return undefined;
  endActivity(world, group, member.activityId, "Cancelled");
  member.lifecycle = "Terminating";
  const activity = startActivity(world, group, `Terminating EC2 instance: ${member.id}`, causes);
  member.activityId = activity.id;
  leave(world, group, member.id);
  if (!waitForHooks(world, group, member, TERMINATING)) finish(world, group, member);
  return activity;
}

/** Ends the server of a member that terminates; then it is no member any more. */
export function finish(world: World, group: Group, member: Member): void {
  const server = world.state.servers[member.id];
  if (server !== undefined) endServer(world, server);
  world.after(world.behaviour.terminateMs, () => {
    group.members = group.members.filter((one) => one !== member);
    endActivity(world, group, member.activityId, "Successful");
    settle(world, group);
  });
}

/** @returns whether there is a hook to wait for. */
function waitForHooks(world: World, group: Group, member: Member, transition: string): boolean {
  const hooks = group.hooks.filter((hook) => hook.transition === transition);
  const isLaunch = transition === LAUNCHING;
  if (hooks.length === 0) return false;
  member.lifecycle = isLaunch ? "Pending:Wait" : "Terminating:Wait";
  member.waitsFor = hooks.map(({ name }) => name);
  member.token = world.uuid();
  for (const { name, heartbeatMs, defaultResult } of hooks)
    world.after(heartbeatMs, () => completeHook(world, group, member, name, defaultResult));
  return true;
}

/** Ends the wait for one hook; when a launch is abandoned its instance goes. */
export function completeHook(
  world: World,
  group: Group,
  member: Member,
  name: string,
  result: "CONTINUE" | "ABANDON",
): void {
  if (!member.waitsFor.includes(name)) return;
  member.waitsFor = result === "ABANDON" ? [] : member.waitsFor.filter((one) => one !== name);
  if (member.waitsFor.length > 0) return;
  if (member.lifecycle === "Terminating:Wait") return finish(world, group, member);
  if (result === "CONTINUE") return enterService(world, group, member);
  terminate(world, group, member, ["an instance was taken out of service as its launch was abandoned."]);
}

/** Zones that a group may launch in. */
export function groupZones(world: World, { subnets, zones }: Group): string[] {
  return subnets.length > 0 ? [...new Set(subnets.map((one) => zoneOfSubnet(world, one)))] : zones;
}

function emptiestZone(world: World, group: Group): string {
  const size = (zone: string): number => counted(group).filter((member) => member.zone === zone).length;
  const [first = ""] = groupZones(world, group).toSorted((a, b) => size(a) - size(b));
  return first;
}

/**
 * Who goes when a group shrinks: of the fullest zone, the oldest, or the newest where the group says so. Protected
 * instances never go. @see docs.aws.amazon.com, Termination policies
 */
function victims(group: Group, count: number): Member[] {
  const gone: Member[] = [];
  const isNewest = group.terminationPolicies[0] === "NewestInstance";
  while (gone.length < count) {
    const left = counted(group).filter((member) => !gone.includes(member));
    const open = left.filter(({ isProtected }) => !isProtected);
    const size = ({ zone }: Member): number => left.filter((member) => member.zone === zone).length;
    const [next] = (isNewest ? open.toReversed() : open).toSorted((a, b) => size(b) - size(a));
    if (next === undefined) break;
    gone.push(next);
  }
  return gone;
}
