/**
 * Making groups.
 *
 * Note [Once]: AWS refuses a second group of a name, so what must not happen twice is everything around it. In one
 * process calls for one name wait for each other. Each looks first: a group whose digest is that of the spec was made
 * by an equal call (whose answer may have been lost) and is taken; any other is refused. So is the one that another
 * process turns out to have made in between. What this call made is taken back when a later step fails.
 */
import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import {
  AlreadyExistsError,
  ConflictError,
  type Group,
  type GroupSpec,
  isBellowsError,
  type PoliciesDriver,
  TimeoutError,
  UnavailableError,
  type WriteOptions,
  waitUntil,
} from "@bellows/core";
import { resolveAttachments } from "./attachments.js";
import type { Aws, Call } from "./client.js";
import { callOf, type GroupContext, waitForGroup } from "./group-context.js";
import { groupOf, isDeleting, suspendedOf, TAGS, tagOf } from "./group-map.js";
import { findGroup } from "./group-read.js";
import { type CheckedSpec, checkSpec, createFields } from "./group-spec.js";
import { type LaunchPointer, prepareLaunch } from "./launch-pointer.js";
import { actOnce, createTurns, takenBack } from "./making.js";

/** What making a group needs beside AWS. */
export interface MakingContext extends GroupContext {
  policies: Pick<PoliciesDriver, "list" | "create">;
}

/** How long AWS may take to show a group that it has acknowledged, in milliseconds. */
const SHOWN_WITHIN_MS = 60_000;

/** Makes the maker of a connection; see the note above. */
export function createGroupMaker(
  context: MakingContext,
): (spec: GroupSpec, options?: WriteOptions) => Promise<Group> {
  const inTurn = createTurns();
  return async (spec, options) => {
    options?.signal?.throwIfAborted();
    const checked = checkSpec(spec, context.host.clock.now());
    const call = callOf("create", spec.name, options);
    const group = await inTurn(spec.name, () => findOrMake(context, checked, call));
    await waitForGroup(context, call, options);
    return groupOf(group);
  };
}

async function findOrMake(context: MakingContext, spec: CheckedSpec, call: Call): Promise<AutoScalingGroup> {
  call.signal?.throwIfAborted();
  const found = await findGroup(context.aws, spec.name, call);
  if (found === undefined) return make(context, spec, call);
  requireEqual(found, spec, call);
  await complete(context, spec, found, call);
  return found;
}

/** @throws AlreadyExistsError when the group was made from something else. @throws ConflictError while it is deleted. */
function requireEqual(found: AutoScalingGroup, spec: CheckedSpec, { operation }: Call): void {
  const about = { operation, resource: spec.name };
  if (isDeleting(found))
    throw new ConflictError(`group ${spec.name} is still being deleted`, {
      ...about,
      retry: "later",
      hint: "try again when its last instances are gone",
    });
  if (tagOf(found, TAGS.spec) === spec.digest) return;
  throw new AlreadyExistsError(`there is a group ${spec.name} already, and it was made from something else`, {
    ...about,
    hint: "update it, or choose another name",
  });
}

async function make(context: MakingContext, spec: CheckedSpec, call: Call): Promise<AutoScalingGroup> {
  const { aws } = context;
  const [zones, ties] = await Promise.all([
    zonesOf(aws, spec, call),
    resolveAttachments(aws, spec.loadBalancers, call),
  ]);
  const { pointer, marks, undo } = await prepareLaunch(aws, spec.name, spec.launch, call);
  const fields = { ...createFields(spec, zones, marks), ...ties, ...pointer };
  try {
    await actOnce(
      context,
      () => aws.autoScaling((sdk) => new sdk.CreateAutoScalingGroupCommand(fields), call),
      async () => (await findGroup(aws, spec.name, call)) !== undefined,
      call.signal,
    );
  } catch (error) {
    if (isBellowsError(error, "already-exists")) return taken(context, spec, { pointer, undo }, call);
    throw (await mayBeThere(aws, spec.name, pointer))
      ? error
      : await takenBack(error, [["what it would be launched from", undo]]);
  }
  const made = await shown(context, spec, call);
  requireEqual(made, spec, call);
  try {
    await complete(context, spec, made, call);
  } catch (error) {
    throw await takenBack(error, [
      [`group ${spec.name}`, () => remove(aws, spec.name)],
      ["what it is launched from", undo],
    ]);
  }
  const isWhole = spec.policies.length === 0 && spec.native.suspended === undefined;
  return isWhole ? made : ((await findGroup(aws, spec.name, call)) ?? made);
}

