/**
 * Ids and names of groups.
 *
 * Note [Ids]: this API's ids are UUIDs and its names need not be unique, while a group of Bellows is told by its name
 * at the cloud. So a group that is made here gets an entry in the store: its id, its name, and the group behind it,
 * which bears the same name if that is free and fit. Groups that were made otherwise have the cloud's id here, and an
 * entry only when they are given another name.
 */
import type { Group, StateStore } from "@bellows/core";

/** A group's entry. */
export interface Entry {
  id: string;
  /** As this API shows it. */
  name: string;
  /** Id of the group at its cloud. */
  ref: string;
}

/** Entries of all tenants. The store has one holder, so what was read once is known. */
export interface Directory {
  /** The entry of an id, or of the cloud's id. */
  find(tenant: string, idOrRef: string): Promise<Entry | undefined>;
  all(tenant: string): Promise<readonly Entry[]>;
  /** Returned: durable. */
  write(tenant: string, entry: Entry): Promise<void>;
  remove(tenant: string, id: string): Promise<void>;
}

const prefixOf = (tenant: string): string => `autoscale/${encodeURIComponent(tenant)}/`;

/** Opens the directory of a store. */
export function openDirectory(store: StateStore): Directory {
  const read = new Map<string, Promise<Map<string, Entry>>>();
  const entriesOf = (tenant: string): Promise<Map<string, Entry>> => {
    let entries = read.get(tenant);
    if (entries === undefined) {
      entries = readEntries(store, tenant);
      entries.catch(() => read.delete(tenant));
      read.set(tenant, entries);
    }
    return entries;
  };
  const put = (tenant: string, id: string, value: Entry | undefined): Promise<unknown> =>
    store.commit("", { documents: [{ key: prefixOf(tenant) + id, value }] });
  return {
    async find(tenant, idOrRef) {
      const entries = await entriesOf(tenant);
      return entries.get(idOrRef) ?? [...entries.values()].find(({ ref }) => ref === idOrRef);
    },
    all: async (tenant) => [...(await entriesOf(tenant)).values()],
    async write(tenant, entry) {
      const entries = await entriesOf(tenant);
      await put(tenant, entry.id, entry);
      entries.set(entry.id, entry);
    },
    async remove(tenant, id) {
      const entries = await entriesOf(tenant);
      if (!entries.has(id)) return;
      await put(tenant, id, undefined);
      entries.delete(id);
    },
  };
}

async function readEntries(store: StateStore, tenant: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for await (const { value } of store.list<Entry>("", prefixOf(tenant))) entries.set(value.id, value);
  return entries;
}

/** The longest name of a cloud's group that is made from a name of this API, in characters. */
const LONGEST_PART = 200;

/**
 * A name for a cloud's group: letters, digits and `._-`, which every cloud takes.
 * @param id - makes it unique where the name alone is taken.
 */
export function cloudNameOf(name: string, id?: string): string {
  const fit = name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+|-+$/g, "");
  const start = (fit === "" ? "group" : fit).slice(0, LONGEST_PART);
  return id === undefined ? start : `${start}-${id.slice(0, 8)}`;
}

/** A group's id and name as this API shows them. */
export function shownAs(
  group: Pick<Group, "id" | "name">,
  entry: Entry | undefined,
): { id: string; name: string } {
  return entry ?? { id: group.id, name: group.name };
}
