/** Finding what a path of Autoscale names. */
import { refused } from "./autoscale-form.js";
import type { Group, Policy, Webhook } from "./autoscale-state.js";
import { type Call, paramOf } from "./wire.js";
import { type Place, TENANT } from "./world.js";

/** Groups that are not being deleted. */
export function shownGroups({ state }: Place): Group[] {
  return state.groups.filter(({ isDeleting }) => !isDeleting);
}

/** @throws Refusal when there is none, also while it is being deleted. */
export function groupIn(place: Place, call: Call): Group {
  const asked = paramOf(call, "group");
  const found = shownGroups(place).find(({ id }) => id === asked);
  if (found === undefined)
    throw refused("NoSuchScalingGroupError", `No such scaling group ${asked} for tenant ${TENANT}`);
  return found;
}

/** @throws Refusal when the group has no such policy. */
export function policyIn(group: Group, call: Call): Policy {
  const asked = paramOf(call, "policy");
  const found = group.policies.find(({ id }) => id === asked);
  if (found === undefined) {
    const message = `No such scaling policy ${asked} for group ${group.id} for tenant ${TENANT}`;
    throw refused("NoSuchPolicyError", message);
  }
  return found;
}

/** @throws Refusal when the policy has no such webhook. */
export function webhookIn(group: Group, policy: Policy, call: Call): Webhook {
  const asked = paramOf(call, "webhook");
  const found = policy.webhooks.find(({ id }) => id === asked);
  if (found === undefined) {
    const message = `No such webhook ${asked} for policy ${policy.id} in group ${group.id} for tenant ${TENANT}`;
    throw refused("NoSuchWebhookError", message);
  }
  return found;
}
