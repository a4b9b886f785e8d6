/**
 * How a group becomes what it should be, in cycles: members that are dead or overdue go, missing ones are made, surplus
 * ones end, and those that run go behind the balancers. @see facts/rackspace-api.md, section 2.11
 */
import { isReleased, isTied, tie } from "./autoscale-balancers.js";
import { GROUP_KEYS, launchServer, STATE_KEY } from "./autoscale-launch.js";
import { convergeStacks } from "./autoscale-stacks.js";
import type { Group } from "./autoscale-state.js";
import { endServer } from "./servers-making.js";
import type { Server } from "./state.js";
import { Refusal } from "./wire.js";
import type { Place } from "./world.js";

/** Most servers that one cycle makes. */
const MOST_PER_CYCLE = 10;
/** A server that builds longer than this has failed. */
const BUILD_TIMEOUT_MS = 3_600_000;

/** Who goes first when a group shrinks; inside a class, the oldest. */
const ORDER: readonly (readonly Server["status"][])[] = [
  ["BUILD"],
  ["HARD_REBOOT", "REBOOT", "UNKNOWN"],
  ["RESCUE", "SUSPENDED"],
];

/** Has a group looked at, now and until it is settled. What is being done goes on from there. */
export function converge(place: Place, group: Group, afterMs = 0): void {
  const cycle = ++group.lastCycle;
  place.world.after(afterMs, () => {
    if (group.lastCycle === cycle && place.state.groups.includes(group)) runCycle(place, group);
  });
}

function runCycle(place: Place, group: Group): void {
  if (group.isPaused && !group.isDeleting) return;
  const { convergeMs, selfHealMs } = place.world.behaviour;
  group.status = "ACTIVE";
  group.errors = [];
  const isSettled =
    group.launch.type === "launch_stack" ? convergeStacks(place, group) : convergeServers(place, group);
  if (group.isDeleting && isSettled) {
    place.state.groups = place.state.groups.filter((one) => one !== group);
    return;
  }
  converge(place, group, isSettled || group.errors.length > 0 ? selfHealMs : convergeMs);
}

/** All servers that a group has made and not let go, also those that have ended. */
function serversOf({ state }: Place, { id }: Group): Server[] {
  return state.servers.filter(({ metadata }) => (metadata[GROUP_KEYS[0]] ?? metadata[GROUP_KEYS[1]]) === id);
}

function isGone({ status, taskState }: Server): boolean {
  return status === "DELETED" || taskState === "deleting";
}

/** Servers of a group that neither have ended nor are ending. */
export function membersOf(place: Place, group: Group): Server[] {
  return serversOf(place, group).filter((server) => !isGone(server));
}

function isDead(place: Place, { status, createdAtMs }: Server): boolean {
  if (status === "ERROR" || status === "SHUTOFF") return true;
  return status === "BUILD" && place.world.now() - createdAtMs > BUILD_TIMEOUT_MS;
}

/** @returns whether there is nothing left to do. */
function convergeServers(place: Place, group: Group): boolean {
  const all = membersOf(place, group);
  const leaving = all.filter((one) => isDead(place, one) || one.metadata[STATE_KEY] === "DRAINING");
  const live = all.filter((one) => !leaving.includes(one));
  const excess = Math.max(live.length - group.desired, 0);
  const surplus = live.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(0, excess);
  const going = [...leaving, ...surplus];
  const staying = live.filter((one) => !surplus.includes(one) && one.status === "ACTIVE");
  const { isDone, errors } = tie(place, group, {
    staying,
    going,
    gone: serversOf(place, group).filter(isGone),
  });
  for (const message of errors) fail(group, message);
  for (const server of going) if (isReleased(place, server)) endServer(place, server);
  const missing = Math.min(group.desired - live.length, MOST_PER_CYCLE);
  for (let made = 0; made < missing && launch(place, group); made++);
  group.active = staying.filter((one) => isTied(place, one)).map(({ id }) => id);
  return isDone && going.length === 0 && group.active.length === group.desired;
}

function rankOf({ status }: Server): number {
  const rank = ORDER.findIndex((statuses) => statuses.includes(status));
  return rank === -1 ? ORDER.length : rank;
}

/** @returns whether a server was made; otherwise the group's errors say why. */
function launch(place: Place, group: Group): boolean {
  try {
    launchServer(place, group);
    return true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const isBadLaunch = error.answer.status === 400;
    const what = isBadLaunch ? "Server launch configuration is invalid" : "Servers cannot be created";
    fail(group, `${what}: ${error.message}`);
    return false;
  }
}

/** Puts a group into ERROR. */
export function fail(group: Group, message: string): void {
  group.status = "ERROR";
  if (!group.errors.includes(message)) group.errors.push(message);
}
