import { type Cloud, type GroupConfig, isBellowsError } from "@bellows/core";
import type { Session } from "../session.js";
import type { PlannedChange } from "./change.js";
import { ALARM_PREFIX, nativePlanOf } from "./native-policies.js";

/** One provider, and what the file has at it. */
interface Place {
  session: Session;
  provider: string;
  cloud: Cloud;
  groups: readonly GroupConfig[];
}

/**
 * What carries this project's label and stands in its file no longer. What names another thing goes before it: alarms,
 * policies, groups, balancers.
 */
export async function planPruning(session: Session): Promise<PlannedChange[]> {
  const planned: PlannedChange[] = [];
  for (const [provider, cloud] of session.clouds) {
    const groups = Object.values(session.config.groups).filter((group) => group.provider === provider);
    const place = { session, provider, cloud, groups };
    for (const prune of [pruneAlarms, prunePolicies, pruneGroups, pruneBalancers])
      for await (const change of prune(place)) planned.push(change);
  }
  return planned;
}

function isMine({ config }: Session, owner: string | undefined): boolean {
  return owner?.startsWith(`${config.name}/`) === true;
}

function gone(
  kind: PlannedChange["kind"],
  name: string,
  provider: string,
  run: () => Promise<void>,
): PlannedChange {
  return { kind, name, provider, action: "delete", changes: [], run };
}

async function* pruneAlarms({ session, provider, cloud, groups }: Place): AsyncGenerator<PlannedChange> {
  const driver = cloud.alarms;
  if (driver === undefined) return;
  const wanted = new Set(
    groups.flatMap((group) => nativePlanOf(session, cloud, group).alarms).map(({ name }) => name),
  );
  for await (const { name, owner } of driver.list({ namePrefix: ALARM_PREFIX }))
    if (isMine(session, owner) && !wanted.has(name))
      yield gone("alarm", name, provider, () => driver.delete(name));
}

async function* prunePolicies({ session, provider, cloud, groups }: Place): AsyncGenerator<PlannedChange> {
  if (cloud.policies.translate === undefined) return;
  for (const group of groups) {
    const { ref } = group.scaling;
    const wanted = new Set(nativePlanOf(session, cloud, group).policies.map(({ name }) => name));
    try {
      for await (const { name, owner, engine } of cloud.policies.list(ref))
        if (engine === "native" && isMine(session, owner) && !wanted.has(name))
          yield gone("policy", `${group.key}/${name}`, provider, () => cloud.policies.delete(ref, name));
    } catch (error) {
      // A group that is still to be made has none.
      if (!isBellowsError(error, "not-found")) throw error;
    }
  }
}

async function* pruneGroups({ session, provider, cloud, groups }: Place): AsyncGenerator<PlannedChange> {
  const wanted = new Set(groups.map(({ scaling }) => scaling.ref));
  for await (const { id, name, owner } of cloud.groups.list())
    if (isMine(session, owner) && !wanted.has(name) && !wanted.has(id))
      yield gone("group", name, provider, () => cloud.groups.delete(id, { force: true }));
}

async function* pruneBalancers({ session, provider, cloud }: Place): AsyncGenerator<PlannedChange> {
  const driver = cloud.loadBalancers;
  if (driver === undefined) return;
  const wanted = new Set(
    Object.values(session.config.loadBalancers)
      .filter((balancer) => balancer.provider === provider)
      .map(({ spec }) => spec.name),
  );
  for await (const { id, name, owner } of driver.list())
    if (isMine(session, owner) && !wanted.has(name))
      yield gone("load-balancer", name, provider, () => driver.delete(id));
}
