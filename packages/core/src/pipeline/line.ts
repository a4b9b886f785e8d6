/**
 * The line: from a sample to a scaled group, for every group, again and again. Entry point `@bellows/core/line`.
 */
import type { Observable } from "rxjs";
import { from, lastValueFrom, of, Subject, takeUntil, toArray } from "rxjs";
import type { Clock } from "../clock.js";
import type { DecisionRecord } from "../contracts/decision.js";
import type { GroupStatus } from "../contracts/group.js";
import type { MetricSource } from "../contracts/metric.js";
import type { Logger } from "../contracts/provider.js";
import type { Hold, ScalingSpec } from "../contracts/scaling.js";
import type { StateStore } from "../contracts/state-store.js";
import { errorLine, NotFoundError } from "../errors.js";
import { clockScheduler } from "./clock-scheduler.js";
import { decideRound } from "./decide.js";
import type { ReadyGroup } from "./gather.js";
import type { Memory } from "./memory.js";
import { emptyMemory, withoutPause, withoutPin, withPause, withPin } from "./memory.js";
import { createAsker } from "./observe.js";
import type { OrderRequest, OrderResult } from "./orders.js";
import { needsSamples, settleOrder } from "./orders.js";
import { createOwnWrites } from "./own-writes.js";
import { createGroupQueue } from "./queue.js";
import { createBooks } from "./record.js";
import type { GroupRuntime } from "./round-plan.js";
import { createPlanner } from "./round-plan.js";
import { gridOfRounds, runRounds, workAndSleep } from "./run-round.js";
import { createScheduleRunner } from "./schedules.js";
import type { Settling } from "./settle.js";
import { inputOf, resolveIntent, settleRound } from "./settle.js";
import type { Soon } from "./soon.js";
import { soon } from "./soon.js";
import { createTurns } from "./turns.js";
import { createUndertakings } from "./undertakings.js";
import type { LineView } from "./view.js";
import { viewOf } from "./view.js";

export type { OrderRequest, OrderResult } from "./orders.js";
export type { Intent, LineNotes, ScheduleNote } from "./record.js";
export { HOLD_FLUSH_MS } from "./record.js";
export type { GroupRuntime } from "./round-plan.js";
export type { LineView } from "./view.js";

/** What a line runs on. */
export interface LineOptions {
  clock: Clock;
  store: StateStore;
  logger: Logger;
  /** Id of this controller; stands in every intent. */
  holder: string;
  /** Groups by name. Asked at every turn, so that a reload counts at once; a definition that did not change should stay the same object. */
  groups: () => ReadonlyMap<string, GroupRuntime>;
  /** Metric sources by key. */
  sources: () => ReadonlyMap<string, MetricSource>;
  /** Makes ids of records. */
  newId: () => string;
}

/** What {@link Line.decide} may assume. */
export interface DecideOptions {
  /** By name: what a group that cannot be read would look like, such as one that is yet to be made. */
  suppose?: ReadonlyMap<string, GroupStatus>;
}

/** Rounds and orders for all groups; see the design's chapter of that name. */
export interface Line {
  /**
   * Compares what an earlier process left half done with the world, and ends it. To be called before rounds start.
   * A group that cannot be read now is resolved by the first round that can read it. Never throws for one group.
   */
  recover(): Promise<void>;
  /** Starts rounds (the first one at once, then on a grid of each group's `everyMs`) and schedules. */
  start(): void;
  /**
   * One acting round for these groups (default: all), and the schedules they owe. Returned: everything is written.
   * @throws NotFoundError for an unknown group.
   */
  once(groups?: readonly string[]): Promise<DecisionRecord[]>;
  /** What the next round would decide for these groups (default: all). Reads; writes nothing. @throws NotFoundError */
  decide(groups?: readonly string[], options?: DecideOptions): Promise<DecisionRecord[]>;
  /** Returned: accepted by the cloud (or answered otherwise), and written. @throws NotFoundError for an unknown group. */
  order(group: string, request: OrderRequest): Promise<OrderResult>;
  /** Hands off this group. Returned: durable. @throws NotFoundError for an unknown group. */
  pause(group: string, hold: Hold): Promise<void>;
  resume(group: string): Promise<void>;
  /** Holds a group at a count. Returned: durable; the next round moves it. */
  pin(group: string, pin: { to: number; hold: Hold }): Promise<void>;
  unpin(group: string): Promise<void>;
  /**
   * Runs other work on a group in its turn, such as a change of its definition. Rounds and orders that had read the
   * group before read it again.
   * @param work - told a function that notes a desired count which the cloud accepted, for clouds that show it late.
   */
  enqueue<T>(group: string, work: (acknowledge: (desired: number) => void) => Promise<T>): Promise<T>;
  /**
   * Forgets cooldowns, keeps, pauses, pins and schedules of a group that is gone, so that one of its name begins
   * anew. Its records stay. Returned: durable. @throws NotFoundError for an unknown group.
   */
  forget(group: string): Promise<void>;
  /**
   * Looks at a group's schedules now. A schedule counts from when it is first seen: one that is made between two looks
   * would miss what is due before the next. @throws NotFoundError for an unknown group.
   */
  notice(group: string): Promise<void>;
  view(group: string): Promise<LineView>;
  /** Every stored record and every repeat of an equal hold. Never errors; completes when the line has stopped. */
  readonly records: Observable<DecisionRecord>;
  /**
   * Starts nothing new, lets what runs end, writes what is unwritten. Store, drivers and sources stay open.
   * @param deadlineMs - after it, what still runs is left to itself; a later `recover` ends it.
   */
  stop(deadlineMs: number): Promise<void>;
}

