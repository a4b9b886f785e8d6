/** Looking for policies of a group. A group's manifest has all of them, and what they need of the group. */
import { collect, isBellowsError, type Ref, resolveRef } from "@bellows/core";
import { type Manifest, PAGE_SIZE, type WirePolicy } from "./autoscale.js";
import type { Call, Rackspace } from "./client.js";
import { retold } from "./errors.js";
import { listed, readManifest } from "./group-context.js";
import { DESIRED_POLICY } from "./group-marks.js";

/** A group, and its policies without Bellows's own. */
export interface Found {
  manifest: Manifest;
  policies: readonly WirePolicy[];
}

/** Reads a group and its policies, in one call as long as there are fewer than a page of them. */
export async function readPolicies(rackspace: Rackspace, groupId: string, call: Call): Promise<Found> {
  const manifest = await readManifest(rackspace, groupId, call);
  const all =
    manifest.scalingPolicies.length < PAGE_SIZE
      ? manifest.scalingPolicies
      : await collect(listed<WirePolicy>(rackspace, `/groups/${groupId}/policies`, "policies", call));
  return { manifest, policies: all.filter(({ name }) => name !== DESIRED_POLICY) };
}

/**
 * The policy that a reference means: its id, or the only one of that name.
 * @throws NotFoundError with the nearest name. @throws ConflictError when the name fits several.
 */
export function policyIn(
  { manifest, policies }: Found,
  ref: Ref,
  { key }: Pick<Rackspace, "key">,
  { operation }: Call,
): WirePolicy {
  try {
    return resolveRef(policies, ref, `policy of group ${manifest.groupConfiguration.name}`);
  } catch (error) {
    throw isBellowsError(error) ? retold(error, { provider: key, operation }) : error;
  }
}
