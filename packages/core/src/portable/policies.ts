/**
 * Policies that Bellows keeps, for any provider, in one list with those that the cloud keeps (`engine` tells).
 *
 * Note [Execution]: Otter's rules, in Otter's order: paused, missing, the policy's cooldown, the group's cooldown,
 * no change. Only an execution that changes something stamps the cooldowns, and both run from it. The line has the
 * same rules and more (windows, keeps, pins); where it runs, `execute` hands the order to it.
 * @see facts of Rackspace Autoscale v1.0, otter/controller.py
 */

import type { Clock } from "../clock.js";
import type { CallOptions, Ref } from "../contracts/common.js";
import type { Group, GroupsDriver } from "../contracts/group.js";
import type {
  ExecutionOutcome,
  PoliciesDriver,
  Policy,
  PolicySpec,
  Rounding,
  SimpleAdjust,
} from "../contracts/policy.js";
import { policySpecSchema } from "../contracts/policy.js";
import type { DocumentWrite, StateStore } from "../contracts/state-store.js";
import { formatDuration } from "../duration.js";
import { AlreadyExistsError, ConfigError, isBellowsError, NotFoundError, RefusedError } from "../errors.js";
import { applyAdjust } from "../policies/adjust.js";
import { resolveRef } from "../ref.js";
import { canonical, clamp } from "./bounds.js";
import { isHeldByPause, runningCooldown, stamp, withdraw } from "./cooldowns.js";
import { openShelf } from "./shelf.js";
import { webhooksKey } from "./webhooks.js";

/**
 * Runs one execution, through the queue of a daemon for groups that it has.
 * @param here - runs it here, without any queue: for groups that the caller knows nothing of.
 */
export type Execute = (
  group: Group,
  policy: Policy,
  options: Parameters<PoliciesDriver["execute"]>[2],
  here: () => Promise<ExecutionOutcome>,
) => Promise<ExecutionOutcome>;

type ExecuteHere = (
  group: Group,
  policy: Policy,
  options?: Parameters<PoliciesDriver["execute"]>[2],
) => Promise<ExecutionOutcome>;

/** What portable policies are made from. */
export interface PortablePoliciesOptions {
  /** Key of the provider in the config. */
  provider: string;
  store: StateStore;
  clock: Clock;
  groups: Pick<GroupsDriver, "get" | "scale">;
  /** Reads a group that is to be changed, where `groups.get` may show an older size than was acknowledged last. */
  read?: (ref: Ref, options?: CallOptions) => Promise<Group>;
  /** The provider's own rounding, for policies that name none. */
  rounding: Rounding;
  newId: () => string;
  /** The cloud's own policies, if it keeps any. */
  native?: PoliciesDriver;
  /** Instead of executing here. */
  execute?: Execute;
  /** Policies that a config file declares for a group: listed and executed, not changed from here. */
  declared?: (group: string) => readonly PolicySpec[];
  /** Called when a policy was deleted: what belongs to it goes too. */
  onDeleted?: (group: Group, policy: Policy) => Promise<void>;
}

/** Key of the document with a group's policies, in the partition of the group's name. */
export function policiesKey(provider: string, groupId: string): string {
  return `portable/${provider}/policies/${groupId}`;
}

/** A group for which Bellows keeps policies or webhooks, by its id at the cloud. */
export interface KeptGroup {
  id: string;
  policies: readonly Policy[];
}

/**
 * Groups of a provider for which something is kept: what a controller has to run though no file declares it.
 * @param group - only this one.
 */
export async function* keptGroups(
  store: StateStore,
  provider: string,
  group?: Pick<Group, "id" | "name">,
): AsyncGenerator<KeptGroup> {
  const prefix = policiesKey(provider, "");
  const webhooks = webhooksKey(provider, "");
  const partitions = group === undefined ? store.partitions() : [group.name];
  for await (const partition of partitions) {
    const found = new Map<string, readonly Policy[]>();
    for await (const { key } of store.list(partition, webhooks)) found.set(key.slice(webhooks.length), []);
    for await (const { key, value } of store.list<Policy[]>(partition, prefix))
      found.set(key.slice(prefix.length), value);
    for (const [id, policies] of found) if (group === undefined || group.id === id) yield { id, policies };
  }
}

/** The document that keeps a new portable group's policies, to be written in the commit that makes the group. */
export function policyDocuments(
  provider: string,
  group: string,
  specs: readonly PolicySpec[],
  newId: () => string,
): DocumentWrite[] {
  const policies: Policy[] = [];
  for (const spec of specs) {
    if (policies.some((policy) => policy.name === spec.name)) throw alreadyThere(group, spec.name);
    policies.push(policyOf(group, parseSpec(spec), newId()));
  }
  return policies.length === 0 ? [] : [{ key: policiesKey(provider, group), value: policies }];
}

