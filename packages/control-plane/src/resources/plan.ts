import type { GroupConfig, LoadBalancerConfig } from "@bellows/core";
import type { Session } from "../session.js";
import type { PlannedChange, ResourceChange } from "./change.js";
import { attachmentOf, planGroup } from "./groups.js";
import { planBalancer } from "./load-balancers.js";
import { planPruning } from "./prune.js";

export type { PlannedChange } from "./change.js";

/** What to plan. */
export interface PlanOptions {
  /** Keys of groups; absent: the whole file. */
  groups?: readonly string[];
  /** Also what this project made once and its file no longer has. */
  prune?: boolean;
}

/**
 * Compares a file with the world: what `apply` would make, change and (with `prune`) remove, in the order in which it
 * would. Reads only.
 * @throws NotFoundError when an `existing` group is not there, and what the providers throw.
 */
export async function planResources(session: Session, options: PlanOptions = {}): Promise<PlannedChange[]> {
  const { config } = session;
  const groups = Object.values(config.groups).filter((group) => options.groups?.includes(group.key) ?? true);
  const balancers =
    options.groups === undefined ? Object.values(config.loadBalancers) : usedBalancers(session, groups);
  const planned: PlannedChange[] = [];
  for (const balancer of balancers) planned.push(...(await planBalancer(session, balancer)));
  for (const group of groups) planned.push(...(await planGroup(session, group)));
  if (options.prune === true) planned.push(...(await planPruning(session)));
  return planned;
}

function usedBalancers(session: Session, groups: readonly GroupConfig[]): LoadBalancerConfig[] {
  const used = new Set(
    groups.flatMap((group) => (group.create?.loadBalancers ?? []).map((tie) => attachmentOf(tie).id)),
  );
  return Object.values(session.config.loadBalancers).filter((balancer) => used.has(balancer.spec.name));
}

/**
 * Carries out a plan in its order, telling each step before it is done. Stops at the first that fails: what was done
 * stands, and asking again goes on from there.
 * @returns how many things were made, changed or removed.
 */
export async function applyPlan(
  planned: readonly PlannedChange[],
  tell: (change: ResourceChange) => void = () => {},
): Promise<number> {
  const todo = planned.filter((change) => change.action !== "none");
  for (const change of todo) {
    tell(change);
    await change.run();
  }
  return todo.length;
}
