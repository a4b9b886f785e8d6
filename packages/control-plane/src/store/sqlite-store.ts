import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import {
  type CallOptions,
  type Commit,
  type CommitResult,
  ConflictError,
  jsonText,
  type LogEntry,
  type StateStore,
  type Versioned,
} from "@bellows/core";
import Database from "libsql";
import { storeFault } from "./sqlite-faults.js";
import { migrate } from "./sqlite-schema.js";

/**
 * The embedded state store: one SQLite file (through libsql), held by one process at a time.
 *
 * Note [Durability]: the journal is a write-ahead log with `synchronous=FULL`, so a commit that returned has been
 * synced. Commits that arrive in the same turn of the event loop share one transaction and one sync; each is compared with
 * what is there before any of it is written, so one that fails its compare-and-set takes no other with it.
 *
 * Note [One holder]: the exclusive locking mode keeps the operating system's lock on the file for as long as it is
 * open. The lock goes with the process, also by SIGKILL, so no stale lock is ever left.
 */
export interface SqliteStoreOptions {
  /** Path of the file; its folder is made if need be (mode 0700), the file has mode 0600. */
  file: string;
  /** Looks through the whole file for damage, which takes time for a long one. */
  check?: boolean;
}

/** A commit whose values are JSON already: what the caller does to them afterwards changes nothing. */
interface Written {
  documents: { key: string; ifVersion: number | undefined; text: string | undefined }[];
  append: { atMs: number; text: string }[];
  replace: { seq: number; text: string } | undefined;
}

/** The last version of a partition's documents, and the last place in its log. */
interface Counters {
  version: number;
  seq: number;
}

interface Pending {
  partition: string;
  commit: Written;
  resolve: (result: CommitResult) => void;
  reject: (error: unknown) => void;
}

/** Entries read from the file at a time when a log is walked. */
const PAGE = 200;

/** Versions that are remembered at most; when there are more, all are read again. */
const MOST_VERSIONS = 50_000;

const nameOf = (partition: string, key: string): string => `${partition}\0${key}`;

/**
 * Opens (or makes) a state file.
 * @throws ConflictError when another process holds it, UnavailableError when it is damaged or the disk fails,
 *   PermissionError when it cannot be written, ConfigError when a newer version wrote it.
 */
export function openSqliteStore(options: SqliteStoreOptions): StateStore {
  const { file } = options;
  try {
    const database = open(file);
    if (options.check === true) check(database, file);
    return new SqliteStore(database, file);
  } catch (error) {
    throw storeFault(error, file, "store.open");
  }
}

function open(file: string): Database.Database {
  if (!existsSync(dirname(file))) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new Database(file);
  try {
    database.exec("PRAGMA busy_timeout = 0");
    database.prepare("PRAGMA locking_mode = EXCLUSIVE").get();
    database.prepare("PRAGMA journal_mode = WAL").get();
    database.exec("PRAGMA synchronous = FULL; BEGIN EXCLUSIVE; COMMIT");
    chmodSync(file, 0o600);
    migrate(database, file);
    return database;
  } catch (error) {
    release(database);
    throw error;
  }
}

/** @throws an error with SQLite's code for damage. */
function check(database: Database.Database, file: string): void {
  try {
    const found = database.prepare("PRAGMA quick_check(1)").all() as { quick_check: string }[];
    const [fault] = found.map((row) => Object.values(row)[0]);
    if (fault !== "ok") throw Object.assign(new Error(`${file}: ${fault}`), { code: "SQLITE_CORRUPT" });
  } catch (error) {
    release(database);
    throw error;
  }
}

/**
 * Closes the file and lets its lock go. The library closes for good only when the last prepared statement has been
 * collected, so the lock is given up by itself first: it can be, once the file has left write-ahead logging.
 */
function release(database: Database.Database): void {
  const steps = [
    "PRAGMA journal_mode = DELETE",
    "PRAGMA locking_mode = NORMAL",
    "SELECT count(*) FROM sqlite_master",
  ];
  try {
    for (const step of steps) database.prepare(step).get();
  } catch {
    // The disk is full, or the file is damaged: then the lock goes with the process.
  }
  database.close();
}

class SqliteStore implements StateStore {
  readonly #database: Database.Database;
  readonly #file: string;
  readonly #statements = new Map<string, Database.Statement>();
  /** Versions of documents as they were written or read last: nobody else writes the file. */
  readonly #versions = new Map<string, number>();
  #pending: Pending[] = [];
  #closed = false;

