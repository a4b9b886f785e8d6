/** Scaling policies, kept per group, and executed by hand or by alarms. */
import { AwsError, Input, invalid, pageOf } from "./input.js";
import { isCooling } from "./scaling-activities.js";
import { adjusted, faultOf, type Step, stepFor } from "./scaling-adjust.js";
import { counted } from "./scaling-convergence.js";
import { groupIn } from "./scaling-find.js";
import { resize } from "./scaling-groups.js";
import type { Given, Group, Policy } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

const TYPES = ["SimpleScaling", "StepScaling", "TargetTrackingScaling", "PredictiveScaling"] as const;
/** @see facts/aws.md, section 2, Per region/group */
const MOST_STEPS = 20;

function stepsOf(input: Input): Step[] {
  return input.inputs("StepAdjustments").map((step) => ({
    lower: step.number("MetricIntervalLowerBound"),
    upper: step.number("MetricIntervalUpperBound"),
    adjustment: Number(step.required("ScalingAdjustment")),
  }));
}

function requireSound(type: Policy["type"], input: Input): void {
  const kind = input.text("AdjustmentType");
  const kinds = ["ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"];
  if (type === "TargetTrackingScaling" || type === "PredictiveScaling") {
    const key =
      type === "TargetTrackingScaling" ? "TargetTrackingConfiguration" : "PredictiveScalingConfiguration";
    if (!input.has(key)) throw invalid(`${key} must be specified for policy type ${type}`);
    return;
  }
  if (kind === undefined || !kinds.includes(kind))
    throw invalid(`AdjustmentType must be one of ${kinds.join(", ")}`);
  const least = input.has("MinAdjustmentMagnitude") || input.has("MinAdjustmentStep");
  if (least && kind !== "PercentChangeInCapacity")
    throw invalid("MinAdjustmentMagnitude is only supported with PercentChangeInCapacity");
  if (type === "SimpleScaling") return void input.required("ScalingAdjustment");
  const steps = stepsOf(input);
  if (steps.length === 0) throw invalid("At least one StepAdjustment must be specified");
  if (steps.length > MOST_STEPS)
    throw new AwsError("LimitExceeded", `There can be at most ${MOST_STEPS} step adjustments`);
  const fault = faultOf(steps);
  if (fault !== undefined) throw invalid(fault);
}

function put(world: World, group: Group, input: Input): Policy {
  const name = input.required("PolicyName");
  const type = TYPES.find((one) => one === (input.text("PolicyType") ?? "SimpleScaling"));
  if (type === undefined) throw invalid(`PolicyType must be one of ${TYPES.join(", ")}`);
  requireSound(type, input);
  const { Action: _action, Version: _version, ...given } = input.tree;
  const old = group.policies.find((one) => one.name === name);
  const arn =
    old?.arn ??
    world.arn(
      "autoscaling",
      `scalingPolicy:${world.uuid()}:autoScalingGroupName/${group.name}:policyName/${name}`,
    );
  const policy: Policy = { name, arn, type, isEnabled: input.flag("Enabled") ?? true, given };
  if (old === undefined) group.policies.push(policy);
  else Object.assign(old, policy);
  return policy;
}

/** A policy by name or ARN, with its group. @throws AwsError when there is none. */
export function policyOf(world: World, ref: string, groupName?: string): { group: Group; policy: Policy } {
  for (const group of world.state.groups) {
    if (groupName !== undefined && group.name !== groupName) continue;
    const policy = group.policies.find(({ name, arn }) => arn === ref || name === ref);
    if (policy !== undefined) return { group, policy };
  }
  throw invalid(`Policy name not found - No policy found with name ${ref}`);
}

/** What executes a policy. */
export interface Execution {
  /** As the cause of activities tells it. */
  why: string;
  honorsCooldown: boolean;
  /** How far the metric is over the alarm's threshold; below it, negative. */
  over?: number | undefined;
}

/**
 * Executes a simple or step policy. Only simple ones know cooldowns.
 * @throws AwsError while it cools, for step policies without a value, and for a value that fits no step.
 */
