/** Executing a policy now. */
import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import {
  applyAdjust,
  ConfigError,
  type ExecutionOutcome,
  type Host,
  isBellowsError,
  type PoliciesDriver,
  type Policy,
  type SimpleAdjust,
} from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { isPaused } from "./group-map.js";
import { describeGroup } from "./group-read.js";
import { actOnce } from "./making.js";
import type { Found } from "./policy-find.js";
import { findInterval, intervalsOf } from "./policy-steps.js";

/** How to execute. */
type ExecuteOptions = NonNullable<Parameters<PoliciesDriver["execute"]>[2]>;

/** What AWS says when an activity or its cooldown is in the way. @see docs.aws.amazon.com, ExecutePolicy */
const IN_PROGRESS: ReadonlySet<string> = new Set([
  "ScalingActivityInProgress",
  "ScalingActivityInProgressFault",
]);

/**
 * Executes a policy of AWS. What became of it is told from desired before and after, which AWS sets before it answers.
 * @throws ConfigError for a step policy without its value, or values for any other.
 * @throws ConflictError when an activity is in the way although no cooldown is honoured.
 */
export async function executePolicy(
  aws: Aws,
  host: Pick<Host, "clock">,
  { group, policy }: Found,
  options: ExecuteOptions,
  call: Call,
): Promise<ExecutionOutcome> {
  requireValues(policy, options, call);
  if (isPaused(group)) return { result: "paused", text: `group ${policy.group} is paused` };
  const adjust = adjustNow(policy, options);
  if ("refused" in adjust) return { result: "refused", text: adjust.refused };
  const from = group.DesiredCapacity ?? 0;
  const to = wanted(group, policy, adjust.simple);
  const look = async (): Promise<number> =>
    (await describeGroup(aws, policy.group, call)).DesiredCapacity ?? 0;
  try {
    await actOnce(
      { host },
      () => ask(aws, policy, options, call),
      async () => to === from || (await look()) !== from,
      options.signal,
    );
  } catch (error) {
    if (options.honorCooldown === false || !isInProgress(error)) throw error;
    return {
      result: "cooldown",
      from,
      to: from,
      text: `group ${policy.group} is in its cooldown, or still busy with what it did last`,
    };
  }
  return outcome(policy, from, to, await look());
}

/** AWS wants a value and its threshold for steps, and refuses them for all else. */
function requireValues(
  { name, adjust }: Policy,
  { metricValue, breachThreshold }: ExecuteOptions,
  call: Call,
): void {
  const given = metricValue !== undefined && breachThreshold !== undefined;
  const about = { operation: call.operation, resource: name };
  if ("steps" in adjust && !given)
    throw new ConfigError(
      `policy ${name} has steps: AWS needs a value to look up, and the threshold it is taken from`,
      {
        ...about,
        hint: "give metricValue and breachThreshold",
      },
    );
  if (!("steps" in adjust) && (metricValue ?? breachThreshold) !== undefined)
    throw new ConfigError(`policy ${name} has no steps in which a value could be looked up`, {
      ...about,
      hint: "leave metricValue and breachThreshold out",
    });
}

/** The adjustment that holds now, or why AWS executes none. */
function adjustNow(
  { name, adjust, schedule, native }: Policy,
  { metricValue = 0, breachThreshold = 0 }: ExecuteOptions,
): { simple: SimpleAdjust } | { refused: string } {
  if (native?.enabled === false) return { refused: `policy ${name} is disabled` };
  if (schedule !== undefined)
    return {
      refused: `policy ${name} is a schedule, which AWS follows at its times: scale the group instead`,
    };
  if ("target" in adjust)
    return { refused: `policy ${name} follows a metric; only AWS itself can execute it` };
  if (!("steps" in adjust)) return { simple: adjust };
  const breach = Number((metricValue - breachThreshold).toPrecision(12));
  const interval = findInterval(intervalsOf(adjust.steps, []), breach);
  if (interval !== undefined) return { simple: interval.adjust };
  return {
    refused: `no step of policy ${name} holds at ${metricValue}, ${Math.abs(breach)} ${breach < 0 ? "below" : "above"} the threshold`,
  };
}

/** What desired should become by AWS's own rules. @see docs.aws.amazon.com, "Step and simple scaling policies" */
function wanted(group: AutoScalingGroup, { minMagnitude }: Policy, adjust: SimpleAdjust): number {
  const { MinSize = 0, MaxSize = Number.POSITIVE_INFINITY, DesiredCapacity = 0 } = group;
  const rule = { rounding: "aws" as const, ...(minMagnitude === undefined ? {} : { minMagnitude }) };
  return Math.min(MaxSize, Math.max(MinSize, applyAdjust(adjust, DesiredCapacity, rule)));
}

function ask(
  aws: Aws,
  { name, group, adjust }: Policy,
  options: ExecuteOptions,
  call: Call,
): Promise<unknown> {
  const { honorCooldown, metricValue, breachThreshold } = options;
  return aws.autoScaling(
    (sdk) =>
      new sdk.ExecutePolicyCommand({
        AutoScalingGroupName: group,
        PolicyName: name,
        ...("steps" in adjust
          ? { MetricValue: metricValue, BreachThreshold: breachThreshold }
          : { HonorCooldown: honorCooldown !== false }),
      }),
    call,
  );
}

function isInProgress(error: unknown): boolean {
  return isBellowsError(error, "conflict") && IN_PROGRESS.has(error.vendorCode ?? "");
}

function outcome({ group }: Policy, from: number, expected: number, to: number): ExecutionOutcome {
  if (to !== from) return { result: "executed", from, to };
  if (expected === from)
    return { result: "unchanged", from, to, text: `group ${group} has ${to} already, or is at its bound` };
  return { result: "accepted", from, text: `AWS took it; group ${group} does not show it yet` };
}