/** Makes the policies driver of a connection. */
export function createPolicies(options: PortablePoliciesOptions): PoliciesDriver {
  const shelf = openShelf<Policy>(options.store);
  const { native, groups } = options;
  const keyOf = (group: Group): string => policiesKey(options.provider, group.id);
  const declared = (group: Group): Policy[] =>
    (options.declared?.(group.name) ?? [])
      .filter((spec) => spec.engine !== "native")
      .map((spec) => policyOf(group.name, spec, spec.name));
  const own = async (group: Group): Promise<Policy[]> => {
    const kept = await shelf.read(group.name, keyOf(group));
    const fixed = declared(group);
    return [...fixed, ...kept.filter((policy) => !fixed.some((other) => other.name === policy.name))];
  };
  const findOwn = async (group: Group, ref: Ref): Promise<Policy | undefined> => {
    const all = await own(group);
    return all.some((policy) => policy.id === ref || policy.name === ref)
      ? resolveRef(all, ref, "policy")
      : undefined;
  };
  const missing = async (group: Group, ref: Ref): Promise<never> => {
    resolveRef(await own(group), ref, `policy of group ${group.name}`);
    throw new NotFoundError(`there is no policy "${ref}" of group ${group.name}`, { resource: ref });
  };
  const keepable = async (group: Group, ref: Ref): Promise<Policy | undefined> => {
    const policy = await findOwn(group, ref);
    if (policy !== undefined && declared(group).some((other) => other.name === policy.name)) {
      throw new RefusedError(`policy ${policy.name} of group ${group.name} stands in the config file`, {
        resource: ref,
        hint: "change it there",
      });
    }
    return policy;
  };
  const here = executeHere(options);
  const run = options.execute;

  return {
    ...(native?.translate && { translate: native.translate.bind(native) }),
    async *list(ref, call) {
      const group = await groups.get(ref, call);
      if (native) yield* native.list(ref, call);
      yield* await own(group);
    },
    async get(ref, policy, call) {
      const group = await groups.get(ref, call);
      const found = await findOwn(group, policy);
      if (found !== undefined) return found;
      return native ? native.get(ref, policy, call) : missing(group, policy);
    },
    async create(ref, spec, call) {
      const group = await groups.get(ref, call);
      if (native && isForCloud(spec)) return native.create(ref, spec, call);
      const policy = policyOf(group.name, parseSpec(spec), options.newId());
      if (
        declared(group).some((other) => other.name === policy.name) ||
        (native && (await isNative(native, ref, spec.name, call)))
      ) {
        throw alreadyThere(group.name, spec.name);
      }
      const kept = await shelf.change(group.name, keyOf(group), (policies) => {
        const old = policies.find((other) => other.name === policy.name);
        if (old === undefined) return [...policies, policy];
        if (canonical({ ...old, id: "" }) !== canonical({ ...policy, id: "" }))
          throw alreadyThere(group.name, spec.name);
        return policies;
      });
      return resolveRef(kept, policy.name, "policy");
    },
    async update(ref, policyRef, patch, call) {
      const group = await groups.get(ref, call);
      const policy = await keepable(group, policyRef);
      if (policy === undefined)
        return native ? native.update(ref, policyRef, patch, call) : missing(group, policyRef);
      const kept = await shelf.change(group.name, keyOf(group), (policies) => {
        if (policies.some((other) => other.id !== policy.id && other.name === patch.name))
          throw alreadyThere(group.name, patch.name ?? "");
        return policies.map((other) => (other.id === policy.id ? patchedPolicy(other, patch) : other));
      });
      return resolveRef(kept, policy.id, "policy");
    },
    async delete(ref, policyRef, call) {
      const group = await groups.get(ref, call);
      const policy = await keepable(group, policyRef);
      if (policy === undefined)
        return native ? native.delete(ref, policyRef, call) : missing(group, policyRef);
      await shelf.change(group.name, keyOf(group), (policies) =>
        policies.filter((other) => other.id !== policy.id),
      );
      await options.onDeleted?.(group, policy);
    },
    async execute(ref, policyRef, call) {
      const group = await groups.get(ref, call);
      if (group.paused) return { result: "paused", text: `group ${group.name} is paused` };
      const policy = await findOwn(group, policyRef);
      if (policy === undefined)
        return native ? native.execute(ref, policyRef, call) : missing(group, policyRef);
      const alone = (): Promise<ExecutionOutcome> => here(group, policy, call);
      return run === undefined ? alone() : run(group, policy, call, alone);
    },
  };
}

