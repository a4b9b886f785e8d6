import { randomUUID } from "node:crypto";
import { errorLine, type Group, isBellowsError } from "@bellows/core";
import { cloudNameOf, type Entry } from "./directory.js";
import { AutoscaleFault } from "./errors.js";
import { freeName } from "./hidden.js";
import { checkedLaunch, refusedLaunch, withPorts } from "./launch-check.js";
import { LIMITS } from "./limits.js";
import type { AutoscaleOptions, Tenant } from "./options.js";
import { toPolicySpec } from "./policy-map.js";
import type { GroupBody } from "./schema-group.js";
import { MOST_ENTITIES } from "./schema-group.js";

/** A group that was made, and its entry. */
export interface Made {
  group: Group;
  entry: Entry;
}

/** Makes groups of tenants; two of one name at a time get two names at their cloud. */
export function createMaking(options: AutoscaleOptions): (tenant: Tenant, body: GroupBody) => Promise<Made> {
  const turns = new Map<string, Promise<unknown>>();
  return (tenant, body) => {
    const before = turns.get(tenant.id) ?? Promise.resolve();
    const made = before.catch(() => undefined).then(() => makeGroup(options, tenant, body));
    turns.set(tenant.id, made);
    return made;
  };
}

/** @throws AutoscaleFault; then nothing is left of it. */
async function makeGroup(options: AutoscaleOptions, tenant: Tenant, body: GroupBody): Promise<Made> {
  const { directory, steward } = options;
  const mapped = checkedLaunch(body.launchConfiguration, tenant);
  requireBounds(body.groupConfiguration);
  const entries = await directory.all(tenant.id);
  if (entries.length >= LIMITS.maxGroups) {
    throw new AutoscaleFault(
      "ScalingGroupOverLimitError",
      `Allowed limit of ${LIMITS.maxGroups} scaling groups reached by tenant ${tenant.id}`,
    );
  }
  const id = randomUUID();
  const ref = await freeRef(options, tenant, body.groupConfiguration.name, id);
  const entry = { id, name: body.groupConfiguration.name, ref };
  await directory.write(tenant.id, entry);
  try {
    const group = await createAt(tenant, ref, body, mapped);
    const settled = { ...entry, ref: group.id };
    if (group.id !== ref) await directory.write(tenant.id, settled);
    await steward.made(tenant.id, group);
    return { group, entry: settled };
  } catch (error) {
    await takeBack(options, tenant, entry);
    throw error;
  }
}

/** The name itself, if no group of the cloud has it, nor one that a file will make there. */
async function freeRef(
  { steward }: AutoscaleOptions,
  { id: tenant, cloud }: Tenant,
  name: string,
  id: string,
): Promise<string> {
  const plain = cloudNameOf(name);
  if (steward.managedBy(tenant, { id: plain, name: plain }) !== undefined) return cloudNameOf(name, id);
  try {
    await cloud.groups.get(plain);
  } catch (error) {
    if (isBellowsError(error, "not-found")) return plain;
    if (!isBellowsError(error, "conflict")) throw error;
  }
  return cloudNameOf(name, id);
}

async function createAt(
  { cloud }: Tenant,
  name: string,
  { groupConfiguration, scalingPolicies }: GroupBody,
  { launch, loadBalancers }: ReturnType<typeof checkedLaunch>,
): Promise<Group> {
  const names = new Set<string>();
  const policies = scalingPolicies.map((policy) => {
    const kept = freeName(policy.name, names);
    names.add(kept);
    return toPolicySpec(policy, kept);
  });
  const { minEntities, maxEntities, cooldown, metadata } = groupConfiguration;
  try {
    const spec = { name, min: minEntities, max: maxEntities, cooldownMs: cooldown * 1_000, metadata };
    return await withPorts(loadBalancers, (ties) =>
      cloud.groups.create({ ...spec, launch, loadBalancers: ties, policies }),
    );
  } catch (error) {
    // Names were checked before: what is missing or wrong now is what its servers are made from.
    if (isBellowsError(error, "not-found") || isBellowsError(error, "config"))
      throw refusedLaunch([errorLine(error)]);
    throw error;
  }
}

/** Removes what a failed making left. What cannot be removed is logged by its name. */
async function takeBack(options: AutoscaleOptions, tenant: Tenant, { id, ref }: Entry): Promise<void> {
  try {
    await tenant.cloud.groups.delete(ref, { force: true });
  } catch (error) {
    if (!isBellowsError(error, "not-found")) {
      options.logger.error(
        { group: ref, provider: tenant.id },
        `what was left of a group that could not be made is still there: ${errorLine(error)}`,
      );
    }
  }
  await options.directory.remove(tenant.id, id);
}

/** @throws AutoscaleFault when min lies over max. */
export function requireBounds({
  minEntities,
  maxEntities = MOST_ENTITIES,
}: {
  minEntities: number;
  maxEntities?: number;
}): void {
  if (minEntities > maxEntities)
    throw new AutoscaleFault("InvalidMinEntities", "minEntities must be less than or equal to maxEntities");
}
