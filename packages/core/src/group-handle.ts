import type { ActivitiesDriver } from "./contracts/activity.js";
import type { Ref } from "./contracts/common.js";
import type { GroupsDriver } from "./contracts/group.js";
import type { LaunchDriver } from "./contracts/launch.js";
import type { PoliciesDriver } from "./contracts/policy.js";
import type { WebhooksDriver } from "./contracts/webhook.js";

/** A driver whose methods have lost their first argument. */
export type Bound<T> = {
  [K in keyof T]: NonNullable<T[K]> extends (group: Ref, ...rest: infer A) => infer R
    ? (...rest: A) => R
    : Bound<NonNullable<T[K]>>;
};

/** A group's handle: every call with the group bound. It holds no state; `get` reads again. */
export type BoundGroup = Bound<Omit<GroupsDriver, "list" | "create" | "observe">> & {
  /** The reference that it is bound to. */
  readonly ref: Ref;
  readonly launch: Bound<Omit<LaunchDriver, "list" | "delete">>;
  readonly policies: Bound<PoliciesDriver>;
  readonly webhooks: Bound<Omit<WebhooksDriver, "metadata">>;
  readonly activities: Bound<ActivitiesDriver>;
};

interface Nouns {
  groups: GroupsDriver;
  launch: LaunchDriver;
  policies: PoliciesDriver;
  webhooks: WebhooksDriver;
  activities: ActivitiesDriver;
}

/** Binds the drivers to one group. */
export function bindGroup(nouns: Nouns, ref: Ref): BoundGroup {
  const parts: Record<PropertyKey, unknown> = {
    ref,
    launch: bind(nouns.launch, ref),
    policies: bind(nouns.policies, ref),
    webhooks: bind(nouns.webhooks, ref),
    activities: bind(nouns.activities, ref),
  };
  const groups = bind(nouns.groups, ref);
  return new Proxy(parts, {
    get(target, key): unknown {
      if (key in target) return target[key];
      return key === "then" ? undefined : Reflect.get(groups, key);
    },
  }) as unknown as BoundGroup;
}

function bind(driver: object, ref: Ref): object {
  return new Proxy(driver, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member === "function")
        return (...rest: unknown[]): unknown => Reflect.apply(member, target, [ref, ...rest]);
      return typeof member === "object" && member !== null ? bind(member, ref) : member;
    },
  });
}
