/**
 * Setting desired.
 *
 * Note [Desired]: Autoscale has no call that sets a desired count. Each group gets one policy, `bellows-desired`, with
 * no cooldown of its own; it is given the count and executed, one at a time for each group. What is refused is told
 * from the state that is read then: the count is right (somebody else was quicker), or the group's cooldown runs.
 */
import {
  CooldownError,
  formatDuration,
  isBellowsError,
  type Ref,
  type ScaleOutcome,
  type WriteOptions,
} from "@bellows/core";
import type { Manifest, WirePolicy, WirePolicySpec } from "./autoscale.js";
import type { Call } from "./client.js";
import { requireWithin } from "./group-config.js";
import {
  callOf,
  type GroupContext,
  inGroup,
  listed,
  postOne,
  readManifest,
  readState,
  waitForState,
} from "./group-context.js";
import { boundsOf, isSettled } from "./group-map.js";
import { DESIRED_POLICY } from "./group-marks.js";
import { makeOnce } from "./making.js";

/** Whether Autoscale has refused to execute a policy, for a cooldown or because it changes nothing. */
export function isNotExecuted(error: unknown): boolean {
  return isBellowsError(error) && error.vendorCode === "CannotExecutePolicyError";
}

/** Sets desired of a group, unless it is so. Rackspace honours cooldowns whatever `honorCooldown` says. */
export async function scaleGroup(
  context: GroupContext,
  ref: Ref,
  desired: number,
  options: WriteOptions = {},
): Promise<ScaleOutcome> {
  const call = callOf("groups.scale", ref, options);
  const { id, result } = await inGroup(context, ref, call, async (found) => {
    const manifest = await readManifest(context.rackspace, found, call);
    requireWithin(ref, desired, boundsOf(manifest.groupConfiguration), call.operation);
    return { id: found, result: await scaleTo(context, manifest, desired, call) };
  });
  await waitForState(context, id, call, options, (state) => isSettled(state, desired));
  return { result, desired };
}

/**
 * Sets desired of a group that was just read, within its bounds and in its turn.
 * @throws CooldownError while the group's cooldown runs.
 */
export async function scaleTo(
  context: GroupContext,
  manifest: Manifest,
  desired: number,
  call: Call,
): Promise<ScaleOutcome["result"]> {
  const { rackspace } = context;
  if (manifest.state.desiredCapacity === desired) return "unchanged";
  const policyId = await prepare(context, manifest, desired, call);
  try {
    // Made twice it is refused the second time: the count is right then.
    await rackspace.request("autoscale", `/groups/${manifest.id}/policies/${policyId}/execute`, {
      ...call,
      method: "POST",
      repeatable: true,
    });
  } catch (error) {
    if (!isNotExecuted(error)) throw error;
    const now = await readState(rackspace, manifest.id, call);
    if (now.desiredCapacity !== desired) throw cooling(manifest, call, error);
  }
  return "done";
}

/** The id of the group's own policy, after it says what is wanted. */
async function prepare(
  context: GroupContext,
  { id, scalingPolicies }: Manifest,
  desired: number,
  call: Call,
): Promise<string> {
  const { rackspace } = context;
  const path = `/groups/${id}/policies`;
  const wanted: WirePolicySpec = {
    name: DESIRED_POLICY,
    type: "webhook",
    cooldown: 0,
    desiredCapacity: desired,
  };
  const own = scalingPolicies.find(({ name }) => name === DESIRED_POLICY);
  if (own !== undefined) {
    if (own.desiredCapacity !== desired || own.cooldown !== 0)
      await rackspace.request("autoscale", `${path}/${own.id}`, { ...call, method: "PUT", json: wanted });
    return own.id;
  }
  const made = await makeOnce(
    context.host,
    () => postOne<WirePolicy>(rackspace, path, "policies", wanted, call),
    async () => {
      for await (const policy of listed<WirePolicy>(rackspace, path, "policies", call))
        if (policy.name === DESIRED_POLICY) return policy;
      return undefined;
    },
    call.signal,
  );
  return made.id;
}

function cooling({ groupConfiguration }: Manifest, call: Call, cause: unknown): CooldownError {
  const { name, cooldown } = groupConfiguration;
  return new CooldownError(`group ${name} is in its cooldown of ${formatDuration(cooldown * 1_000)}`, {
    operation: call.operation,
    vendorCode: "CannotExecutePolicyError",
    hint: "try later; Rackspace lets nothing but new bounds pass a cooldown",
    cause,
    ...(call.resource === undefined ? {} : { resource: call.resource }),
  });
}
