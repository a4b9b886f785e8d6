/**
 * Looking at many groups. The list carries every group's counts, a hundred a call, but not its bounds, cooldown and
 * ties; these seldom change, and are kept for a minute from when they were read. What this connection changes itself it
 * forgets at once.
 */
import {
  type CallOptions,
  type Clock,
  errorLine,
  isBellowsError,
  type Observation,
  type Ref,
} from "@bellows/core";
import type { Entry, Manifest } from "./autoscale.js";
import type { Call } from "./client.js";
import { allEntries, type GroupContext, isId, readManifest } from "./group-context.js";
import { statusOf } from "./group-map.js";

/** How long a definition counts as known, in milliseconds: longer than a round, shorter than patience. */
const KNOWN_FOR_MS = 60_000;
/** From so many groups on, one list is cheaper than a look at each. */
const FEW = 2;
/** Definitions that are read at the same time. */
const AT_ONCE = 8;

/** Definitions that were read lately, by the group's id. */
export interface Definitions {
  get(id: string): Manifest | undefined;
  /** @param askedAtMs - when it was asked for, in monotonic milliseconds: before a change it is not kept. */
  set(manifest: Manifest, askedAtMs: number): void;
  /** Says that a group is another now. */
  forget(id: string): void;
}

/** Makes the memory of a connection. */
export function createDefinitions(clock: Clock): Definitions {
  const kept = new Map<string, { manifest: Manifest; untilMs: number }>();
  const changed = new Map<string, number>();
  return {
    get(id) {
      const found = kept.get(id);
      if (found !== undefined && found.untilMs <= clock.monotonic()) kept.delete(id);
      return kept.get(id)?.manifest;
    },
    set(manifest, askedAtMs) {
      if (askedAtMs <= (changed.get(manifest.id) ?? Number.NEGATIVE_INFINITY)) return;
      changed.delete(manifest.id);
      kept.set(manifest.id, { manifest, untilMs: clock.monotonic() + KNOWN_FOR_MS });
    },
    forget(id) {
      kept.delete(id);
      changed.set(id, clock.monotonic());
    },
  };
}

/** What looking works with. */
type ObservingContext = GroupContext & { definitions: Definitions };

/** Reads a group's definition, and keeps it. */
async function readAndKeep(
  { rackspace, definitions, host: { clock } }: ObservingContext,
  id: string,
  call: Call,
): Promise<Manifest> {
  const askedAtMs = clock.monotonic();
  const manifest = await readManifest(rackspace, id, call);
  definitions.set(manifest, askedAtMs);
  return manifest;
}

/**
 * Looks at many groups, in the order in which they are named.
 * @throws the signal's reason when it is aborted, and nothing else.
 */
export async function observeGroups(
  context: ObservingContext,
  refs: readonly Ref[],
  options: CallOptions = {},
): Promise<Observation[]> {
  options.signal?.throwIfAborted();
  const call: Call = { operation: "groups.observe", signal: options.signal };
  if (refs.length === 0) return [];
  const names = [...new Set(refs)];
  if (names.length <= FEW && names.every(isId)) {
    const seen = await Promise.all(names.map((id) => observeOne(context, id, call)));
    const all = new Map(names.map((id, index) => [id, seen[index]]));
    const found = refs.flatMap((ref) => all.get(ref) ?? []);
    if (found.length === refs.length) return found;
  }
  try {
    return await observeMany(context, refs, call);
  } catch (error) {
    options.signal?.throwIfAborted();
    return refs.map(() => ({ unavailable: errorLine(error) }));
  }
}

/** None where there is no group of that id: it may be a name. */
async function observeOne(
  context: ObservingContext,
  id: string,
  call: Call,
): Promise<Observation | undefined> {
  try {
    const manifest = await readAndKeep(context, id, call);
    return { status: statusOf(manifest, manifest.state, context.host.clock.now()) };
  } catch (error) {
    call.signal?.throwIfAborted();
    return isBellowsError(error, "not-found") ? undefined : { unavailable: errorLine(error) };
  }
}

async function observeMany(
  context: ObservingContext,
  refs: readonly Ref[],
  call: Call,
): Promise<Observation[]> {
  const entries: Entry[] = [];
  for await (const entry of allEntries(context.rackspace, call)) entries.push(entry);
  const nowMs = context.host.clock.now();
  const index = indexOf(entries);
  const wanted = new Set(refs.flatMap((ref) => (index.get(ref)?.length === 1 ? (index.get(ref) ?? []) : [])));
  const manifests = await definitionsOf(context, [...wanted], call);
  return refs.map((ref) => {
    const [entry, other] = index.get(ref) ?? [];
    if (entry === undefined) return { unavailable: `there is no group "${ref}"` };
    if (other !== undefined) return { unavailable: `group name "${ref}" fits several: use the id` };
    const known = manifests.get(entry.id);
    if (known === undefined || "unavailable" in known)
      return known ?? { unavailable: `there is no group "${ref}"` };
    return { status: statusOf(known.manifest, entry.state, nowMs) };
  });
}

/** Groups by id, and by name. */
function indexOf(entries: readonly Entry[]): Map<Ref, Entry[]> {
  const index = new Map<Ref, Entry[]>();
  for (const entry of entries) index.set(entry.state.name, [...(index.get(entry.state.name) ?? []), entry]);
  for (const entry of entries) index.set(entry.id, [entry]);
  return index;
}

type Known = { manifest: Manifest } | { unavailable: string };

async function definitionsOf(
  context: ObservingContext,
  entries: readonly Entry[],
  call: Call,
): Promise<Map<string, Known>> {
  const known = new Map<string, Known>();
  const missing: Entry[] = [];
  for (const entry of entries) {
    const manifest = context.definitions.get(entry.id);
    if (manifest?.groupConfiguration.name === entry.state.name) known.set(entry.id, { manifest });
    else missing.push(entry);
  }
  const next = missing.values();
  const work = async (): Promise<void> => {
    for (const { id } of next) {
      try {
        known.set(id, { manifest: await readAndKeep(context, id, call) });
      } catch (error) {
        if (!isBellowsError(error)) throw error;
        known.set(id, { unavailable: errorLine(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, missing.length) }, work));
  return known;
}
