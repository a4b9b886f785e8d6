import type { Clock } from "./clock.js";
import type { Ref } from "./contracts/common.js";
import type { GroupStatus, GroupsDriver } from "./contracts/group.js";
import { NotFoundError } from "./errors.js";
import type { WaitOptions } from "./wait.js";
import { waitUntil } from "./wait.js";

/** Waiting for what a write set going. Each looks at growing distances and ends with a TimeoutError at its deadline. */
export interface Waiters {
  /** Until `look` answers something. */
  until<T>(
    look: () => Promise<T | undefined | false> | T | undefined | false,
    options?: WaitOptions,
  ): Promise<T>;
  /** Until a group has as many healthy instances in service as it wants, and none comes or goes. */
  groupStable(group: Ref, options?: WaitOptions): Promise<GroupStatus>;
  /** Until a group has no instances left. */
  groupEmpty(group: Ref, options?: WaitOptions): Promise<void>;
  /** Until a group is no more. */
  groupGone(group: Ref, options?: WaitOptions): Promise<void>;
  /** Until a group has at least so many instances in service. */
  instancesInService(group: Ref, count: number, options?: WaitOptions): Promise<GroupStatus>;
}

/** Makes the waiters of a connection. */
export function createWaiters(groups: GroupsDriver, clock: Clock): Waiters {
  const look = async (group: Ref, options?: WaitOptions): Promise<GroupStatus | undefined> => {
    const [seen] = await groups.observe([group], options?.signal ? { signal: options.signal } : {});
    if (seen !== undefined && "status" in seen) return seen.status;
    await groups.get(group, options?.signal ? { signal: options.signal } : {});
    return undefined;
  };
  const until = <T>(
    lookOnce: () => Promise<T | undefined | false> | T | undefined | false,
    options?: WaitOptions,
  ): Promise<T> => waitUntil(lookOnce, { clock, ...options });
  const status = (
    group: Ref,
    fits: (status: GroupStatus) => boolean,
    what: string,
    options?: WaitOptions,
  ): Promise<GroupStatus> =>
    until(
      async () => {
        const seen = await look(group, options);
        return seen !== undefined && fits(seen) ? seen : undefined;
      },
      { what: `group ${group} ${what}`, ...options },
    );
  return {
    until,
    groupStable: (group, options) => status(group, isGroupStable, "to be stable", options),
    groupEmpty: async (group, options) => void (await status(group, isGroupEmpty, "to be empty", options)),
    groupGone: async (group, options) => {
      await until(() => isGone(groups, group, options), { what: `group ${group} to be gone`, ...options });
    },
    instancesInService: (group, count, options) =>
      status(
        group,
        (seen) => inService(seen).length >= count,
        `to have ${count} instances in service`,
        options,
      ),
  };
}

function inService(status: GroupStatus): GroupStatus["instances"] {
  return status.instances.filter(
    ({ lifecycle, health }) => lifecycle === "in-service" && health !== "unhealthy",
  );
}

/** As many in service as wanted, and nobody on the way in or out. Standby and ended instances do not count. */
export function isGroupStable(status: GroupStatus): boolean {
  const counting = status.instances.filter(
    ({ lifecycle }) => lifecycle !== "standby" && lifecycle !== "terminated",
  );
  return counting.length === status.group.desired && inService(status).length === counting.length;
}

/** Nobody left but those in standby and those that have ended. */
export function isGroupEmpty(status: GroupStatus): boolean {
  return status.instances.every(({ lifecycle }) => lifecycle === "terminated" || lifecycle === "standby");
}

async function isGone(groups: GroupsDriver, group: Ref, options?: WaitOptions): Promise<boolean> {
  try {
    await groups.get(group, options?.signal ? { signal: options.signal } : {});
    return false;
  } catch (error) {
    if (NotFoundError[Symbol.hasInstance](error)) return true;
    throw error;
  }
}
