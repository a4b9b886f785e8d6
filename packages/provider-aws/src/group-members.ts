/** Members of a group that leave it, end, rest or are kept. */
import type { AutoScalingGroup, Instance as Member } from "@aws-sdk/client-auto-scaling";
import { LimitError, NotFoundError, type Ref, resolveRef, type WriteOptions } from "@bellows/core";
import type { Call } from "./client.js";
import { callOf, type GroupContext, inBatches, onGroup, waitForGroup } from "./group-context.js";
import { describeServers } from "./group-instances.js";
import { areMembers, MOVES_PER_CALL, requireRoom, SERVER_ID } from "./group-joining.js";
import { lifecycleOf, membersOf } from "./group-map.js";
import { describeGroup } from "./group-read.js";
import { requireByAll } from "./group-recent.js";
import { actOnce } from "./making.js";

/** Most instances whose protection one call changes. @see docs.aws.amazon.com, SetInstanceProtection */
const PROTECTIONS_PER_CALL = 50;

/** A group, some of its members, and the call that is about them. */
interface Chosen {
  group: AutoScalingGroup;
  members: Member[];
  call: Call;
}

/** Lets instances go, running, twenty a call. @throws LimitError when desired would fall under min. */
export async function detachMembers(
  context: GroupContext,
  ref: Ref,
  refs: readonly Ref[],
  options: WriteOptions & { replace?: boolean } = {},
): Promise<void> {
  const { group, members, call } = await choose(context, "detach", ref, refs, options);
  const fewer = options.replace === true ? 0 : members.filter(isCounted).length;
  const isOut = (now: AutoScalingGroup, ids: readonly string[]): boolean =>
    !ids.some((id) => areMembers(now, [id]));
  await move(context, { group, members, call }, fewer, {
    act: (InstanceIds) =>
      context.aws.autoScaling(
        (sdk) =>
          new sdk.DetachInstancesCommand({
            AutoScalingGroupName: ref,
            InstanceIds,
            ShouldDecrementDesiredCapacity: options.replace !== true,
          }),
        call,
      ),
    isDone: isOut,
  });
  await waitForGroup(context, call, options, (now) => isOut(now, idsOf(members)));
}

/** Ends one instance. @throws LimitError when desired would fall under min. */
export async function terminateMember(
  context: GroupContext,
  ref: Ref,
  instance: Ref,
  options: WriteOptions & { replace?: boolean } = {},
): Promise<void> {
  const { group, members, call } = await choose(context, "terminate", ref, [instance], options);
  // One in standby does not count in desired, which must not fall once more for it.
  const fewer = options.replace === false ? members.filter(isCounted).length : 0;
  await move(context, { group, members: members.filter((member) => !hasEnded(member)), call }, fewer, {
    act: ([InstanceId]) =>
      context.aws.autoScaling(
        (sdk) =>
          new sdk.TerminateInstanceInAutoScalingGroupCommand({
            InstanceId,
            ShouldDecrementDesiredCapacity: fewer > 0,
          }),
        call,
      ),
    isDone: (now, ids) => chosenOf(now, ids).every(hasEnded),
  });
  await waitForGroup(context, call, options, (now) => !areMembers(now, idsOf(members)));
}

/** Takes instances out of service, running, twenty a call. @throws LimitError when desired would fall under min. */
export async function enterStandby(
  context: GroupContext,
  ref: Ref,
  refs: readonly Ref[],
  options: WriteOptions & { replace?: boolean } = {},
): Promise<void> {
  const { group, members, call } = await choose(context, "enterStandby", ref, refs, options);
  const entering = members.filter((member) => !isStandby(member));
  await move(context, { group, members: entering, call }, options.replace === true ? 0 : entering.length, {
    act: (InstanceIds) =>
      context.aws.autoScaling(
        (sdk) =>
          new sdk.EnterStandbyCommand({
            AutoScalingGroupName: ref,
            InstanceIds,
            ShouldDecrementDesiredCapacity: options.replace !== true,
          }),
        call,
      ),
    isDone: (now, ids) => chosenOf(now, ids).every(isStandby),
  });
  await waitForGroup(context, call, options, (now) =>
    chosenOf(now, idsOf(members)).every(({ LifecycleState }) => LifecycleState === "Standby"),
  );
}

/** Puts instances back in service, twenty a call. @throws LimitError when desired would rise above max. */
export async function exitStandby(
  context: GroupContext,
  ref: Ref,
  refs: readonly Ref[],
  options: WriteOptions = {},
): Promise<void> {
  const { group, members, call } = await choose(context, "exitStandby", ref, refs, options);
  const leaving = members.filter(isStandby);
  const isBack = (now: AutoScalingGroup, ids: readonly string[]): boolean =>
    !chosenOf(now, ids).some(isStandby);
  await move(context, { group, members: leaving, call }, -leaving.length, {
    act: (InstanceIds) =>
      context.aws.autoScaling(
        (sdk) => new sdk.ExitStandbyCommand({ AutoScalingGroupName: ref, InstanceIds }),
        call,
      ),
    isDone: isBack,
  });
  await waitForGroup(context, call, options, (now) => isBack(now, idsOf(leaving)));
}

