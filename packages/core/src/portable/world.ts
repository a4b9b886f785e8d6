import type { CallOptions } from "../contracts/common.js";
import type { Attachment } from "../contracts/group.js";
import type { LoadBalancer, LoadBalancersDriver } from "../contracts/load-balancer.js";
import type { Server, ServersDriver } from "../contracts/server.js";
import { errorLine, isBellowsError } from "../errors.js";
import { readTieKey, tieKey } from "./documents.js";
import type { BalancerView } from "./draft.js";
import { groupOf, LABELS } from "./labels.js";

/** How long a member that goes may finish its requests, where its balancer does not say. */
const DRAIN_MS = 30_000;

/** Reads the cloud as it is; each balancer once, however many groups are tied to it. */
export interface World {
  /** Servers of each of these groups, in one call. */
  servers(groups: readonly string[], options?: CallOptions): Promise<Map<string, Server[]>>;
  /** Every server with a group's label, by group. */
  allServers(options?: CallOptions): Promise<Map<string, Server[]>>;
  /** By tie. Never throws for one balancer. */
  balancers(ties: Iterable<string>, options?: CallOptions): Promise<Map<string, BalancerView>>;
}

/** One look at the world; make a new one for each pass, since it remembers the balancers that it read. */
export function lookAt(servers: ServersDriver, loadBalancers?: LoadBalancersDriver): World {
  const read = new Map<string, Promise<LoadBalancer | BalancerView>>();
  const balancer = (id: string, options?: CallOptions): Promise<LoadBalancer | BalancerView> => {
    const found = read.get(id) ?? readBalancer(loadBalancers, id, options);
    read.set(id, found);
    return found;
  };
  const allServers = async (options?: CallOptions): Promise<Map<string, Server[]>> => {
    const groups = new Map<string, Server[]>();
    for await (const server of servers.list(undefined, options)) sortIn(groups, server);
    return groups;
  };
  return {
    allServers,
    async servers(groups, options) {
      if (groups.length !== 1) return allServers(options);
      const found = new Map<string, Server[]>();
      for await (const server of servers.list({ labels: { [LABELS.group]: groups[0] ?? "" } }, options))
        sortIn(found, server);
      return found;
    },
    async balancers(ties, options) {
      const views = new Map<string, BalancerView>();
      await Promise.all(
        [...ties].map(async (tie) => {
          const { id, pool } = readTieKey(tie);
          const answer = await balancer(id, options);
          views.set(tie, "state" in answer ? answer : viewOf(answer, pool));
        }),
      );
      return views;
    },
  };
}

/** Every tie that a plan has to look at: those wanted, and those where servers of ours may still be. */
export function tiesToRead(
  attachments: readonly Attachment[],
  registered: Readonly<Record<string, unknown>>,
): Set<string> {
  return new Set([...attachments.map(tieKey), ...Object.keys(registered)]);
}

function sortIn(groups: Map<string, Server[]>, server: Server): void {
  const group = groupOf(server);
  if (group === undefined) return;
  const list = groups.get(group) ?? [];
  list.push(server);
  groups.set(group, list);
}

async function readBalancer(
  driver: LoadBalancersDriver | undefined,
  id: string,
  options?: CallOptions,
): Promise<LoadBalancer | BalancerView> {
  if (driver === undefined) return { state: "gone", detail: "this provider has no load balancers" };
  try {
    const balancer = await driver.get(id, options);
    return balancer.status === "deleting" ? { state: "gone", detail: "is being deleted" } : balancer;
  } catch (error) {
    if (isBellowsError(error, "not-found")) return { state: "gone", detail: "does not exist" };
    return { state: "unavailable", detail: errorLine(error) };
  }
}

function viewOf(balancer: LoadBalancer, name: string | undefined): BalancerView {
  const pools =
    name === undefined ? balancer.pools.slice(0, 1) : balancer.pools.filter((pool) => pool.name === name);
  const pool = pools[0];
  if (pool === undefined)
    return { state: "gone", detail: name === undefined ? "has no pool" : `has no pool ${name}` };
  return {
    state: "ok",
    members: pool.members,
    checked: pool.healthCheck !== undefined,
    drainMs: pool.drainMs ?? DRAIN_MS,
  };
}
