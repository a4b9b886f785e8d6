import type { Attachment, GroupPatch, GroupSpec } from "../contracts/group.js";
import { ConfigError, LimitError } from "../errors.js";
import type { GroupDefinition } from "./documents.js";

/** Desired, moved into the bounds. */
export function clamp(desired: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, desired));
}

/** Refuses an explicit desired outside the bounds. @throws LimitError that names them. */
export function requireWithin(group: string, desired: number, min: number, max: number): void {
  if (!Number.isSafeInteger(desired) || desired < 0) {
    throw new ConfigError(`desired must be a whole number of 0 or more, not ${desired}`, { resource: group });
  }
  if (desired >= min && desired <= max) return;
  throw new LimitError(`desired ${desired} of group ${group} lies outside its bounds ${min} to ${max}`, {
    resource: group,
    hint: desired > max ? "raise max first, or ask for less" : "lower min first, or ask for more",
  });
}

/** A balancer by name or id becomes an attachment. */
export function attachmentsOf(balancers: GroupSpec["loadBalancers"]): Attachment[] {
  return (balancers ?? []).map((entry) => (typeof entry === "string" ? { id: entry } : { ...entry }));
}

/** A definition with a patch laid over it. @throws ConfigError @throws LimitError */
export function patched(definition: GroupDefinition, patch: GroupPatch): GroupDefinition {
  const min = patch.min ?? definition.min;
  const max = patch.max ?? definition.max;
  for (const [name, value] of [
    ["min", min],
    ["max", max],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new ConfigError(`${name} must be a whole number of 0 or more, not ${value}`);
  }
  if (min > max) {
    throw new ConfigError(`min ${min} of group ${definition.name} is greater than max ${max}`, {
      resource: definition.name,
    });
  }
  if (patch.desired !== undefined) requireWithin(definition.name, patch.desired, min, max);
  return {
    ...definition,
    min,
    max,
    desired: patch.desired ?? clamp(definition.desired, min, max),
    ...(patch.cooldownMs === undefined ? {} : { cooldownMs: patch.cooldownMs }),
    ...(patch.zones === undefined ? {} : { zones: [...patch.zones] }),
    ...(patch.subnets === undefined ? {} : { subnets: [...patch.subnets] }),
    ...(patch.loadBalancers === undefined ? {} : { loadBalancers: attachmentsOf(patch.loadBalancers) }),
    ...(patch.native === undefined ? {} : { native: patch.native }),
  };
}

/** JSON with its keys in order, so that equal things have equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
