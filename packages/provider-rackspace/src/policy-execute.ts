/** Executing a policy of Autoscale now. */
import { applyAdjust, type ExecutionOutcome, type Host } from "@bellows/core";
import { type Manifest, MOST_SERVERS, type WirePolicy, type WirePolicySpec } from "./autoscale.js";
import type { Call, Rackspace } from "./client.js";
import { readState } from "./group-context.js";
import { isNotExecuted } from "./group-scale.js";
import { makeOnce } from "./making.js";
import { adjustOf } from "./policy-map.js";

/**
 * Executes a policy of a group that was just read, in its turn. Autoscale refuses for a cooldown and for want of a
 * change alike; which of them it was is told from the count that the policy would have made.
 */
export async function executePolicy(
  rackspace: Rackspace,
  host: Pick<Host, "clock">,
  manifest: Manifest,
  policy: WirePolicy,
  call: Call,
): Promise<ExecutionOutcome> {
  const { id, state } = manifest;
  const { name } = manifest.groupConfiguration;
  if (state.paused) return { result: "paused", text: `group ${name} is paused` };
  const from = state.desiredCapacity;
  const to = wantedBy(manifest, policy, from);
  const path = `/groups/${id}/policies/${policy.id}/execute`;
  try {
    await makeOnce<unknown>(
      host,
      () => rackspace.request("autoscale", path, { ...call, method: "POST" }),
      async () => {
        // Nothing shows of an execution that changes nothing: it may as well be made again.
        const now = await readState(rackspace, id, call);
        return to !== from && now.desiredCapacity !== from ? now : undefined;
      },
      call.signal,
    );
    return { result: "executed", from, to };
  } catch (error) {
    if (!isNotExecuted(error)) throw error;
    return notExecuted(manifest, policy, (await readState(rackspace, id, call)).desiredCapacity);
  }
}

/** What a policy makes of a count. The min wins over a max below it. @see otter/controller.py */
function wantedBy({ groupConfiguration }: Manifest, policy: WirePolicySpec, from: number): number {
  const { minEntities, maxEntities } = groupConfiguration;
  const target = applyAdjust(adjustOf(policy), from, { rounding: "otter" });
  return Math.max(Math.min(target, maxEntities ?? MOST_SERVERS), minEntities);
}

function notExecuted(manifest: Manifest, policy: WirePolicy, now: number): ExecutionOutcome {
  const { name } = manifest.groupConfiguration;
  const counts = { from: now, to: now };
  if (wantedBy(manifest, policy, now) === now)
    return { result: "unchanged", ...counts, text: `group ${name} has ${now} already, or is at its bound` };
  return {
    result: "cooldown",
    ...counts,
    text: `the cooldown of policy ${policy.name} or that of group ${name} is running`,
  };
}