/** Whether a call that was given up has made the group all the same: an equal call will find it, with its launch. */
async function mayBeThere(aws: Aws, name: string, pointer: LaunchPointer): Promise<boolean> {
  try {
    const group = await findGroup(aws, name, { operation: "groups.create", resource: name });
    return group !== undefined && isLaunchedFrom(group, pointer);
  } catch {
    return true;
  }
}

/** Somebody else was quicker, or an earlier try of ours took effect unseen. */
async function taken(
  context: MakingContext,
  spec: CheckedSpec,
  { pointer, undo }: { pointer: LaunchPointer; undo: () => Promise<void> },
  call: Call,
): Promise<AutoScalingGroup> {
  const theirs = await shown(context, spec, call);
  try {
    requireEqual(theirs, spec, call);
  } catch (error) {
    if (isLaunchedFrom(theirs, pointer)) throw error;
    throw await takenBack(error, [["what it would be launched from", undo]]);
  }
  await complete(context, spec, theirs, call);
  return theirs;
}

/** Whether a group is launched from what the pointer names, so that it must stay. */
function isLaunchedFrom(group: AutoScalingGroup, pointer: LaunchPointer): boolean {
  const namesOf = ({ LaunchConfigurationName, LaunchTemplate, MixedInstancesPolicy }: LaunchPointer) => {
    const template = LaunchTemplate ?? MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
    return [LaunchConfigurationName, template?.LaunchTemplateId, template?.LaunchTemplateName];
  };
  const theirs = namesOf(group);
  return namesOf(pointer).some((name) => name !== undefined && theirs.includes(name));
}

/** The zones that are sent: where a spec names neither zones nor subnets, all zones of the region that are open to it. */
async function zonesOf(aws: Aws, spec: CheckedSpec, call: Call): Promise<readonly string[]> {
  if (spec.zones.length > 0 || spec.subnets.length > 0) return spec.zones;
  const { AvailabilityZones = [] } = await aws.ec2(
    (sdk) => new sdk.DescribeAvailabilityZonesCommand({}),
    call,
  );
  return AvailabilityZones.filter(
    ({ State, ZoneType }) =>
      State === "available" && (ZoneType ?? "availability-zone") === "availability-zone",
  ).map(({ ZoneName = "" }) => ZoneName);
}

/** The group, as soon as AWS shows it. */
async function shown({ aws, host }: GroupContext, spec: CheckedSpec, call: Call): Promise<AutoScalingGroup> {
  try {
    return await waitUntil(() => findGroup(aws, spec.name, call), {
      clock: host.clock,
      timeoutMs: SHOWN_WITHIN_MS,
      what: `AWS to show group ${spec.name}, which it has made`,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new UnavailableError(`AWS has made group ${spec.name} and does not show it`, {
      retry: "after-refresh",
      operation: call.operation,
      resource: spec.name,
      cause: error,
    });
  }
}

/** What comes after the group itself: its suspended processes and its policies; those that are there stay. */
async function complete(
  { aws, policies }: MakingContext,
  spec: CheckedSpec,
  group: AutoScalingGroup,
  call: Call,
): Promise<void> {
  const options = call.signal === undefined ? {} : { signal: call.signal };
  const suspended = suspendedOf(group);
  const missing = (spec.native.suspended ?? []).filter((name) => !suspended.includes(name));
  if (missing.length > 0)
    await aws.autoScaling(
      (sdk) =>
        new sdk.SuspendProcessesCommand({ AutoScalingGroupName: spec.name, ScalingProcesses: missing }),
      call,
    );
  if (spec.policies.length === 0) return;
  const there = new Set<string>();
  for await (const policy of policies.list(spec.name, options)) there.add(policy.name);
  for (const policy of spec.policies)
    if (!there.has(policy.name)) await policies.create(spec.name, policy, options);
}

async function remove(aws: Aws, name: string): Promise<void> {
  await aws.autoScaling(
    (sdk) => new sdk.DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete: true }),
    { operation: "groups.create", resource: name },
  );
}
