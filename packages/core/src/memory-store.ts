import type { CallOptions } from "./contracts/common.js";
import type {
  Commit,
  CommitResult,
  DocumentWrite,
  LogEntry,
  StateStore,
  Versioned,
} from "./contracts/state-store.js";
import { ConflictError } from "./errors.js";
import { jsonText } from "./json-text.js";

interface Partition {
  /** Values as JSON text, so that a reader never holds what a writer goes on changing. */
  documents: Map<string, { text: string; version: number }>;
  log: { seq: number; atMs: number; text: string }[];
  lastSeq: number;
}

/**
 * A state store that lives in this process and is gone with it: for tests, for `connect` in a script that may forget,
 * and for trying things out. **Not durable**: "committed" means kept until the process ends.
 * In all else it behaves as the contract says: compare-and-set, atomic commits, JSON values, log with paging and pruning.
 */
export function createMemoryStore(): StateStore {
  const partitions = new Map<string, Partition>();
  const versions = { last: 0 };
  let closed = false;
  const enter = (options?: CallOptions): void => {
    options?.signal?.throwIfAborted();
    if (closed) throw new ConflictError("the state store is closed", { retry: "never" });
  };
  return {
    async get<T>(partition: string, key: string, options?: CallOptions) {
      enter(options);
      const kept = partitions.get(partition)?.documents.get(key);
      return kept && versioned<T>(key, kept);
    },
    async *list<T>(partition: string, prefix = "", options?: CallOptions) {
      enter(options);
      const documents = [...(partitions.get(partition)?.documents ?? [])];
      documents.sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [key, kept] of documents) if (key.startsWith(prefix)) yield versioned<T>(key, kept);
    },
    async *partitions(options) {
      enter(options);
      const holding = [...partitions].filter(([, { documents, log }]) => documents.size + log.length > 0);
      yield* holding.map(([name]) => name).sort();
    },
    async commit(name, commit, options) {
      enter(options);
      const partition = partitions.get(name) ?? { documents: new Map(), log: [], lastSeq: 0 };
      const result = write(partition, name, commit, versions);
      partitions.set(name, partition);
      return result;
    },
    async *read<T>(name: string, range: Parameters<StateStore["read"]>[1] = {}, options?: CallOptions) {
      enter(options);
      const picked = (partitions.get(name)?.log ?? []).filter((entry) => inRange(entry, range));
      if (range.newestFirst) picked.reverse();
      for (const { seq, atMs, text } of picked.slice(0, range.limit)) {
        yield { seq, atMs, value: JSON.parse(text) as T } satisfies LogEntry<T>;
      }
    },
    async prune(name, { beforeMs, keep = 0 }, options) {
      enter(options);
      const partition = partitions.get(name);
      if (!partition) return 0;
      const before = partition.log.length;
      const safeFrom = before - keep;
      partition.log = partition.log.filter((entry, index) => index >= safeFrom || entry.atMs >= beforeMs);
      return before - partition.log.length;
    },
    async drop(name, options) {
      enter(options);
      partitions.delete(name);
    },
    async close() {
      closed = true;
    },
  };
}

function versioned<T>(key: string, kept: { text: string; version: number }): Versioned<T> {
  return { key, value: JSON.parse(kept.text) as T, version: kept.version };
}

function inRange(
  entry: { seq: number; atMs: number },
  range: { afterSeq?: number; beforeSeq?: number; fromMs?: number; toMs?: number },
): boolean {
  const { afterSeq = 0, beforeSeq = Infinity, fromMs = -Infinity, toMs = Infinity } = range;
  return entry.seq > afterSeq && entry.seq < beforeSeq && entry.atMs >= fromMs && entry.atMs < toMs;
}

/** All checks come before the first change, so that a commit is whole or not there. */
function write(partition: Partition, name: string, commit: Commit, versions: { last: number }): CommitResult {
  const documents = commit.documents ?? [];
  for (const document of documents) checkVersion(partition, name, document);
  const texts = documents.map(({ key, value }) =>
    value === undefined ? undefined : jsonText(value, `document ${JSON.stringify(key)}`),
  );
  const appends = (commit.append ?? []).map(({ atMs, value }) => ({
    atMs,
    text: jsonText(value, "an entry"),
  }));
  const replacement = commit.replace && {
    seq: commit.replace.seq,
    text: jsonText(commit.replace.value, `entry ${commit.replace.seq}`),
  };

  const result: CommitResult = { versions: {}, appended: [] };
  for (const [index, { key }] of documents.entries()) {
    const text = texts[index];
    if (text === undefined) {
      partition.documents.delete(key);
      continue;
    }
    versions.last += 1;
    partition.documents.set(key, { text, version: versions.last });
    result.versions[key] = versions.last;
  }
  for (const { atMs, text } of appends) {
    partition.lastSeq += 1;
    partition.log.push({ seq: partition.lastSeq, atMs, text });
    result.appended.push(partition.lastSeq);
  }
  const old = replacement && partition.log.findLast((entry) => entry.seq === replacement.seq);
  if (old && replacement) old.text = replacement.text;
  return result;
}

function checkVersion(partition: Partition, name: string, { key, ifVersion }: DocumentWrite): void {
  const has = partition.documents.get(key)?.version ?? 0;
  if (ifVersion === undefined || ifVersion === has) return;
  throw new ConflictError(
    `document ${JSON.stringify(key)} of ${JSON.stringify(name)} has changed meanwhile`,
    {
      operation: "store.commit",
      resource: key,
      hint: "read it again and repeat the change",
    },
  );
}
