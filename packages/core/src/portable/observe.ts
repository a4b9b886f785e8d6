import type { CallOptions, Ref } from "../contracts/common.js";
import type { Group, Observation } from "../contracts/group.js";
import type { Server } from "../contracts/server.js";
import { errorLine } from "../errors.js";
import { type Context, isLiving } from "./context.js";
import { emptyGroupMemory } from "./documents.js";
import { planConvergence } from "./plan.js";
import { lostDefinition, viewGroup, viewStatus } from "./view.js";
import { lookAt, tiesToRead, type World } from "./world.js";

/** A group that is known only by its servers. */
export function viewLost(context: Context, group: string, servers: readonly Server[]): Group {
  const lost = viewGroup(lostDefinition(group, servers), emptyGroupMemory(), context.clock.now());
  return {
    ...lost,
    paused: true,
    problems: ["definition lost: create the group again to take its servers back"],
  };
}

/** Groups of the store, then those known only by their servers' labels. */
export async function* listGroups(context: Context, call?: CallOptions): AsyncGenerator<Group> {
  const known = new Set<string>();
  for await (const name of context.repository.names(call)) {
    const record = await context.repository.load(name, call);
    known.add(name);
    if (record === undefined) continue;
    if (record.definition.deletingSinceMs === undefined)
      yield viewGroup(record.definition, record.memory, context.clock.now());
    else context.keeper.kick(name);
  }
  for (const [name, servers] of await lookAt(context.servers).allServers(call)) {
    const living = servers.filter(isLiving);
    if (!known.has(name) && living.length > 0) yield viewLost(context, name, living);
  }
}

/** One `servers.list` for all groups, each balancer once; then passes in the background for those that need one. */
export async function observe(
  context: Context,
  groups: readonly Ref[],
  call?: CallOptions,
): Promise<Observation[]> {
  call?.signal?.throwIfAborted();
  const world = lookAt(context.servers, context.loadBalancers);
  if (groups.length === 0) return [];
  let servers: Awaited<ReturnType<World["servers"]>>;
  try {
    servers = await world.servers([...new Set(groups)], call);
  } catch (error) {
    return groups.map(() => ({ unavailable: errorLine(error) }));
  }
  return Promise.all(
    groups.map((group) => observeOne(context, world, group, servers.get(group) ?? [], call)),
  );
}

async function observeOne(
  context: Context,
  world: World,
  group: string,
  servers: readonly Server[],
  call?: CallOptions,
): Promise<Observation> {
  try {
    const record = await context.repository.load(group, call);
    if (record === undefined || record.definition.deletingSinceMs !== undefined) {
      if (record !== undefined) context.keeper.kick(group);
      const living = record === undefined ? servers.filter(isLiving) : [];
      if (living.length === 0) return { unavailable: `there is no group "${group}"` };
      const status = viewStatus(
        lostDefinition(group, living),
        emptyGroupMemory(),
        living,
        new Map(),
        context.clock.now(),
      );
      return { status: { ...status, group: viewLost(context, group, living) } };
    }
    const { definition, memory } = record;
    const balancers = await world.balancers(tiesToRead(definition.loadBalancers, memory.registered), call);
    const nowMs = context.clock.now();
    const settings = context.convergence.settingsOf(definition);
    const plan = planConvergence({ group: definition, servers, balancers, memory, nowMs, settings });
    if (!plan.settled || JSON.stringify(plan.memory) !== JSON.stringify(memory)) context.keeper.kick(group);
    return { status: viewStatus(definition, plan.memory, servers, balancers, nowMs) };
  } catch (error) {
    return { unavailable: errorLine(error) };
  }
}
