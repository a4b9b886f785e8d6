import type { CallOptions } from "./common.js";

/** A document and its version; versions of a key only grow. */
export interface Versioned<T = unknown> {
  key: string;
  value: T;
  version: number;
}

/** An entry of a log. */
export interface LogEntry<T = unknown> {
  /** Grows by one with each entry of its log. */
  seq: number;
  atMs: number;
  value: T;
}

/** One document to write (`value: undefined` deletes it). */
export interface DocumentWrite {
  key: string;
  value: unknown;
  /** Write only if the document has this version (0: only if absent). Without it: whatever it has. */
  ifVersion?: number;
}

/** All that one commit writes: together, or not at all. Values must be JSON. */
export interface Commit {
  documents?: readonly DocumentWrite[];
  /** Entries to add to the partition's log. */
  append?: readonly { atMs: number; value: unknown }[];
  /** Overwrites one entry of the log (an equal hold that lasts). Ignored when it was pruned. */
  replace?: { seq: number; value: unknown };
}

/** What a commit wrote. */
export interface CommitResult {
  /** New versions, by key. */
  versions: Record<string, number>;
  /** Sequence numbers of appended entries, in order. */
  appended: number[];
}

/**
 * Where Bellows keeps what must outlive a process: small enough for SQLite, PostgreSQL and DynamoDB.
 *
 * Everything lives in a partition (one per group, `""` for what belongs to none). A partition has documents with
 * compare-and-set and one append-only log. A commit is atomic and durable when it returns: after SIGKILL at any
 * moment it is there whole or not at all. There are no transactions across partitions.
 */
export interface StateStore {
  get<T = unknown>(partition: string, key: string, options?: CallOptions): Promise<Versioned<T> | undefined>;
  /** Documents of a partition whose key begins with `prefix`, in order of key. */
  list<T = unknown>(partition: string, prefix?: string, options?: CallOptions): AsyncIterable<Versioned<T>>;
  /** Partitions that hold anything, in order. */
  partitions(options?: CallOptions): AsyncIterable<string>;
  /** @throws ConflictError when an `ifVersion` does not hold; nothing is written then. */
  commit(partition: string, commit: Commit, options?: CallOptions): Promise<CommitResult>;
  /**
   * Entries of a partition's log. `newestFirst` reads backwards from the end (or from `beforeSeq`).
   * @param range.fromMs - only entries at or after that time; `toMs` exclusive.
   */
  read<T = unknown>(
    partition: string,
    range?: {
      afterSeq?: number;
      beforeSeq?: number;
      fromMs?: number;
      toMs?: number;
      limit?: number;
      newestFirst?: boolean;
    },
    options?: CallOptions,
  ): AsyncIterable<LogEntry<T>>;
  /** Removes log entries older than `beforeMs`, but keeps the newest `keep`. @returns how many went. */
  prune(
    partition: string,
    limits: { beforeMs: number; keep?: number },
    options?: CallOptions,
  ): Promise<number>;
  /** Removes a partition whole. */
  drop(partition: string, options?: CallOptions): Promise<void>;
  close(): Promise<void>;
}
