/**
 * Note [The line's timing]: this file holds all of it, and nothing else. Its two impure ends, asking and settling, are
 * arguments that return Observables, so that marbles with a TestScheduler can play every order of answers, hangs and
 * errors. What is decided, and how it is done and recorded, is none of its business.
 */
import type { OperatorFunction, SchedulerLike } from "rxjs";
import {
  catchError,
  concat,
  concatMap,
  connect,
  defer,
  EMPTY,
  filter,
  from,
  groupBy,
  ignoreElements,
  isObservable,
  map,
  merge,
  mergeMap,
  Observable,
  of,
  repeat,
  Subject,
  takeUntil,
  timer,
} from "rxjs";
import type { Answer, Gather, ReadyGroup } from "./gather.js";
import { createGather } from "./gather.js";
import type { Ask, RoundPlan } from "./round-plan.js";

/** How soon, at the latest, a group that a reload brought is seen, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** Lane of a look or read: one call in flight in each. */
function laneOf(ask: Ask): string {
  return ask.kind === "look" ? `look ${ask.provider}` : `read ${ask.lane}`;
}

/**
 * Says which groups are due, and when: at once, then wherever the time is a multiple of a group's `everyMs`.
 * Ticks that were slept through count once. Never completes.
 * @param groups - asked again at every tick, at least once a second.
 */
export function gridOfRounds(
  groups: () => Iterable<{ name: string; everyMs: number }>,
  scheduler: SchedulerLike,
): Observable<string[]> {
  return defer(() => {
    let lastMs = scheduler.now();
    const first = defer(() => of([...groups()].map(({ name }) => name)));
    const tick = defer(() => {
      const atMs = Math.min(lastMs + LOOK_AGAIN_MS, nextTickMs(groups(), lastMs));
      return timer(Math.max(0, atMs - scheduler.now()), scheduler).pipe(
        map(() => {
          const fromMs = lastMs;
          lastMs = Math.max(atMs, scheduler.now());
          return dueBetween(groups(), fromMs, lastMs);
        }),
      );
    });
    return concat(first, tick.pipe(repeat())).pipe(filter((due) => due.length > 0));
  });
}

function nextTickMs(groups: Iterable<{ everyMs: number }>, afterMs: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { everyMs } of groups) next = Math.min(next, (Math.floor(afterMs / everyMs) + 1) * everyMs);
  return next;
}

function dueBetween(
  groups: Iterable<{ name: string; everyMs: number }>,
  fromMs: number,
  toMs: number,
): string[] {
  const due: string[] = [];
  for (const { name, everyMs } of groups) {
    if (Math.floor(toMs / everyMs) > Math.floor(fromMs / everyMs)) due.push(name);
  }
  return due;
}

/** The line's ends, and the time it runs in. */
export interface RoundEnds<R> {
  /** What has to be asked for these groups. Synchronous. */
  plan(groups: readonly string[]): RoundPlan;
  /** Puts one ask. An error, and completing early, leave what is open `unavailable`; unsubscribing aborts. */
  ask(ask: Ask): Observable<readonly Answer[]>;
  /** Evaluates to records one group; without waiting, where there is nothing to wait for. An error ends its round alone. */
  settle(ready: ReadyGroup): R | undefined | Observable<R | undefined>;
  /** Told about an error of `settle`. */
  failed(group: string, error: unknown): void;
  scheduler: SchedulerLike;
  /** When it emits, nothing new is asked or settled; what is being settled ends. */
  stop: Observable<unknown>;
}

interface Running {
  plan: RoundPlan;
  gather: Gather;
  startedMs: number;
  /** Emits when every group was handed over: nobody waits for anything of the round any more. */
  over: Subject<void>;
}

/** Groups of a round that became ready together. */
interface Handover {
  round: Running;
  ready: ReadyGroup[];
}

/**
 * Runs a round for each list of due groups: ask everybody at once, settle each group as soon as its own inputs are
 * there or have expired.
 *
 * - A group whose last round still runs is left out of the new one.
 * - In each lane (a source, a provider) one call is in flight; one whose time is up before its turn is not made.
 * - Completes when `due` completes or `stop` emits, after the last group has settled. On unsubscribe, calls are aborted
 *   and what is being settled is no longer heard of.
 */
export function runRounds<R>(due: Observable<readonly string[]>, ends: RoundEnds<R>): Observable<R> {
  const { scheduler } = ends;
  const busy = new Set<string>();
  const begin = (names: readonly string[]): Running => {
    const free = names.filter((name) => !busy.has(name));
    const plan = ends.plan(free);
    for (const { name } of plan.groups) busy.add(name);
    return { plan, gather: createGather(plan), startedMs: scheduler.now(), over: new Subject() };
  };
  return due.pipe(
    map(begin),
    filter(({ plan }) => plan.groups.length > 0),
    connect((rounds) => merge(answersOf(rounds, ends), expiriesOf(rounds, scheduler))),
    takeUntil(ends.stop),
    filter(({ ready }) => ready.length > 0),
    concatMap(handOver),
    settleEach(ends, busy),
  );
}