/** Says whether scale-in may take instances, fifty a call. */
export async function protectMembers(
  context: GroupContext,
  ref: Ref,
  refs: readonly Ref[],
  isProtected: boolean,
  options: WriteOptions = {},
): Promise<void> {
  const { members, call } = await choose(context, "protect", ref, refs, options);
  await inBatches(idsOf(members), PROTECTIONS_PER_CALL, (InstanceIds) =>
    context.aws.autoScaling(
      (sdk) =>
        new sdk.SetInstanceProtectionCommand({
          AutoScalingGroupName: ref,
          InstanceIds,
          ProtectedFromScaleIn: isProtected,
        }),
      call,
    ),
  );
}

/** How members are moved, and how one sees that they were. */
interface Move {
  act(ids: string[]): Promise<unknown>;
  isDone(now: AutoScalingGroup, ids: readonly string[]): boolean;
}

/**
 * Moves members in batches, each once.
 * @param fewer - by how many desired falls; below 0 it rises.
 */
async function move(
  context: GroupContext,
  { group, members, call }: Chosen,
  fewer: number,
  { act, isDone }: Move,
): Promise<void> {
  const { aws, recent } = context;
  const name = group.AutoScalingGroupName ?? "";
  const views = recent.viewsOf(group);
  requireByAll(views, (view) =>
    fewer < 0 ? requireRoom(view, -fewer, call) : requireEnough(view, fewer, call),
  );
  await inBatches(idsOf(members), MOVES_PER_CALL, (ids) =>
    actOnce(
      context,
      () => onGroup(context, call, () => act(ids)),
      async () => isDone(await describeGroup(aws, name, call), ids),
      call.signal,
    ),
  );
  if (fewer !== 0) recent.wrote(name, { DesiredCapacity: (views.at(-1)?.DesiredCapacity ?? 0) - fewer });
}

function requireEnough(
  { MinSize = 0, DesiredCapacity = 0 }: AutoScalingGroup,
  fewer: number,
  { operation, resource = "" }: Call,
): void {
  const desired = DesiredCapacity - fewer;
  if (fewer === 0 || desired >= MinSize) return;
  throw new LimitError(`without them group ${resource} would want ${desired}, and its min is ${MinSize}`, {
    operation,
    resource,
    hint: "lower min first, or have them replaced",
  });
}

/** The members that these references mean: ids, or names. @throws NotFoundError */
async function choose(
  { aws }: GroupContext,
  method: string,
  ref: Ref,
  refs: readonly Ref[],
  options: WriteOptions,
): Promise<Chosen> {
  const call = callOf(method, ref, options);
  call.signal?.throwIfAborted();
  const group = await describeGroup(aws, ref, call);
  const all = membersOf(group);
  const wanted = [...new Set(refs)];
  const ids = idsOf(all);
  const names = wanted.every((one) => ids.includes(one) || SERVER_ID.test(one))
    ? new Map<string, string>()
    : await namesOf(aws, ids, call);
  const known = all.map((member) => {
    const name = names.get(member.InstanceId ?? "");
    return { id: member.InstanceId ?? "", member, ...(name === undefined ? {} : { name }) };
  });
  return { group, call, members: wanted.map((one) => find(known, one, call)) };
}

function find(known: { id: string; name?: string; member: Member }[], ref: Ref, call: Call): Member {
  if (known.some(({ id, name }) => id === ref || name === ref))
    return resolveRef(known, ref, `instance of group ${call.resource ?? ""}`).member;
  throw new NotFoundError(`group ${call.resource ?? ""} has no instance "${ref}"`, {
    operation: call.operation,
    resource: ref,
    hint:
      known.length === 0
        ? "it has none"
        : `it has ${idsOf(known.map(({ member }) => member))
            .slice(0, 10)
            .join(", ")}`,
  });
}

async function namesOf(
  aws: GroupContext["aws"],
  ids: readonly string[],
  call: Call,
): Promise<Map<string, string>> {
  const servers = await describeServers(aws, "instance-id", ids, call);
  return new Map(
    servers.map(({ InstanceId = "", Tags = [] }) => [
      InstanceId,
      Tags.find(({ Key }) => Key === "Name")?.Value ?? "",
    ]),
  );
}

function chosenOf(group: AutoScalingGroup, ids: readonly string[]): Member[] {
  return membersOf(group).filter(({ InstanceId = "" }) => ids.includes(InstanceId));
}

function idsOf(members: readonly Member[]): string[] {
  return members.map(({ InstanceId = "" }) => InstanceId);
}

function isStandby({ LifecycleState }: Member): boolean {
  return LifecycleState === "Standby" || LifecycleState === "EnteringStandby";
}

/** Whether it has ended, or is about to. */
function hasEnded({ LifecycleState }: Member): boolean {
  return ["terminating", "terminated"].includes(lifecycleOf(LifecycleState ?? ""));
}

/** Whether desired counts it. */
function isCounted(member: Member): boolean {
  return !isStandby(member) && !hasEnded(member);
}
