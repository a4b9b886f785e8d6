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
  /** What it leaves unanswered, or throws on, becomes `unavailable`. */
  run(call: Call): Promise<void>;
}

/** What jobs are run with. */
export interface BatchSetup {
  host: Host;
  options: ReadOptions;
  /** Jobs under way at once. */
  concurrency: number;
  /** Says an error in one line that holds no secret. */
  reason(error: unknown): string;
}

/** The client's own deadline comes this much before the read's, since it can say more about what went wrong. */
const LEAD_MS = 50;

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
  const waiting = [...jobs];
  const worker = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined && !over; job = waiting.shift()) {
      await runJob(job, call, setup.reason);
    }
  };
  const workers = Array.from({ length: Math.min(setup.concurrency, jobs.length) }, worker);
  await Promise.race([Promise.all(workers), ending.reached]);
  for (let index = 0; index < count; index++) call.answer(index, { unavailable: ending.words() });
  over = true;
  ending.clear();
  return samples as Sample[];
}

async function runJob(job: Job, call: Call, reason: BatchSetup["reason"]): Promise<void> {
  let unavailable = "no answer";
  try {
    await job.run(call);
  } catch (error) {
    // What was cut off by the end of the read is told by the read, in its own words.
    if (call.signal.aborted) return;
    unavailable = reason(error);
  }
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
