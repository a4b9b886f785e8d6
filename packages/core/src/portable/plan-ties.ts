import type { Member } from "../contracts/load-balancer.js";
import type { Server } from "../contracts/server.js";
import { readTieKey, tieKey } from "./documents.js";
import type { BalancerView, Draft } from "./draft.js";
import { beginRemoval, heldSlot, noteDeath, sinceMs } from "./draft.js";

/** The member that stands for a server: by its id, or by an address and port of its. */
export function memberOf(view: BalancerView, server: Pick<Server, "id" | "addresses">): Member | undefined {
  if (view.state !== "ok") return undefined;
  return view.members.find(
    (member) =>
      member.id === server.id ||
      (member.address !== undefined &&
        member.id === `${member.address}:${member.port ?? ""}` &&
        server.addresses.includes(member.address)),
  );
}

/** Reads each live server's health from the group's balancers, and since when it is in service or unhealthy. */
export function readHealth(draft: Draft): void {
  const views = draft.input.group.loadBalancers.map((tie) => draft.input.balancers.get(tieKey(tie)));
  for (const server of draft.live) {
    const sight = healthOf(views, server);
    const health = sight === "checking" ? "unknown" : sight;
    draft.health.set(server.id, health);
    const { readyAtMs, unhealthySinceMs } = draft.memory;
    if (health === "healthy") readyAtMs[server.id] ??= draft.nowMs;
    const isReady = readyAtMs[server.id] !== undefined;
    if (health === "unhealthy" || (sight === "checking" && !isReady))
      unhealthySinceMs[server.id] ??= draft.nowMs;
    else delete unhealthySinceMs[server.id];
    if (server.status === "active" && !isReady) draft.waiting = true;
  }
}

/** `checking`: a member whose health check has not spoken yet. */
type Sight = "healthy" | "unhealthy" | "unknown" | "checking";

function healthOf(views: readonly (BalancerView | undefined)[], server: Server): Sight {
  if (server.status !== "active") return "unknown";
  let sight: Sight = "healthy";
  for (const view of views) {
    if (view === undefined || view.state !== "ok") continue;
    const member = memberOf(view, server);
    if (member === undefined) sight = sight === "checking" ? sight : "unknown";
    else if (view.checked && member.health === "unhealthy") return "unhealthy";
    else if (view.checked && member.health === "unknown") sight = "checking";
  }
  return sight;
}

/**
 * Replaces what its balancers call unhealthy for too long. A tenth of the group at a time, at least one, and nobody
 * while others are still coming up: a broken health check must not empty the group.
 */
export function retireUnhealthy(draft: Draft): void {
  const failing = draft.live.filter((server) => server.status === "active" && isPastGrace(draft, server));
  if (failing.length === 0) return;
  const comingUp =
    draft.live.filter((server) => server.status === "building").length +
    draft.expected.size +
    draft.uncertain.size;
  const most = Math.max(0, Math.max(1, Math.ceil(draft.desired / 10)) - comingUp);
  for (const server of failing.slice(0, most)) {
    const slot = heldSlot(draft, server);
    if (slot !== undefined)
      noteDeath(
        draft,
        slot,
        draft.memory.readyAtMs[server.id] === undefined
          ? 0
          : sinceMs(draft, slot.answeredAtMs ?? draft.nowMs),
        server.detail,
      );
    beginRemoval(draft, server, "unhealthy");
  }
  if (failing.length > most) draft.waiting = true;
}

/** Once in service, the grace counts from the first bad word; before, from the first look of the health checks. */
function isPastGrace(draft: Draft, server: Server): boolean {
  const { unhealthyGraceMs, readyTimeoutMs } = draft.input.settings;
  const fromMs = draft.memory.unhealthySinceMs[server.id];
  if (fromMs === undefined) return false;
  const graceMs = draft.memory.readyAtMs[server.id] === undefined ? readyTimeoutMs : unhealthyGraceMs;
  const leftMs = graceMs - sinceMs(draft, fromMs);
  if (leftMs <= 0) return true;
  draft.dueAtMs.push(draft.nowMs + leftMs);
  draft.waiting = true;
  return false;
}

/** Registers live servers where the group is tied, and takes out what is ours and no longer belongs there. */
export function tieBalancers(draft: Draft): void {
  const wanted = new Map(draft.input.group.loadBalancers.map((tie) => [tieKey(tie), tie]));
  for (const [tie, view] of draft.input.balancers) {
    if (view.state !== "ok") {
      if (wanted.has(tie)) draft.problems.push(`load balancer ${readTieKey(tie).id}: ${view.detail}`);
      if (view.state === "gone") delete draft.memory.registered[tie];
      continue;
    }
    const servers = wanted.has(tie) ? draft.live.filter((server) => server.status === "active") : [];
    register(draft, tie, view, servers);
    withdraw(draft, tie, view, new Set(servers.map((server) => server.id)));
  }
}

/** Noted before it is asked for: a crash in between must not leave a member that nobody knows. */
function register(draft: Draft, tie: string, view: BalancerView, servers: readonly Server[]): void {
  const missing = servers.filter((server) => memberOf(view, server) === undefined).map((server) => server.id);
  for (const server of servers) note(draft, tie, server.id);
  if (missing.length > 0) draft.steps.push({ kind: "attach", tie, servers: missing });
}

function note(draft: Draft, tie: string, id: string): void {
  draft.memory.registered[tie] ??= [];
  const ids = draft.memory.registered[tie] as string[];
  if (!ids.includes(id)) ids.push(id);
}

/** Members of others are left alone: only what was registered from here is ever taken out. */
function withdraw(draft: Draft, tie: string, view: BalancerView, keep: ReadonlySet<string>): void {
  const ours = draft.memory.registered[tie];
  if (ours === undefined || view.state !== "ok") return;
  const stale: string[] = [];
  const left = ours.filter((id) => {
    if (keep.has(id)) return true;
    const server = draft.byId.get(id);
    const member = server === undefined ? view.members.find((m) => m.id === id) : memberOf(view, server);
    if (member !== undefined && draft.memory.removals[id] === undefined && member.state !== "draining")
      stale.push(id);
    return member !== undefined;
  });
  if (left.length === 0) delete draft.memory.registered[tie];
  else draft.memory.registered[tie] = left;
  const alive = stale.filter((id) => draft.byId.get(id)?.status === "active");
  const dead = stale.filter((id) => !alive.includes(id));
  if (alive.length > 0) draft.steps.push({ kind: "detach", tie, servers: alive, drain: true });
  if (dead.length > 0) draft.steps.push({ kind: "detach", tie, servers: dead, drain: false });
}
