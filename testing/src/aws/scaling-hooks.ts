/** Lifecycle hooks, which hold instances until somebody goes on or their time is up; and warm pools, kept only. */
import { type Input, invalid } from "./input.js";
import { completeHook } from "./scaling-convergence.js";
import { groupIn } from "./scaling-find.js";
import type { Given, Group, Hook, Member } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

const TRANSITIONS = ["autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"];
/** @see docs.aws.amazon.com, PutLifecycleHook */
const HEARTBEAT_SECONDS = 3_600;
const MOST_HEARTBEATS = 100;
const LONGEST_SECONDS = 172_800;

function put(group: Group, input: Input): void {
  const name = input.required("LifecycleHookName");
  const old = group.hooks.find((one) => one.name === name);
  const transition = input.text("LifecycleTransition") ?? old?.transition;
  if (transition === undefined || !TRANSITIONS.includes(transition))
    throw invalid(`LifecycleTransition must be one of ${TRANSITIONS.join(", ")}`);
  const { Action: _action, Version: _version, ...given } = input.tree;
  const hook: Hook = {
    name,
    transition,
    heartbeatMs:
      (input.number("HeartbeatTimeout") ?? (old?.heartbeatMs ?? HEARTBEAT_SECONDS * 1_000) / 1_000) * 1_000,
    defaultResult:
      (input.text("DefaultResult") ?? old?.defaultResult) === "CONTINUE" ? "CONTINUE" : "ABANDON",
    given: { ...old?.given, ...(given as Given) },
  };
  group.hooks = [...group.hooks.filter((one) => one.name !== name), hook];
}

function shown(group: Group, { name, transition, heartbeatMs, defaultResult, given }: Hook): Answer {
  const seconds = heartbeatMs / 1_000;
  return {
    LifecycleHookName: name,
    AutoScalingGroupName: group.name,
    LifecycleTransition: transition,
    NotificationTargetARN: given.NotificationTargetARN,
    RoleARN: given.RoleARN,
    NotificationMetadata: given.NotificationMetadata,
    HeartbeatTimeout: seconds,
    GlobalTimeout: Math.min(LONGEST_SECONDS, MOST_HEARTBEATS * seconds),
    DefaultResult: defaultResult,
  };
}

/** The member that a call names by instance or token, waiting for the named hook. */
function waitingIn(group: Group, input: Input): { member: Member; hook: Hook } {
  const name = input.required("LifecycleHookName");
  const [id, token] = [input.text("InstanceId"), input.text("LifecycleActionToken")];
  const member = group.members.find((one) =>
    token === undefined ? one.id === id : one.token === token && (id === undefined || one.id === id),
  );
  const hook = group.hooks.find((one) => one.name === name);
  if (member === undefined || hook === undefined || !member.waitsFor.includes(name))
    throw invalid(`No active Lifecycle Action found with instance ID ${id ?? token ?? ""}`);
  return { member, hook };
}

/** Actions on hooks and warm pools. */
export const scalingHooks: Handlers = {
  PutLifecycleHook(world, input) {
    put(groupIn(world, input), input);
    return {};
  },
  DescribeLifecycleHooks(world, input) {
    const [group, names] = [groupIn(world, input), input.texts("LifecycleHookNames")];
    const hooks = group.hooks.filter(({ name }) => names.length === 0 || names.includes(name));
    return { LifecycleHooks: hooks.map((hook) => shown(group, hook)) };
  },
  DeleteLifecycleHook(world, input) {
    const [group, name] = [groupIn(world, input), input.required("LifecycleHookName")];
    if (!group.hooks.some((one) => one.name === name))
      throw invalid(`No Lifecycle Hook found with name ${name}`);
    group.hooks = group.hooks.filter((one) => one.name !== name);
    // Whoever waits for a deleted hook waits no longer.
    for (const member of [...group.members]) completeHook(world, group, member, name, "CONTINUE");
    return {};
  },
  CompleteLifecycleAction(world, input) {
    const group = groupIn(world, input);
    const { member, hook } = waitingIn(group, input);
    const result = input.required("LifecycleActionResult") === "CONTINUE" ? "CONTINUE" : "ABANDON";
    completeHook(world, group, member, hook.name, result);
    return {};
  },
  RecordLifecycleActionHeartbeat(world, input) {
    waitingIn(groupIn(world, input), input);
    return {};
  },
  PutWarmPool(world, input) {
    const group = groupIn(world, input);
    const { Action: _action, Version: _version, AutoScalingGroupName: _name, ...given } = input.tree;
    group.warmPool = { MinSize: "0", PoolState: "Stopped", ...(given as Given) };
    return {};
  },
  DescribeWarmPool: (world: World, input) => ({
    WarmPoolConfiguration: groupIn(world, input).warmPool,
    Instances: [],
  }),
  DeleteWarmPool(world, input) {
    delete groupIn(world, input).warmPool;
    return {};
  },
};
