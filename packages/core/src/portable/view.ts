import type { Group, GroupState, GroupStatus } from "../contracts/group.js";
import type { Instance, Lifecycle } from "../contracts/instance.js";
import type { Server } from "../contracts/server.js";
import type { GroupDefinition, GroupMemory } from "./documents.js";
import { tieKey } from "./documents.js";
import type { BalancerView } from "./draft.js";
import { isMarked } from "./draft.js";
import { LABELS } from "./labels.js";
import { isPaused } from "./plan.js";
import { byAge } from "./plan-members.js";
import { memberOf } from "./plan-ties.js";

/** Why a group that no document describes is paused. */
export const DEFINITION_LOST = "definition lost";

/** A group as its callers see it. */
export function viewGroup(definition: GroupDefinition, memory: GroupMemory, nowMs: number): Group {
  return {
    name: definition.name,
    id: definition.name,
    min: definition.min,
    max: definition.max,
    desired: definition.desired,
    cooldownMs: definition.cooldownMs,
    metadata: { ...definition.metadata },
    loadBalancers: definition.loadBalancers.map((tie) => ({ ...tie })),
    zones: [...definition.zones],
    ...(definition.subnets === undefined ? {} : { subnets: [...definition.subnets] }),
    paused: isPaused({ group: definition, nowMs }),
    createdAtMs: definition.createdAtMs,
    ...(definition.native === undefined ? {} : { native: { ...definition.native } }),
    ...(definition.owner === undefined ? {} : { owner: definition.owner }),
    ...(memory.problems.length === 0 ? {} : { problems: [...memory.problems] }),
  };
}

/** A group whose servers are there while its definition is not: nothing is done to it until it is created again. */
export function lostDefinition(name: string, servers: readonly Server[]): GroupDefinition {
  const owner = servers.find((server) => server.labels[LABELS.owner])?.labels[LABELS.owner];
  const count = servers.filter((server) => server.status === "active" || server.status === "building").length;
  return {
    name,
    incarnation: "",
    min: 0,
    max: count,
    desired: count,
    cooldownMs: 0,
    zones: [],
    loadBalancers: [],
    metadata: {},
    ...(owner === undefined ? {} : { owner }),
    paused: { reason: DEFINITION_LOST, sinceMs: 0 },
    createdAtMs: Math.min(...servers.map((server) => server.createdAtMs)),
    launch: "",
    spec: "",
  };
}

/** What one look at a group shows. */
export function viewStatus(
  definition: GroupDefinition,
  memory: GroupMemory,
  servers: readonly Server[],
  balancers: ReadonlyMap<string, BalancerView>,
  nowMs: number,
): GroupStatus {
  const views = definition.loadBalancers.map((tie) => balancers.get(tieKey(tie)));
  const instances = [...servers]
    .filter((server) => memory.released[server.id] === undefined)
    .sort(byAge)
    .map((server) => viewInstance(definition, memory, server, views));
  return { group: viewGroup(definition, memory, nowMs), instances, observedAtMs: nowMs };
}

function viewInstance(
  definition: GroupDefinition,
  memory: GroupMemory,
  server: Server,
  views: readonly (BalancerView | undefined)[],
): Instance {
  const sight = sightOf(server, views);
  return {
    id: server.id,
    name: server.name,
    group: definition.name,
    lifecycle: lifecycleOf(memory, server, sight.ready),
    health: server.status === "error" || server.status === "stopped" ? "unhealthy" : sight.health,
    launchedAtMs: server.createdAtMs,
    ...(server.zone === undefined ? {} : { zone: server.zone }),
    addresses: [...server.addresses],
    ...(server.port === undefined ? {} : { port: server.port }),
    protected: isMarked(memory, server, "protected"),
    ...(server.labels[LABELS.launch] ? { launchVersion: server.labels[LABELS.launch] } : {}),
    ...(sight.detail === undefined && server.detail === undefined
      ? {}
      : { detail: server.detail ?? sight.detail }),
  };
}

interface Sight {
  /** Active, and where it is tied to balancers, a member and as healthy there as their checks tell. */
  ready: boolean;
  health: Instance["health"];
  detail?: string;
}

function sightOf(server: Server, views: readonly (BalancerView | undefined)[]): Sight {
  if (server.status !== "active") return { ready: false, health: "unknown" };
  let sight: Sight = { ready: true, health: "healthy" };
  for (const view of views) {
    if (view === undefined || view.state !== "ok") continue;
    const member = memberOf(view, server);
    if (member === undefined) sight = { ready: false, health: "unknown" };
    else if (view.checked && member.health === "unhealthy") {
      return {
        ready: false,
        health: "unhealthy",
        ...(member.detail === undefined ? {} : { detail: member.detail }),
      };
    } else if (view.checked && member.health === "unknown") sight = { ready: false, health: "unknown" };
  }
  return sight;
}

function lifecycleOf(memory: GroupMemory, server: Server, ready: boolean): Lifecycle {
  if (server.status === "stopped") return "terminated";
  const removal = memory.removals[server.id];
  if (removal !== undefined)
    return removal.deletedAtMs === undefined && server.status === "active" ? "draining" : "terminating";
  if (server.status === "stopping" || server.status === "error") return "terminating";
  if (isMarked(memory, server, "standby")) return "standby";
  if (server.status === "building") return "pending";
  return ready || memory.readyAtMs[server.id] !== undefined ? "in-service" : "pending";
}

/** Counts of a group, from a status. */
export function viewState(status: GroupStatus): GroupState {
  const active = status.instances.filter((instance) => instance.lifecycle === "in-service");
  return {
    activeIds: active.map((instance) => instance.id),
    activeCapacity: active.length,
    desiredCapacity: status.group.desired,
    pendingCapacity: status.group.desired - active.length,
    paused: status.group.paused,
  };
}