export function execute(
  world: World,
  group: Group,
  policy: Policy,
  { why, honorsCooldown, over }: Execution,
): void {
  const input = new Input(policy.given);
  if (!policy.isEnabled) throw invalid(`Policy ${policy.name} is disabled`);
  const isSimple = policy.type === "SimpleScaling";
  if (isSimple && honorsCooldown && isCooling(world, group))
    throw new AwsError(
      "ScalingActivityInProgress",
      `Scaling activity for the AutoScalingGroup ${group.name} is in progress or cooling down.`,
    );
  const desired = adjusted(
    baseOf(group, isSimple),
    input.text("AdjustmentType") ?? "",
    amountOf(policy, input, over),
    {
      min: group.min,
      max: group.max,
      least: input.number("MinAdjustmentMagnitude") ?? input.number("MinAdjustmentStep"),
    },
  );
  if (desired !== group.desired) resize(world, group, desired, why, input.number("Cooldown"));
}

/** Simple policies reckon from desired; so do step policies here, as no warm-up is modelled. */
function baseOf(group: Group, isSimple: boolean): number {
  return isSimple ? group.desired : Math.max(group.desired, counted(group).length);
}

function amountOf(policy: Policy, input: Input, over: number | undefined): number {
  if (policy.type === "SimpleScaling") return Number(input.required("ScalingAdjustment"));
  if (policy.type !== "StepScaling") throw invalid(`Policies of type ${policy.type} cannot be executed`);
  if (over === undefined) throw invalid("MetricValue and BreachThreshold are required for StepScaling");
  const step = stepFor(stepsOf(input), over);
  if (step === undefined) throw invalid("There is no step adjustment for that metric value");
  return step.adjustment;
}

function shown(world: World, group: Group, { name, arn, type, isEnabled, given }: Policy): Answer {
  const { AutoScalingGroupName: _group, PolicyName: _name, ...rest } = given;
  const alarms = alarmsOf(world, arn);
  return {
    Cooldown: undefined,
    ...(rest as Given),
    AutoScalingGroupName: group.name,
    PolicyName: name,
    PolicyARN: arn,
    PolicyType: type,
    Enabled: isEnabled,
    StepAdjustments: rest.StepAdjustments ?? [],
    Alarms: alarms,
  };
}

function alarmsOf({ state }: World, arn: string): Answer[] {
  return state.alarms
    .filter(({ given }) => new Input(given).texts("AlarmActions").includes(arn))
    .map((alarm) => ({ AlarmName: alarm.name, AlarmARN: alarm.arn }));
}

/** Actions on policies. */
export const scalingPolicies: Handlers = {
  PutScalingPolicy(world, input) {
    const { arn } = put(world, groupIn(world, input), input);
    return { PolicyARN: arn, Alarms: alarmsOf(world, arn) };
  },
  DescribePolicies(world, input) {
    const [name, names, types] = [
      input.text("AutoScalingGroupName"),
      input.texts("PolicyNames"),
      input.texts("PolicyTypes"),
    ];
    const found = world.state.groups
      .filter((group) => name === undefined || group.name === name)
      .flatMap((group) => group.policies.map((policy) => ({ group, policy })))
      .filter(({ policy }) => names.length === 0 || names.includes(policy.name) || names.includes(policy.arn))
      .filter(({ policy }) => types.length === 0 || types.includes(policy.type));
    const key = ({ policy }: (typeof found)[number]): string => policy.arn;
    const { page, next } = pageOf(found, input, { key, size: "MaxRecords", usual: 50, most: 100 });
    return {
      ScalingPolicies: page.map(({ group, policy }) => shown(world, group, policy)),
      NextToken: next,
    };
  },
  ExecutePolicy(world, input) {
    const ref = input.required("PolicyName");
    const { group, policy } = policyOf(world, ref, input.text("AutoScalingGroupName"));
    const [value, threshold] = [input.number("MetricValue"), input.number("BreachThreshold")];
    execute(world, group, policy, {
      why: `a user request executed policy ${policy.name}`,
      honorsCooldown: input.flag("HonorCooldown") === true,
      over: value === undefined || threshold === undefined ? undefined : value - threshold,
    });
    return undefined;
  },
  DeletePolicy(world, input) {
    const { group, policy } = policyOf(
      world,
      input.required("PolicyName"),
      input.text("AutoScalingGroupName"),
    );
    group.policies = group.policies.filter((one) => one !== policy);
    return undefined;
  },
};
