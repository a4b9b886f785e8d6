import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { readJson, writeAtomic } from "./balancer/files.js";
import { systemCode } from "./errors.js";
import type { ServerEntry } from "./records.js";
import { FACTS } from "./records.js";

/** A folder that changed less than this long ago may change again within the same tick of its time stamp. */
const STAMP_DOUBT_MS = 50;

interface Cached {
  stamp: string;
  /** Wall time of the machine when it was read, as time stamps of files are. */
  readAtMs: number;
  changedAtMs: number;
  entry: ServerEntry | undefined;
}

/** A new server's folder: its record, labels and files. */
export type NewEntry = Pick<ServerEntry, "record" | "labels"> & { files?: Readonly<Record<string, string>> };

/** The folders of all servers below a state directory; what is on disk is what counts. */
export interface ServerFolders {
  /** Where a server's folder is. */
  path(id: string): string;
  /** Ids of all servers that are not buried. */
  ids(): string[];
  /** All facts about a server; undefined when there is none, or its record cannot be read. */
  read(id: string): ServerEntry | undefined;
  /** As {@link read}, but as it was when last read: for a look that need not see what others have just written. */
  recall(id: string): ServerEntry | undefined;
  /** Whether there is a folder, readable or not. */
  exists(id: string): boolean;
  /** Makes a server's folder, whole or not at all, durably. @returns false when there is one of that id. */
  claim(entry: NewEntry): boolean;
  /** Writes one fact. Returned: durable. Does nothing for a server that is gone. */
  write<F extends keyof typeof FACTS>(id: string, fact: F, value: NonNullable<ServerEntry[F]>): void;
  /** Whether a server of this id was buried, and is still kept. */
  isBuried(id: string): boolean;
  /** Puts a server's folder aside, log and all. Buried ones beyond `keep` go, the oldest first. */
  bury(id: string, keep: number): void;
}

/** Opens the folders below `stateDir`, making them (mode 0700) where they are missing. */
export function openFolders(stateDir: string): ServerFolders {
  const root = join(stateDir, "servers");
  const ended = join(stateDir, "ended");
  const drafts = join(stateDir, "drafts");
  for (const folder of [root, ended, drafts]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const cache = new Map<string, Cached>();
  const path = (id: string): string => join(root, id);

  const read = (id: string): ServerEntry | undefined => {
    if (!isName(id)) return undefined;
    const cached = cache.get(id);
    const stamp = stampOf(path(id));
    if (stamp === undefined) return void cache.delete(id);
    if (cached?.stamp === stamp.text && cached.readAtMs - cached.changedAtMs > STAMP_DOUBT_MS)
      return cached.entry;
    const readAtMs = Date.now();
    const entry = readEntry(path(id));
    cache.set(id, { stamp: stamp.text, readAtMs, changedAtMs: stamp.changedAtMs, entry });
    return entry;
  };

  return {
    path,
    ids: () => readdirSync(root),
    read,
    recall: (id) => (cache.has(id) ? cache.get(id)?.entry : read(id)),
    exists: (id) => isName(id) && existsSync(path(id)),
    claim({ record, labels, files = {} }) {
      const draft = join(drafts, randomUUID());
      mkdirSync(draft, { mode: 0o700 });
      try {
        for (const [name, content] of Object.entries(files)) writeFileInside(draft, name, content);
        writeAtomic(join(draft, FACTS.labels.file), JSON.stringify(labels));
        writeAtomic(join(draft, FACTS.record.file), JSON.stringify(record));
        return renameNew(draft, path(record.id));
      } finally {
        rmSync(draft, { recursive: true, force: true });
      }
    },
    write(id, fact, value) {
      cache.delete(id);
      try {
        writeAtomic(join(path(id), FACTS[fact].file), JSON.stringify(value));
      } catch (error) {
        if (systemCode(error) !== "ENOENT") throw error;
      }
    },
    isBuried: (id) => existsSync(join(ended, id)),
    bury(id, keep) {
      cache.delete(id);
      renameNew(
        path(id),
        join(ended, existsSync(join(ended, id)) ? `${id}~${randomUUID().slice(0, 8)}` : id),
      );
      prune(ended, keep);
    },
  };
}

/** References come from people: they name a folder here, never a path. */
function isName(id: string): boolean {
  return id !== "" && id !== "." && id !== ".." && !/[/\0]/.test(id) && id.length <= 255;
}

function stampOf(path: string): { text: string; changedAtMs: number } | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return { text: `${stat.ino}.${stat.mtimeNs}`, changedAtMs: Number(stat.mtimeMs) };
}

function readEntry(folder: string): ServerEntry | undefined {
  const facts: Record<string, unknown> = { labels: {} };
  for (const [name, { file, schema }] of Object.entries(FACTS)) {
    const read = schema.safeParse(readQuietly(join(folder, file)));
    if (read.success) facts[name] = read.data;
  }
  return facts.record === undefined ? undefined : (facts as unknown as ServerEntry);
}

function readQuietly(path: string): unknown {
  try {
    return readJson(path);
  } catch {
    return undefined;
  }
}

/** A rename that never replaces: a folder that holds something cannot be renamed over. */
function renameNew(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (["EEXIST", "ENOTEMPTY", "ENOENT"].includes(systemCode(error) ?? "")) return false;
    throw error;
  }
}

/** The folder for `launch.files` is apart from the facts, so that no file can pose as one. */
function writeFileInside(folder: string, name: string, content: string): void {
  const target = join(folder, "files", normalize(name.replace(/^\/+/, "")));
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  writeAtomic(target, content);
}

function prune(ended: string, keep: number): void {
  const names = readdirSync(ended);
  if (names.length <= keep) return;
  const byAge = names
    .map((name) => ({ name, atMs: statSync(join(ended, name), { throwIfNoEntry: false })?.ctimeMs ?? 0 }))
    .sort((a, b) => a.atMs - b.atMs);
  for (const { name } of byAge.slice(0, names.length - keep))
    rmSync(join(ended, name), { recursive: true, force: true });
}