/** Makes a line. Nothing runs until it is told to. */
export function createLine(options: LineOptions): Line {
  const { clock, store, logger, holder, newId, groups, sources } = options;
  const scheduler = clockScheduler(clock);
  const books = createBooks(store, clock);
  const writes = createOwnWrites(clock);
  const queue = createGroupQueue();
  const planned = createPlanner();
  const records = new Subject<DecisionRecord>();
  const stopping = new Subject<void>();
  const settling: Settling = {
    clock,
    logger,
    books,
    writes,
    holder,
    newId,
    announce: (record) => records.next(record),
  };

  const ask = createAsker({
    clock,
    sources,
    drivers: (provider) => [...groups().values()].find(({ spec }) => spec.provider === provider)?.drivers,
  });
  const failed = (group: string, error: unknown): void =>
    logger.error({ group, error: errorLine(error) }, "work on a group failed");
  const { accept, background, ...undertakings } = createUndertakings((error) =>
    logger.error({ error: errorLine(error) }, "the rounds have ended by an error"),
  );
  const runtimesOf = (names: readonly string[]): GroupRuntime[] => {
    const known = groups();
    return names
      .map((name) => known.get(name))
      .filter((runtime) => runtime !== undefined)
      .filter(({ spec }) => spec.mode !== "off");
  };
  const ends = { ask, failed, scheduler };
  const turns = createTurns({ groups, queue, books, writes, ends });
  const need = (group: string): GroupRuntime => {
    const runtime = groups().get(group);
    if (runtime === undefined) throw unknownGroup(group, groups().keys());
    return runtime;
  };
  const namesOf = (asked: readonly string[] | undefined): string[] =>
    asked === undefined ? [...groups().keys()] : asked.map((name) => need(name).spec.name);

  const rounds = <R>(
    due: Observable<readonly string[]>,
    settle: (ready: ReadyGroup) => Soon<R | undefined>,
  ) =>
    runRounds<R>(due, {
      ...ends,
      plan: (names) => planned(runtimesOf(names), writes.draw()),
      settle: (ready) => {
        const settled = settle(ready);
        return settled instanceof Promise ? from(settled) : settled;
      },
      stop: stopping,
    });
  const settle = (ready: ReadyGroup): Soon<DecisionRecord | undefined> =>
    turns.ofRound(ready, (book, runtime, fresh) => settleRound(settling, book, runtime, fresh));

  const order = (group: string, request: OrderRequest): Promise<OrderResult> =>
    accept(async () => {
      const runtime = need(group);
      const result = await turns.ofOrder(runtime, needsSamples(runtime, request), (book, current, ready) =>
        settleOrder(settling, book, current, ready, request),
      );
      if (result === undefined) throw unknownGroup(group, groups().keys());
      return result;
    });

  const change = (group: string, edit: (memory: Memory) => Memory): Promise<void> =>
    accept(async () => {
      need(group);
      await queue.enter(group, () =>
        books.work(group, (book) => books.save(book, { memory: edit(book.memory) })),
      );
    });

  const schedules = createScheduleRunner({
    clock,
    groups: () => groups().values(),
    order,
    failed,
    withBook: (group, work) => queue.enter(group, () => books.work(group, work)),
  });

  const recoverGroup = async (runtime: GroupRuntime): Promise<void> => {
    const { name } = runtime.spec;
    const resolve = (): Promise<string | undefined> =>
      turns.ofOrder(runtime, false, (book, current, ready) => resolveIntent(settling, book, current, ready));
    if ((await books.open(name)).open === undefined) return;
    if ((await resolve()) !== "wait") return;
    await sleep(clock, runtime.capabilities.readAfterWriteMs);
    await resolve();
  };

  const flush = async (): Promise<void> => {
    const busy = new Set(queue.busy());
    const idle = books.unsaved().filter((group) => !busy.has(group));
    await Promise.all(
      idle.map((group) =>
        queue
          .enter(group, () => books.work(group, books.flush))
          .catch((error: unknown) => failed(group, error)),
      ),
    );
  };

  let isStarted = false;
  return {
    records: records.asObservable(),
    async recover() {
      await Promise.all(
        [...groups().values()].map((runtime) =>
          recoverGroup(runtime).catch((error: unknown) => failed(runtime.spec.name, error)),
        ),
      );
    },
    start() {
      if (isStarted || undertakings.isRefusing()) return;
      isStarted = true;
      background(
        rounds(
          gridOfRounds(() => activeSpecs(groups().values()), scheduler),
          settle,
        ),
      );
      background(
        workAndSleep(() => from(schedules.runOwed()), schedules.sleepMs, scheduler).pipe(takeUntil(stopping)),
      );
    },
    once: (asked) =>
      accept(async () => {
        const names = namesOf(asked);
        const ordered = await schedules.runOwed(names);
        const decided = await lastValueFrom(rounds(of(names), settle).pipe(toArray()));
        await flush();
        return [...ordered, ...decided];
      }),
    async decide(asked, { suppose } = {}) {
      const decide = (ready: ReadyGroup): Soon<DecisionRecord> => {
        const status = "unavailable" in ready.observation ? suppose?.get(ready.name) : undefined;
        const supposed = status === undefined ? ready : { ...ready, observation: { status } };
        return soon(
          books.peek(ready.name) ?? books.open(ready.name),
          (book) => decideRound(inputOf(settling, book, need(ready.name), supposed)).record,
        );
      };
      return lastValueFrom(rounds(of(namesOf(asked)), decide).pipe(toArray()));
    },
    order,
    pause: (group, hold) => change(group, (memory) => withPause(memory, hold)),
    resume: (group) => change(group, withoutPause),
    pin: (group, { to, hold }) => change(group, (memory) => withPin(memory, { ...hold, to })),
    unpin: (group) => change(group, withoutPin),
    enqueue: (group, work) =>
      accept(() =>
        queue.enter(group, async () => {
          try {
            return await work((desired) => writes.acknowledge(group, desired));
          } finally {
            writes.touch(group);
          }
        }),
      ),
    forget: (group) =>
      accept(async () => {
        need(group);
        await queue.enter(group, () =>
          books.work(group, (book) =>
            books.save(book, { memory: emptyMemory(), notes: { schedules: {} }, intent: null }),
          ),
        );
        writes.forget(group);
        schedules.forget(group);
      }),
    notice: (group) =>
      accept(async () => {
        await schedules.runOwed([need(group).spec.name]);
      }),
    async view(group) {
      const runtime = need(group);
      return viewOf(await books.open(group), runtime, clock.now());
    },
    async stop(deadlineMs) {
      undertakings.refuse();
      stopping.next();
      stopping.complete();
      const ended = undertakings.ended().then(queue.idle);
      const isInTime = await within(clock, deadlineMs, ended);
      if (!isInTime)
        logger.warn({ groups: queue.busy(), deadlineMs }, "stopped before these groups had ended");
      await flush();
      records.complete();
    },
  };
}

function* activeSpecs(runtimes: Iterable<GroupRuntime>): Generator<ScalingSpec> {
  for (const { spec } of runtimes) if (spec.mode !== "off") yield spec;
}

function unknownGroup(group: string, known: Iterable<string>): NotFoundError {
  const names = [...known].slice(0, 20).join(", ");
  return new NotFoundError(`there is no group ${JSON.stringify(group)}`, {
    resource: group,
    hint: `groups here: ${names || "none"}`,
  });
}

function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve, { keepAlive: true }));
}

/** Whether something ends within `ms`. */
function within(clock: Clock, ms: number, ended: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(false), { keepAlive: true });
    ended.then(() => resolve(true), reject).finally(cancel);
  });
}
