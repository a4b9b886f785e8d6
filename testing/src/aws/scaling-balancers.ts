/** Ties of groups to classic balancers and target groups: their instances are registered and leave with them. */
import { invalid } from "./input.js";
import { groupIn } from "./scaling-find.js";
import type { Group } from "./state.js";
import type { Handlers, World } from "./world.js";

/** Most ties that one call makes. @see facts/aws.md, section 2, Per call */
const PER_CALL = 10;

/** Puts an instance behind the group's balancers, unless that is suspended: then it is not added later either. */
export function join(world: World, group: Group, id: string): void {
  if ("AddToLoadBalancer" in group.suspended) return;
  for (const name of group.loadBalancers) joinClassic(world, name, id);
  for (const arn of group.targetGroups) joinTargets(world, arn, id);
}

/** Takes an instance away from the group's balancers. */
export function leave(world: World, group: Group, id: string): void {
  for (const name of group.loadBalancers) leaveClassic(world, name, id);
  for (const arn of group.targetGroups) leaveTargets(world, arn, id);
}

function joinClassic({ state }: World, name: string, id: string): void {
  const balancer = state.classic.find((one) => one.name === name);
  if (balancer !== undefined && !balancer.instances.includes(id)) balancer.instances.push(id);
}

function leaveClassic({ state }: World, name: string, id: string): void {
  const balancer = state.classic.find((one) => one.name === name);
  if (balancer !== undefined) balancer.instances = balancer.instances.filter((one) => one !== id);
}

function joinTargets({ state }: World, arn: string, id: string): void {
  const group = state.targetGroups.find((one) => one.arn === arn);
  if (group === undefined || group.targets.some((one) => one.id === id)) return;
  group.targets.push({ id, port: Number(group.given.Port ?? 80) });
}

function leaveTargets({ state }: World, arn: string, id: string): void {
  const group = state.targetGroups.find((one) => one.arn === arn);
  if (group !== undefined) group.targets = group.targets.filter((one) => one.id !== id);
}

/** @throws AwsError for balancers that are not there. */
export function requireBalancers({ state }: World, names: readonly string[], arns: readonly string[]): void {
  if (!names.every((name) => state.classic.some((one) => one.name === name)))
    throw invalid("Provided Load Balancers may not be valid. Please ensure they exist and try again.");
  if (!arns.every((arn) => state.targetGroups.some((one) => one.arn === arn)))
    throw invalid("Provided Target Groups may not be valid. Please ensure they exist and try again.");
}

function inService(group: Group): string[] {
  return group.members.filter(({ lifecycle }) => lifecycle === "InService").map(({ id }) => id);
}

function requireFew(ties: readonly string[]): void {
  if (ties.length > PER_CALL) throw invalid(`Member must have length less than or equal to ${PER_CALL}`);
}

/** Actions that tie groups to balancers. */
export const scalingBalancers: Handlers = {
  AttachLoadBalancers(world, input) {
    const [group, names] = [groupIn(world, input), input.texts("LoadBalancerNames")];
    requireFew(names);
    requireBalancers(world, names, []);
    group.loadBalancers = [...new Set([...group.loadBalancers, ...names])];
    for (const id of inService(group)) for (const name of names) joinClassic(world, name, id);
    return {};
  },
  DetachLoadBalancers(world, input) {
    const [group, names] = [groupIn(world, input), input.texts("LoadBalancerNames")];
    for (const { id } of group.members) for (const name of names) leaveClassic(world, name, id);
    group.loadBalancers = group.loadBalancers.filter((name) => !names.includes(name));
    return {};
  },
  AttachLoadBalancerTargetGroups(world, input) {
    const [group, arns] = [groupIn(world, input), input.texts("TargetGroupARNs")];
    requireFew(arns);
    requireBalancers(world, [], arns);
    group.targetGroups = [...new Set([...group.targetGroups, ...arns])];
    for (const id of inService(group)) for (const arn of arns) joinTargets(world, arn, id);
    return {};
  },
  DetachLoadBalancerTargetGroups(world, input) {
    const [group, arns] = [groupIn(world, input), input.texts("TargetGroupARNs")];
    for (const { id } of group.members) for (const arn of arns) leaveTargets(world, arn, id);
    group.targetGroups = group.targetGroups.filter((arn) => !arns.includes(arn));
    return {};
  },
  DescribeLoadBalancers: (world, input) => ({
    LoadBalancers: groupIn(world, input).loadBalancers.map((name) => ({
      LoadBalancerName: name,
      State: "InService",
    })),
  }),
  DescribeLoadBalancerTargetGroups: (world, input) => ({
    LoadBalancerTargetGroups: groupIn(world, input).targetGroups.map((arn) => ({
      LoadBalancerTargetGroupARN: arn,
      State: "InService",
    })),
  }),
};
