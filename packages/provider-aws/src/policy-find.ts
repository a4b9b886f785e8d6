/** Looking for policies: scaling policies and scheduled actions together, as the contract has them in one list. */
import type {
  AutoScalingGroup,
  ScalingPolicy,
  ScheduledUpdateGroupAction,
} from "@aws-sdk/client-auto-scaling";
import {
  ConflictError,
  collect,
  NotFoundError,
  nearest,
  type Page,
  type Policy,
  pages,
  type Ref,
} from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { describeGroup } from "./group-read.js";
import { policyOf } from "./policy-map.js";
import { withOwner } from "./policy-owner.js";
import { isPolicy, schedulePolicyOf } from "./policy-schedule.js";

/** Most policies, and most scheduled actions, of one answer. @see docs.aws.amazon.com, DescribePolicies */
const POLICIES_PER_CALL = 100;

/** What AWS takes for a name where it reads one. */
const READABLE = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/** A policy and the group that it is of. */
export interface Found {
  group: AutoScalingGroup;
  policy: Policy;
}

/** The name in an ARN of a policy or scheduled action; any other reference is a name. */
export function policyNameIn(ref: Ref): string {
  return /^arn:[^:]+:autoscaling:.*:(?:policyName|scheduledActionName)\/(.+)$/s.exec(ref)?.[1] ?? ref;
}

/**
 * The policies of a group that have a name: none, one, or where somebody else made them so, a scaling policy and a
 * scheduled action.
 * @throws NotFoundError when there is no such group.
 */
export async function policiesNamed(
  aws: Aws,
  group: Ref,
  name: string,
  call: Call,
): Promise<{ group: AutoScalingGroup; policies: Policy[] }> {
  const names = READABLE.test(name) ? [name] : [];
  const found = names.length === 0 ? Promise.resolve([]) : collect(policiesOf(aws, group, call, names));
  // Where the group is missing, that is told, and not what AWS says of the policies.
  found.catch(() => undefined);
  const described = await describeGroup(aws, group, call);
  return { group: described, policies: (await found).map((policy) => withOwner(policy, described)) };
}

/**
 * The policy that a reference means: its name, or its ARN.
 * @throws NotFoundError with the nearest name. @throws ConflictError when the name fits two.
 */
export async function findPolicy(aws: Aws, group: Ref, ref: Ref, call: Call): Promise<Found> {
  const name = policyNameIn(ref);
  const { group: described, policies } = await policiesNamed(aws, group, name, call);
  const fitting = name === ref ? policies : policies.filter(({ providerId }) => providerId === ref);
  const [policy, other] = fitting;
  if (policy === undefined) {
    const names = (await collect(policiesOf(aws, group, call))).map(({ name: one }) => one);
    throw noSuchPolicy(aws, group, ref, names, call);
  }
  if (other !== undefined)
    throw new ConflictError(
      `policy name "${ref}" fits two of group ${group}: ${fitting.map(({ providerId }) => providerId).join(", ")}`,
      { provider: aws.key, operation: call.operation, resource: ref, hint: "use the ARN" },
    );
  return { group: described, policy };
}

/** Says that a policy is not there, and which of the group's names is nearest. */
function noSuchPolicy(
  aws: Pick<Aws, "key">,
  group: Ref,
  ref: Ref,
  names: readonly string[],
  { operation }: Call,
): NotFoundError {
  const near = nearest(policyNameIn(ref), names);
  const known = names.length === 0 ? "it has none" : `it has: ${names.slice(0, 10).join(", ")}`;
  return new NotFoundError(`there is no policy "${ref}" of group ${group}`, {
    provider: aws.key,
    operation,
    resource: ref,
    hint: near === undefined ? known : `did you mean "${near}"?`,
  });
}

/**
 * The policies of a group, a hundred a call of each sort: scaling policies, then schedules. Their owners, which stand
 * on the group, are not among what they have.
 * @param names - only these (50 at most).
 */
export async function* policiesOf(
  aws: Aws,
  group: Ref,
  call: Call,
  names?: readonly string[],
): AsyncGenerator<Policy, void, undefined> {
  for await (const policy of pages((token) => policyPage(aws, group, call, names, token)))
    yield policyOf(policy);
  for await (const action of pages((token) => schedulePage(aws, group, call, names, token)))
    if (isPolicy(action)) yield schedulePolicyOf(action);
}

/** One page of a group's scaling policies. */
async function policyPage(
  aws: Aws,
  group: Ref,
  call: Call,
  names: readonly string[] | undefined,
  token: string | undefined,
): Promise<Page<ScalingPolicy>> {
  const { ScalingPolicies = [], NextToken } = await aws.autoScaling(
    (sdk) =>
      new sdk.DescribePoliciesCommand({
        AutoScalingGroupName: group,
        MaxRecords: POLICIES_PER_CALL,
        ...(names === undefined ? {} : { PolicyNames: [...names] }),
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    call,
  );
  return { items: ScalingPolicies, ...(NextToken === undefined ? {} : { next: NextToken }) };
}

async function schedulePage(
  aws: Aws,
  group: Ref,
  call: Call,
  names: readonly string[] | undefined,
  token: string | undefined,
): Promise<Page<ScheduledUpdateGroupAction>> {
  const { ScheduledUpdateGroupActions = [], NextToken } = await aws.autoScaling(
    (sdk) =>
      new sdk.DescribeScheduledActionsCommand({
        AutoScalingGroupName: group,
        MaxRecords: POLICIES_PER_CALL,
        ...(names === undefined ? {} : { ScheduledActionNames: [...names] }),
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    call,
  );
  return { items: ScheduledUpdateGroupActions, ...(NextToken === undefined ? {} : { next: NextToken }) };
}

/**
 * ARNs of scaling policies of a group, by name.
 * @param names - 50 at most.
 * @throws NotFoundError for the first that is not there, or for the group.
 */
export async function policyArns(
  aws: Aws,
  group: Ref,
  names: readonly string[],
  call: Call,
): Promise<Map<string, string>> {
  const named = async (asked?: readonly string[]): Promise<Map<string, string>> => {
    const found = await collect(pages((token) => policyPage(aws, group, call, asked, token)));
    return new Map(found.map(({ PolicyName = "", PolicyARN = "" }) => [PolicyName, PolicyARN]));
  };
  const asked = names.filter((name) => READABLE.test(name));
  const arns = asked.length === 0 ? new Map<string, string>() : await named(asked);
  const missing = names.find((name) => !arns.has(name));
  if (missing === undefined) return arns;
  throw noSuchPolicy(aws, group, missing, [...(await named()).keys()], call);
}
