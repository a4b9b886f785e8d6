/** Groups that the cloud keeps, with what is kept here of them. */
import type { Clock } from "../clock.js";
import type { CallOptions, Ref } from "../contracts/common.js";
import type { Group, GroupsDriver } from "../contracts/group.js";
import type { PoliciesDriver } from "../contracts/policy.js";
import type { Capabilities } from "../contracts/provider.js";
import type { StateStore } from "../contracts/state-store.js";
import { createOwnWrites } from "../pipeline/own-writes.js";
import { isForCloud, parseSpec, policiesKey } from "./policies.js";
import { forgetWebhooks, webhooksKey } from "./webhooks.js";

/** Groups whose acknowledged sizes are noted, and reads of them that show those. */
export interface NotedGroups {
  groups: GroupsDriver;
  /** Reads a group with the size that the cloud acknowledged last, where a read may still show an older one. */
  read(ref: Ref, options?: CallOptions): Promise<Group>;
}

/** Notes sizes that are acknowledged, so that what is computed from a late read is right all the same. */
export function overLateReads(
  groups: GroupsDriver,
  clock: Clock,
  { readAfterWriteMs }: Pick<Capabilities, "readAfterWriteMs">,
): NotedGroups {
  const writes = createOwnWrites(clock);
  const noting: Partial<GroupsDriver> = {
    async update(ref, patch, call) {
      const group = await groups.update(ref, patch, call);
      writes.acknowledge(group.id, group.desired);
      return group;
    },
    async scale(ref, desired, call) {
      const outcome = await groups.scale(ref, desired, call);
      writes.acknowledge(ref, outcome.desired);
      return outcome;
    },
  };
  return {
    groups: inPlaceOf(groups, noting),
    async read(ref, options) {
      const ticket = writes.draw();
      const group = await groups.get(ref, options);
      return [...new Set([group.id, group.name])].reduce((seen, name) => {
        const observation = { status: { group: seen, instances: [], observedAtMs: clock.now() } };
        const laid = writes.lay({ group: name, observation, ticket, readAfterWriteMs });
        return "status" in laid ? laid.status.group : seen;
      }, group);
    },
  };
}

/**
 * With a group that is made come the policies that are kept here; with one that is deleted they go, and its webhooks.
 * @param isCloudKeeping - whether the cloud keeps policies: those that are its own are left to it.
 */
export function withOurs(
  groups: GroupsDriver,
  policies: PoliciesDriver,
  { store, key }: { store: StateStore; key: string },
  isCloudKeeping: boolean,
): GroupsDriver {
  return inPlaceOf(groups, {
    async create(spec, call) {
      const given = spec.policies ?? [];
      const theirs = isCloudKeeping ? given.filter(isForCloud) : [];
      const ours = given.filter((policy) => !theirs.includes(policy)).map(parseSpec);
      if (ours.length === 0) return groups.create(spec, call);
      const { policies: _, ...rest } = spec;
      const group = await groups.create(theirs.length === 0 ? rest : { ...rest, policies: theirs }, call);
      const options = call?.signal === undefined ? {} : { signal: call.signal };
      for (const policy of ours) await policies.create(group.id, policy, options);
      return group;
    },
    async delete(ref, call) {
      const { name, id } = await groups.get(ref, call);
      await groups.delete(ref, call);
      await forgetWebhooks(store, key, name);
      const documents = [policiesKey(key, id), webhooksKey(key, id)].map((document) => ({
        key: document,
        value: undefined,
      }));
      await store.commit(name, { documents });
    },
  });
}

/** The same driver with some methods replaced; the others, also those of its own, are called on itself. */
function inPlaceOf(groups: GroupsDriver, methods: Partial<GroupsDriver>): GroupsDriver {
  return new Proxy(groups, {
    get(target, method) {
      const ours: unknown = Reflect.get(methods, method);
      if (ours !== undefined) return ours;
      const member: unknown = Reflect.get(target, method, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => Reflect.apply(member, target, args);
    },
  });
}
