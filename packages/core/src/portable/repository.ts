import type { CallOptions } from "../contracts/common.js";
import type { DocumentWrite, StateStore, Versioned } from "../contracts/state-store.js";
import { ConflictError, isBellowsError } from "../errors.js";
import type { GroupDefinition, GroupMemory, LaunchDocument } from "./documents.js";
import { emptyGroupMemory } from "./documents.js";

/** A group as the store has it. */
export interface GroupRecord {
  definition: GroupDefinition;
  memory: GroupMemory;
  /** Versions of the two documents. */
  versions: { definition: number; memory: number };
}

/** What a change of a group writes; what is left out stays. */
export interface GroupChange {
  definition?: GroupDefinition;
  memory?: GroupMemory;
  /** Other documents of the partition, in the same commit. */
  documents?: readonly DocumentWrite[];
}

/** How often a change is computed anew because somebody else wrote first. */
const ATTEMPTS = 25;

/** Groups in the store, with compare-and-set on every write. */
export interface Repository {
  key(name: string): string;
  load(group: string, options?: CallOptions): Promise<GroupRecord | undefined>;
  /** Makes a group. @throws ConflictError when the name is taken. */
  insert(
    definition: GroupDefinition,
    memory: GroupMemory,
    documents: readonly DocumentWrite[],
  ): Promise<void>;
  /**
   * Reads, computes and writes until nobody interferes. `change` may be called several times, and may throw.
   * @returns the record as written; `undefined` when the group does not exist.
   */
  mutate(
    group: string,
    change: (record: GroupRecord) => GroupChange | undefined,
  ): Promise<GroupRecord | undefined>;
  /** Removes every document of the group, but nothing else in its partition. */
  remove(group: string): Promise<void>;
  names(options?: CallOptions): AsyncIterable<string>;
  launch(group: string, version: string): Promise<LaunchDocument | undefined>;
  launches(group: string): AsyncIterable<LaunchDocument>;
  launchWrite(document: LaunchDocument): DocumentWrite;
}

/** Opens the groups of one provider. @param provider - key of the provider in the config. */
export function openRepository(store: StateStore, provider: string): Repository {
  const prefix = `portable/${provider}/`;
  const key = (name: string): string => prefix + name;
  const launchKey = (version: string): string => key(`launch/${version.padStart(8, "0")}`);

  const load = async (group: string, options?: CallOptions): Promise<GroupRecord | undefined> => {
    const definition = await store.get<GroupDefinition>(group, key("group"), options);
    if (definition === undefined) return undefined;
    const memory = await store.get<GroupMemory>(group, key("memory"), options);
    return {
      definition: definition.value,
      memory: { ...emptyGroupMemory(), ...memory?.value },
      versions: { definition: definition.version, memory: memory?.version ?? 0 },
    };
  };

  const write = async (group: string, record: GroupRecord, change: GroupChange): Promise<GroupRecord> => {
    const documents: DocumentWrite[] = [...(change.documents ?? [])];
    if (change.definition)
      documents.push({ key: key("group"), value: change.definition, ifVersion: record.versions.definition });
    if (change.memory)
      documents.push({ key: key("memory"), value: change.memory, ifVersion: record.versions.memory });
    if (documents.length === 0) return record;
    const { versions } = await store.commit(group, { documents });
    return {
      definition: change.definition ?? record.definition,
      memory: change.memory ?? record.memory,
      versions: {
        definition: versions[key("group")] ?? record.versions.definition,
        memory: versions[key("memory")] ?? record.versions.memory,
      },
    };
  };

  return {
    key,
    load,
    async insert(definition, memory, documents) {
      await store.commit(definition.name, {
        documents: [
          { key: key("group"), value: definition, ifVersion: 0 },
          { key: key("memory"), value: memory },
          ...documents,
        ],
      });
    },
    async mutate(group, change) {
      for (let attempt = 1; ; attempt++) {
        const record = await load(group);
        if (record === undefined) return undefined;
        const wanted = change(record);
        if (wanted === undefined) return record;
        try {
          return await write(group, record, wanted);
        } catch (error) {
          if (!isBellowsError(error, "conflict")) throw error;
          if (attempt >= ATTEMPTS) throw tooBusy(group, error);
        }
      }
    },
    async remove(group) {
      const documents: DocumentWrite[] = [];
      for await (const document of store.list(group, prefix))
        documents.push({ key: document.key, value: undefined });
      if (documents.length > 0) await store.commit(group, { documents });
    },
    async *names(options) {
      for await (const partition of store.partitions(options)) {
        if (await store.get(partition, key("group"), options)) yield partition;
      }
    },
    async launch(group, version) {
      return (await store.get<LaunchDocument>(group, launchKey(version)))?.value;
    },
    async *launches(group) {
      const all: Versioned<LaunchDocument>[] = [];
      for await (const document of store.list<LaunchDocument>(group, key("launch/"))) all.push(document);
      for (const document of all.reverse()) yield document.value;
    },
    launchWrite: (document) => ({ key: launchKey(document.version), value: document }),
  };
}

function tooBusy(group: string, cause: unknown): ConflictError {
  return new ConflictError(`group ${group} is being changed by others all the time`, {
    resource: group,
    hint: "try again",
    cause,
  });
}
