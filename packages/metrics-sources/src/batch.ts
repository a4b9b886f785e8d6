import { setMaxListeners } from "node:events";
import type { Host, ReadOptions, Sample } from "@bellows/core";
import { formatDuration } from "@bellows/core";

/** What a job may use while it runs. */
export interface Call {
  /** Aborts when the read is over. */
  signal: AbortSignal;
  /** Time for a request that begins now, in milliseconds: a little less than the read has left. */
  leftMs(): number;
  /** Gives one query its answer, which the caller of the read hears of at once. The first answer counts. */
  answer(index: number, sample: Sample): void;
}

/** One request (or a few in a row) and the queries that it answers, by their places in the read. */
export interface Job {
  indexes: readonly number[];
  /** Whom it asks (an origin): jobs wait for others of their own lane only. Absent: all share one. */
  lane?: string;
  /** What it leaves unanswered, or throws on, becomes `unavailable`. */
  run(call: Call): Promise<void>;
}

/** What jobs are run with. */
export interface BatchSetup {
  host: Host;
  options: ReadOptions;
  /** Jobs under way at once in one lane. */
  concurrency: number;
  /** Says an error in one line that holds no secret. */
  reason(error: unknown): string;
}

/** The client's own deadline comes this much before the read's, since it can say more about what went wrong. */
const LEAD_MS = 50;
/** Jobs under way at once in all lanes together. */
const MOST_AT_ONCE = 256;

/**
 * Runs jobs side by side until all have ended or the read's time is up, whichever comes first.
 * @returns one sample for each of `count` queries. Never throws.
 */
export async function runJobs(count: number, jobs: readonly Job[], setup: BatchSetup): Promise<Sample[]> {
  const { host, options } = setup;
  const samples = new Array<Sample | undefined>(count).fill(undefined);
  const ending = endOf(host, options);
  const endAtMs = host.clock.monotonic() + options.deadlineMs;
  let over = false;
  const call: Call = {
    signal: ending.signal,
    leftMs: () => shortened(endAtMs - host.clock.monotonic()),
    answer(index, sample) {
      if (over || samples[index] !== undefined) return;
      samples[index] = sample;
      options.onSample?.(index, sample);
    },
  };
  const all = runInLanes(jobs, setup.concurrency, (job) =>
    ending.signal.aborted ? Promise.resolve() : runJob(job, call, setup.reason),
  );
  await Promise.race([all, ending.reached]);
  for (let index = 0; index < count; index++) call.answer(index, { unavailable: ending.words() });
  over = true;
  ending.clear();
  return samples as Sample[];
}

/** Runs jobs lane by lane, one of each in turn, so that a lane that is stuck holds up no other. */
async function runInLanes(
  jobs: readonly Job[],
  concurrency: number,
  run: (job: Job) => Promise<void>,
): Promise<void> {
  const lanes = new Map<string, { waiting: Job[]; running: number }>();
  for (const job of jobs) {
    const lane = lanes.get(job.lane ?? "");
    if (lane) lane.waiting.push(job);
    else lanes.set(job.lane ?? "", { waiting: [job], running: 0 });
  }
  if (jobs.length === 0) return;
  await new Promise<void>((resolve) => {
    let running = 0;
    let left = jobs.length;
    const start = (lane: { waiting: Job[]; running: number }, job: Job): void => {
      lane.running += 1;
      running += 1;
      void run(job).finally(() => {
        lane.running -= 1;
        running -= 1;
        left -= 1;
        if (left === 0) resolve();
        else pump();
      });
    };
    const pump = (): void => {
      for (let started = true; started; ) {
        started = false;
        for (const [name, lane] of lanes) {
          const job = running < MOST_AT_ONCE && lane.running < concurrency ? lane.waiting.shift() : undefined;
          if (job !== undefined) start(lane, job);
          started ||= job !== undefined;
          if (lane.waiting.length === 0) lanes.delete(name);
        }
      }
    };
    pump();
  });
}

async function runJob(job: Job, call: Call, reason: BatchSetup["reason"]): Promise<void> {
  let unavailable = "no answer";
  try {
    await job.run(call);
  } catch (error) {
    unavailable = reason(error);
  }
  // What was cut off by the end of the read is told by the read, in its own words.
  if (call.signal.aborted) return;
  for (const index of job.indexes) call.answer(index, { unavailable });
}

function shortened(leftMs: number): number {
  return Math.max(1, Math.floor(leftMs - Math.min(LEAD_MS, leftMs * 0.1)));
}

interface Ending {
  signal: AbortSignal;
  reached: Promise<void>;
  words(): string;
  clear(): void;
}

/** The end of a read: its deadline, or its caller giving it up. */
function endOf(host: Host, { deadlineMs, signal }: ReadOptions): Ending {
  const controller = new AbortController();
  // Every request of the read listens to it.
  setMaxListeners(0, controller.signal);
  let words = "no answer";
  let reach = (): void => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const end = (why: string): void => {
    words = why;
    controller.abort();
    reach();
  };
  const stop = (): void => end("the read was given up");
  const cancel = host.clock.after(deadlineMs, () => end(`no answer within ${formatDuration(deadlineMs)}`), {
    keepAlive: true,
  });
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted === true) stop();
  return {
    signal: controller.signal,
    reached,
    words: () => words,
    clear() {
      cancel();
      signal?.removeEventListener("abort", stop);
      controller.abort();
    },
  };
}
