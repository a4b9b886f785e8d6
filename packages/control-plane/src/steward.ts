import { NotFoundError } from "@bellows/core";
import type { GroupRuntime, Line } from "@bellows/core/line";
import { orderPolicy } from "./execute.js";
import { fileGroup, type Guests, runtimeOf } from "./guests.js";
import type { AtCloud, Steward } from "./http/autoscale/steward.js";
import type { Session } from "./session.js";

/** What a steward works with. */
export interface StewardOptions {
  session: () => Session;
  guests: Guests;
  line: () => Line;
}

/** The steward of a running controller: groups that are run are changed in the turns of its line. */
export function createSteward({ session, guests, line }: StewardOptions): Steward {
  const found = (provider: string, group: AtCloud): GroupRuntime | undefined =>
    runtimeOf(guests.groups(), provider, group);
  return {
    managedBy: (provider, group) =>
      fileGroup(session(), provider, group) === undefined ? undefined : session().config.file,
    async execute(provider, group, policyRef, by) {
      const cloud = session().clouds.get(provider);
      if (cloud === undefined)
        throw new NotFoundError(`provider ${provider} is gone`, { resource: provider });
      const runtime = found(provider, group);
      if (runtime === undefined) return cloud.policies.execute(group.id, policyRef);
      return orderPolicy(line(), runtime, await cloud.policies.get(group.id, policyRef), { kind: "api", by });
    },
    async change(provider, group, work) {
      const runtime = found(provider, group);
      const done =
        runtime === undefined
          ? await work(() => {})
          : await line().enqueue(runtime.spec.name, (acknowledge) => work(acknowledge));
      await guests.refresh(provider, group.id);
      const now = found(provider, group);
      if (now?.spec.policies.some(({ schedule }) => schedule !== undefined) === true)
        await line().notice(now.spec.name);
      return done;
    },
    async made(provider, group) {
      await guests.refresh(provider, group.id);
      const runtime = found(provider, group);
      if (runtime === undefined) return;
      await line().forget(runtime.spec.name);
      await line().notice(runtime.spec.name);
    },
    gone: (provider, group) => guests.dismiss(provider, group.id),
    async isHeld(provider, group) {
      const runtime = found(provider, group);
      return runtime !== undefined && (await line().view(runtime.spec.name)).pause !== undefined;
    },
    async release(provider, group) {
      const runtime = found(provider, group);
      if (runtime !== undefined) await line().resume(runtime.spec.name);
    },
  };
}
