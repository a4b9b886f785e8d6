import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { BellowsError, delay, type Host, isBellowsError, type WriteOptions, waitUntil } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { mayHaveHappened } from "./client.js";
import { isSettled } from "./group-map.js";
import { describeGroup } from "./group-read.js";
import type { RecentSizes } from "./group-recent.js";

/** What everything about groups works with. */
export interface GroupContext {
  aws: Aws;
  host: Host;
  recent: RecentSizes;
}

/** A call about one group. */
export function callOf(method: string, group: string, options: { signal?: AbortSignal } = {}): Call {
  return { operation: `groups.${method}`, resource: group, signal: options.signal };
}

/**
 * Waits, if that was asked for, until a group has what it wants.
 * @param fits - what else must be seen, so that a read from before the write ends no wait.
 * @throws TimeoutError @throws NotFoundError when the group goes meanwhile.
 */
export async function waitForGroup(
  { aws, host: { clock } }: GroupContext,
  call: Call & { resource?: string | undefined },
  options: WriteOptions | undefined,
  fits: (group: AutoScalingGroup) => boolean = () => true,
  what = "to be stable",
): Promise<void> {
  if (options?.wait !== true) return;
  const { signal, timeoutMs } = options;
  const name = call.resource ?? "";
  await waitUntil(
    async () => {
      const group = await describeGroup(aws, name, call);
      return fits(group) && isSettled(group);
    },
    {
      clock,
      what: `group ${name} ${what}`,
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    },
  );
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
  { host: { clock } }: GroupContext,
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
 * Does something with many things, so many a call.
 * @throws what a call throws; when others went before, it says which.
 */
export async function inBatches(
  things: readonly string[],
  size: number,
  act: (batch: string[]) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < things.length; start += size) {
    try {
      await act(things.slice(start, start + size));
    } catch (error) {
      throw start === 0 ? error : withNote(error, `done before that: ${things.slice(0, start).join(", ")}`);
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
 * Makes a call that AWS refuses with a mere ValidationError when the group is not there any more.
 * @throws NotFoundError when that is why.
 */
export async function onGroup<T>({ aws }: GroupContext, call: Call, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (isBellowsError(error, "config") && error.vendorCode === "ValidationError")
      await describeGroup(aws, call.resource ?? "", call);
    throw error;
  }
}
