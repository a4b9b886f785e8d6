import type { DocumentWrite, StateStore } from "../contracts/state-store.js";
import { isBellowsError } from "../errors.js";

/** How often a change is computed anew because somebody else wrote first. */
const ATTEMPTS = 25;

/** A list of things in one document of a group, with compare-and-set. */
export interface Shelf<T> {
  read(partition: string, key: string): Promise<T[]>;
  /** `update` may be called several times, and may throw. @returns the list as written. */
  change(partition: string, key: string, update: (items: T[]) => T[]): Promise<T[]>;
}

/** Opens shelves of a store. */
export function openShelf<T>(store: StateStore): Shelf<T> {
  return {
    read: async (partition, key) => (await store.get<T[]>(partition, key))?.value ?? [],
    async change(partition, key, update) {
      for (let attempt = 1; ; attempt++) {
        const old = await store.get<T[]>(partition, key);
        const items = update(old?.value ?? []);
        const document: DocumentWrite = {
          key,
          value: items.length === 0 ? undefined : items,
          ifVersion: old?.version ?? 0,
        };
        try {
          await store.commit(partition, { documents: [document] });
          return items;
        } catch (error) {
          if (!isBellowsError(error, "conflict") || attempt >= ATTEMPTS) throw error;
        }
      }
    },
  };
}
