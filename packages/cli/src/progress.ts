import { delay, formatDuration } from "@bellows/core";
import type { Context } from "./context.js";
import type { Globals } from "./globals.js";

/** Thrown where somebody stopped waiting; its message says what goes on. */
export class StoppedWaitingError extends Error {}

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
/** Nothing is shown for what is done sooner, in milliseconds. */
const PATIENCE_MS = 1_000;
const FRAME_MS = 120;

/**
 * Waits for `work`. On a terminal stderr shows what is awaited and for how long, from the second second on.
 * @param what - `group web to be gone`.
 * @throws StoppedWaitingError at Ctrl-C; the work itself goes on.
 */
export async function awaited<T>(
  context: Context,
  globals: Globals,
  what: string,
  work: Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const drawn = canDraw(context, globals) ? draw(context, what, over.signal) : Promise.resolve();
  work.catch(() => {});
  try {
    return await Promise.race([work, stopped(context, what, over.signal)]);
  } finally {
    over.abort();
    await drawn;
  }
}

function stopped(context: Context, what: string, over: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void =>
      reject(new StoppedWaitingError(`no longer waiting: ${what}; what was accepted goes on`));
    if (context.signal.aborted) return stop();
    context.signal.addEventListener("abort", stop, { once: true, signal: over });
  });
}

function canDraw(context: Context, globals: Globals): boolean {
  const { isTTY } = context.stderr as { isTTY?: boolean };
  return isTTY === true && globals.quiet !== true && context.env.TERM !== "dumb";
}

async function draw(context: Context, what: string, over: AbortSignal): Promise<void> {
  const startMs = context.clock.monotonic();
  try {
    await delay(context.clock, PATIENCE_MS, over);
    for (let frame = 0; ; frame += 1) {
      const seconds = Math.floor((context.clock.monotonic() - startMs) / 1_000);
      const mark = FRAMES[frame % FRAMES.length] ?? "";
      context.stderr.write(`\r\x1b[2K${mark} ${what} (${formatDuration(seconds * 1_000)})`);
      await delay(context.clock, FRAME_MS, over);
    }
  } catch {
    if (context.clock.monotonic() - startMs >= PATIENCE_MS) context.stderr.write("\r\x1b[2K");
  }
}