/** Unless it says otherwise, what needs no signal of ours is kept by a cloud that keeps policies. */
/** Whether a policy is the cloud's to keep, where it keeps policies. */
export function isForCloud(spec: PolicySpec): boolean {
  return (
    spec.engine === "native" ||
    (spec.engine === undefined &&
      (spec.native !== undefined || (spec.when === undefined && spec.signal === undefined)))
  );
}

async function isNative(
  native: PoliciesDriver,
  group: Ref,
  name: string,
  call?: CallOptions,
): Promise<boolean> {
  try {
    await native.get(group, name, call);
    return true;
  } catch (error) {
    if (isBellowsError(error, "not-found")) return false;
    throw error;
  }
}

function policyOf(group: string, spec: PolicySpec, id: string): Policy {
  return { ...spec, engine: "bellows", group, id };
}

/** @throws ConfigError that lists what is wrong with it. */
export function parseSpec(spec: PolicySpec): PolicySpec {
  const parsed = policySpecSchema.safeParse(spec);
  if (parsed.success) return parsed.data as PolicySpec;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "policy"}: ${issue.message}`);
  throw new ConfigError(`policy ${spec.name} cannot be kept: ${faults.join("; ")}`, { resource: spec.name });
}

function patchedPolicy(policy: Policy, patch: Partial<PolicySpec>): Policy {
  const { group, id, providerId: _, ...spec } = policy;
  return policyOf(group, parseSpec({ ...spec, ...patch, engine: "bellows" }), id);
}

function alreadyThere(group: string, name: string): AlreadyExistsError {
  return new AlreadyExistsError(`group ${group} has a policy "${name}" already`, {
    resource: name,
    hint: "update it, or choose another name",
  });
}

/** Executes on the groups driver, one at a time per group. */
function executeHere(options: PortablePoliciesOptions): ExecuteHere {
  const tails = new Map<string, Promise<unknown>>();
  return (group, policy, call) => {
    const turn = (tails.get(group.name) ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => executeOne(options, group, policy, call));
    tails.set(group.name, turn);
    const forget = (): void => void (tails.get(group.name) === turn && tails.delete(group.name));
    turn.then(forget, forget);
    return turn;
  };
}

async function executeOne(
  options: PortablePoliciesOptions,
  { name, id: groupId }: Group,
  policy: Policy,
  call?: Parameters<PoliciesDriver["execute"]>[2],
): Promise<ExecutionOutcome> {
  const { store, clock, groups } = options;
  const group = await (options.read === undefined ? groups.get(groupId, call) : options.read(groupId, call));
  if (group.paused || (await isHeldByPause(store, name, clock.now())))
    return { result: "paused", text: `group ${name} is paused` };
  const { adjust } = policy;
  if (!isSimple(adjust)) {
    return {
      result: "refused",
      text: `policy ${policy.name} follows a signal; only a running controller can execute it`,
    };
  }
  const running =
    call?.honorCooldown === false ? undefined : await runningCooldown(store, group, policy, clock.now());
  if (running !== undefined) {
    return {
      result: "cooldown",
      from: group.desired,
      to: group.desired,
      text: `the ${running.of}'s cooldown runs for another ${formatDuration(running.leftMs)}`,
    };
  }
  const rule = {
    rounding: policy.rounding ?? options.rounding,
    ...(policy.minMagnitude === undefined ? {} : { minMagnitude: policy.minMagnitude }),
  };
  const to = clamp(applyAdjust(adjust, group.desired, rule), group.min, group.max);
  const counts = { from: group.desired, to };
  if (to === group.desired)
    return {
      result: "unchanged",
      ...counts,
      text: `group ${name} has ${to} already, with bounds ${group.min} to ${group.max}`,
    };
  return scale(options, group, policy, to, call);
}

function isSimple(adjust: Policy["adjust"]): adjust is SimpleAdjust {
  return "change" in adjust || "percent" in adjust || "desired" in adjust;
}

async function scale(
  options: PortablePoliciesOptions,
  group: Group,
  policy: Policy,
  to: number,
  call?: CallOptions,
): Promise<ExecutionOutcome> {
  const id = options.newId();
  const execution = { id, atMs: options.clock.now(), from: group.desired, to, policy: policy.name };
  await stamp(options.store, group.name, execution, policy.keepMs);
  try {
    const outcome = await options.groups.scale(group.id, to, call?.signal ? { signal: call.signal } : {});
    if (outcome.result === "unchanged") await withdraw(options.store, group.name, id);
    return {
      result: outcome.result === "done" ? "executed" : "unchanged",
      from: group.desired,
      to: outcome.desired,
    };
  } catch (error) {
    await withdraw(options.store, group.name, id);
    throw error;
  }
}
