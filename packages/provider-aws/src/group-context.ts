import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { type Host, isBellowsError, type WriteOptions, waitUntil } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { isSettled } from "./group-map.js";
import { describeGroup } from "./group-read.js";
import type { RecentWrites } from "./group-recent.js";
import { withNote } from "./making.js";

/** What everything about groups works with. */
export interface GroupContext {
  aws: Aws;
  host: Host;
  recent: RecentWrites;
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
  call: Call,
  options: WriteOptions | undefined,
  fits: (group: AutoScalingGroup) => boolean = () => true,
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
      what: `group ${name} to be stable`,
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    },
  );
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

/**
 * Makes a call that AWS refuses with a mere ValidationError when the group is not there any more.
 * @throws NotFoundError when that is why.
 */
export async function onGroup<T>(
  { aws }: Pick<GroupContext, "aws">,
  call: Call,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (isBellowsError(error, "config") && error.vendorCode === "ValidationError")
      await describeGroup(aws, call.resource ?? "", call);
    throw error;
  }
}
