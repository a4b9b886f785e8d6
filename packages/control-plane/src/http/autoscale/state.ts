import type { GroupStatus, Observation } from "@bellows/core";
import { isBellowsError, UnavailableError } from "@bellows/core";
import { type Link, type Links, selfLink } from "./links.js";
import type { AutoscaleOptions, Tenant } from "./options.js";
import type { AtCloud } from "./steward.js";

/** Counts of a group, as this API shows them. */
export interface StateView {
  name: string;
  paused: boolean;
  status: "ACTIVE" | "ERROR";
  errors?: { message: string }[];
  activeCapacity: number;
  /** Desired less active: below 0 while it shrinks. */
  pendingCapacity: number;
  desiredCapacity: number;
  active: { id: string; links: Link[] }[];
}

/** The state of a group that was just made: the service shows it empty, whatever its bounds. */
export function newState(name: string): StateView {
  return {
    name,
    paused: false,
    status: "ACTIVE",
    activeCapacity: 0,
    pendingCapacity: 0,
    desiredCapacity: 0,
    active: [],
  };
}

/** A group's look as a state. Pure. */
export function stateOf(
  { group, instances }: GroupStatus,
  shown: { id: string; name: string },
  held: boolean,
  links: Pick<Links, "server">,
): StateView {
  const active = instances.filter(({ lifecycle }) => lifecycle === "in-service");
  const errors = (group.problems ?? []).map((message) => ({ message }));
  return {
    name: shown.name,
    paused: group.paused || held,
    status: errors.length > 0 ? "ERROR" : "ACTIVE",
    ...(errors.length > 0 && { errors }),
    activeCapacity: active.length,
    pendingCapacity: group.desired - active.length,
    desiredCapacity: group.desired,
    active: active.map(({ id }) => {
      const href = links.server(shown.id, id);
      return { id, links: [selfLink(href), { href, rel: "bookmark" }] };
    }),
  };
}

/** The counts that older clients read beside the state. */
export function countsOf(state: StateView) {
  const { activeCapacity, pendingCapacity, desiredCapacity, paused } = state;
  return { activeCapacity, pendingCapacity, desiredCapacity, paused };
}

/** A group to look at, and its name in this API. */
export interface Looked {
  group: AtCloud;
  id: string;
  name: string;
}

/**
 * Looks at groups, all in one call to their cloud.
 * @returns their states in order; undefined for a group that is gone meanwhile.
 * @throws UnavailableError when the cloud cannot tell.
 */
export async function lookAt(
  tenant: Tenant,
  groups: readonly Looked[],
  links: Links,
  { steward }: Pick<AutoscaleOptions, "steward">,
  signal: AbortSignal,
): Promise<(StateView | undefined)[]> {
  if (groups.length === 0) return [];
  const seen = await tenant.cloud.groups.observe(
    groups.map(({ group }) => group.id),
    { signal },
  );
  return Promise.all(
    groups.map(async (each, index) => {
      const status = await statusOf(tenant, each.group, seen[index], signal);
      if (status === undefined) return undefined;
      return stateOf(status, each, await steward.isHeld(tenant.id, each.group), links);
    }),
  );
}

/** A group that cannot be observed is gone, or its cloud cannot tell: reading it says which. */
async function statusOf(
  { cloud }: Tenant,
  group: AtCloud,
  seen: Observation | undefined,
  signal: AbortSignal,
): Promise<GroupStatus | undefined> {
  if (seen !== undefined && "status" in seen) return seen.status;
  try {
    await cloud.groups.get(group.id, { signal });
  } catch (error) {
    if (isBellowsError(error, "not-found")) return undefined;
    throw error;
  }
  throw new UnavailableError(`group ${group.name} cannot be seen: ${seen?.unavailable ?? "no answer"}`);
}
