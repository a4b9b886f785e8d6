/**
 * Policies that Autoscale keeps and executes: by hand, by webhook, or by schedule.
 *
 * Note [Names]: they are not unique on Rackspace. A create looks for the name first: an equal policy was made by an
 * earlier call and is taken, another one of that name is refused. PUT replaces a policy whole, so that a patch is laid
 * over what is read.
 */
import { isDeepStrictEqual } from "node:util";
import {
  AlreadyExistsError,
  ConfigError,
  type Host,
  isBellowsError,
  type NativePlan,
  type PoliciesDriver,
  type Policy,
  type PolicySpec,
  policyKind,
} from "@bellows/core";
import type { Manifest, WirePolicy, WirePolicySpec } from "./autoscale.js";
import type { Call, Rackspace } from "./client.js";
import { putConfig } from "./group-config.js";
import { callOf, type GroupContext, inGroup, onGroup, postOne } from "./group-context.js";
import { policyOwnerMark, withoutStalePolicies } from "./group-marks.js";
import { makeOnce, takenBack } from "./making.js";
import { executePolicy } from "./policy-execute.js";
import { type Found, policyIn, readPolicies } from "./policy-find.js";
import { policyOf, specOf } from "./policy-map.js";
import { policyToWire, readPolicy } from "./policy-spec.js";

/** The policies driver of Rackspace, which has all of the contract's methods. */
export type RackspacePolicies = Required<PoliciesDriver>;

/** Makes the driver of Autoscale's policies. */
export function createPolicies(context: GroupContext): RackspacePolicies {
  const { rackspace, host } = context;
  return {
    async *list(group, options) {
      const call = callOf("policies.list", group, options);
      const found = await onGroup(context, group, call, (id) => readPolicies(rackspace, id, call));
      for (const policy of found.policies) yield shown(found, policy);
    },
    async get(group, ref, options) {
      const call = callOf("policies.get", ref, options);
      const found = await onGroup(context, group, call, (id) => readPolicies(rackspace, id, call));
      return shown(found, policyIn(found, ref, rackspace, call));
    },
    async create(group, spec, options) {
      const call = callOf("policies.create", String(spec.name), options);
      const wire = policyToWire(spec, host.clock.now(), call.operation);
      return inGroup(context, group, call, (id) => create(context, id, wire, spec.owner, call));
    },
    async update(group, ref, patch, options) {
      const call = callOf("policies.update", ref, options);
      return inGroup(context, group, call, async (id) => {
        const found = await readPolicies(rackspace, id, call);
        return update(context, found, policyIn(found, ref, rackspace, call), patch, call);
      });
    },
    async delete(group, ref, options) {
      const call = callOf("policies.delete", ref, options);
      await inGroup(context, group, call, async (id) => {
        const found = await readPolicies(rackspace, id, call);
        await remove(rackspace, found.manifest, policyIn(found, ref, rackspace, call), call);
      });
    },
    async execute(group, ref, options = {}) {
      const call = callOf("policies.execute", ref, options);
      requireNoValues(options, call);
      return inGroup(context, group, call, async (id) => {
        const found = await readPolicies(rackspace, id, call);
        // A paused group refuses before it looks for the policy.
        const { state, groupConfiguration } = found.manifest;
        if (state.paused) return { result: "paused", text: `group ${groupConfiguration.name} is paused` };
        const policy = policyIn(found, ref, rackspace, call);
        return executePolicy(rackspace, host, found.manifest, policy, call);
      });
    },
    translate: (_group, spec) => translate(spec, host),
  };
}

function shown({ manifest: { groupConfiguration } }: Found, policy: WirePolicy): Policy {
  return policyOf(groupConfiguration.name, policy, groupConfiguration.metadata);
}

/** Values are for policies with steps. */
function requireNoValues(
  { metricValue, breachThreshold }: { metricValue?: number; breachThreshold?: number },
  { operation, resource = "" }: Call,
): void {
  if ((metricValue ?? breachThreshold) === undefined) return;
  throw new ConfigError(`policy ${resource} has no steps in which a value could be looked up`, {
    operation,
    resource,
    hint: "leave metricValue and breachThreshold out",
  });
}

async function create(
  context: GroupContext,
  groupId: string,
  wire: WirePolicySpec,
  owner: string | undefined,
  call: Call,
): Promise<Policy> {
  const { rackspace, host } = context;
  const found = await readPolicies(rackspace, groupId, call);
  const named = found.policies.filter(({ name }) => name === wire.name);
  const [there] = named;
  if (there !== undefined) {
    requireEqual(named, wire, found.manifest, call);
    return withOwner(rackspace, found.manifest, there, owner, call);
  }
  const path = `/groups/${groupId}/policies`;
  const made = await makeOnce(
    host,
    () => postOne<WirePolicy>(rackspace, path, "policies", wire, call),
    async () =>
      (await readPolicies(rackspace, groupId, call)).policies.find(({ name }) => name === wire.name),
    call.signal,
  );
  try {
    return await withOwner(rackspace, found.manifest, made, owner, call);
  } catch (error) {
    const { signal: _aborted, ...rest } = call;
    throw await takenBack(error, [[`policy ${wire.name}`, () => drop(rackspace, groupId, made.id, rest)]]);
  }
}

