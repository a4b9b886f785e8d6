/**
 * What Bellows knows of a balancer that Rackspace has no words for, kept in the balancer's own metadata. Pure.
 *
 * Note [Leaving]: Cloud Load Balancers drain a node for as long as one lets them, and take nobody out. So that a member
 * that was told to go does go, even if whoever told it is gone by then, the time and the nodes are written down on the
 * balancer: whoever looks at it next with Bellows, and finds the time over, takes them out.
 */
import { z } from "@bellows/core";
import type { ClbMeta } from "./balancer-words.js";

/** Keys of ours begin so; the owner's has the name that labels have everywhere. */
const OURS = "bellows:";
const SETTINGS_KEY = "bellows:settings";
const OWNER_KEY = "bellows:owner";
/** Key of the note of who is leaving. */
export const LEAVING_KEY = "bellows:leaving";
/** Longest key and value, and most items. @see docs.rackspace.com, Cloud Load Balancers, Add load balancer metadata */
const LONGEST = 256;
const MOST_ITEMS = 25;
/** Nodes that fit into a value beside a time, ids of ten digits. */
const MOST_LEAVING = 20;

const settingsSchema = z.object({
  /** Where members listen, when it is not the balancer's own port. */
  instancePort: z.number().optional(),
  drainMs: z.number().optional(),
  /** Name of its pool, when it is not the usual one. */
  pool: z.string().optional(),
  /** Of the health check: what Rackspace does not keep. */
  healthy: z.number().optional(),
  checkPort: z.number().optional(),
});
/** What Rackspace has no words for. */
export type BalancerSettings = z.infer<typeof settingsSchema>;

/** All that a balancer's metadata says. */
export interface BalancerNotes {
  /** What is the user's. */
  metadata: Record<string, string>;
  settings: BalancerSettings;
  owner?: string;
  leaving?: Leaving;
}

/** Nodes that drain, and until when, in milliseconds since the epoch. */
export interface Leaving {
  untilMs: number;
  nodes: readonly number[];
}

/** Reads a balancer's metadata. What somebody has made unreadable counts as not there. */
export function notesIn(items: readonly ClbMeta[]): BalancerNotes {
  const all = new Map(items.map(({ key, value }) => [key, value]));
  const owner = all.get(OWNER_KEY);
  const leaving = readLeaving(all.get(LEAVING_KEY));
  return {
    metadata: Object.fromEntries([...all].filter(([key]) => !key.startsWith(OURS))),
    settings: readSettings(all.get(SETTINGS_KEY)),
    ...(owner === undefined ? {} : { owner }),
    ...(leaving === undefined ? {} : { leaving }),
  };
}

function readSettings(text: string | undefined): BalancerSettings {
  try {
    const read = settingsSchema.safeParse(JSON.parse(text ?? "{}"));
    return read.success ? read.data : {};
  } catch {
    return {};
  }
}

function readLeaving(text: string | undefined): Leaving | undefined {
  const [, until, nodes] = /^(\d+):(\d+(?:,\d+)*)$/.exec(text ?? "") ?? [];
  return until === undefined || nodes === undefined
    ? undefined
    : { untilMs: Number(until), nodes: nodes.split(",").map(Number) };
}

/** The note of who is leaving; of very many only the last ones are written down. */
export function leavingText({ untilMs, nodes }: Leaving): string {
  return `${untilMs}:${nodes.slice(-MOST_LEAVING).join(",")}`;
}

/** A balancer's metadata with what it is to say, who is leaving aside. */
export function itemsOf({ metadata, settings, owner }: BalancerNotes): Map<string, string> {
  const said = Object.entries(settings).filter(([, value]) => value !== undefined);
  return new Map([
    ...Object.entries(metadata),
    ...(said.length === 0 ? [] : [[SETTINGS_KEY, JSON.stringify(Object.fromEntries(said))] as const]),
    ...(owner === undefined ? [] : [[OWNER_KEY, owner] as const]),
  ]);
}

/** What is wrong with what a balancer's metadata is to say. */
export function notesFaults(notes: BalancerNotes): string[] {
  // One place is kept for the note of who is leaving.
  const count = itemsOf(notes).size + 1;
  return [
    ...(count > MOST_ITEMS ? [`metadata: at most ${MOST_ITEMS} with those of Bellows, not ${count}`] : []),
    ...Object.entries(notes.metadata).flatMap(([key, value]) => {
      if (key.startsWith(OURS)) return [`metadata.${key}: keys that begin with ${OURS} are taken`];
      return key.length > LONGEST || value.length > LONGEST
        ? [`metadata.${key.slice(0, 40)}: takes at most ${LONGEST} characters`]
        : [];
    }),
  ];
}

/** What must be done to the items that are there so that they say what is wanted. */
export interface MetadataChange {
  add: { key: string; value: string }[];
  set: { id: number; value: string }[];
  remove: number[];
}

/** Compares items; the note of who is leaving is not touched. */
export function metadataChange(
  there: readonly ClbMeta[],
  wanted: ReadonlyMap<string, string>,
): MetadataChange {
  const keys = new Set(there.map(({ key }) => key));
  return {
    add: [...wanted].flatMap(([key, value]) => (keys.has(key) ? [] : [{ key, value }])),
    set: there.flatMap(({ id, key, value }) => {
      const next = wanted.get(key);
      return next === undefined || next === value ? [] : [{ id, value: next }];
    }),
    remove: there.flatMap(({ id, key }) => (wanted.has(key) || key === LEAVING_KEY ? [] : [id])),
  };
}
