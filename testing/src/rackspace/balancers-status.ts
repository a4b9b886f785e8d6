/**
 * When a balancer takes a change, and what becomes of it then: BUILD, ACTIVE, PENDING_UPDATE, PENDING_DELETE, DELETED.
 * @see facts/rackspace-api.md, section 3.6
 */
import { immutable, refused } from "./balancers-form.js";
import type { Balancer, Node } from "./balancers-state.js";
import type { Call } from "./wire.js";
import type { Place } from "./world.js";

/** @throws Refusal for balancers that are not there (404), and for those that were deleted (410). */
export function balancerOf({ state }: Place, id: number): Balancer {
  const found = state.balancers.find((one) => one.id === id);
  if (found === undefined) throw refused(404, "Load balancer not found");
  if (found.status === "DELETED") throw refused(410, "The loadbalancer is marked as deleted.");
  return found;
}

/** The balancer that a path names. */
export function balancerIn(place: Place, { params }: Call): Balancer {
  return balancerOf(place, Number(params.balancer));
}

/** @throws Refusal while it is being changed (422). */
export function requireActive(balancer: Balancer): void {
  if (balancer.status !== "ACTIVE") throw immutable(balancer);
}

/** The balancer that a path names, which takes a change now. */
export function changeableIn(place: Place, call: Call): Balancer {
  const found = balancerIn(place, call);
  requireActive(found);
  return found;
}

/** @throws Refusal when the balancer has no such node. */
export function nodeIn(balancer: Balancer, { params }: Call): Node {
  const found = balancer.nodes.find(({ id }) => id === Number(params.node));
  if (found !== undefined) return found;
  throw refused(404, `Node with id #${params.node} not found for loadbalancer #${balancer.id}`);
}

/** Shows a status until a change is done, then another. */
export function pending(
  { world }: Place,
  balancer: Balancer,
  { status, ms, next }: { status: Balancer["status"]; ms: number; next: Balancer["status"] },
): void {
  const change = ++balancer.changes;
  balancer.status = status;
  balancer.updatedAtMs = world.now();
  world.after(ms, () => {
    if (balancer.changes === change) balancer.status = next;
  });
}

/** A change was made: for a while there is no other. */
export function changed(place: Place, balancer: Balancer): void {
  pending(place, balancer, {
    status: "PENDING_UPDATE",
    ms: place.world.behaviour.balancerUpdateMs,
    next: "ACTIVE",
  });
}
