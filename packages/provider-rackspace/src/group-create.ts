/**
 * Making groups.
 *
 * Note [Once]: names are not unique on Rackspace, and creates have no idempotency keys. In one process calls for one
 * name wait for each other. Each looks first: a group whose digest is that of the spec was made by an equal call (whose
 * answer may have been lost) and is taken; any other of that name is refused. When a create is answered it looks again:
 * of two that were made at once the younger goes. What this call made is taken back when a later step fails.
 */
import {
  AlreadyExistsError,
  ConflictError,
  type Group,
  type GroupSpec,
  isBellowsError,
  type WriteOptions,
} from "@bellows/core";
import type { Manifest } from "./autoscale.js";
import type { Call } from "./client.js";
import { patchedConfig, putConfig } from "./group-config.js";
import { allEntries, callOf, type GroupContext, readManifest, waitForState } from "./group-context.js";
import { groupOf, isSettled } from "./group-map.js";
import { MARKS, policyOwnerMark } from "./group-marks.js";
import { type CheckedSpec, checkSpec, createConfig } from "./group-spec.js";
import { resolveTies, withWireTies } from "./group-ties.js";
import { launchToWire } from "./launch-wire.js";
import { createTurns, makeOnce, takenBack } from "./making.js";

/** Makes the maker of a connection; see the note above. */
export function createGroupMaker(
  context: GroupContext,
): (spec: GroupSpec, options?: WriteOptions) => Promise<Group> {
  const byName = createTurns();
  return async (spec, options) => {
    options?.signal?.throwIfAborted();
    const checked = checkSpec(spec, context.host.clock.now());
    const call = callOf("groups.create", spec.name, options);
    const group = await byName(spec.name, () => findOrMake(context, checked, call));
    await waitForState(context, group.id, call, options, (state) => isSettled(state));
    return group;
  };
}

async function findOrMake(context: GroupContext, spec: CheckedSpec, call: Call): Promise<Group> {
  call.signal?.throwIfAborted();
  const [found, other] = await named(context, spec.name, call);
  if (found === undefined) return make(context, spec, call);
  requireEqual([found, ...(other === undefined ? [] : [other])], spec, call);
  return groupOf(await complete(context, found, spec, call));
}

/** The groups of a name, the eldest first. */
async function named({ rackspace }: GroupContext, name: string, call: Call): Promise<Manifest[]> {
  const ids: string[] = [];
  for await (const { id, state } of allEntries(rackspace, call)) if (state.name === name) ids.push(id);
  const manifests = await Promise.all(ids.map((id) => readManifest(rackspace, id, call)));
  return manifests.sort((a, b) => madeAt(a) - madeAt(b) || (a.id < b.id ? -1 : 1));
}

/** When a group was made, as far as Bellows has noted it; those of others count as elder. */
function madeAt({ groupConfiguration: { metadata } }: Manifest): number {
  return Number(metadata[MARKS.made] ?? 0);
}

/** @throws AlreadyExistsError when the group was made from something else. @throws ConflictError for several. */
function requireEqual(found: readonly Manifest[], { name, digest }: CheckedSpec, call: Call): void {
  const about = { operation: call.operation, resource: name };
  if (found.length > 1)
    throw new ConflictError(
      `there are several groups ${name} already: ${found.map(({ id }) => id).join(", ")}`,
      {
        ...about,
        hint: "choose another name, or delete those that are too many",
      },
    );
  if (found[0]?.groupConfiguration.metadata[MARKS.spec] === digest) return;
  throw new AlreadyExistsError(`there is a group ${name} already, and it was made from something else`, {
    ...about,
    hint: "update it, or choose another name",
  });
}

async function make(context: GroupContext, spec: CheckedSpec, call: Call): Promise<Group> {
  const { rackspace, host } = context;
  const ties = await resolveTies(rackspace, spec.loadBalancers, call);
  const launch = launchToWire(spec.launch);
  const json = {
    groupConfiguration: createConfig(spec, ties.marks, host.clock.now()),
    launchConfiguration: launch.type === "launch_server" ? withWireTies(launch, ties.wire) : launch,
    scalingPolicies: spec.policies,
  };
  const made = await makeOnce(
    host,
    async () =>
      (
        await rackspace.request<{ group: Manifest }>("autoscale", "/groups", {
          ...call,
          method: "POST",
          json,
        })
      ).body.group,
    async () => (await named(context, spec.name, call)).find((one) => isOfSpec(one, spec)),
    call.signal,
  );
  try {
    const elder = (await named(context, spec.name, call)).find(({ id }) => id !== made.id);
    if (elder !== undefined && isBefore(elder, made)) return await yieldTo(context, elder, made, spec, call);
    const whole = await complete(context, made, spec, call);
    // The answer of a create has no counts yet.
    return { ...groupOf(whole), desired: spec.desired };
  } catch (error) {
    throw await takenBack(error, [[`group ${spec.name} (${made.id})`, () => remove(context, made.id, call)]]);
  }
}

function isOfSpec({ groupConfiguration: { metadata } }: Manifest, { digest }: CheckedSpec): boolean {
  return metadata[MARKS.spec] === digest;
}

function isBefore(one: Manifest, other: Manifest): boolean {
  return madeAt(one) < madeAt(other) || (madeAt(one) === madeAt(other) && one.id < other.id);
}

/** Somebody else has made a group of that name at the same time, and was first: ours goes. */
async function yieldTo(
  context: GroupContext,
  elder: Manifest,
  made: Manifest,
  spec: CheckedSpec,
  call: Call,
): Promise<Group> {
  await remove(context, made.id, call);
  requireEqual([elder], spec, call);
  return groupOf(await complete(context, elder, spec, call));
}

async function remove({ rackspace }: GroupContext, id: string, call: Call): Promise<void> {
  const { signal: _aborted, ...rest } = call;
  try {
    await rackspace.request("autoscale", `/groups/${id}`, {
      ...rest,
      method: "DELETE",
      query: { force: true },
    });
  } catch (error) {
    if (!isBellowsError(error, "not-found")) throw error;
  }
}

/** What comes after the group itself: its own min, and the owners of its policies. */
async function complete(
  { rackspace }: GroupContext,
  manifest: Manifest,
  spec: CheckedSpec,
  call: Call,
): Promise<Manifest> {
  const { groupConfiguration: config, scalingPolicies } = manifest;
  const owners = Object.fromEntries(
    spec.policies.flatMap(({ name }, index) => {
      const owner = spec.policyOwners[index];
      const made = scalingPolicies.find((policy) => policy.name === name);
      return owner === undefined || made === undefined ? [] : [[policyOwnerMark(made.id), owner]];
    }),
  );
  const isWhole =
    config.metadata[MARKS.min] === undefined &&
    Object.entries(owners).every(([key, value]) => config.metadata[key] === value);
  if (isWhole) return manifest;
  const whole = patchedConfig(config, {});
  const groupConfiguration = { ...whole, metadata: { ...whole.metadata, ...owners } };
  await putConfig(rackspace, manifest.id, groupConfiguration, call);
  return { ...manifest, groupConfiguration };
}
