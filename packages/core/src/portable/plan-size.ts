import type { Server } from "../contracts/server.js";
import { formatDuration } from "../duration.js";
import type { SlotMemory } from "./documents.js";
import type { Draft } from "./draft.js";
import { beginRemoval, emptySlot, isMarked, waitUntilMs } from "./draft.js";
import { placeOf } from "./labels.js";
import { byAge } from "./plan-members.js";

/** Brings the number of members to what is wanted: creates, or begins removals. */
export function adjustSize(draft: Draft): void {
  const known = draft.live.length + draft.expected.size;
  if (known > draft.desired) return shrink(draft, known - draft.desired);
  const missing = draft.desired - known - draft.uncertain.size;
  const unanswered = draft.overdueAnswers.splice(0, draft.overdueAnswers.length);
  const asked = unanswered.slice(0, Math.max(0, missing));
  for (const name of unanswered.slice(asked.length)) forget(draft, name);
  if (missing > 0) grow(draft, missing, asked);
}

function forget(draft: Draft, name: string): void {
  const slot = draft.memory.slots[name];
  if (slot !== undefined) emptySlot(slot);
}

function grow(draft: Draft, missing: number, unanswered: readonly string[]): void {
  const blockedUntilMs = waitUntilMs(draft, draft.memory.createsNotBeforeMs);
  if (blockedUntilMs !== undefined) {
    draft.dueAtMs.push(blockedUntilMs);
    draft.waiting = true;
    return;
  }
  const held = heldBack(draft);
  const wanted = Math.max(0, missing - held.length);
  const budget = Math.min(
    Math.max(wanted, Math.min(missing, unanswered.length)),
    draft.input.settings.createsPerPass,
  );
  const zones = zoneCounts(draft);
  for (const name of unanswered.slice(0, budget)) create(draft, name, zones, true);
  for (const name of freeSlots(draft, budget - Math.min(budget, unanswered.length), held))
    create(draft, name, zones, false);
  if (held.length > 0 || wanted > budget) draft.waiting = true;
  if (wanted > budget) draft.dueAtMs.push(draft.nowMs);
}

/** Free slots that wait because their servers died young. They count as missing, and no other slot stands in for them. */
function heldBack(draft: Draft): string[] {
  const names: string[] = [];
  for (const [name, slot] of Object.entries(draft.memory.slots)) {
    const untilMs = slot.key === undefined ? waitUntilMs(draft, slot.notBeforeMs) : undefined;
    if (untilMs === undefined) continue;
    names.push(name);
    draft.dueAtMs.push(untilMs);
    draft.problems.push(crashText(name, slot, untilMs - draft.nowMs));
  }
  return names;
}

function crashText(name: string, slot: SlotMemory, leftMs: number): string {
  const times = slot.crashes === 1 ? "once" : `${slot.crashes ?? 0} times in a row`;
  const words = slot.lastWords === undefined ? "" : `; ${slot.lastWords}`;
  return `slot ${name} failed ${times} soon after its start; next try in ${formatDuration(leftMs)}${words}`;
}

function* freeSlots(draft: Draft, count: number, held: readonly string[]): Generator<string> {
  const taken = new Set(draft.live.concat(draft.standby).map((server) => placeOf(server.labels)?.slot));
  for (let slot = 1, left = count; left > 0; slot++) {
    const name = String(slot);
    if (taken.has(slot) || draft.memory.slots[name]?.key !== undefined || held.includes(name)) continue;
    left--;
    yield name;
  }
}

function create(draft: Draft, name: string, zones: Map<string, number>, again: boolean): void {
  draft.memory.slots[name] ??= { generation: 0 };
  const slot = draft.memory.slots[name] as SlotMemory;
  if (!again) {
    slot.generation += 1;
    slot.key = `${draft.input.group.incarnation}-${name}-${slot.generation}`;
    slot.launch = draft.input.group.launch;
    const zone = emptiestZone(zones);
    if (zone !== undefined) slot.zone = zone;
  }
  slot.askedAtMs = draft.nowMs;
  draft.steps.push({
    kind: "create",
    slot: Number(name),
    generation: slot.generation,
    key: slot.key ?? "",
    launch: slot.launch ?? draft.input.group.launch,
    ...(slot.zone === undefined ? {} : { zone: slot.zone }),
    again,
  });
}

function zoneCounts(draft: Draft): Map<string, number> {
  const counts = new Map(draft.input.group.zones.map((zone) => [zone, 0]));
  const note = (zone: string | undefined): void => {
    const count = zone === undefined ? undefined : counts.get(zone);
    if (zone !== undefined && count !== undefined) counts.set(zone, count + 1);
  };
  for (const server of draft.live) note(server.zone);
  for (const slot of draft.expected.values()) note(slot.zone);
  for (const name of draft.uncertain) note(draft.memory.slots[name]?.zone);
  return counts;
}

function emptiestZone(counts: Map<string, number>): string | undefined {
  let best: [string, number] | undefined;
  for (const entry of counts) if (best === undefined || entry[1] < best[1]) best = entry;
  if (best !== undefined) counts.set(best[0], best[1] + 1);
  return best?.[0];
}

function shrink(draft: Draft, surplus: number): void {
  const notBeforeMs = draft.memory.recoveringUntilMs;
  if (
    notBeforeMs !== undefined &&
    notBeforeMs > draft.nowMs &&
    draft.input.group.deletingSinceMs === undefined
  ) {
    draft.dueAtMs.push(notBeforeMs);
    draft.waiting = true;
    return;
  }
  let left = surplus;
  for (const [name, slot] of draft.expected) {
    if (left === 0) break;
    draft.memory.removals[slot.server] ??= { reason: "scale-in", sinceMs: draft.nowMs };
    draft.expected.delete(name);
    forget(draft, name);
    left--;
  }
  for (const server of victims(draft).slice(0, left)) {
    beginRemoval(draft, server, "scale-in");
    left--;
  }
  if (left > 0) draft.problems.push(`${left} more than wanted, and the rest is protected from scale-in`);
}

/** Who goes first: still building, then unhealthy, then of an older generation, then by age. Never the protected. */
function victims(draft: Draft): Server[] {
  const deleting = draft.input.group.deletingSinceMs !== undefined;
  const sign = draft.input.settings.scaleIn === "newest" ? -1 : 1;
  return draft.live
    .filter((server) => deleting || !isMarked(draft.memory, server, "protected"))
    .sort((a, b) => rank(draft, a) - rank(draft, b) || sign * byAge(a, b));
}

function rank(draft: Draft, server: Server): number {
  if (server.status === "building") return 0;
  if (draft.health.get(server.id) === "unhealthy" || server.status !== "active") return 1;
  const place = placeOf(server.labels);
  const current = place === undefined ? undefined : draft.memory.slots[place.slot]?.generation;
  return place !== undefined && current !== undefined && place.generation < current ? 2 : 3;
}
