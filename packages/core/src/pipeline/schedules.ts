import type { Clock } from "../clock.js";
import type { DecisionRecord } from "../contracts/decision.js";
import type { Schedule } from "../contracts/policy.js";
import { MISSED_GRACE_MS, missed, nextDue } from "../policies/schedule.js";
import type { OrderRequest, OrderResult } from "./orders.js";
import type { Book, LineNotes, ScheduleNote } from "./record.js";
import type { GroupRuntime } from "./round-plan.js";

/** A policy of a group that has a schedule. */
export interface Scheduled {
  group: string;
  policy: string;
  schedule: Schedule;
}

/** The schedules that Bellows keeps for a group: not those of the cloud, and none of a group that is off. */
export function schedulesOf({ spec }: GroupRuntime): Scheduled[] {
  if (spec.mode === "off") return [];
  const own = spec.policies.filter(({ engine, schedule }) => engine !== "native" && schedule !== undefined);
  return own.map(({ name, schedule }) => ({
    group: spec.name,
    policy: name,
    schedule: schedule as Schedule,
  }));
}

/**
 * What is known of a schedule, fit for the present time. Pure.
 *
 * A schedule seen for the first time begins now. After a clock jumped back, times from before the jump that lie in the
 * future no longer count, except for a last run less than an hour ahead: it is not run again.
 */
export function noteFor(notes: LineNotes, policy: string, nowMs: number): ScheduleNote {
  const note = notes.schedules[policy];
  if (note === undefined) return { seenMs: nowMs };
  const { ranMs, ...rest } = note;
  const isCredible = ranMs !== undefined && ranMs - nowMs <= MISSED_GRACE_MS;
  return { ...rest, seenMs: Math.min(note.seenMs, nowMs), ...(isCredible && { ranMs }) };
}

/**
 * The due time of the run that a schedule owes now, if it owes one: the one that waits out a cooldown, else the latest
 * that was missed by less than an hour. Pure.
 * @throws ConfigError for a schedule that cannot be read.
 */
export function owed(schedule: Schedule, note: ScheduleNote, nowMs: number): number | undefined {
  const due = missed(schedule, lastSeenMs(note), nowMs);
  return due ?? note.waitingMs;
}

/** When a schedule is due next, in epoch milliseconds; undefined: never again. @throws ConfigError as {@link owed}. */
export function dueNext(schedule: Schedule, note: ScheduleNote, nowMs: number): number | undefined {
  return nextDue(schedule, Math.max(nowMs, lastSeenMs(note)));
}

function lastSeenMs({ seenMs, ranMs, waitingMs }: ScheduleNote): number {
  return Math.max(seenMs, ranMs ?? Number.NEGATIVE_INFINITY, waitingMs ?? Number.NEGATIVE_INFINITY);
}

/** How soon an order of a schedule that failed is tried again, in milliseconds. */
const TRY_AGAIN_MS = 10_000;

/** What running schedules needs. */
export interface ScheduleRunnerOptions {
  clock: Clock;
  groups: () => Iterable<GroupRuntime>;
  order: (group: string, request: OrderRequest) => Promise<OrderResult>;
  failed: (group: string, error: unknown) => void;
  /** Works with a group's book in its turn. */
  withBook: <T>(group: string, work: (book: Book) => Promise<T>) => Promise<T>;
}

/** Orders what schedules owe. */
export interface ScheduleRunner {
  /** Orders all that is owed now (by these groups); never throws. @returns the orders' records. */
  runOwed(names?: readonly string[]): Promise<DecisionRecord[]>;
  /** How long until something may be owed, in milliseconds. */
  sleepMs(): number;
  /** Forgets when to look again at a group's schedules. */
  forget(group: string): void;
}

/** When to look at a schedule again: a time of day, and a monotonic time before which not. */
interface Agenda {
  dueMs: number;
  notBeforeMs: number;
}

/** Makes a runner. What it knows by itself is only when to look again; what ran is in the groups' books. */
export function createScheduleRunner({
  clock,
  groups,
  order,
  failed,
  withBook,
}: ScheduleRunnerOptions): ScheduleRunner {
  const agendas = new Map<string, Agenda>();
  // A schedule that was changed is looked at anew, whenever the old one was due.
  const keyOf = ({ group, policy, schedule }: Scheduled): string =>
    `${group}\0${policy}\0${JSON.stringify(schedule)}`;

  const lookUp = (scheduled: Scheduled): Promise<{ dueMs?: number; nextMs?: number }> =>
    withBook(scheduled.group, async (book) => {
      const nowMs = clock.now();
      const note = noteFor(book.notes, scheduled.policy, nowMs);
      if (book.notes.schedules[scheduled.policy] === undefined) {
        book.notes = { ...book.notes, schedules: { ...book.notes.schedules, [scheduled.policy]: note } };
        book.unsavedMs ??= clock.monotonic();
      }
      const dueMs = owed(scheduled.schedule, note, nowMs);
      const nextMs = dueNext(scheduled.schedule, note, nowMs);
      return { ...(dueMs !== undefined && { dueMs }), ...(nextMs !== undefined && { nextMs }) };
    });

  const run = async (scheduled: Scheduled): Promise<DecisionRecord | undefined> => {
    const { group, policy } = scheduled;
    const key = keyOf(scheduled);
    try {
      const { dueMs, nextMs = Number.POSITIVE_INFINITY } = await lookUp(scheduled);
      agendas.set(key, { dueMs: nextMs, notBeforeMs: 0 });
      if (dueMs === undefined) return undefined;
      const {
        outcome,
        record,
        retryAfterMs = TRY_AGAIN_MS,
      } = await order(group, {
        origin: { kind: "schedule", policy, dueAtMs: dueMs },
        policy,
      });
      const againMs = outcome === "cooldown" ? Math.max(1, retryAfterMs) : TRY_AGAIN_MS;
      if (outcome === "cooldown" || outcome === "failed") again(key, againMs);
      return record;
    } catch (error) {
      failed(group, error);
      again(key, TRY_AGAIN_MS);
      return undefined;
    }
  };
  const again = (key: string, inMs: number): void =>
    void agendas.set(key, { dueMs: Number.NEGATIVE_INFINITY, notBeforeMs: clock.monotonic() + inMs });

  const all = (names?: readonly string[]): Scheduled[] => {
    const wanted = names && new Set(names);
    return [...groups()].filter(({ spec }) => wanted?.has(spec.name) ?? true).flatMap(schedulesOf);
  };
  const leftMs = (scheduled: Scheduled): number => {
    const agenda = agendas.get(keyOf(scheduled));
    if (agenda === undefined) return 0;
    return Math.max(agenda.dueMs - clock.now(), agenda.notBeforeMs - clock.monotonic());
  };
  return {
    async runOwed(names) {
      const done = await Promise.all(
        all(names)
          .filter((scheduled) => leftMs(scheduled) <= 0)
          .map(run),
      );
      return done.filter((record) => record !== undefined);
    },
    forget(group) {
      for (const key of agendas.keys()) if (key.startsWith(`${group}\0`)) agendas.delete(key);
    },
    sleepMs: () =>
      all().reduce((least, scheduled) => Math.min(least, leftMs(scheduled)), Number.POSITIVE_INFINITY),
  };
}
