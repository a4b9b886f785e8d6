import type { CancelTimer, Clock } from "../clock.js";

/** What one pass over a group came to. */
export interface PassResult {
  /** Nothing to do and nothing on its way. */
  settled: boolean;
  /** When waiting alone changes the plan. */
  nextAtMs?: number;
  /** Whether steps were taken. */
  acted: boolean;
  /** Creates were left for the next pass, which may come at once. */
  more: boolean;
}

/** First and longest wait between two looks at a group that is not settled, in milliseconds. */
const FIRST_POLL_MS = 250;
const LONGEST_POLL_MS = 5_000;

/** Runs passes: one at a time per group, again until settled. */
export interface Keeper {
  /** A pass that begins after this call. */
  pass(group: string): Promise<PassResult>;
  /** Runs `work` with no pass of the group going on. */
  exclusive<T>(group: string, work: () => Promise<T>): Promise<T>;
  /** Asks for a pass soon, without waiting for it. */
  kick(group: string): void;
  /** Resolves when no pass is going on. Timers may still be armed. */
  idle(): Promise<void>;
  /** Starts nothing new; resolves when what runs has ended. */
  close(): Promise<void>;
}

interface Lane {
  /** Everything that was asked of the group, one after the other. */
  tail: Promise<unknown>;
  /** A pass that waits its turn: later callers share it. */
  queued?: Promise<PassResult>;
  timer?: CancelTimer;
  pollMs: number;
  busy: number;
}

/**
 * Makes a keeper.
 * @param run - one pass; a rejection is reported to `onError` in the background and to the caller of `pass`.
 * @param background - false: no pass but those asked for by `pass`.
 */
export function createKeeper(options: {
  clock: Clock;
  run: (group: string) => Promise<PassResult>;
  onError: (group: string, error: unknown) => void;
  background: boolean;
}): Keeper {
  const lanes = new Map<string, Lane>();
  let closed = false;

  const laneOf = (group: string): Lane => {
    const lane = lanes.get(group) ?? { tail: Promise.resolve(), pollMs: FIRST_POLL_MS, busy: 0 };
    lanes.set(group, lane);
    return lane;
  };

  const enqueue = <T>(group: string, work: () => Promise<T>): Promise<T> => {
    const lane = laneOf(group);
    lane.busy++;
    const turn = lane.tail.then(work).finally(() => {
      lane.busy--;
      if (lane.busy === 0 && lane.timer === undefined) lanes.delete(group);
    });
    lane.tail = turn.catch(() => undefined);
    return turn;
  };

  const arm = (group: string, result: PassResult): void => {
    const lane = laneOf(group);
    lane.timer?.();
    delete lane.timer;
    if (closed || !options.background || result.settled) {
      lane.pollMs = FIRST_POLL_MS;
      return;
    }
    lane.pollMs = result.acted ? FIRST_POLL_MS : Math.min(LONGEST_POLL_MS, lane.pollMs * 2);
    const dueMs =
      result.nextAtMs === undefined
        ? lane.pollMs
        : Math.min(lane.pollMs, result.nextAtMs - options.clock.now());
    lane.timer = options.clock.after(Math.max(result.more ? 0 : 10, dueMs), () => {
      delete lane.timer;
      kick(group);
    });
  };

  const pass = (group: string): Promise<PassResult> => {
    const lane = laneOf(group);
    if (lane.queued) return lane.queued;
    const turn = enqueue(group, async () => {
      delete lane.queued;
      const result = await options.run(group).catch((error: unknown) => {
        arm(group, { settled: false, acted: false, more: false });
        throw error;
      });
      arm(group, result);
      return result;
    });
    lane.queued = turn;
    return turn;
  };

  const kick = (group: string): void => {
    if (closed || !options.background) return;
    pass(group).catch((error: unknown) => options.onError(group, error));
  };

  const idle = async (): Promise<void> => {
    while ([...lanes.values()].some((lane) => lane.busy > 0)) {
      await Promise.all([...lanes.values()].map((lane) => lane.tail));
    }
  };

  return {
    pass,
    exclusive: enqueue,
    kick,
    idle,
    async close() {
      closed = true;
      for (const lane of lanes.values()) {
        lane.timer?.();
        delete lane.timer;
      }
      await idle();
    },
  };
}
