/**
 * Pointing a group at another launch.
 *
 * Note [Old reads]: a read soon after a change may still show what was before it. A change that starts from what is
 * there starts from what this connection wrote, while a read shows what that replaced.
 */
import { isDeepStrictEqual } from "node:util";
import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { type Host, isBellowsError } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { onGroup } from "./group-context.js";
import { TAGS, tagOf } from "./group-map.js";
import { describeGroup } from "./group-read.js";
import { READ_AFTER_WRITE_MS } from "./group-recent.js";
import { makeTags } from "./group-tags.js";
import { deleteConfiguration } from "./launch-configuration.js";
import { derivedName, readConfigurationName } from "./launch-names.js";
import { type LaunchPointer, launchUsers, type PreparedLaunch } from "./launch-pointer.js";
import { takenBack } from "./making.js";

/** What changes of launches work with. */
export interface LaunchContext {
  aws: Aws;
  host: Host;
  /** What this connection pointed groups at, by group. */
  written: Map<string, Written>;
}

interface Written {
  before: LaunchPointer;
  now: AutoScalingGroup;
  untilMs: number;
}

/** The part of a group that says what it is launched from. */
function pointerOf(group: LaunchPointer): LaunchPointer {
  const { LaunchTemplate, MixedInstancesPolicy, LaunchConfigurationName } = group;
  return { LaunchTemplate, MixedInstancesPolicy, LaunchConfigurationName };
}

/** A group by reference; what it is launched from is never older than our own last change. */
export async function readGroup(
  { aws, host: { clock }, written }: LaunchContext,
  ref: string,
  call: Call,
): Promise<AutoScalingGroup> {
  const group = await describeGroup(aws, ref, call);
  const last = written.get(ref);
  if (last === undefined) return group;
  if (last.untilMs < clock.monotonic()) written.delete(ref);
  else if (isDeepStrictEqual(pointerOf(group), last.before))
    return { ...group, ...pointerOf(last.now), Tags: last.now.Tags };
  return group;
}

/**
 * Points a group at what was prepared for it, then removes the launch configuration that this replaced, if nothing
 * uses it. Where AWS refuses, what was prepared is removed again; where nobody knows, it stays: the group may use it.
 */
export async function pointGroup(
  context: LaunchContext,
  group: AutoScalingGroup,
  { pointer, marks, undo }: PreparedLaunch,
  call: Call,
): Promise<AutoScalingGroup> {
  const { aws, host, written } = context;
  const name = group.AutoScalingGroupName ?? "";
  const input = { AutoScalingGroupName: name, ...pointer };
  try {
    await onGroup(context, call, () =>
      aws.autoScaling((sdk) => new sdk.UpdateAutoScalingGroupCommand(input), call),
    );
  } catch (error) {
    throw isRefusal(error) ? await takenBack(error, [["what it would be launched from", undo]]) : error;
  }
  const Tags = [
    ...(group.Tags ?? []).filter(({ Key }) => Key !== TAGS.template),
    ...makeTags(name, marks, false),
  ];
  const now = { ...group, ...pointerOf(pointer), Tags };
  const before = pointerOf(written.get(name)?.before ?? group);
  written.set(name, { before, now, untilMs: host.clock.monotonic() + READ_AFTER_WRITE_MS });
  await mark(aws, group, marks, call);
  await dropReplaced(aws, group, pointer, call);
  return now;
}

/** Whether a call has certainly done nothing. */
function isRefusal(error: unknown): boolean {
  return isBellowsError(error) && !["unavailable", "timeout", "throttled"].includes(error.code);
}

/** Brings the tag that says how a template was given. */
async function mark(
  aws: Aws,
  group: AutoScalingGroup,
  marks: PreparedLaunch["marks"],
  call: Call,
): Promise<void> {
  const name = group.AutoScalingGroupName ?? "";
  const [is, wanted] = [tagOf(group, TAGS.template), marks[TAGS.template]];
  if (is === wanted) return;
  const Tags = makeTags(name, { [TAGS.template]: wanted ?? is ?? "" }, false);
  await aws.autoScaling(
    (sdk) =>
      wanted === undefined
        ? new sdk.DeleteTagsCommand({ Tags })
        : new sdk.CreateOrUpdateTagsCommand({ Tags }),
    call,
  );
}

/** Removes the launch configuration that was replaced by one of its name, or that was made for this group alone. */
async function dropReplaced(
  aws: Aws,
  group: AutoScalingGroup,
  pointer: LaunchPointer,
  call: Call,
): Promise<void> {
  const old = group.LaunchConfigurationName;
  if (old === undefined || old === pointer.LaunchConfigurationName) return;
  const { base } = readConfigurationName(old);
  const name = group.AutoScalingGroupName ?? "";
  const isReplaced = base === readConfigurationName(pointer.LaunchConfigurationName ?? "").base;
  if (!isReplaced && base !== derivedName(name)) return;
  const others = (await launchUsers(aws, call)).get(old) ?? [];
  if (others.some((user) => user !== name)) return;
  try {
    await deleteConfiguration(aws, old, call);
  } catch (error) {
    // AWS may go on to count this group as a user for a moment; it stays, and does no harm.
    if (!isBellowsError(error, "conflict")) throw error;
  }
}
