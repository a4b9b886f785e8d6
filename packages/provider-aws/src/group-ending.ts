/** Emptying and deleting groups. */
import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import {
  ConflictError,
  isBellowsError,
  isGroupEmpty,
  type Ref,
  type WriteOptions,
  waitUntil,
} from "@bellows/core";
import type { Call } from "./client.js";
import { callOf, type GroupContext, onGroup } from "./group-context.js";
import { isDeleting, membersOf, statusOf } from "./group-map.js";
import { describeGroup, findGroup } from "./group-read.js";
import { dropLaunch } from "./launch-pointer.js";
import { deleteOnce } from "./making.js";

/**
 * Deletes a group, then what Bellows made for it alone. Returned: accepted; with `wait` it is gone.
 * @throws ConflictError when it has instances or wants some, unless `force`.
 */
export async function deleteGroup(
  context: GroupContext,
  ref: Ref,
  options: WriteOptions & { force?: boolean } = {},
): Promise<void> {
  const { aws, recent } = context;
  const call = callOf("delete", ref, options);
  call.signal?.throwIfAborted();
  const group = await describeGroup(aws, ref, call);
  if (options.force !== true) requireEmpty(group, call);
  if (!isDeleting(group)) await remove(context, ref, options.force === true, call);
  recent.forget(ref);
  if (options.wait === true)
    await until(
      context,
      options,
      `group ${ref} to be gone`,
      async () => (await findGroup(aws, ref, call)) === undefined,
    );
  await drop(context, group, call);
}

function requireEmpty(group: AutoScalingGroup, { operation, resource = "" }: Call): void {
  const [members, desired] = [membersOf(group).length, group.DesiredCapacity ?? 0];
  if (members === 0 && desired === 0) return;
  throw new ConflictError(
    `group ${resource} has ${members} instances and wants ${desired}, and cannot be deleted`,
    { operation, resource, retry: "never", hint: "shut it down first, or force it" },
  );
}

function remove({ aws, host }: GroupContext, name: string, force: boolean, call: Call): Promise<void> {
  const input = { AutoScalingGroupName: name, ForceDelete: force };
  return deleteOnce(
    host,
    () => aws.autoScaling((sdk) => new sdk.DeleteAutoScalingGroupCommand(input), call),
    async () => (await findGroup(aws, name, call)) !== undefined,
    call.signal,
  );
}

/** What a group was launched from may be in use until its last instance has ended: then it stays, and that is said. */
async function drop({ aws, host }: GroupContext, group: AutoScalingGroup, call: Call): Promise<void> {
  try {
    await dropLaunch(aws, group, call);
  } catch (error) {
    if (!isBellowsError(error, "conflict")) throw error;
    host.logger.warn(
      { group: call.resource, error },
      "what the group was launched from is in use until its instances have ended, and is left",
    );
  }
}

/** Sets min, max and desired to 0. Returned: accepted; with `wait` it is empty. Protected instances stay. */
export async function shutdownGroup(
  context: GroupContext,
  ref: Ref,
  options: WriteOptions = {},
): Promise<void> {
  const { aws, host, recent } = context;
  const call = callOf("shutdown", ref, options);
  call.signal?.throwIfAborted();
  await describeGroup(aws, ref, call);
  const none = { MinSize: 0, MaxSize: 0, DesiredCapacity: 0 };
  await onGroup(context, call, () =>
    aws.autoScaling(
      (sdk) => new sdk.UpdateAutoScalingGroupCommand({ AutoScalingGroupName: ref, ...none }),
      call,
    ),
  );
  recent.wrote(ref, none);
  if (options.wait !== true) return;
  await until(context, options, `group ${ref} to be empty`, async () => {
    const now = await describeGroup(aws, ref, call);
    return now.DesiredCapacity === 0 && isGroupEmpty(statusOf(now, host.clock.now()));
  });
}

async function until(
  { host: { clock } }: GroupContext,
  { signal, timeoutMs }: WriteOptions,
  what: string,
  look: () => Promise<boolean>,
): Promise<void> {
  await waitUntil(look, {
    clock,
    what,
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
