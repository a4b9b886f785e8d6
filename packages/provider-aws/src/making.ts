/** Steps that must not be taken twice, and taking back those that were. */
import { BellowsError, delay, type Host, isBellowsError } from "@bellows/core";
import { mayHaveHappened } from "./client.js";

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
 * @throws whatever AWS refuses; the lost answer's error when it can't be made.
 */
export async function actOnce(
  { host: { clock } }: { host: Pick<Host, "clock"> },
  act: () => Promise<unknown>,
  hasHappened: () => Promise<boolean>,
  signal?: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await act();
      return;
    } catch (error) {
      if (!isBellowsError(error) || !mayHaveHappened(error)) throw error;
      const endMs = clock.monotonic() + SHOWS_WITHIN_MS;
      for (let pauseMs = FIRST_LOOK_MS; ; pauseMs *= 2) {
        if (await hasHappened()) return;
        if (clock.monotonic() + pauseMs > endMs) break;
        await delay(clock, pauseMs, signal);
      }
      if (attempt >= TRIES) throw error;
    }
  }
}

/**
 * Deletes what was there a moment ago. AWS refuses to delete what an earlier try, whose answer was lost, has deleted:
 * then it looks whether it is gone, for as long as a read may lag.
 * @throws whatever AWS refuses, of what stays there.
 */
export async function deleteOnce(
  { clock }: Pick<Host, "clock">,
  drop: () => Promise<unknown>,
  isThere: () => Promise<boolean>,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await drop();
  } catch (error) {
    if (!isBellowsError(error, "config")) throw error;
    const endMs = clock.monotonic() + SHOWS_WITHIN_MS;
    for (let pauseMs = FIRST_LOOK_MS; await isThere(); pauseMs *= 2) {
      if (clock.monotonic() + pauseMs > endMs) throw error;
      await delay(clock, pauseMs, signal);
    }
  }
}

/** The same error with a note at the end of its message; it must be looked at anew before it is tried again. */
export function withNote(error: unknown, note: string): unknown {
  if (!isBellowsError(error)) return error;
  const { code, message, hint, provider, operation, resource, requestId, vendorCode, cause } = error;
  return new BellowsError(code, `${message}; ${note}`, {
    retry: error.retry === "never" ? "never" : "after-refresh",
    ...(hint === undefined ? {} : { hint }),
    ...(provider === undefined ? {} : { provider }),
    ...(operation === undefined ? {} : { operation }),
    ...(resource === undefined ? {} : { resource }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(vendorCode === undefined ? {} : { vendorCode }),
    ...(cause === undefined ? {} : { cause }),
  });
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
