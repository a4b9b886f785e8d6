/** Steps that must not be taken twice, and taking back those that were. */
import { type BellowsError, delay, type Host, isBellowsError } from "@bellows/core";
import { mayHaveHappened, retold } from "./errors.js";

/** Lets calls for one key go one after the other. */
export function createTurns(): <T>(key: string, run: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, run) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(run, run);
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
}

/** How long an effect whose answer was lost may take to show before it counts as not there, in milliseconds. */
const SHOWS_WITHIN_MS = 5_000;
const FIRST_LOOK_MS = 100;
/** Tries of a change that got no answer and did not show. */
const TRIES = 4;

/**
 * Makes a change that must not be made twice. When its answer is lost, it looks whether the change took effect, and
 * makes it again only when it did not.
 * @param find - what the change made, or undefined while it does not show.
 * @returns what `act` answers, or what `find` has found.
 * @throws whatever Rackspace refuses; the lost answer's error when it can't be made.
 */
export async function makeOnce<T>(
  { clock }: Pick<Host, "clock">,
  act: () => Promise<T>,
  find: () => Promise<T | undefined>,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (!mayHaveHappened(error)) throw error;
      const endMs = clock.monotonic() + SHOWS_WITHIN_MS;
      for (let pauseMs = FIRST_LOOK_MS; ; pauseMs *= 2) {
        const found = await find();
        if (found !== undefined) return found;
        if (clock.monotonic() + pauseMs > endMs) break;
        await delay(clock, pauseMs, signal);
      }
      if (attempt >= TRIES) throw error;
    }
  }
}

/** The same error with a note at the end of its message; it must be looked at anew before it is tried again. */
export function withNote(error: unknown, note: string): unknown {
  if (!isBellowsError(error)) return error;
  const noted: BellowsError = retold(error, { retry: error.retry === "never" ? "never" : "after-refresh" });
  noted.message = `${error.message}; ${note}`;
  return noted;
}

/**
 * Takes back what was made, in this order, although the call may have been aborted.
 * @returns the error to throw: the one that stopped it, with what is left.
 */
export async function takenBack(
  error: unknown,
  steps: readonly (readonly [what: string, undo: () => Promise<void>])[],
): Promise<unknown> {
  const left: string[] = [];
  for (const [what, undo] of steps) await undo().catch(() => void left.push(what));
  return left.length === 0 ? error : withNote(error, `left behind: ${left.join(", ")}`);
}
