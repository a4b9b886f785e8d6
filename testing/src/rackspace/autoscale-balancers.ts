/**
 * How servers of a group come behind balancers and leave them: at most one change of a balancer in a cycle, as others
 * would be refused. @see facts/rackspace-api.md, section 2.11
 */
import { drainingMsOf, STATE_KEY, type Tie, tiesOfServer } from "./autoscale-launch.js";
import type { Group } from "./autoscale-state.js";
import { statusOf } from "./balancers-form.js";
import { addNodes } from "./balancers-nodes.js";
import type { Balancer, Node } from "./balancers-state.js";
import { changed } from "./balancers-status.js";
import type { Server } from "./state.js";
import { Refusal } from "./wire.js";
import type { Place } from "./world.js";

/** Servers of a group, by what is to become of them. */
export interface Crew {
  /** They run and belong behind their balancers. */
  staying: readonly Server[];
  /** They are to end. */
  going: readonly Server[];
  /** They have ended. */
  gone: readonly Server[];
}

/** What was found about the balancers of a group. */
export interface Tied {
  /** Whether nothing was to be done. */
  isDone: boolean;
  errors: string[];
}

/** A server's place behind one balancer. */
interface Seat {
  server: Server;
  address: string;
  tie: Tie;
}

function seatsOf(server: Server): Seat[] {
  const address = server.addresses.private?.find(({ addr }) => addr.startsWith("10."))?.addr;
  return address === undefined ? [] : tiesOfServer(server).map((tie) => ({ server, address, tie }));
}

function nodeOf({ state }: Place, { address, tie }: Seat): Node | undefined {
  const balancer = state.balancers.find(({ id, status }) => id === tie.balancerId && status !== "DELETED");
  return balancer?.nodes.find((node) => node.address === address && node.port === tie.port);
}

/** Whether a server is behind all of its balancers. */
export function isTied(place: Place, server: Server): boolean {
  return seatsOf(server).every((seat) => nodeOf(place, seat) !== undefined);
}

/** Whether no balancer sends anything to a server any more. */
export function isReleased(place: Place, server: Server): boolean {
  return seatsOf(server).every((seat) => nodeOf(place, seat) === undefined);
}

/** Brings the balancers of a group nearer to what they should be. */
export function tie(place: Place, group: Group, crew: Crew): Tied {
  for (const server of crew.going) startDraining(place, group, server);
  const seats = [...crew.staying, ...crew.going, ...crew.gone].flatMap(seatsOf);
  const ids = [...new Set(seats.map((seat) => seat.tie.balancerId))];
  const outcomes = ids.map((id) =>
    tieOne(
      place,
      group,
      crew,
      seats.filter((seat) => seat.tie.balancerId === id),
    ),
  );
  return {
    isDone: outcomes.every((outcome) => outcome === "done"),
    errors: outcomes.filter((outcome) => outcome !== "done" && outcome !== "again"),
  };
}

/** Servers that run and get requests finish them first, where the group has a time for that. */
function startDraining(place: Place, group: Group, server: Server): void {
  const isServing = server.status === "ACTIVE" && !isReleased(place, server);
  if (drainingMsOf(group) === 0 || !isServing || server.id in group.drainingSinceMs) return;
  group.drainingSinceMs[server.id] = place.world.now();
  server.metadata = { ...server.metadata, [STATE_KEY]: "DRAINING" };
}

/** @returns `done`, `again`, or what is wrong with the balancer, in Autoscale's words. */
function tieOne(place: Place, group: Group, crew: Crew, seats: readonly Seat[]): string {
  const id = seats[0]?.tie.balancerId;
  const balancer = place.state.balancers.find((one) => one.id === id);
  const isWanted = seats.some(({ server }) => crew.staying.includes(server));
  if (balancer === undefined || balancer.status === "DELETED")
    return isWanted ? `Cloud Load Balancer does not exist: ${id}` : "done";
  if (balancer.status === "PENDING_DELETE")
    return isWanted ? `Cloud Load Balancer is currently being deleted: ${id}` : "again";
  const change = changeOf(place, group, crew, balancer, seats);
  if (change === undefined) return "done";
  if (balancer.status !== "ACTIVE") return "again";
  try {
    change();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return `Cannot create more than ${place.world.behaviour.maxNodes} nodes in Cloud Load Balancer ${id}`;
  }
  changed(place, balancer);
  return "again";
}

/** The one change that a balancer needs most: nodes leave, drain, come, and are enabled. */
function changeOf(
  place: Place,
  group: Group,
  crew: Crew,
  balancer: Balancer,
  seats: readonly Seat[],
): (() => void) | undefined {
  const nodesOf = (list: readonly Seat[]): Node[] => list.flatMap((seat) => nodeOf(place, seat) ?? []);
  const drains = ({ server }: Seat): boolean =>
    crew.going.includes(server) && isDraining(place, group, server);
  const staying = seats.filter(({ server }) => crew.staying.includes(server));
  const leaving = nodesOf(seats.filter((seat) => !staying.includes(seat) && !drains(seat)));
  if (leaving.length > 0)
    return () => {
      balancer.nodes = balancer.nodes.filter((node) => !leaving.includes(node));
    };
  const draining = nodesOf(seats.filter(drains)).find(({ condition }) => condition !== "DRAINING");
  if (draining !== undefined)
    return () => {
      draining.condition = "DRAINING";
    };
  const missing = staying.filter((seat) => nodeOf(place, seat) === undefined);
  if (missing.length > 0) return () => add(place, balancer, missing);
  const held = nodesOf(staying).find(
    (node) => node.condition === "DRAINING" && statusOf(place, balancer, node) === "ONLINE",
  );
  if (held === undefined) return undefined;
  return () => {
    held.condition = "ENABLED";
  };
}

function isDraining({ world }: Place, group: Group, { id }: Server): boolean {
  const sinceMs = group.drainingSinceMs[id];
  return sinceMs !== undefined && world.now() - sinceMs < drainingMsOf(group);
}

/** With a health monitor, what comes gets no requests before it is known to answer. */
function add(place: Place, balancer: Balancer, seats: readonly Seat[]): void {
  const isChecked = Object.keys(balancer.healthMonitor).length > 0;
  const given = seats.map(({ address, tie: { port } }) => ({
    address,
    port,
    condition: isChecked ? ("DRAINING" as const) : ("ENABLED" as const),
    type: "PRIMARY" as const,
    weight: 1,
  }));
  addNodes(place, balancer, given);
}
