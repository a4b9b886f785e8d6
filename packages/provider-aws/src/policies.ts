/**
 * Policies that AWS keeps and evaluates: scaling policies, and scheduled actions that set desired.
 *
 * Note [Overwriting]: PutScalingPolicy and its like make a policy or replace the one of that name without a word.
 * Creating looks first therefore, and updating sends everything, what was there with the patch over it. In one process
 * the writes of one group go one after the other.
 */
import { isDeepStrictEqual } from "node:util";
import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import {
  AlreadyExistsError,
  type CallOptions,
  ConfigError,
  type Host,
  isBellowsError,
  type PoliciesDriver,
  type Policy,
  type PolicySpec,
  type Ref,
} from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { describeGroup } from "./group-read.js";
import { createTurns, deleteOnce, takenBack } from "./making.js";
import { executePolicy } from "./policy-execute.js";
import { findPolicy, policiesNamed, policiesOf } from "./policy-find.js";
import { madeOf, specOf } from "./policy-map.js";
import { ownerFaults, withOwner, writeOwner } from "./policy-owner.js";
import { type PolicyInput, policyInput } from "./policy-spec.js";
import { translatePolicy } from "./policy-translate.js";

/** The policies driver of AWS, which has all of the contract's methods. */
export type AwsPolicies = Required<PoliciesDriver>;

/** Makes the driver of AWS's own policies. */
export function createPolicies(aws: Aws, host: Host): AwsPolicies {
  const inTurn = createTurns();
  return {
    async *list(group, options) {
      const call = callOf("list", group, options);
      const described = await describeGroup(aws, group, call);
      for await (const policy of policiesOf(aws, group, call)) yield withOwner(policy, described);
    },
    async get(group, policy, options) {
      return (await findPolicy(aws, group, policy, callOf("get", policy, options))).policy;
    },
    async create(group, spec, options) {
      const call = callOf("create", String(spec.name), options);
      const input = checked(group, spec, host, call);
      return inTurn(group, () => create(aws, group, spec, input, call));
    },
    update(group, policy, patch, options) {
      const call = callOf("update", policy, options);
      return inTurn(group, () => update(aws, host, group, policy, patch, call));
    },
    delete(group, policy, options) {
      const call = callOf("delete", policy, options);
      return inTurn(group, () => remove(aws, host, group, policy, call));
    },
    execute(group, policy, options = {}) {
      const call = callOf("execute", policy, options);
      return inTurn(group, async () =>
        executePolicy(aws, host, await findPolicy(aws, group, policy, call), options, call),
      );
    },
    translate: (group, spec, metrics) => translatePolicy(group, spec, metrics, host.clock.now()),
  };
}

function callOf(method: string, resource: string, options: CallOptions = {}): Call {
  return { operation: `policies.${method}`, resource, signal: options.signal };
}

function checked(group: Ref, spec: PolicySpec, { clock }: Host, { operation }: Call): PolicyInput {
  const input = policyInput(group, spec, clock.now(), operation);
  const faults = ownerFaults(spec.name, spec.owner);
  if (faults.length === 0) return input;
  throw new ConfigError(`policy ${spec.name} cannot be kept by AWS: ${faults.join("; ")}`, {
    operation,
    resource: spec.name,
  });
}

async function create(aws: Aws, ref: Ref, spec: PolicySpec, input: PolicyInput, call: Call): Promise<Policy> {
  const { group, policies } = await policiesNamed(aws, ref, spec.name, call);
  const [there] = policies;
  if (there !== undefined) {
    if (policies.length === 1 && isSame(there, madeOf(input), group)) return there;
    throw new AlreadyExistsError(`group ${ref} has a policy "${spec.name}" already, and it is another`, {
      provider: aws.key,
      operation: call.operation,
      resource: spec.name,
      hint: "update it, or choose another name",
    });
  }
  // The label goes first: a policy that nobody owns is never pruned.
  if (spec.owner !== undefined) await writeOwner(aws, group, spec.name, spec.owner, call);
  try {
    return await put(aws, input, spec.owner, call);
  } catch (error) {
    if (spec.owner === undefined) throw error;
    const { signal: _aborted, ...rest } = call;
    const labelled = await describeGroup(aws, ref, rest).catch(() => group);
    throw await takenBack(error, [
      ["its label on the group", () => writeOwner(aws, labelled, spec.name, undefined, rest)],
    ]);
  }
}

