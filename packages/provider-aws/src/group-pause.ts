/**
 * Suspended processes.
 *
 * Note [Paused]: AWS suspends nine processes one by one; the contract has one switch. `pause` without names suspends all
 * nine. A group counts as paused when both Launch and Terminate are suspended, because then no instance comes or goes,
 * whatever else goes on; `pausedProcesses` lists what is suspended in any case. `resume` without names resumes all but
 * those that the group's definition keeps suspended (`suspended` among AWS's own words), which a tag remembers. AWS
 * keeps no reason for a pause.
 */
import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { type CallOptions, ConfigError, type Ref } from "@bellows/core";
import type { Call } from "./client.js";
import { callOf, type GroupContext } from "./group-context.js";
import { isPaused, TAGS, tagOf } from "./group-map.js";
import { PROCESSES, processFaults } from "./group-native.js";
import { describeGroup } from "./group-read.js";
import { makeTags } from "./group-tags.js";

/** Suspends all processes, or the named ones. */
export async function pauseGroup(
  context: GroupContext,
  ref: Ref,
  options: CallOptions & { processes?: string[] } = {},
): Promise<void> {
  const call = callOf("pause", ref, options);
  requireProcesses(options.processes, call);
  await describeGroup(context.aws, ref, call);
  await suspend(context, ref, options.processes ?? PROCESSES, call);
}

/** Resumes all processes but those that the definition keeps suspended, or the named ones. */
export async function resumeGroup(
  context: GroupContext,
  ref: Ref,
  options: CallOptions & { processes?: string[] } = {},
): Promise<void> {
  const call = callOf("resume", ref, options);
  requireProcesses(options.processes, call);
  const kept = keptSuspended(await describeGroup(context.aws, ref, call));
  await resume(context, ref, options.processes ?? PROCESSES.filter((name) => !kept.includes(name)), call);
}

/**
 * Makes these the processes that the definition keeps suspended. Those that it kept suspended before are resumed, unless
 * the whole group is paused: then `resume` does that.
 */
export async function suspendOnly(
  context: GroupContext,
  group: AutoScalingGroup,
  names: readonly string[],
  call: Call,
): Promise<void> {
  const name = group.AutoScalingGroupName ?? "";
  const before = keptSuspended(group);
  if (before.join(" ") !== names.join(" ")) await remember(context, name, names, call);
  await suspend(context, name, names, call);
  if (isPaused(group) && !before.includes("Launch")) return;
  const gone = before.filter((process) => !names.includes(process));
  await resume(context, name, gone, call);
}

function keptSuspended(group: AutoScalingGroup): string[] {
  return (tagOf(group, TAGS.suspended) ?? "").split(" ").filter((name) => name !== "");
}

async function remember(
  { aws }: GroupContext,
  group: string,
  names: readonly string[],
  call: Call,
): Promise<void> {
  const Tags = makeTags(group, { [TAGS.suspended]: names.join(" ") }, false);
  await aws.autoScaling(
    (sdk) =>
      names.length === 0 ? new sdk.DeleteTagsCommand({ Tags }) : new sdk.CreateOrUpdateTagsCommand({ Tags }),
    call,
  );
}

/** What is suspended already is named all the same: a read may be old. */
async function suspend(
  { aws }: GroupContext,
  group: string,
  names: readonly string[],
  call: Call,
): Promise<void> {
  // A call without names would be one for all of them.
  if (names.length === 0) return;
  const input = { AutoScalingGroupName: group, ScalingProcesses: [...names] };
  await aws.autoScaling((sdk) => new sdk.SuspendProcessesCommand(input), call);
}

async function resume(
  { aws }: GroupContext,
  group: string,
  names: readonly string[],
  call: Call,
): Promise<void> {
  if (names.length === 0) return;
  const input = { AutoScalingGroupName: group, ScalingProcesses: [...names] };
  await aws.autoScaling((sdk) => new sdk.ResumeProcessesCommand(input), call);
}

function requireProcesses(names: readonly string[] | undefined, { operation, resource = "" }: Call): void {
  const faults = names?.length === 0 ? ["name a process, or leave them out"] : processFaults(names ?? []);
  if (faults.length > 0) throw new ConfigError(faults.join("; "), { operation, resource });
}
