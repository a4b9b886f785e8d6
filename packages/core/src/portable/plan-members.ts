import type { Server } from "../contracts/server.js";
import type { Draft } from "./draft.js";
import { beginRemoval, emptySlot, heldSlot, isMarked, noteDeath, sinceMs } from "./draft.js";
import { LABELS, placeOf } from "./labels.js";

/** Sorts the listed servers into live, standby and leaving, and learns the slots of those that memory does not know. */
export function sortMembers(draft: Draft): void {
  const { memory } = draft;
  for (const server of draft.input.servers) {
    if (memory.released[server.id] !== undefined || memory.removals[server.id] !== undefined) continue;
    if (isMarked(memory, server, "standby") && draft.input.group.deletingSinceMs === undefined)
      draft.standby.push(server);
    else draft.live.push(server);
  }
  for (const server of [...draft.live, ...draft.standby].sort(byAge)) learn(draft, server);
}

function learn(draft: Draft, server: Server): void {
  const place = placeOf(server.labels);
  if (place === undefined) return;
  draft.memory.slots[place.slot] ??= { generation: place.generation };
  const slot = draft.memory.slots[place.slot];
  if (slot === undefined || place.generation < slot.generation) return;
  if (place.generation > slot.generation) {
    emptySlot(slot);
    slot.generation = place.generation;
  }
  slot.key ??= server.labels[LABELS.key] || `adopted:${server.id}`;
  slot.server ??= server.id;
  slot.launch ??= server.labels[LABELS.launch];
  if (slot.server !== server.id) return;
  slot.seen = true;
  slot.answeredAtMs ??= Math.min(draft.nowMs, server.createdAtMs);
}

/** The elder first; of the same moment, by id, so that two controllers choose alike. */
export function byAge(a: Server, b: Server): number {
  return a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** Of servers with the same slot and generation (a create that was answered twice) the younger go. */
export function retireTwins(draft: Draft): void {
  const eldest = new Map<string, Server>();
  for (const server of [...draft.live].sort(byAge)) {
    const place = placeOf(server.labels);
    if (place === undefined) continue;
    const key = `${place.slot}.${place.generation}`;
    const elder = eldest.get(key);
    if (elder === undefined) {
      eldest.set(key, server);
      continue;
    }
    beginRemoval(draft, server, "twin");
    const slot = draft.memory.slots[place.slot];
    if (slot?.generation === place.generation) {
      slot.key ??= elder.labels[LABELS.key] || `adopted:${elder.id}`;
      slot.server = elder.id;
      slot.answeredAtMs ??= Math.min(draft.nowMs, elder.createdAtMs);
      slot.seen = true;
    }
  }
}

/** Takes out what died, is ending by itself, or never finished building; each frees its slot for a new generation. */
export function retireFailed(draft: Draft): void {
  for (const server of draft.live) {
    const reason = failureOf(draft, server);
    if (reason === undefined) continue;
    const slot = heldSlot(draft, server);
    if (slot !== undefined) noteDeath(draft, slot, livedMs(draft, server), server.detail);
    beginRemoval(draft, server, reason);
    const removal = draft.memory.removals[server.id];
    if (removal !== undefined && reason === "ending") removal.deletedAtMs = draft.nowMs;
  }
}

function failureOf(draft: Draft, server: Server): "dead" | "ending" | "overdue" | undefined {
  if (server.status === "stopped" || server.status === "error") return "dead";
  if (server.status === "stopping") return "ending";
  if (server.status !== "building") return undefined;
  const askedAtMs = heldSlot(draft, server)?.answeredAtMs ?? server.createdAtMs;
  const leftMs = draft.input.settings.buildTimeoutMs - sinceMs(draft, askedAtMs);
  if (leftMs <= 0) return "overdue";
  draft.dueAtMs.push(draft.nowMs + leftMs);
  draft.waiting = true;
  return undefined;
}

/** How long a server has lived in our knowledge; one that never finished building lived not at all. */
export function livedMs(draft: Draft, server: Server): number {
  if (server.status === "building") return 0;
  if (server.status === "error" && draft.memory.readyAtMs[server.id] === undefined) return 0;
  const sinceStartMs = heldSlot(draft, server)?.answeredAtMs ?? server.createdAtMs;
  return sinceMs(draft, sinceStartMs);
}

/** Looks after the slots whose server is not listed: still to come, gone, or to be asked for again. */
export function missMembers(draft: Draft): void {
  const { readAfterWriteMs } = draft.input.settings;
  const present = new Set([...draft.live, ...draft.standby].map((server) => server.id));
  const places = new Set([...draft.live, ...draft.standby].map((server) => placeKey(server)));
  for (const [name, slot] of Object.entries(draft.memory.slots)) {
    if (slot.key === undefined || present.has(slot.server ?? "") || places.has(`${name}.${slot.generation}`))
      continue;
    const askedAtMs = Math.min(draft.nowMs, slot.answeredAtMs ?? slot.askedAtMs ?? draft.nowMs);
    const leftMs = readAfterWriteMs - (draft.nowMs - askedAtMs);
    if (leftMs > 0) {
      draft.dueAtMs.push(draft.nowMs + leftMs);
      draft.waiting = true;
    }
    if (slot.server !== undefined) {
      if (leftMs > 0) draft.expected.set(name, { ...slot, server: slot.server });
      else {
        noteDeath(draft, slot, sinceMs(draft, askedAtMs));
        delete draft.memory.marks[slot.server];
        emptySlot(slot);
      }
    } else if (leftMs > 0) draft.uncertain.add(name);
    else draft.overdueAnswers.push(name);
  }
}

/** A server that outlives the age of crashes ends its slot's crash loop; until then the loop is told as a problem. */
export function watchSurvivors(draft: Draft): void {
  for (const server of draft.live) {
    const slot = heldSlot(draft, server);
    if (slot?.crashes === undefined) continue;
    const leftMs = draft.input.settings.stableAfterMs - livedMs(draft, server);
    if (leftMs > 0) {
      const name = placeOf(server.labels)?.slot;
      const words = slot.lastWords === undefined ? "" : `; ${slot.lastWords}`;
      if (slot.crashes > 1)
        draft.problems.push(
          `slot ${name} failed ${slot.crashes} times in a row soon after its start${words}`,
        );
      draft.dueAtMs.push(draft.nowMs + leftMs);
    } else {
      delete slot.crashes;
      delete slot.notBeforeMs;
      delete slot.lastWords;
    }
  }
}

function placeKey(server: Server): string | undefined {
  const place = placeOf(server.labels);
  return place && `${place.slot}.${place.generation}`;
}
