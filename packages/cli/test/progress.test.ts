import { manualClock } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { awaited, StoppedWaitingError } from "../src/progress.js";
import { fakeContext } from "./harness.js";

/** A context whose stderr is a terminal, and a clock that the test moves. */
function atTerminal(isTTY = true) {
  const clock = manualClock();
  const context = fakeContext({ clock });
  Object.assign(context.stderr, { isTTY });
  return { clock, context };
}

/** Lets what is due run, then what waits for it. */
async function pass(clock: ReturnType<typeof manualClock>, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A promise that the test resolves. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe("progress", () => {
  it("shows nothing for what is done within a second", async () => {
    const { clock, context } = atTerminal();
    const done = awaited(context, {}, "groups create web", Promise.resolve(7));
    await pass(clock, 500);
    expect(await done).toBe(7);
    expect(context.err()).toBe("");
  });

  it("tells what is awaited and for how long, and wipes it away", async () => {
    const { clock, context } = atTerminal();
    const work = deferred<number>();
    const done = awaited(context, {}, "groups create web", work.promise);
    await pass(clock, 3_300);
    expect(context.err()).toContain("groups create web (3s)");
    work.resolve(7);
    expect(await done).toBe(7);
    expect(context.err().endsWith("\r\x1b[2K")).toBe(true);
    expect(context.out()).toBe("");
  });

  it.each([
    ["off a terminal", false, {}],
    ["with --quiet", true, { quiet: true }],
  ])("says nothing %s", async (_where, isTTY, options) => {
    const { clock, context } = atTerminal(isTTY);
    const work = deferred<void>();
    const done = awaited(context, options, "groups create web", work.promise);
    await pass(clock, 3_000);
    work.resolve();
    await done;
    expect(context.err()).toBe("");
  });

  it("ends at Ctrl-C with what goes on, though the work does not end", async () => {
    const stop = new AbortController();
    const context = fakeContext({ signal: stop.signal });
    const done = awaited(context, {}, "groups delete web", new Promise(() => {}));
    stop.abort("SIGINT");
    await expect(done).rejects.toThrow(StoppedWaitingError);
    await expect(done).rejects.toThrow(/groups delete web.*goes on/);
  });
});
