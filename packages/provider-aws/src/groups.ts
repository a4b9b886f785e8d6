import {
  CooldownError,
  type GroupsDriver,
  type Host,
  isBellowsError,
  type PoliciesDriver,
  type Ref,
  type ScaleOutcome,
  type WriteOptions,
} from "@bellows/core";
import type { Aws } from "./client.js";
import { callOf, type GroupContext, onGroup, waitForGroup } from "./group-context.js";
import { createGroupMaker } from "./group-create.js";
import { deleteGroup, shutdownGroup } from "./group-ending.js";
import { instancesOf } from "./group-instances.js";
import { attachServers } from "./group-joining.js";
import { groupOf, stateOf } from "./group-map.js";
import {
  detachMembers,
  enterStandby,
  exitStandby,
  protectMembers,
  terminateMember,
} from "./group-members.js";
import { createGroupMetadata } from "./group-metadata.js";
import { observeGroups } from "./group-observe.js";
import { pauseGroup, resumeGroup } from "./group-pause.js";
import { allGroups, describeGroup } from "./group-read.js";
import { createRecentWrites, requireByAll } from "./group-recent.js";
import { requireWithin } from "./group-spec.js";
import { updateGroup } from "./group-update.js";
import { createPolicies } from "./policies.js";

/** The driver of Auto Scaling groups: all that the contract has, but `converge`, which is AWS's own business. */
export type AwsGroups = Required<Omit<GroupsDriver, "converge">>;

/** Makes the driver of Auto Scaling groups. A group's id is its name. */
export function createGroups(
  aws: Aws,
  host: Host,
  policies: Pick<PoliciesDriver, "list" | "create"> = createPolicies(aws, host),
): AwsGroups {
  const context: GroupContext = { aws, host, recent: createRecentWrites(host.clock) };
  return {
    async *list(options) {
      for await (const group of allGroups(aws, { operation: "groups.list", signal: options?.signal }))
        yield groupOf(group);
    },
    get: async (ref, options) => groupOf(await describeGroup(aws, ref, callOf("get", ref, options))),
    create: createGroupMaker({ ...context, policies }),
    update: (ref, patch, options) => updateGroup(context, ref, patch, options),
    scale: (ref, desired, options) => scaleGroup(context, ref, desired, options),
    delete: (ref, options) => deleteGroup(context, ref, options),
    observe: (refs, options) => observeGroups(context, refs, options),
    instances: (ref, options) => instancesOf(context, ref, options),
    pause: (ref, options) => pauseGroup(context, ref, options),
    resume: (ref, options) => resumeGroup(context, ref, options),
    state: async (ref, options) => stateOf(await describeGroup(aws, ref, callOf("state", ref, options))),
    metadata: createGroupMetadata(context),
    attach: (ref, refs, options) => attachServers(context, ref, refs, options),
    detach: (ref, refs, options) => detachMembers(context, ref, refs, options),
    terminate: (ref, instance, options) => terminateMember(context, ref, instance, options),
    enterStandby: (ref, refs, options) => enterStandby(context, ref, refs, options),
    exitStandby: (ref, refs, options) => exitStandby(context, ref, refs, options),
    protect: (ref, refs, isProtected, options) => protectMembers(context, ref, refs, isProtected, options),
    shutdown: (ref, options) => shutdownGroup(context, ref, options),
  };
}

/**
 * Sets desired. It is told to AWS also where it is so by the read and by our own last write: a policy that was executed a
 * moment ago may not show yet. Only a cooldown that is honored would refuse what is no change.
 */
async function scaleGroup(
  context: GroupContext,
  ref: Ref,
  desired: number,
  options: WriteOptions & { honorCooldown?: boolean } = {},
): Promise<ScaleOutcome> {
  const { aws, recent } = context;
  const call = callOf("scale", ref, options);
  call.signal?.throwIfAborted();
  const views = recent.viewsOf(await describeGroup(aws, ref, call));
  requireByAll(views, ({ MinSize = 0, MaxSize = 0 }) =>
    requireWithin(ref, desired, MinSize, MaxSize, "groups.scale"),
  );
  const isSo = views.every(({ DesiredCapacity }) => DesiredCapacity === desired);
  if (!isSo || options.honorCooldown !== true) {
    const input = {
      AutoScalingGroupName: ref,
      DesiredCapacity: desired,
      HonorCooldown: options.honorCooldown === true,
    };
    await onGroup(context, call, () =>
      aws.autoScaling((sdk) => new sdk.SetDesiredCapacityCommand(input), call),
    ).catch((error: unknown) => {
      throw options.honorCooldown === true ? asCooldown(error, ref) : error;
    });
    recent.wrote(ref, { DesiredCapacity: desired });
  }
  await waitForGroup(context, call, options, (group) => group.DesiredCapacity === desired);
  return { result: isSo ? "unchanged" : "done", desired };
}

/** While its cooldown is honored, AWS refuses with the code of a group that is busy. @see docs.aws.amazon.com, SetDesiredCapacity */
function asCooldown(error: unknown, ref: Ref): unknown {
  if (
    !isBellowsError(error, "conflict") ||
    error.vendorCode?.startsWith("ScalingActivityInProgress") !== true
  )
    return error;
  return new CooldownError(`group ${ref} is cooling down`, {
    operation: "groups.scale",
    resource: ref,
    vendorCode: error.vendorCode,
    hint: "try later, or scale without honoring the cooldown",
    cause: error,
  });
}
