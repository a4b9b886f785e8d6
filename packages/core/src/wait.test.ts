import { describe, expect, it } from "vitest";
import { manualClock } from "./clock.js";
import { TimeoutError } from "./errors.js";
import { waitUntil } from "./wait.js";

/** Lets the waiter look, then moves the clock to its next look, until it has ended. */
async function run<T>(clock: ReturnType<typeof manualClock>, waiting: Promise<T>): Promise<T> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  waiting.then(end, end);
  while (!ended) {
    await new Promise(setImmediate);
    clock.advance(50);
  }
  return waiting;
}

describe("waiting", () => {
  it("looks at once and answers what it found", async () => {
    expect(await waitUntil(() => 5, { clock: manualClock() })).toBe(5);
  });

  it("looks at growing distances", async () => {
    const clock = manualClock();
    const looks: number[] = [];
    const look = (): boolean => looks.push(clock.monotonic()) >= 6;
    await run(clock, waitUntil(look, { clock }));
    const gaps = looks.slice(1).map((atMs, index) => atMs - (looks[index] ?? 0));
    expect(gaps.every((gap, index) => index === 0 || gap >= (gaps[index - 1] ?? 0))).toBe(true);
    expect(gaps.at(-1)).toBeGreaterThan((gaps[0] ?? 0) * 3);
  });

  it("takes 0 and the empty text for answers", async () => {
    expect(await waitUntil(() => 0, { clock: manualClock() })).toBe(0);
    expect(await waitUntil(() => "", { clock: manualClock() })).toBe("");
  });

  it("ends at its deadline, naming what it waited for, also when the time of day jumps", async () => {
    const clock = manualClock(1_000_000);
    const waiting = waitUntil(
      () => {
        clock.jumpTo(0);
        return undefined;
      },
      { clock, timeoutMs: 5_000, what: "the tide" },
    );
    await expect(run(clock, waiting)).rejects.toThrow(TimeoutError);
    await expect(waiting).rejects.toThrow("waited 5s for the tide");
  });

  it("ends with the caller's reason when aborted, also in the middle of a wait", async () => {
    const stop = new AbortController();
    const waiting = waitUntil(() => undefined, { clock: manualClock(), signal: stop.signal });
    await new Promise(setImmediate);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });

  it("ends with whatever the look throws", async () => {
    const look = (): never => {
      throw new Error("gone");
    };
    await expect(waitUntil(look, { clock: manualClock() })).rejects.toThrow("gone");
  });
});
