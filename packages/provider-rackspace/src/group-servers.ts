/**
 * Servers as members of Autoscale's groups. Autoscale tells the ids of the active ones alone; what Cloud Servers know of
 * them, and of those that come and go, is told by their metadata, never by their names.
 */
import {
  type CallOptions,
  type Instance,
  isBellowsError,
  type Ref,
  resolveRef,
  type Server,
  type ServersDriver,
  type WriteOptions,
} from "@bellows/core";
import type { WireState } from "./autoscale.js";
import type { Call } from "./client.js";
import { retold } from "./errors.js";
import {
  callOf,
  type GroupContext,
  inGroup,
  isId,
  onGroup,
  readState,
  waitForState,
} from "./group-context.js";
import { activeInstance, isSettled } from "./group-map.js";
import { makeOnce } from "./making.js";

/** Labels of members. @see facts of Autoscale v1.0, section 4: the second is that of servers made long ago */
const GROUP_LABELS = ["rax:autoscale:group:id", "rax:auto_scaling_group_id"] as const;
const DRAINING_LABEL = "rax:autoscale:server:state";

/** Whether a server is a member of a group. */
export function isMemberOf({ labels }: Pick<Server, "labels">, groupId: string): boolean {
  const label = GROUP_LABELS.find((key) => labels[key] !== undefined);
  return label !== undefined && labels[label] === groupId;
}

/** Faults for which the servers' details are done without: the account has or may read no Cloud Servers. */
function isDispensable(error: unknown): boolean {
  return isBellowsError(error) && ["unsupported", "permission", "config"].includes(error.code);
}

/** The members of a group: its active servers, and those that Cloud Servers show as coming or going. */
export async function* instancesOf(
  { rackspace }: Pick<GroupContext, "rackspace">,
  servers: Pick<ServersDriver, "list">,
  ref: Ref,
  options: CallOptions & { zone?: string } = {},
): AsyncGenerator<Instance, void, undefined> {
  const call = callOf("groups.instances", ref, options);
  const { id, state } = await onGroup({ rackspace }, ref, call, async (found) => ({
    id: found,
    state: await readState(rackspace, found, call),
  }));
  // A region of Rackspace has no zones.
  if (options.zone !== undefined) return;
  const known = await membersOf(servers, id, state, options);
  for (const activeId of state.active.map((one) => one.id))
    if (!known.some((server) => server.id === activeId)) yield activeInstance(state.name, activeId);
  for (const server of known) yield instanceOf(server, state);
}

/** What Cloud Servers know of a group's members; looking ends when as many were seen as there can be. */
async function membersOf(
  servers: Pick<ServersDriver, "list">,
  groupId: string,
  state: WireState,
  { signal }: CallOptions,
): Promise<Server[]> {
  const members: Server[] = [];
  const missing = new Set(state.active.map(({ id }) => id));
  if (missing.size === 0 && state.desiredCapacity === 0) return members;
  try {
    for await (const server of servers.list({}, signal === undefined ? {} : { signal })) {
      if (!isMemberOf(server, groupId) || server.status === "stopped") continue;
      members.push(server);
      missing.delete(server.id);
      if (missing.size === 0 && members.length >= Math.max(state.desiredCapacity, state.activeCapacity))
        break;
    }
  } catch (error) {
    if (!isDispensable(error)) throw error;
  }
  return members;
}

/** A member, with what Cloud Servers know of it. */
function instanceOf(server: Server, state: Pick<WireState, "name" | "active">): Instance {
  const isActive = state.active.some(({ id }) => id === server.id);
  return {
    ...activeInstance(state.name, server.id),
    name: server.name,
    ...lifeOf(server, isActive),
    addresses: [...server.addresses],
    launchedAtMs: server.createdAtMs,
    ...(server.detail === undefined ? {} : { detail: server.detail }),
  };
}

function lifeOf({ status, labels }: Server, isActive: boolean): Pick<Instance, "lifecycle" | "health"> {
  if (status === "stopping") return { lifecycle: "terminating", health: "unknown" };
  if (labels[DRAINING_LABEL] === "DRAINING") return { lifecycle: "draining", health: "healthy" };
  if (isActive) return { lifecycle: "in-service", health: "healthy" };
  // Autoscale deletes and replaces what is in error.
  if (status === "error") return { lifecycle: "terminating", health: "unhealthy" };
  return { lifecycle: "pending", health: "unknown" };
}

/** How a member leaves. */
export interface Leaving {
  operation: "groups.terminate" | "groups.detach";
  /** Whether another one is made in its place. */
  replace: boolean;
  /** Whether the server ends; otherwise it runs on, and is nobody's. */
  purge: boolean;
}

/**
 * Takes servers out of a group, one call each.
 * @throws NotFoundError for one that is no active member. @throws LimitError when desired would fall under min.
 */
export async function removeMembers(
  context: GroupContext,
  servers: Pick<ServersDriver, "list">,
  ref: Ref,
  instances: readonly Ref[],
  leaving: Leaving,
  options?: WriteOptions,
): Promise<void> {
  const call = callOf(leaving.operation, ref, options);
  const id = await inGroup(context, ref, call, async (found) => {
    const ids = await serverIds(context, servers, found, instances, call);
    for (const serverId of ids) await removeMember(context, found, serverId, leaving, call);
    return found;
  });
  await waitForState(context, id, call, options, (state) => isSettled(state));
}

async function serverIds(
  { rackspace }: GroupContext,
  servers: Pick<ServersDriver, "list">,
  groupId: string,
  instances: readonly Ref[],
  call: Call,
): Promise<string[]> {
  if (instances.every(isId)) return [...instances];
  const state = await readState(rackspace, groupId, call);
  const isActive = (ref: Ref): boolean => state.active.some(({ id }) => id === ref);
  if (instances.every(isActive)) return [...instances];
  const members = await membersOf(servers, groupId, state, call.signal ? { signal: call.signal } : {});
  try {
    return instances.map((ref) =>
      isId(ref) || isActive(ref) ? ref : resolveRef(members, ref, `instance of group ${state.name}`).id,
    );
  } catch (error) {
    throw isBellowsError(error)
      ? retold(error, { provider: rackspace.key, operation: call.operation })
      : error;
  }
}

/**
 * Takes one server out. When the answer is lost it is told from the state whether it is out: desired has fallen, or the
 * server is active no more.
 */
async function removeMember(
  { rackspace, host }: GroupContext,
  groupId: string,
  serverId: string,
  { replace, purge }: Leaving,
  call: Call,
): Promise<void> {
  const path = `/groups/${groupId}/servers/${serverId}`;
  const query = { replace, purge };
  const before = replace ? undefined : await readState(rackspace, groupId, call);
  let tries = 0;
  await makeOnce<unknown>(
    host,
    async () => {
      tries += 1;
      try {
        return await rackspace.request("autoscale", path, {
          ...call,
          method: "DELETE",
          query,
          repeatable: false,
        });
      } catch (error) {
        if (tries > 1 && isBellowsError(error, "not-found")) return "out";
        throw error;
      }
    },
    async () => {
      const { active, desiredCapacity } = await readState(rackspace, groupId, call);
      const isOut = !active.some(({ id }) => id === serverId);
      return isOut || desiredCapacity < (before?.desiredCapacity ?? 0) ? "out" : undefined;
    },
    call.signal,
  );
}
