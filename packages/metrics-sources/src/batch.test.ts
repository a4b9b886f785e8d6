import { createHost, manualClock, type Sample } from "@bellows/core";
import { describe, expect, test } from "vitest";
import { type Call, type Job, runJobs } from "./batch.js";

const clock = manualClock();
const setup = (extra: object = {}) => ({
  host: createHost({ key: "x", clock }),
  options: { deadlineMs: 1_000, ...extra },
  concurrency: 2,
  reason: (error: unknown) => (error as Error).message,
});
const job = (indexes: number[], run: (call: Call) => Promise<void> | void, lane?: string): Job => ({
  indexes,
  run: async (call) => run(call),
  ...(lane === undefined ? {} : { lane }),
});
const say = (value: number): Sample => ({ value, observedAtMs: 0 });

describe("a batch of jobs", () => {
  test("of none is answered at once", async () => {
    expect(await runJobs(0, [], setup())).toEqual([]);
  });

  test("gives samples in the queries' order, whoever answers them", async () => {
    const jobs = [
      job([2, 0], (call) => {
        call.answer(2, say(2));
        call.answer(0, say(0));
      }),
      job([1], (call) => call.answer(1, say(1))),
    ];
    expect(await runJobs(3, jobs, setup())).toEqual([say(0), say(1), say(2)]);
  });

  test("makes of what a job throws, or leaves open, a reason for its own queries", async () => {
    const jobs = [
      job([0, 1], (call) => {
        call.answer(0, say(0));
        throw new Error("lost");
      }),
      job([2], () => {}),
    ];
    expect(await runJobs(3, jobs, setup())).toEqual([
      say(0),
      { unavailable: "lost" },
      { unavailable: "no answer" },
    ]);
  });

  test("takes the first answer to a query, and tells each one once", async () => {
    const told: [number, Sample][] = [];
    const jobs = [
      job([0], (call) => {
        call.answer(0, say(1));
        call.answer(0, say(2));
      }),
    ];
    expect(
      await runJobs(
        1,
        jobs,
        setup({ onSample: (index: number, sample: Sample) => told.push([index, sample]) }),
      ),
    ).toEqual([say(1)]);
    expect(told).toEqual([[0, say(1)]]);
  });

  test("ends at its deadline, and what comes later counts no more", async () => {
    let late = (): void => {};
    const told: number[] = [];
    const jobs = [
      job([0], (call) => {
        call.answer(0, say(0));
      }),
      job([1], (call) => new Promise((resolve) => (late = () => resolve(call.answer(1, say(1)))))),
    ];
    const read = runJobs(2, jobs, setup({ onSample: (index: number) => told.push(index) }));
    await Promise.resolve();
    clock.advance(1_000);
    const samples = await read;
    late();
    expect(samples).toEqual([say(0), { unavailable: "no answer within 1s" }]);
    expect(told).toEqual([0, 1]);
  });

  test("given up before it began asks nobody", async () => {
    let asked = 0;
    const signal = AbortSignal.abort();
    const jobs = [job([0], (call) => void (call.signal.aborted || asked++))];
    expect(await runJobs(1, jobs, setup({ signal }))).toEqual([{ unavailable: "the read was given up" }]);
    expect(asked).toBe(0);
  });

  test("starts no more jobs of a lane than it may, and lets no lane wait for another", async () => {
    const started: string[] = [];
    const ends: (() => void)[] = [];
    const waits = (lane: string): Job[] =>
      [1, 2, 3].map((number) =>
        job(
          [],
          () => new Promise((resolve) => ends.push(resolve, void started.push(lane + number) as never)),
          lane,
        ),
      );
    const read = runJobs(0, [...waits("a"), ...waits("b")], setup());
    await Promise.resolve();
    expect(started).toEqual(["a1", "b1", "a2", "b2"]);
    clock.advance(1_000);
    await read;
  });
});
