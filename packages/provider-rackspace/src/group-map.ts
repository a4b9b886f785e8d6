/** Groups of Autoscale in the contract's words. Pure. */
import type { Attachment, Group, GroupState, GroupStatus, Instance, Metadata } from "@bellows/core";
import { type Manifest, MOST_SERVERS, type WireConfig, type WireState, type WireTie } from "./autoscale.js";
import { MARKS, metadataOf, tieMark } from "./group-marks.js";

/** A group. @param state - where a later one is known than the manifest has. */
export function groupOf(
  { id, groupConfiguration, launchConfiguration, state: read }: Manifest,
  state: WireState = read,
): Group {
  const { name, cooldown, metadata } = groupConfiguration;
  const owner = metadata[MARKS.owner];
  const madeAtMs = Number(metadata[MARKS.made] ?? Number.NaN);
  const problems = problemsOf(state);
  return {
    name,
    id,
    ...boundsOf(groupConfiguration),
    desired: state.desiredCapacity,
    cooldownMs: cooldown * 1_000,
    metadata: metadataOf(metadata),
    loadBalancers: tiesOf(launchConfiguration.args.loadBalancers, metadata),
    zones: [],
    paused: state.paused,
    ...(Number.isSafeInteger(madeAtMs) ? { createdAtMs: madeAtMs } : {}),
    ...(owner === undefined ? {} : { owner }),
    ...(problems.length === 0 ? {} : { problems }),
  };
}

/** The bounds that a group is meant to have; while it is being made it may have a higher min. */
export function boundsOf({ minEntities, maxEntities, metadata }: WireConfig): { min: number; max: number } {
  const meant = metadata[MARKS.min];
  return { min: meant === undefined ? minEntities : Number(meant), max: maxEntities ?? MOST_SERVERS };
}

/** Ties, each under the name by which Bellows was told of it. */
function tiesOf(ties: readonly WireTie[] = [], metadata: Metadata): Attachment[] {
  return ties.map(({ loadBalancerId, port }) => ({
    id: metadata[tieMark(loadBalancerId)] ?? String(loadBalancerId),
    ...(port === undefined ? {} : { port }),
  }));
}

function problemsOf({ status, errors = [] }: WireState): string[] {
  if (status !== "ERROR" && errors.length === 0) return [];
  const told = errors.map(({ message }) => message);
  return told.length > 0 ? told : ["Autoscale has stopped with an error, and does not say which"];
}

/** Counts. */
export function stateOf(state: WireState): GroupState {
  const { active, activeCapacity, desiredCapacity, pendingCapacity, paused } = state;
  return { activeIds: active.map(({ id }) => id), activeCapacity, desiredCapacity, pendingCapacity, paused };
}

/** An active server of a group, as far as Autoscale itself knows it. */
export function activeInstance(group: string, id: string): Instance {
  return { id, group, lifecycle: "in-service", health: "healthy", addresses: [], protected: false };
}

/** What one look shows: the active servers; those that come and go have no ids there. */
export function statusOf(manifest: Manifest, state: WireState, observedAtMs: number): GroupStatus {
  const group = groupOf(manifest, state);
  return { group, instances: state.active.map(({ id }) => activeInstance(group.name, id)), observedAtMs };
}

/** Whether a group has what it wants, and nobody comes or goes. */
export function isSettled(state: WireState, desired: number = state.desiredCapacity): boolean {
  return state.desiredCapacity === desired && state.activeCapacity === desired && state.pendingCapacity === 0;
}
