/** Changing groups, and ending them. */
import { isDeepStrictEqual } from "node:util";
import {
  ConfigError,
  type Group,
  type GroupPatch,
  isBellowsError,
  type Ref,
  type ServersDriver,
  type WriteOptions,
  waitUntil,
} from "@bellows/core";
import { type Manifest, MOST_SERVERS, type WireConfig } from "./autoscale.js";
import type { Call } from "./client.js";
import { patchedConfig, putConfig, requireWithin, sizeFaults } from "./group-config.js";
import {
  callOf,
  findState,
  type GroupContext,
  inGroup,
  readManifest,
  waitForState,
} from "./group-context.js";
import { boundsOf, groupOf, isSettled } from "./group-map.js";
import { withTies } from "./group-marks.js";
import { scaleTo } from "./group-scale.js";
import { isMemberOf } from "./group-servers.js";
import { requireTieable, resolveTies, tieFaults, withWireTies } from "./group-ties.js";
import { putLaunch } from "./launch.js";
import { launchOf, networkFaults } from "./launch-wire.js";
import { withNote } from "./making.js";

/** Changes a group's bounds, cooldown, ties and desired count; each is written only where it differs. */
export async function updateGroup(
  context: GroupContext,
  ref: Ref,
  patch: GroupPatch,
  options?: WriteOptions,
): Promise<Group> {
  const call = callOf("groups.update", ref, options);
  requirePatch(patch, call);
  const group = await inGroup(context, ref, call, async (id) => {
    const manifest = await readManifest(context.rackspace, id, call);
    return change(context, manifest, patch, call);
  });
  await waitForState(context, group.id, call, options, (state) => isSettled(state, group.desired));
  return group;
}

/** @throws ConfigError that lists every fault. */
function requirePatch(patch: GroupPatch, { operation, resource = "" }: Call): void {
  const { zones = [], subnets = [], native = {}, loadBalancers = [] } = patch;
  const faults = [
    ...sizeFaults(patch),
    ...tieFaults(loadBalancers),
    ...(zones.length > 0 ? ["zones: a region of Rackspace has none"] : []),
    ...(subnets.length > 0 ? ["subnets: networks stand in launch.networks"] : []),
    ...Object.keys(native).map((word) => `native.${word}: groups of Rackspace have nothing of their own`),
  ];
  if (faults.length === 0) return;
  throw new ConfigError(`group ${resource} cannot become so: ${faults.join("; ")}`, { operation, resource });
}

async function change(
  context: GroupContext,
  manifest: Manifest,
  patch: GroupPatch,
  call: Call,
): Promise<Group> {
  const { rackspace } = context;
  const { groupConfiguration: before } = manifest;
  let config = patchedConfig(before, patch);
  requireBounds(config, patch, call);
  let launch = manifest.launchConfiguration;
  if (patch.loadBalancers !== undefined) {
    requireTieable(launch, patch.loadBalancers.length > 0, call);
    requireNetworks(launch, patch.loadBalancers.length > 0, call);
    const ties = await resolveTies(rackspace, patch.loadBalancers, call);
    config = { ...config, metadata: withTies(config.metadata, ties.marks) };
    if (launch.type === "launch_server") launch = withWireTies(launch, ties.wire);
  }
  if (!isDeepStrictEqual(launch, manifest.launchConfiguration))
    await putLaunch(rackspace, manifest.id, launch, call);
  if (!isDeepStrictEqual(config, before)) await putConfig(rackspace, manifest.id, config, call);
  const after = { ...manifest, groupConfiguration: config, launchConfiguration: launch };
  const clamped = withClamped(after);
  if (patch.desired === undefined) return groupOf(clamped);
  try {
    await scaleTo(context, clamped, patch.desired, call);
  } catch (error) {
    throw isDeepStrictEqual(config, before)
      ? error
      : withNote(error, "the rest of the group has been changed");
  }
  return { ...groupOf(clamped), desired: patch.desired };
}

/** @throws ConfigError for min above max. @throws LimitError for an explicit desired outside the new bounds. */
function requireBounds(
  config: WireConfig,
  { desired }: GroupPatch,
  { operation, resource = "" }: Call,
): void {
  const bounds = boundsOf(config);
  if (bounds.min > bounds.max)
    throw new ConfigError(`min ${bounds.min} of group ${resource} would be greater than max ${bounds.max}`, {
      operation,
      resource,
    });
  if (desired !== undefined) requireWithin(resource, desired, bounds, operation);
}

function requireNetworks(launch: Manifest["launchConfiguration"], hasTies: boolean, call: Call): void {
  const faults = networkFaults(launchOf(launch), hasTies);
  if (faults.length === 0) return;
  throw new ConfigError(faults.join("; "), {
    operation: call.operation,
    ...(call.resource === undefined ? {} : { resource: call.resource }),
  });
}

/** As a group is after its configuration was put: desired has moved into the bounds. */
function withClamped(manifest: Manifest): Manifest {
  const { minEntities, maxEntities } = manifest.groupConfiguration;
  const { desiredCapacity: was, activeCapacity } = manifest.state;
  const desiredCapacity = Math.max(Math.min(was, maxEntities ?? MOST_SERVERS), minEntities);
  const pendingCapacity = desiredCapacity - activeCapacity;
  return { ...manifest, state: { ...manifest.state, desiredCapacity, pendingCapacity } };
}

/** Sets min, max and desired to 0. */
export async function shutdownGroup(context: GroupContext, ref: Ref, options?: WriteOptions): Promise<void> {
  await updateGroup(context, ref, { min: 0, max: 0 }, options);
}

/**
 * Deletes a group. Autoscale shows it no more from then on, and ends what servers are left.
 * @throws ConflictError when it wants servers, unless forced.
 */
export async function deleteGroup(
  context: GroupContext,
  ref: Ref,
  options: WriteOptions & { force?: boolean } = {},
  servers?: Pick<ServersDriver, "list">,
): Promise<void> {
  const { rackspace, host } = context;
  const call = callOf("groups.delete", ref, options);
  const id = await inGroup(context, ref, call, async (found) => {
    const query = options.force === true ? { force: true } : {};
    // Its answer may be lost and asked for again: that it is not there then is what was wanted.
    await findState(rackspace, found, call);
    await rackspace
      .request("autoscale", `/groups/${found}`, { ...call, method: "DELETE", query })
      .catch((error: unknown) => {
        if (!isBellowsError(error, "not-found")) throw error;
      });
    return found;
  });
  if (options.wait !== true || servers === undefined) return;
  const { signal, timeoutMs } = options;
  await waitUntil(() => isEmpty(servers, id, options), {
    clock: host.clock,
    what: `the servers of group ${ref} to end`,
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

async function isEmpty(
  servers: Pick<ServersDriver, "list">,
  groupId: string,
  { signal }: WriteOptions,
): Promise<boolean> {
  for await (const server of servers.list({}, signal === undefined ? {} : { signal }))
    if (isMemberOf(server, groupId) && server.status !== "stopped") return false;
  return true;
}