/** Whether two policies do the same; one without a cooldown has the group's. */
function isSame(there: Policy, wanted: Policy, { DefaultCooldown }: AutoScalingGroup): boolean {
  const core = ({ owner: _owner, providerId: _arn, cooldownMs, ...policy }: Policy): object => ({
    ...policy,
    cooldownS: cooldownMs === undefined ? DefaultCooldown : cooldownMs / 1_000,
  });
  return isDeepStrictEqual(core(there), core(wanted));
}

/** Makes or replaces a policy, and reads its ARN where the answer does not say it. */
async function put(aws: Aws, made: PolicyInput, owner: string | undefined, call: Call): Promise<Policy> {
  const policy = { ...madeOf(made), ...(owner === undefined ? {} : { owner }) };
  if (made.kind === "policy") {
    const { PolicyARN } = await aws.autoScaling((sdk) => new sdk.PutScalingPolicyCommand(made.input), call);
    if (PolicyARN !== undefined) return { ...policy, providerId: PolicyARN };
  } else {
    await aws.autoScaling((sdk) => new sdk.PutScheduledUpdateGroupActionCommand(made.input), call);
  }
  const { policies } = await policiesNamed(aws, policy.group, policy.name, call);
  const shown = policies.find(({ schedule }) => (schedule === undefined) === (policy.schedule === undefined));
  return { ...policy, ...(shown?.providerId === undefined ? {} : { providerId: shown.providerId }) };
}

async function update(
  aws: Aws,
  host: Host,
  ref: Ref,
  policyRef: Ref,
  patch: Partial<PolicySpec>,
  call: Call,
): Promise<Policy> {
  const { group, policy } = await findPolicy(aws, ref, policyRef, call);
  const spec = { ...specOf(policy), ...patch };
  requireKept(ref, policy, spec, call);
  const input = checked(ref, spec, host, call);
  await writeOwner(aws, group, policy.name, spec.owner, call);
  return put(aws, input, spec.owner, call);
}

/** A scaling policy can't become a scheduled action, and neither gets another name. */
function requireKept(group: Ref, policy: Policy, spec: PolicySpec, { operation, resource = "" }: Call): void {
  const moves = (policy.schedule === undefined) !== (spec.schedule === undefined);
  if (spec.name === policy.name && !moves) return;
  throw new ConfigError(
    `policy ${policy.name} of group ${group} can't get ${moves ? "a schedule, or lose it" : "another name"}`,
    { operation, resource, hint: "delete it, and make another" },
  );
}

async function remove(aws: Aws, host: Host, ref: Ref, policyRef: Ref, call: Call): Promise<void> {
  const { group, policy } = await findPolicy(aws, ref, policyRef, call);
  await deleteOnce(
    host,
    () => drop(aws, policy, call),
    () => isThere(aws, ref, policyRef, call),
    call.signal,
  );
  await writeOwner(aws, group, policy.name, undefined, call);
}

function drop(aws: Aws, { name, group, schedule }: Policy, call: Call): Promise<unknown> {
  return aws.autoScaling(
    (sdk) =>
      schedule === undefined
        ? new sdk.DeletePolicyCommand({ AutoScalingGroupName: group, PolicyName: name })
        : new sdk.DeleteScheduledActionCommand({ AutoScalingGroupName: group, ScheduledActionName: name }),
    call,
  );
}

async function isThere(aws: Aws, group: Ref, policy: Ref, call: Call): Promise<boolean> {
  try {
    await findPolicy(aws, group, policy, call);
    return true;
  } catch (error) {
    if (isBellowsError(error, "not-found")) return false;
    throw error;
  }
}
