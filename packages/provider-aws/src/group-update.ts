/** Changing the definition of a group. */
import type { AutoScalingGroup, UpdateAutoScalingGroupType } from "@aws-sdk/client-auto-scaling";
import {
  ConfigError,
  countSchema,
  type Group,
  type GroupPatch,
  type Ref,
  spanMsSchema,
  type WriteOptions,
} from "@bellows/core";
import { type ResolvedAttachments, resolveAttachments } from "./attachments.js";
import type { Call } from "./client.js";
import { callOf, type GroupContext, inBatches, onGroup, waitForGroup } from "./group-context.js";
import { groupOf, metadataOf } from "./group-map.js";
import { type GroupNative, nativeFields, readGroupNative } from "./group-native.js";
import { suspendOnly } from "./group-pause.js";
import { describeGroup } from "./group-read.js";
import { requireByAll, type Sizes } from "./group-recent.js";
import { cooldownFaults, requireWithin } from "./group-spec.js";
import { makeTags } from "./group-tags.js";
import { withNote } from "./making.js";

/** Most classic balancers, and most target groups, that one call ties or looses. @see docs.aws.amazon.com, AttachLoadBalancers */
const TIES_PER_CALL = 10;

type Fields = Omit<UpdateAutoScalingGroupType, "AutoScalingGroupName">;

/**
 * Changes what a patch names: bounds and settings in one call, then balancers by what differs, then suspended processes.
 * The answer shows what AWS has acknowledged, even where a read still lags behind.
 */
export async function updateGroup(
  context: GroupContext,
  ref: Ref,
  patch: GroupPatch,
  options?: WriteOptions,
): Promise<Group> {
  const { aws } = context;
  const call = callOf("update", ref, options);
  call.signal?.throwIfAborted();
  const native = checkPatch(ref, patch);
  const before = await describeGroup(aws, ref, call);
  const fields = { ...sizes(context, before, patch), ...places(patch), ...nativeFields(native) };
  const ties =
    patch.loadBalancers === undefined ? undefined : await resolveAttachments(aws, patch.loadBalancers, call);
  if (Object.keys(fields).length > 0)
    await onGroup(context, call, () =>
      aws.autoScaling(
        (sdk) => new sdk.UpdateAutoScalingGroupCommand({ AutoScalingGroupName: ref, ...fields }),
        call,
      ),
    );
  context.recent.wrote(ref, sizesAmong(fields));
  try {
    if (ties !== undefined) await tie(context, before, ties, call);
    if (native.suspended !== undefined) await suspendOnly(context, before, native.suspended, call);
    if (native.propagateMetadata !== undefined)
      await propagate(context, before, native.propagateMetadata, call);
  } catch (error) {
    const done = Object.keys(fields);
    throw done.length === 0 ? error : withNote(error, `changed before that: ${done.join(", ")}`);
  }
  const { DesiredCapacity: desired } = fields;
  await waitForGroup(
    context,
    call,
    options,
    (group) => (desired ?? group.DesiredCapacity) === group.DesiredCapacity,
  );
  return groupOf({ ...(await describeGroup(aws, ref, call)), ...fields, ...ties });
}

/** @throws ConfigError that lists every fault. @returns the native words. */
function checkPatch(ref: Ref, patch: GroupPatch): GroupNative {
  const faults: string[] = [];
  for (const [key, schema] of [
    ["min", countSchema],
    ["max", countSchema],
    ["desired", countSchema],
    ["cooldownMs", spanMsSchema],
  ] as const) {
    const read = schema.optional().safeParse(patch[key]);
    if (!read.success) faults.push(...read.error.issues.map(({ message }) => `${key}: ${message}`));
  }
  faults.push(...cooldownFaults(patch.cooldownMs));
  if (patch.zones?.length === 0 && (patch.subnets ?? []).length === 0)
    faults.push("zones: a group needs a zone or a subnet");
  if (patch.subnets?.length === 0 && (patch.zones ?? []).length === 0)
    faults.push("subnets: a group needs a zone or a subnet");
  const native = readGroupNative(patch.native, faults);
  if (faults.length === 0) return native;
  throw new ConfigError(`group ${ref} cannot be changed: ${faults.join("; ")}`, {
    operation: "groups.update",
    resource: ref,
  });
}

