/**
 * Note [What is written when]: everything that must survive is committed before anybody is told of it: an intent with
 * its cooldown before the cloud is called, its outcome, an order's record, a pause, a pin. A hold that equals the one
 * before is only counted: its count, its readings and what memory gained by it (`for` timers, stabilization) are
 * written at most every {@link HOLD_FLUSH_MS}, with the next thing that is written anyway, and when the line stops.
 * SIGKILL can therefore cost up to 30 s of a hold's count and of a `for` timer, which then holds a little longer; it
 * costs no order, no scale, no cooldown, no pause.
 */
import type { Clock } from "../clock.js";
import type { DecisionRecord, OrderOrigin } from "../contracts/decision.js";
import type { Commit, DocumentWrite, StateStore } from "../contracts/state-store.js";
import { ConflictError, isBellowsError } from "../errors.js";
import { sameHold } from "./decide.js";
import type { Memory } from "./memory.js";
import { openMemory } from "./memory.js";
import type { Soon } from "./soon.js";
import { soon } from "./soon.js";

/** Longest time that a repeated hold stays unwritten. */
export const HOLD_FLUSH_MS = 30_000;

/** A step that was begun and whose end is not yet written. Document `intent` of a group's partition. */
export interface Intent {
  /** Id of its decision record. */
  id: string;
  ref: string;
  kind: "set-desired";
  /** What desired was. */
  from: number;
  to: number;
  atMs: number;
  /** The controller that began it. */
  holder: string;
  /** Version of the memory it was decided from; whoever decides later has a greater one. */
  fence: number;
  /** Who ordered it; absent for a round's decision. */
  order?: OrderOrigin;
  /** How long the order's result is a floor. */
  keepMs?: number;
  /** Whether to finish it if the group still is at `from`: an order that nobody was told has failed. */
  finish: boolean;
  /** How often its step ended without anybody knowing how. */
  tries?: number;
}

/** What the line itself remembers of a group. Document `line` of its partition. */
export interface LineNotes {
  /** By policy. */
  schedules: Readonly<Record<string, ScheduleNote>>;
  /** The last desired that the cloud accepted from us. */
  acknowledged?: { desired: number; atMs: number };
}

/** How far a schedule has come; epoch milliseconds. */
export interface ScheduleNote {
  /** When it was first seen: what was due before is none of our business. */
  seenMs: number;
  /** Due time of its last run. */
  ranMs?: number;
  /** Due time of a run that waits out a cooldown. */
  waitingMs?: number;
}

/** A record, and where it stands in the log. */
export interface Logged {
  seq: number;
  record: DecisionRecord;
}

/** All that is known of a group between its rounds; changed inside the group's queue only. */
export interface Book {
  readonly group: string;
  memory: Memory;
  notes: LineNotes;
  /** The step whose end is not yet written, and its record, unless that was pruned. */
  open?: { intent: Intent; logged?: Logged };
  /** The newest record, and where it stands in the log. */
  last?: Logged;
  versions: { memory: number; line: number; intent: number };
  /** Monotonic time since when something is unwritten. */
  unsavedMs?: number;
  /** Whether the newest record's count is unwritten. */
  isCountUnsaved: boolean;
}

/** What to write in one commit. What is left out stays. */
export interface Entry {
  memory?: Memory;
  notes?: LineNotes;
  /** null: it is over. */
  intent?: Intent | null;
  append?: DecisionRecord;
  /** The open step's record, with its outcome. */
  replace?: Logged;
}

/** The groups' books; see the note above. */
export interface Books {
  /** Reads a group's book from the store, once. @throws BellowsError as the store does. */
  open(group: string): Promise<Book>;
  /** The book, if it was read. */
  peek(group: string): Book | undefined;
  /**
   * Works with a group's book. When another writer was faster, reads the book again and does the work once more.
   * @throws ConflictError when that happens twice.
   */
  work<T>(group: string, work: (book: Book) => Promise<T>): Promise<T>;
  /** The same for work that may end at once; if the book is open, it then has ended when this returns. */
  work<T>(group: string, work: (book: Book) => Soon<T>): Soon<T>;
  /** Writes durably, together with what is unwritten so far. @throws ConflictError when the store holds something newer. */
  save(book: Book, entry: Entry): Promise<void>;
  /** Stores a hold, or counts it. @returns the record as it now stands: at once, if nothing had to be written. */
  hold(book: Book, record: DecisionRecord, memory: Memory): Soon<DecisionRecord>;
  /** Writes what is unwritten. */
  flush(book: Book): Promise<void>;
  /** Names of groups with something unwritten. */
  unsaved(): string[];
}

