import type { Session } from "../session.js";
import type { PlannedChange } from "./change.js";

/** What carries this project's label and stands in its file no longer. Groups go first, then balancers. */
export async function planPruning(session: Session): Promise<PlannedChange[]> {
  const { config } = session;
  const mine = `${config.name}/`;
  const planned: PlannedChange[] = [];
  for (const [provider, cloud] of session.clouds) {
    const groups = new Set(
      Object.values(config.groups)
        .filter((group) => group.provider === provider)
        .map((group) => group.scaling.ref),
    );
    if (cloud.groups !== undefined) {
      for await (const group of cloud.groups.list()) {
        if (group.owner?.startsWith(mine) !== true || groups.has(group.name) || groups.has(group.id))
          continue;
        planned.push({
          kind: "group",
          name: group.name,
          provider,
          action: "delete",
          changes: [],
          run: () => cloud.groups.delete(group.id, { force: true }),
        });
      }
    }
    const driver = cloud.loadBalancers;
    if (driver === undefined) continue;
    const balancers = new Set(
      Object.values(config.loadBalancers)
        .filter((balancer) => balancer.provider === provider)
        .map((balancer) => balancer.spec.name),
    );
    for await (const balancer of driver.list()) {
      if (balancer.owner?.startsWith(mine) !== true || balancers.has(balancer.name)) continue;
      planned.push({
        kind: "load-balancer",
        name: balancer.name,
        provider,
        action: "delete",
        changes: [],
        run: () => driver.delete(balancer.id),
      });
    }
  }
  return planned;
}