/** Bounds, and desired moved into them: AWS itself would move it by the group's size, which is another number. */
function sizes({ recent }: GroupContext, before: AutoScalingGroup, patch: GroupPatch): Fields {
  const views = recent.viewsOf(before);
  requireByAll(views, (view) => requireBounds(view, patch));
  const view = views.at(-1) ?? before;
  const { DesiredCapacity = 0 } = view;
  const { min, max } = boundsOf(view, patch);
  const desired = patch.desired ?? Math.min(max, Math.max(min, DesiredCapacity));
  const isSo = views.every((one) => one.DesiredCapacity === desired);
  return {
    ...(patch.min === undefined ? {} : { MinSize: min }),
    ...(patch.max === undefined ? {} : { MaxSize: max }),
    ...(isSo || (patch.desired ?? patch.min ?? patch.max) === undefined ? {} : { DesiredCapacity: desired }),
    ...(patch.cooldownMs === undefined ? {} : { DefaultCooldown: patch.cooldownMs / 1_000 }),
  };
}

function boundsOf(view: AutoScalingGroup, patch: GroupPatch): { min: number; max: number } {
  return { min: patch.min ?? view.MinSize ?? 0, max: patch.max ?? view.MaxSize ?? 0 };
}

function requireBounds(view: AutoScalingGroup, patch: GroupPatch): void {
  const { AutoScalingGroupName: resource = "" } = view;
  const { min, max } = boundsOf(view, patch);
  const operation = "groups.update";
  if (min > max)
    throw new ConfigError(`min ${min} of group ${resource} is greater than max ${max}`, {
      operation,
      resource,
    });
  if (patch.desired !== undefined) requireWithin(resource, patch.desired, min, max, operation);
}

function sizesAmong({ MinSize, MaxSize, DesiredCapacity }: Fields): Sizes {
  return {
    ...(MinSize === undefined ? {} : { MinSize }),
    ...(MaxSize === undefined ? {} : { MaxSize }),
    ...(DesiredCapacity === undefined ? {} : { DesiredCapacity }),
  };
}

function places({ zones, subnets }: GroupPatch): Fields {
  return {
    ...(zones === undefined || zones.length === 0 ? {} : { AvailabilityZones: [...zones] }),
    ...(subnets === undefined ? {} : { VPCZoneIdentifier: subnets.join(",") }),
  };
}

/** Ties a group to these balancers alone: first those that come, then those that go. */
async function tie(
  { aws }: GroupContext,
  before: AutoScalingGroup,
  wanted: ResolvedAttachments,
  call: Call,
): Promise<void> {
  const AutoScalingGroupName = before.AutoScalingGroupName ?? "";
  const classic = difference(before.LoadBalancerNames, wanted.LoadBalancerNames);
  const targets = difference(before.TargetGroupARNs, wanted.TargetGroupARNs);
  await inBatches(classic.coming, TIES_PER_CALL, (LoadBalancerNames) =>
    aws.autoScaling(
      (sdk) => new sdk.AttachLoadBalancersCommand({ AutoScalingGroupName, LoadBalancerNames }),
      call,
    ),
  );
  await inBatches(targets.coming, TIES_PER_CALL, (TargetGroupARNs) =>
    aws.autoScaling(
      (sdk) => new sdk.AttachLoadBalancerTargetGroupsCommand({ AutoScalingGroupName, TargetGroupARNs }),
      call,
    ),
  );
  await inBatches(classic.going, TIES_PER_CALL, (LoadBalancerNames) =>
    aws.autoScaling(
      (sdk) => new sdk.DetachLoadBalancersCommand({ AutoScalingGroupName, LoadBalancerNames }),
      call,
    ),
  );
  await inBatches(targets.going, TIES_PER_CALL, (TargetGroupARNs) =>
    aws.autoScaling(
      (sdk) => new sdk.DetachLoadBalancerTargetGroupsCommand({ AutoScalingGroupName, TargetGroupARNs }),
      call,
    ),
  );
}

function difference(
  before: readonly string[] = [],
  wanted: readonly string[],
): { coming: string[]; going: string[] } {
  return {
    coming: wanted.filter((one) => !before.includes(one)),
    going: before.filter((one) => !wanted.includes(one)),
  };
}

/** Says anew whether instances get the metadata. */
async function propagate(
  { aws }: GroupContext,
  before: AutoScalingGroup,
  on: boolean,
  call: Call,
): Promise<void> {
  const Tags = makeTags(before.AutoScalingGroupName ?? "", metadataOf(before), on);
  if (Tags.length > 0) await aws.autoScaling((sdk) => new sdk.CreateOrUpdateTagsCommand({ Tags }), call);
}
