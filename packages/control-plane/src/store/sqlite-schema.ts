import { ConfigError } from "@bellows/core";
import type Database from "libsql";

/** Steps from an empty file to today's layout; a step, once released, never changes. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE documents (
     partition TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, value TEXT NOT NULL,
     PRIMARY KEY (partition, key)) WITHOUT ROWID;
   CREATE TABLE log (
     partition TEXT NOT NULL, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL, value TEXT NOT NULL,
     PRIMARY KEY (partition, seq)) WITHOUT ROWID;
   CREATE INDEX log_by_time ON log (partition, at_ms);
   CREATE TABLE counters (partition TEXT PRIMARY KEY, version INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;`,
];

/** The layout that this version writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings a state file to today's layout, one transaction a step.
 * @throws ConfigError when a newer version of Bellows wrote it.
 */
export function migrate(database: Database.Database, file: string): void {
  const found = userVersion(database);
  if (found > SCHEMA_VERSION) {
    throw new ConfigError(
      `state file ${file} was written by a newer Bellows (layout ${found}, this one knows ${SCHEMA_VERSION})`,
      {
        hint: "upgrade Bellows, or use another state directory",
      },
    );
  }
  for (let version = found; version < SCHEMA_VERSION; version++) {
    database.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[version]}; PRAGMA user_version = ${version + 1}; COMMIT`);
  }
}

function userVersion(database: Database.Database): number {
  const row = database.prepare("PRAGMA user_version").get() as { user_version: number };
  return row.user_version;
}
