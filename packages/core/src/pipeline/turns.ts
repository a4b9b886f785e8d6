import { lastValueFrom, NEVER, of } from "rxjs";
import type { ReadyGroup } from "./gather.js";
import type { OwnWrites } from "./own-writes.js";
import type { GroupQueue } from "./queue.js";
import type { Book, Books } from "./record.js";
import type { GroupRuntime } from "./round-plan.js";
import { planRound } from "./round-plan.js";
import type { RoundEnds } from "./run-round.js";
import { runRounds } from "./run-round.js";
import type { Soon } from "./soon.js";
import { soon } from "./soon.js";

/** How often a read is repeated because somebody wrote meanwhile, before a turn goes on with what it has. */
const READ_AGAIN = 3;

/** How long an order waits for its look at the group, in milliseconds, however short the group's rounds are. */
const ORDER_LOOK_MS = 10_000;

/** Work on a group in its turn: evaluate to record, never a read. */
export type TurnWork<T> = (book: Book, runtime: GroupRuntime, ready: ReadyGroup) => Soon<T>;

/** Reads groups outside their queue, and works on them inside it. */
export interface Turns {
  /** Looks at one group now, and reads its metrics if they are needed. A group that is off is not looked at. */
  readNow(runtime: GroupRuntime, withSamples: boolean): Promise<ReadyGroup>;
  /**
   * Works on a group with what a round read of it; looks again if somebody wrote meanwhile.
   * @returns undefined, without having worked, when a reload has taken the group away or changed its metrics.
   */
  ofRound<T>(ready: ReadyGroup, work: TurnWork<T>): Soon<T | undefined>;
  /** Reads a group and works on it; reads again if somebody wrote meanwhile. @returns undefined when the group is gone. */
  ofOrder<T>(runtime: GroupRuntime, withSamples: boolean, work: TurnWork<T>): Promise<T | undefined>;
}

/** What turns need. */
export interface TurnsOptions {
  groups: () => ReadonlyMap<string, GroupRuntime>;
  queue: GroupQueue;
  books: Books;
  writes: OwnWrites;
  ends: Pick<RoundEnds<ReadyGroup>, "ask" | "failed" | "scheduler">;
}

/** Makes turns; see {@link Turns}. */
export function createTurns({ groups, queue, books, writes, ends }: TurnsOptions): Turns {
  const readNow: Turns["readNow"] = async ({ spec }, withSamples) => {
    const { name } = spec;
    if (spec.mode === "off") return unseen(spec, writes.draw());
    const everyMs = Math.max(spec.everyMs, 2 * ORDER_LOOK_MS);
    const patient = { ...spec, everyMs, metrics: withSamples ? spec.metrics : [] };
    const plan = (): ReturnType<typeof planRound> => planRound([{ spec: patient }], writes.draw());
    const reading = runRounds(of([name]), { ...ends, plan, settle: (ready) => ready, stop: NEVER });
    return { ...(await lastValueFrom(reading)), spec };
  };

  /** One try: works, or says that what was read is of no use. */
  const turn = <T>(ready: ReadyGroup, isLastTry: boolean, work: TurnWork<T>): Soon<Turn<T>> =>
    queue.enter(ready.name, (): Soon<Turn<T>> => {
      const runtime = groups().get(ready.name);
      if (runtime === undefined) return { kind: "gone" };
      if (!asksTheSame(runtime, ready)) return { kind: "changed", runtime };
      if (!isLastTry && writes.isStale(ready.name, ready.ticket)) return { kind: "stale", runtime };
      const worked = books.work(ready.name, (book) => work(book, runtime, ready));
      return soon(worked, (value): Turn<T> => ({ kind: "worked", value }));
    });

  const ofRound = <T>(ready: ReadyGroup, work: TurnWork<T>, tries = 1): Soon<T | undefined> =>
    soon(turn(ready, tries > READ_AGAIN, work), (ended) => {
      if (ended.kind === "worked") return ended.value;
      if (ended.kind !== "stale") return undefined;
      return readNow(ended.runtime, false).then(({ observation, ticket }) =>
        ofRound({ ...ready, observation, ticket }, work, tries + 1),
      );
    });

  return {
    readNow,
    ofRound: (ready, work) => ofRound(ready, work),
    async ofOrder(runtime, withSamples, work) {
      let current = runtime;
      for (let tries = 1; ; tries += 1) {
        const ended = await turn(await readNow(current, withSamples), tries > READ_AGAIN, work);
        if (ended.kind === "worked") return ended.value;
        if (ended.kind === "gone") return undefined;
        current = ended.runtime;
      }
    },
  };
}

type Turn<T> =
  | { kind: "worked"; value: T }
  | { kind: "stale" | "changed"; runtime: GroupRuntime }
  | { kind: "gone" };

function unseen(spec: GroupRuntime["spec"], ticket: number): ReadyGroup {
  return { name: spec.name, spec, ticket, observation: { unavailable: "its mode is off" }, samples: [] };
}

/** Whether a group's metrics are still those that were read for it; a reload may have changed them meanwhile. */
function asksTheSame({ spec }: GroupRuntime, ready: ReadyGroup): boolean {
  return (
    spec === ready.spec ||
    spec.metrics === ready.spec.metrics ||
    JSON.stringify(spec.metrics) === JSON.stringify(ready.spec.metrics)
  );
}