/**
 * Settles groups side by side, at once where that is possible. `mergeMap` would do the same; with ten thousand groups at once it spends more time on
 * forgetting those that have ended than they take to settle.
 * - An error of one is told to `failed` and ends that one.
 * - Completes when its source has completed and all have ended; on unsubscribe they go on, unheard.
 */
function settleEach<R>(ends: RoundEnds<R>, busy: Set<string>): OperatorFunction<ReadyGroup, R> {
  return (source) =>
    new Observable<R>((subscriber) => {
      let open = 1;
      const leave = (): void => {
        open -= 1;
        if (open === 0) subscriber.complete();
      };
      const say = (record: R | undefined): void => {
        if (record !== undefined) subscriber.next(record);
      };
      const later = (name: string, settled: Observable<R | undefined>): void => {
        const end = (): void => {
          busy.delete(name);
          leave();
        };
        const error = (why: unknown): void => {
          ends.failed(name, why);
          end();
        };
        open += 1;
        settled.subscribe({ next: say, error, complete: end });
      };
      const begin = (ready: ReadyGroup): void => {
        const settled = settleOne(ends, ready);
        if (isObservable(settled)) return later(ready.name, settled);
        busy.delete(ready.name);
        say(settled);
      };
      return source.subscribe({
        next: begin,
        error: (error: unknown) => subscriber.error(error),
        complete: leave,
      });
    });
}

/** An error of settling at once is no other than one that comes later. */
function settleOne<R>({ settle, failed }: RoundEnds<R>, ready: ReadyGroup): ReturnType<typeof settle> {
  try {
    return settle(ready);
  } catch (error) {
    failed(ready.name, error);
    return undefined;
  }
}

/** Emits the groups, and only then ends what their round still waits for: an early end would cut them off. */
function handOver({ round, ready }: Handover): Observable<ReadyGroup> {
  const end = defer(() => {
    if (round.gather.done()) round.over.next();
    return EMPTY;
  });
  return concat(from(ready), end);
}

/** Puts every ask of every round, lane by lane; emits the groups that an answer made ready. */
function answersOf<R>(rounds: Observable<Running>, ends: RoundEnds<R>): Observable<Handover> {
  return rounds.pipe(
    mergeMap((round) => round.plan.asks.map((ask, index) => ({ round, ask, index }))),
    groupBy(({ ask }) => laneOf(ask)),
    mergeMap((lane) => lane.pipe(concatMap(({ round, ask, index }) => answersTo(ask, index, round, ends)))),
  );
}

function answersTo<R>(ask: Ask, index: number, round: Running, ends: RoundEnds<R>): Observable<Handover> {
  const { gather, startedMs, over } = round;
  return defer(() => {
    const leftMs = startedMs + ask.timeoutMs - ends.scheduler.now();
    if (leftMs <= 0 || gather.done()) return EMPTY;
    return concat(
      ends.ask(ask).pipe(
        map((answers) => gather.take(index, answers)),
        catchError((error: unknown) => of(gather.close(index, reasonOf(error)))),
      ),
      defer(() => of(gather.close(index, "gave no answer"))),
    ).pipe(
      map((ready) => ({ round, ready })),
      takeUntil(merge(over, timer(leftMs, ends.scheduler))),
    );
  });
}

/** Lets inputs expire: one timer for each length of wait in a round. */
function expiriesOf(rounds: Observable<Running>, scheduler: SchedulerLike): Observable<Handover> {
  return rounds.pipe(
    mergeMap((round) => {
      const { plan, gather, over } = round;
      const waits = new Set(plan.groups.flatMap(({ inputs }) => inputs.map(({ timeoutMs }) => timeoutMs)));
      const expiries = [...waits].map((waitMs) =>
        timer(waitMs, scheduler).pipe(map(() => ({ round, ready: gather.expire(waitMs) }))),
      );
      return merge(...expiries).pipe(takeUntil(over));
    }),
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : String(error);
}

/** Longest sleep of {@link workAndSleep}, so that a jump of the time of day is noticed soon, in milliseconds. */
const LONGEST_SLEEP_MS = 10_000;

/**
 * Does `work`, sleeps, and so on; emits what `work` emits. Never completes; an error of `work` ends it.
 * @param sleepMs - asked after each work: how long to sleep, at most 10 s.
 */
export function workAndSleep<T>(
  work: () => Observable<T>,
  sleepMs: () => number,
  scheduler: SchedulerLike,
): Observable<T> {
  const sleep = defer(() => timer(Math.min(LONGEST_SLEEP_MS, Math.max(1, sleepMs())), scheduler));
  return concat(defer(work), sleep.pipe(ignoreElements())).pipe(repeat());
}
