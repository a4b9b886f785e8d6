import type { Server } from "../contracts/server.js";
import type { Removal } from "./documents.js";
import type { Draft } from "./draft.js";
import { sinceMs } from "./draft.js";
import { memberOf } from "./plan-ties.js";

/** Moves each removal on: out of the balancers, drained, deleted, forgotten. */
export function moveOut(draft: Draft): void {
  for (const [id, removal] of Object.entries(draft.memory.removals)) {
    const server = draft.byId.get(id);
    if (server === undefined) moveUnlisted(draft, id, removal);
    else if (removal.deletedAtMs === undefined) moveListed(draft, server, removal);
    else askAgain(draft, server, removal, removal.deletedAtMs);
  }
}

/** Not listed: gone, unless it is so young that the list may not show it yet. */
function moveUnlisted(draft: Draft, id: string, removal: Removal): void {
  const fromMs = removal.deletedAtMs ?? removal.sinceMs;
  const leftMs = draft.input.settings.readAfterWriteMs - sinceMs(draft, fromMs);
  if (removal.deletedAtMs === undefined && leftMs > 0) {
    draft.waiting = true;
    draft.steps.push({ kind: "delete", server: id, reason: removal.reason });
  } else if (leftMs > 0) {
    draft.waiting = true;
    draft.dueAtMs.push(draft.nowMs + leftMs);
  } else {
    delete draft.memory.removals[id];
  }
}

function moveListed(draft: Draft, server: Server, removal: Removal): void {
  draft.waiting = true;
  const ties = tiesOf(draft, server);
  if (ties.length > 0 && isServing(server, removal)) {
    if (isDraining(draft, server, removal, ties)) return;
  }
  for (const { tie } of ties) draft.steps.push({ kind: "detach", tie, servers: [server.id], drain: false });
  draft.steps.push({ kind: "delete", server: server.id, reason: removal.reason });
}

/** Whether requests may still be on it. */
function isServing(server: Server, removal: Removal): boolean {
  return server.status === "active" && removal.reason !== "dead" && removal.reason !== "ending";
}

interface Tie {
  tie: string;
  /** Absent where the balancer could not be read. */
  state?: "enabled" | "draining" | "disabled";
  active?: number;
  drainMs: number;
}

/** Balancers where the server is a member, or may be because they could not be read. */
function tiesOf(draft: Draft, server: Server): Tie[] {
  const ties: Tie[] = [];
  for (const [tie, view] of draft.input.balancers) {
    const member = memberOf(view, server);
    if (view.state === "ok" && member !== undefined) {
      ties.push({
        tie,
        state: member.state,
        drainMs: view.drainMs,
        ...(member.active === undefined ? {} : { active: member.active }),
      });
    } else if (view.state === "unavailable" && draft.memory.registered[tie]?.includes(server.id)) {
      ties.push({ tie, drainMs: 0 });
    }
  }
  return ties;
}

function isDraining(draft: Draft, server: Server, removal: Removal, ties: readonly Tie[]): boolean {
  removal.drainUntilMs ??= draft.nowMs + Math.max(...ties.map((tie) => tie.drainMs));
  if (removal.drainUntilMs <= draft.nowMs) return false;
  for (const tie of ties) {
    if (tie.state !== "draining")
      draft.steps.push({ kind: "detach", tie: tie.tie, servers: [server.id], drain: true });
  }
  if (ties.every((tie) => tie.state === "draining" && tie.active === 0)) return false;
  draft.dueAtMs.push(removal.drainUntilMs);
  return true;
}

/** Acknowledged, and still listed: it takes its time, or the deletion came to nothing. */
function askAgain(draft: Draft, server: Server, removal: Removal, deletedAtMs: number): void {
  if (server.status !== "stopped") draft.waiting = true;
  const { readAfterWriteMs, redeleteMs } = draft.input.settings;
  const leftMs = Math.max(readAfterWriteMs, redeleteMs) - sinceMs(draft, deletedAtMs);
  if (leftMs > 0) draft.dueAtMs.push(draft.nowMs + leftMs);
  else draft.steps.push({ kind: "delete", server: server.id, reason: removal.reason });
}
