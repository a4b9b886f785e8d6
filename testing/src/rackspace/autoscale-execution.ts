/** What the execution of a policy does. @see facts/rackspace-api.md, section 2.9 (otter/controller.py) */
import { converge } from "./autoscale-convergence.js";
import { refused } from "./autoscale-form.js";
import type { Group, Policy, PolicyGiven } from "./autoscale-state.js";
import { type Place, TENANT } from "./world.js";

/** A count within the group's bounds; the lower one wins over an upper one that is below it. */
export function bounded({ configuration }: Group, count: number): number {
  return Math.max(Math.min(count, configuration.maxEntities), configuration.minEntities);
}

/** What a policy makes of a count: percentages are rounded away from zero. */
export function adjusted({ change, changePercent, desiredCapacity }: PolicyGiven, current: number): number {
  if (change !== undefined) return current + change;
  if (changePercent === undefined) return desiredCapacity ?? current;
  const exact = (current * changePercent) / 100;
  return current + Math.sign(exact) * Math.ceil(Math.abs(exact));
}

/** @throws Refusal when the group is paused. */
export function requireRunning({ isPaused, id }: Group, what: string): void {
  if (isPaused)
    throw refused(
      "GroupPausedError",
      `Cannot ${what} for group ${id} for tenant ${TENANT} because group is paused`,
    );
}

/**
 * Executes a policy: by hand, by webhook or by schedule, all alike. A refusal starts no cooldown.
 * @throws Refusal while something cools down, and when nothing would change.
 */
export function execute(place: Place, group: Group, policy: Policy): void {
  const nowMs = place.world.now();
  const cools = (touchedAtMs: number | undefined, seconds: number): boolean =>
    touchedAtMs !== undefined && nowMs - touchedAtMs < seconds * 1_000;
  const isCooling =
    cools(policy.touchedAtMs, policy.given.cooldown) ||
    cools(group.touchedAtMs, group.configuration.cooldown);
  const desired = bounded(group, adjusted(policy.given, group.desired));
  // A refused execution is followed by a look at the group all the same.
  converge(place, group);
  if (isCooling) throw cannotExecute(group, policy, "Cooldowns not met.");
  if (desired === group.desired) throw cannotExecute(group, policy, "No change in servers");
  group.desired = desired;
  group.touchedAtMs = nowMs;
  policy.touchedAtMs = nowMs;
}

function cannotExecute(group: Group, policy: Policy, why: string) {
  const what = `Cannot execute scaling policy ${policy.id} for group ${group.id} for tenant ${TENANT}`;
  return refused("CannotExecutePolicyError", `${what}: ${why}`);
}
