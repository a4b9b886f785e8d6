/** Servers that join a group. */
import type { AutoScalingGroup, AutoScalingInstanceDetails } from "@aws-sdk/client-auto-scaling";
import type { Instance as Server } from "@aws-sdk/client-ec2";
import { ConflictError, delay, LimitError, NotFoundError, type Ref, type WriteOptions } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { callOf, type GroupContext, inBatches, onGroup, waitForGroup } from "./group-context.js";
import { describeServers } from "./group-instances.js";
import { membersOf } from "./group-map.js";
import { describeGroup } from "./group-read.js";
import { requireByAll } from "./group-recent.js";
import { actOnce } from "./making.js";

/** Most instances that one call moves. @see docs.aws.amazon.com, AttachInstances, DetachInstances, EnterStandby */
export const MOVES_PER_CALL = 20;
/** Most instances of one question about memberships. @see docs.aws.amazon.com, DescribeAutoScalingInstances */
const MEMBERSHIPS_PER_CALL = 50;

/** How long EC2 may take to show a server that was made just now, in milliseconds. @see docs.aws.amazon.com, EC2 API, Eventual consistency */
const SHOWN_WITHIN_MS = 5_000;
const FIRST_LOOK_MS = 200;

/** What an id of a server looks like; anything else is a name. */
export const SERVER_ID = /^i-[0-9a-f]+$/;

/**
 * Takes running servers in, twenty a call. Who is in already stays, and is not counted again. All is checked before
 * the first one joins.
 * @throws NotFoundError for a server that is not there. @throws ConflictError for one that does not run or is a member
 * of another group. @throws LimitError when desired would rise above max.
 */
export async function attachServers(
  context: GroupContext,
  ref: Ref,
  refs: readonly Ref[],
  options?: WriteOptions,
): Promise<void> {
  const { aws, recent } = context;
  const call = callOf("attach", ref, options);
  call.signal?.throwIfAborted();
  const group = await describeGroup(aws, ref, call);
  const ids = await strangersOf(context, ref, refs, call);
  const views = recent.viewsOf(group);
  requireByAll(views, (view) => requireRoom(view, ids.length, call));
  await inBatches(ids, MOVES_PER_CALL, (InstanceIds) =>
    actOnce(
      context,
      () =>
        onGroup(context, call, () =>
          aws.autoScaling(
            (sdk) => new sdk.AttachInstancesCommand({ AutoScalingGroupName: ref, InstanceIds }),
            call,
          ),
        ),
      async () => areMembers(await describeGroup(aws, ref, call), InstanceIds),
      call.signal,
    ),
  );
  if (ids.length > 0)
    recent.wrote(ref, { DesiredCapacity: (views.at(-1)?.DesiredCapacity ?? 0) + ids.length });
  await waitForGroup(context, call, options, (now) => areMembers(now, ids));
}

/** Refuses what would raise desired above max. @throws LimitError */
export function requireRoom(
  { MaxSize = 0, DesiredCapacity = 0 }: AutoScalingGroup,
  coming: number,
  { operation, resource = "" }: Call,
): void {
  const desired = DesiredCapacity + coming;
  if (coming === 0 || desired <= MaxSize) return;
  throw new LimitError(`with them group ${resource} would want ${desired}, and its max is ${MaxSize}`, {
    operation,
    resource,
    hint: "raise max first",
  });
}

/** Whether these are members of a group. */
export function areMembers(group: AutoScalingGroup, ids: readonly string[]): boolean {
  const members = new Set(membersOf(group).map(({ InstanceId }) => InstanceId));
  return ids.every((id) => members.has(id));
}

/** Ids of the servers that these references mean, without those that are members of the group already. */
async function strangersOf(
  { aws, host }: GroupContext,
  group: string,
  refs: readonly Ref[],
  call: Call,
): Promise<string[]> {
  const servers = await findServers({ aws, host }, [...new Set(refs)], call);
  const memberships = new Map(
    (await membershipsOf(aws, [...servers.keys()], call)).map((one) => [one.InstanceId, one]),
  );
  const strangers: string[] = [];
  for (const [id, server] of servers) {
    const other = memberships.get(id)?.AutoScalingGroupName;
    if (other !== undefined && other !== group)
      throw new ConflictError(`server ${id} is a member of group ${other}`, {
        operation: call.operation,
        resource: id,
        hint: "detach it there first",
      });
    const state = server.State?.Name ?? "unknown";
    if (other === undefined && state !== "running")
      throw new ConflictError(`server ${id} is ${state}; only running servers can be attached`, {
        operation: call.operation,
        resource: id,
      });
    if (other === undefined) strangers.push(id);
  }
  return strangers;
}

/** Servers by id, and those that are named by their names. */
async function findServers(
  { aws, host }: Pick<GroupContext, "aws" | "host">,
  refs: readonly Ref[],
  call: Call,
): Promise<Map<string, Server>> {
  const ids = refs.filter((ref) => SERVER_ID.test(ref));
  const names = refs.filter((ref) => !SERVER_ID.test(ref));
  const [byId, byName] = await Promise.all([
    serversShown({ aws, host }, ids, call),
    describeServers(aws, "tag:Name", names, call),
  ]);
  const found = new Map<string, Server>();
  for (const ref of refs) {
    const isMeant = ({ InstanceId, Tags = [] }: Server): boolean =>
      InstanceId === ref || Tags.some(({ Key, Value }) => Key === "Name" && Value === ref);
    const fitting = (SERVER_ID.test(ref) ? byId : byName.filter(isLiving)).filter(isMeant);
    const [server] = fitting;
    if (server === undefined) throw noServer(ref, call);
    if (fitting.length > 1)
      throw new ConflictError(
        `server name "${ref}" fits ${fitting.length}: ${fitting.map(({ InstanceId = "" }) => InstanceId).join(", ")}`,
        { operation: call.operation, resource: ref, hint: "use the id" },
      );
    found.set(server.InstanceId ?? "", server);
  }
  return found;
}

/** Servers by id; one that EC2 does not show may have been made just now, and is looked for again. */
async function serversShown(
  { aws, host: { clock } }: Pick<GroupContext, "aws" | "host">,
  ids: readonly string[],
  call: Call,
): Promise<Server[]> {
  const endMs = clock.monotonic() + SHOWN_WITHIN_MS;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs *= 2) {
    const found = await describeServers(aws, "instance-id", ids, call);
    const isLast = clock.monotonic() + pauseMs > endMs;
    if (found.length >= ids.length || isLast) return found;
    await delay(clock, pauseMs, call.signal);
  }
}

function isLiving({ State }: Server): boolean {
  return State?.Name !== "terminated" && State?.Name !== "shutting-down";
}

function noServer(ref: Ref, { operation }: Call): NotFoundError {
  return new NotFoundError(`there is no server "${ref}"`, {
    operation,
    resource: ref,
    hint: "bellows servers list shows what there is",
  });
}

async function membershipsOf(
  aws: Aws,
  ids: readonly string[],
  call: Call,
): Promise<AutoScalingInstanceDetails[]> {
  const found: AutoScalingInstanceDetails[] = [];
  await inBatches(ids, MEMBERSHIPS_PER_CALL, async (InstanceIds) => {
    const { AutoScalingInstances = [] } = await aws.autoScaling(
      (sdk) => new sdk.DescribeAutoScalingInstancesCommand({ InstanceIds }),
      call,
    );
    found.push(...AutoScalingInstances);
  });
  return found;
}