  constructor(database: Database.Database, file: string) {
    this.#database = database;
    this.#file = file;
  }

  #sql(text: string): Database.Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  #guard<T>(operation: string, run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw storeFault(error, this.#file, operation);
    }
  }

  async get<T>(partition: string, key: string, options?: CallOptions): Promise<Versioned<T> | undefined> {
    options?.signal?.throwIfAborted();
    return this.#guard("store.get", () => {
      const row = this.#sql("SELECT version, value FROM documents WHERE partition = ? AND key = ?").get(
        partition,
        key,
      ) as { version: number; value: string } | undefined;
      return row === undefined ? undefined : { key, version: row.version, value: JSON.parse(row.value) as T };
    });
  }

  async *list<T>(partition: string, prefix = "", options?: CallOptions): AsyncIterable<Versioned<T>> {
    // SQLite counts characters, not the halves of them.
    const prefixLength = [...prefix].length;
    let after = "";
    for (;;) {
      options?.signal?.throwIfAborted();
      const rows = this.#guard("store.list", () =>
        this.#sql(
          "SELECT key, version, value FROM documents WHERE partition = ? AND key > ? AND key >= ? AND substr(key, 1, ?) = ? ORDER BY key LIMIT ?",
        ).all(partition, after, prefix, prefixLength, prefix, PAGE),
      ) as { key: string; version: number; value: string }[];
      for (const row of rows) yield { key: row.key, version: row.version, value: JSON.parse(row.value) as T };
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      after = last.key;
    }
  }

  async *partitions(options?: CallOptions): AsyncIterable<string> {
    options?.signal?.throwIfAborted();
    const rows = this.#guard("store.partitions", () =>
      this.#sql("SELECT partition FROM documents UNION SELECT partition FROM log ORDER BY 1").all(),
    ) as { partition: string }[];
    for (const row of rows) yield row.partition;
  }

  async commit(partition: string, commit: Commit, options?: CallOptions): Promise<CommitResult> {
    options?.signal?.throwIfAborted();
    if (this.#closed)
      throw storeFault(new ConflictError("the state store is closed"), this.#file, "store.commit");
    const written = writtenOut(commit);
    return new Promise((resolve, reject) => {
      this.#pending.push({ partition, commit: written, resolve, reject });
      if (this.#pending.length === 1) setImmediate(() => this.#flush());
    });
  }

  /** Writes all that waits in one transaction; see the note on durability. */
  #flush(): void {
    const batch = this.#pending;
    if (batch.length === 0) return;
    this.#pending = [];
    const answers: (() => void)[] = [];
    const counters = new Map<string, Counters>();
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const pending of batch) answers.push(this.#attempt(pending, counters));
      for (const [partition, { version, seq }] of counters)
        this.#sql("INSERT OR REPLACE INTO counters VALUES (?, ?, ?)").run(partition, version, seq);
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
      this.#versions.clear();
      const fault = storeFault(error, this.#file, "store.commit");
      for (const pending of batch) pending.reject(fault);
      return;
    }
    for (const answer of answers) answer();
  }

  /** Any error but a conflict, which has written nothing, ends the transaction. */
  #attempt({ partition, commit, resolve, reject }: Pending, all: Map<string, Counters>): () => void {
    try {
      for (const { key, ifVersion } of commit.documents) this.#check(partition, key, ifVersion);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      return () => reject(error);
    }
    const counters = all.get(partition) ?? this.#counters(partition);
    all.set(partition, counters);
    const result = this.#apply(partition, commit, counters);
    return () => resolve(result);
  }

  #counters(partition: string): Counters {
    const row = this.#sql("SELECT version, seq FROM counters WHERE partition = ?").get(partition);
    return { version: 0, seq: 0, ...(row as Partial<Counters> | undefined) };
  }

  #apply(partition: string, commit: Written, counters: Counters): CommitResult {
    const result: CommitResult = { versions: {}, appended: [] };
    for (const { key, text } of commit.documents) {
      if (text === undefined)
        this.#sql("DELETE FROM documents WHERE partition = ? AND key = ?").run(partition, key);
      else
        this.#sql("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)").run(
          partition,
          key,
          ++counters.version,
          text,
        );
      this.#remember(partition, key, text === undefined ? 0 : counters.version);
      result.versions[key] = text === undefined ? 0 : counters.version;
    }
    for (const { atMs, text } of commit.append) {
      this.#sql("INSERT INTO log VALUES (?, ?, ?, ?)").run(partition, ++counters.seq, atMs, text);
      result.appended.push(counters.seq);
    }
    if (commit.replace !== undefined) {
      const { seq: at, text } = commit.replace;
      this.#sql("UPDATE log SET value = ? WHERE partition = ? AND seq = ?").run(text, partition, at);
    }
    return result;
  }

  #check(partition: string, key: string, ifVersion: number | undefined): void {
    if (ifVersion === undefined) return;
    const found = this.#versions.get(nameOf(partition, key)) ?? this.#versionOf(partition, key);
    if (found === ifVersion) return;
    throw new ConflictError(
      `${key} of ${partition || "the state"} was changed by another writer (version ${found}, expected ${ifVersion})`,
      {
        operation: "store.commit",
        resource: key,
      },
    );
  }

  #versionOf(partition: string, key: string): number {
    const row = this.#sql("SELECT version FROM documents WHERE partition = ? AND key = ?").get(
      partition,
      key,
    ) as { version: number } | undefined;
    const version = row?.version ?? 0;
    this.#remember(partition, key, version);
    return version;
  }

  #remember(partition: string, key: string, version: number): void {
    if (this.#versions.size >= MOST_VERSIONS) this.#versions.clear();
    this.#versions.set(nameOf(partition, key), version);
  }

  async *read<T>(
    partition: string,
    range: Parameters<StateStore["read"]>[1] = {},
    options?: CallOptions,
  ): AsyncIterable<LogEntry<T>> {
    const order = range.newestFirst === true ? "DESC" : "ASC";
    let low = range.afterSeq ?? 0;
    let high = range.beforeSeq ?? Number.MAX_SAFE_INTEGER;
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      options?.signal?.throwIfAborted();
      const count = Math.min(PAGE, left);
      const rows = this.#guard("store.read", () =>
        this.#sql(
          `SELECT seq, at_ms, value FROM log WHERE partition = ? AND seq > ? AND seq < ? AND at_ms >= ? AND at_ms < ? ORDER BY seq ${order} LIMIT ?`,
        ).all(
          partition,
          low,
          high,
          range.fromMs ?? Number.MIN_SAFE_INTEGER,
          range.toMs ?? Number.MAX_SAFE_INTEGER,
          count,
        ),
      ) as { seq: number; at_ms: number; value: string }[];
      for (const row of rows) yield { seq: row.seq, atMs: row.at_ms, value: JSON.parse(row.value) as T };
      const last = rows.at(-1);
      if (last === undefined || rows.length < count) return;
      if (order === "DESC") high = last.seq;
      else low = last.seq;
      left -= rows.length;
    }
  }

  async prune(
    partition: string,
    limits: { beforeMs: number; keep?: number },
    options?: CallOptions,
  ): Promise<number> {
    options?.signal?.throwIfAborted();
    return this.#guard("store.prune", () => {
      const row = this.#sql("SELECT seq FROM log WHERE partition = ? ORDER BY seq DESC LIMIT 1 OFFSET ?").get(
        partition,
        limits.keep ?? 0,
      ) as { seq: number } | undefined;
      if (row === undefined) return 0;
      return this.#sql("DELETE FROM log WHERE partition = ? AND seq <= ? AND at_ms < ?").run(
        partition,
        row.seq,
        limits.beforeMs,
      ).changes;
    });
  }

  async drop(partition: string, options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    this.#guard("store.drop", () => {
      this.#versions.clear();
      const all = this.#database.transaction(() => {
        this.#sql("DELETE FROM documents WHERE partition = ?").run(partition);
        this.#sql("DELETE FROM log WHERE partition = ?").run(partition);
      });
      all();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#statements.clear();
    release(this.#database);
  }
}

/** @throws ConfigError when a value is no JSON; nothing waits for it then. */
function writtenOut(commit: Commit): Written {
  return {
    documents: (commit.documents ?? []).map(({ key, value, ifVersion }) => ({
      key,
      ifVersion,
      text: value === undefined ? undefined : jsonText(value, `document ${JSON.stringify(key)}`),
    })),
    append: (commit.append ?? []).map(({ atMs, value }) => ({ atMs, text: jsonText(value, "an entry") })),
    replace: commit.replace && {
      seq: commit.replace.seq,
      text: jsonText(commit.replace.value, `entry ${commit.replace.seq}`),
    },
  };
}