/** Opens books on a store. */
export function createBooks(store: StateStore, clock: Clock): Books {
  const open = new Map<string, Promise<Book>>();
  const read = new Map<string, Book>();

  function work<T>(group: string, work: (book: Book) => Promise<T>): Promise<T>;
  function work<T>(group: string, work: (book: Book) => Soon<T>): Soon<T>;
  function work<T>(group: string, work: (book: Book) => Soon<T>): Soon<T> {
    const worked = soon(read.get(group) ?? books.open(group), work);
    if (!(worked instanceof Promise)) return worked;
    return worked.catch((error: unknown) => {
      if (!(error instanceof StaleBookError)) throw error;
      open.delete(group);
      read.delete(group);
      return books.open(group).then(work);
    });
  }

  const books: Books = {
    peek: (group) => read.get(group),
    open(group) {
      let book = open.get(group);
      if (book === undefined) {
        book = readBook(store, group);
        open.set(group, book);
        book.then(
          (ready) => read.set(group, ready),
          () => open.delete(group),
        );
      }
      return book;
    },
    work,
    async save(book, entry) {
      try {
        if (book.isCountUnsaved && entry.replace !== undefined && entry.replace.seq !== book.last?.seq) {
          await books.save(book, {});
        }
        const { versions, appended } = await store.commit(book.group, commitOf(book, entry));
        settleBook(book, entry, versions, appended);
      } catch (error) {
        throw isBellowsError(error, "conflict") ? new StaleBookError(book.group, error) : error;
      }
    },
    hold(book, record, memory) {
      const { last } = book;
      if (last === undefined || !sameHold(last.record, record))
        return books.save(book, { memory, append: record }).then(() => record);
      const counted = { ...record, id: last.record.id, atMs: last.record.atMs, count: last.record.count + 1 };
      book.memory = memory;
      book.last = { seq: last.seq, record: counted };
      book.isCountUnsaved = true;
      book.unsavedMs ??= clock.monotonic();
      if (clock.monotonic() - book.unsavedMs < HOLD_FLUSH_MS) return counted;
      return books.flush(book).then(() => counted);
    },
    async flush(book) {
      if (book.unsavedMs !== undefined) await books.save(book, {});
    },
    unsaved: () =>
      [...read.values()].filter(({ unsavedMs }) => unsavedMs !== undefined).map(({ group }) => group),
  };
  return books;
}

/** Another writer has changed a group's documents since they were read. */
class StaleBookError extends ConflictError {
  constructor(group: string, cause: unknown) {
    super(`another controller writes the state of group ${group}`, {
      operation: "store.commit",
      resource: group,
      hint: "let one controller at a time hold a state store",
      cause,
    });
  }
}

async function readBook(store: StateStore, group: string): Promise<Book> {
  const [memory, line, intent, last] = await Promise.all([
    store.get(group, "memory"),
    store.get<LineNotes>(group, "line"),
    store.get<Intent>(group, "intent"),
    newestRecord(store, group),
  ]);
  const logged = intent && (await newestRecord(store, group, intent.value.id));
  return {
    group,
    memory: openMemory(memory?.value, group),
    notes: line?.value ?? { schedules: {} },
    ...(intent && { open: { intent: intent.value, ...(logged && { logged }) } }),
    ...(last && { last }),
    versions: { memory: memory?.version ?? 0, line: line?.version ?? 0, intent: intent?.version ?? 0 },
    isCountUnsaved: false,
  };
}

/** How far back to look for an open step's record: it is the newest but for holds while its group cannot be read. */
const LOOK_BACK = 200;

async function newestRecord(store: StateStore, group: string, id?: string): Promise<Logged | undefined> {
  const limit = id === undefined ? 1 : LOOK_BACK;
  for await (const { seq, value } of store.read<DecisionRecord>(group, { newestFirst: true, limit })) {
    if (id === undefined || value.id === id) return { seq, record: value };
  }
  return undefined;
}

/** Memory goes with every commit: its version is what keeps two writers from deciding past each other. */
function commitOf(book: Book, entry: Entry): Commit {
  const { versions } = book;
  const documents: DocumentWrite[] = [
    { key: "memory", value: entry.memory ?? book.memory, ifVersion: versions.memory },
  ];
  const add = (key: "line" | "intent", value: unknown): void =>
    void documents.push({ key, value, ifVersion: versions[key] });
  if (entry.notes !== undefined || book.unsavedMs !== undefined) add("line", entry.notes ?? book.notes);
  if (entry.intent !== undefined && (entry.intent !== null || versions.intent > 0))
    add("intent", entry.intent ?? undefined);
  const replaced = entry.replace ?? (book.isCountUnsaved ? book.last : undefined);
  return {
    documents,
    ...(entry.append && { append: [{ atMs: entry.append.atMs, value: entry.append }] }),
    ...(replaced && { replace: { seq: replaced.seq, value: replaced.record } }),
  };
}

function settleBook(
  book: Book,
  entry: Entry,
  versions: Record<string, number>,
  appended: readonly number[],
): void {
  for (const key of ["memory", "line"] as const) book.versions[key] = versions[key] ?? book.versions[key];
  if (entry.memory !== undefined) book.memory = entry.memory;
  if (entry.notes !== undefined) book.notes = entry.notes;
  if (entry.intent !== undefined) book.versions.intent = versions.intent ?? 0;
  const [seq] = appended;
  if (entry.append !== undefined && seq !== undefined) book.last = { seq, record: entry.append };
  if (entry.replace !== undefined && entry.replace.seq === book.last?.seq) book.last = entry.replace;
  if (entry.intent === null) delete book.open;
  else if (entry.intent !== undefined) book.open = openStep(book, entry.intent, entry.replace);
  delete book.unsavedMs;
  book.isCountUnsaved = false;
}

function openStep(book: Book, intent: Intent, replaced: Logged | undefined): NonNullable<Book["open"]> {
  const logged = replaced ?? (book.last?.record.id === intent.id ? book.last : book.open?.logged);
  return { intent, ...(logged && { logged }) };
}
