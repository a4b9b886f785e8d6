import { ConflictError, manualClock, UnavailableError } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { actOnce } from "./making.js";

const lost = new UnavailableError("no answer", { retry: "after-refresh" });

/** Runs it on a clock that goes on by itself whenever something waits for it. */
function acting(acts: (() => void)[], shows: boolean[]): { run: Promise<void>; acted: () => number } {
  const clock = manualClock();
  const after: typeof clock.after = (delayMs, run) => {
    const cancel = clock.after(delayMs, run);
    queueMicrotask(() => clock.advance(delayMs));
    return cancel;
  };
  let acted = 0;
  const context = { host: { clock: { ...clock, after } } } as Parameters<typeof actOnce>[0];
  const run = actOnce(
    context,
    async () => acts[acted++]?.(),
    async () => shows.shift() ?? false,
  );
  return { run, acted: () => acted };
}
const fail = (error: Error) => (): never => {
  throw error;
};

describe("a change that must not be made twice", () => {
  it("is not made again when it took effect and its answer was lost", async () => {
    const { run, acted } = acting([fail(lost)], [false, true]);
    await run;
    expect(acted()).toBe(1);
  });

  it("is made again when it does not show", async () => {
    const { run, acted } = acting([fail(lost), () => undefined], []);
    await run;
    expect(acted()).toBe(2);
  });

  it("is given up when it never gets an answer", async () => {
    const { run, acted } = acting(
      Array.from({ length: 9 }, () => fail(lost)),
      [],
    );
    await expect(run).rejects.toBe(lost);
    expect(acted()).toBe(4);
  });

  it("that is refused is not made again", async () => {
    const refusal = new ConflictError("no");
    const { run, acted } = acting([fail(refusal)], []);
    await expect(run).rejects.toBe(refusal);
    expect(acted()).toBe(1);
  });
});