/** @throws AlreadyExistsError unless the only policy of a name is the same. */
function requireEqual(
  named: readonly WirePolicy[],
  wire: WirePolicySpec,
  { groupConfiguration }: Manifest,
  call: Call,
): void {
  const [there] = named;
  if (named.length === 1 && there !== undefined && isDeepStrictEqual(specOf(there), specOf(wire))) return;
  throw new AlreadyExistsError(
    `group ${groupConfiguration.name} has a policy "${wire.name}" already, and it is another`,
    { operation: call.operation, resource: wire.name, hint: "update it, or choose another name" },
  );
}

/** Notes on the group who owns a policy, where that is not so already. */
async function withOwner(
  rackspace: Rackspace,
  { id, groupConfiguration: config, scalingPolicies }: Manifest,
  policy: WirePolicy,
  owner: string | undefined,
  call: Call,
): Promise<Policy> {
  const mark = policyOwnerMark(policy.id);
  if (config.metadata[mark] === owner) return policyOf(config.name, policy, config.metadata);
  const ids = [...scalingPolicies.map((one) => one.id), policy.id];
  const { [mark]: _, ...others } = withoutStalePolicies(config.metadata, ids);
  const metadata = { ...others, ...(owner === undefined ? {} : { [mark]: owner }) };
  await putConfig(rackspace, id, { ...config, metadata }, call);
  return policyOf(config.name, policy, metadata);
}

async function update(
  { rackspace, host }: GroupContext,
  found: Found,
  there: WirePolicy,
  patch: Partial<PolicySpec>,
  call: Call,
): Promise<Policy> {
  const before = shown(found, there);
  const { group: _group, id: _id, providerId: _handle, ...own } = before;
  const spec: PolicySpec = { ...own, ...patch };
  requireSort(before, spec, call);
  const wire = policyToWire(spec, host.clock.now(), call.operation);
  const twin = found.policies.find(({ id, name }) => id !== there.id && name === wire.name);
  if (twin !== undefined) requireEqual([twin, there], wire, found.manifest, call);
  const path = `/groups/${found.manifest.id}/policies/${there.id}`;
  if (!isDeepStrictEqual(specOf(wire), specOf(there)))
    await rackspace.request("autoscale", path, { ...call, method: "PUT", json: wire });
  return withOwner(rackspace, found.manifest, { ...wire, id: there.id }, spec.owner, call);
}

/** Autoscale changes no policy's type. */
function requireSort(before: Policy, after: PolicySpec, { operation, resource = "" }: Call): void {
  if ((before.schedule === undefined) === (after.schedule === undefined)) return;
  throw new ConfigError(`policy ${before.name} of group ${before.group} can't get a schedule, or lose it`, {
    operation,
    resource,
    hint: "delete it, and make another",
  });
}

async function remove(
  rackspace: Rackspace,
  manifest: Manifest,
  policy: WirePolicy,
  call: Call,
): Promise<void> {
  await drop(rackspace, manifest.id, policy.id, call);
  await withOwner(rackspace, manifest, policy, undefined, call);
}

/** Deletes a policy, and with it its webhooks. */
async function drop(rackspace: Rackspace, groupId: string, policyId: string, call: Call): Promise<void> {
  try {
    await rackspace.request("autoscale", `/groups/${groupId}/policies/${policyId}`, {
      ...call,
      method: "DELETE",
    });
  } catch (error) {
    // It was there a moment ago: an earlier try, whose answer was lost, has deleted it.
    if (!isBellowsError(error, "not-found")) throw error;
  }
}

/** What Autoscale must keep in place of a policy of a file: what takes orders, and schedules. */
function translate(spec: PolicySpec, { clock }: Host): NativePlan | { refused: string } {
  const kind = policyKind(spec);
  if (kind !== "order" && kind !== "schedule")
    return { refused: "Autoscale looks at no metrics: its policies take orders and follow schedules" };
  // A file's webhooks are made by themselves, after their policies.
  const { webhooks: _, owner, ...own } = spec;
  const nowMs = clock.now();
  const { schedule } = spec;
  if (schedule !== undefined && "atMs" in schedule && schedule.atMs <= nowMs)
    return { policies: [], alarms: [] };
  const { wrong, notHere, wire } = readPolicy({ ...own, engine: "native" }, nowMs);
  const faults = [...wrong, ...notHere];
  if (wire === undefined || faults.length > 0) return { refused: faults.join("; ") };
  return { policies: [{ ...specOf(wire), ...(owner === undefined ? {} : { owner }) }], alarms: [] };
}
