/**
 * What groups are launched from.
 *
 * Note [Whose template]: Bellows never writes into a launch template that it did not make: others may launch from its
 * newest version. It makes one for each group, pins the group to the number of a version, and tells its own by a tag
 * (the group it was made for) and by the description of each version. Words laid over somebody's template become a
 * template of Bellows's own that starts from it. What has a `launchName` stands alone and outlives the group; what has
 * none is named after the group and goes with it.
 */
import type {
  AutoScalingGroup,
  CreateAutoScalingGroupType,
  LaunchTemplateSpecification,
  MixedInstancesPolicy,
} from "@aws-sdk/client-auto-scaling";
import type { LaunchTemplateVersion } from "@aws-sdk/client-ec2";
import { ConflictError, type Metadata } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { TAGS, tagOf } from "./group-map.js";
import { allGroups } from "./group-read.js";
import {
  configurationsLike,
  deleteConfiguration,
  findConfiguration,
  makeConfiguration,
  wordsOfConfiguration,
} from "./launch-configuration.js";
import { defined } from "./launch-data.js";
import { mixedPolicy, mixOf } from "./launch-mix.js";
import { derivedName, MADE_FOR, readConfigurationName } from "./launch-names.js";
import {
  deleteTemplate,
  findTemplate,
  isOurs,
  templateRef,
  templateVersion,
  wordsOfVersion,
} from "./launch-template.js";
import { makeTemplate } from "./launch-template-make.js";
import type { AwsLaunch, AwsOwnWords } from "./launch-words.js";

/** The part of a group that says what it is launched from. */
export type LaunchPointer = Pick<
  CreateAutoScalingGroupType,
  "LaunchTemplate" | "MixedInstancesPolicy" | "LaunchConfigurationName"
>;

/** What a group can be made from, ready. */
export interface PreparedLaunch {
  pointer: LaunchPointer;
  /** Tags that the group gets with it: what AWS would not tell otherwise. */
  marks: Metadata;
  /** Removes what was made for it. */
  undo(): Promise<void>;
}

/**
 * Makes what a group is to be launched from, or finds what is equal to it.
 * @param launch - checked by the schema.
 * @param now - the group, if it is there already; a mixed policy in it is kept where the mix is to stay the same.
 * @throws NotFoundError when a template that it names is not there. @throws AlreadyExistsError when its name is taken.
 * @throws UnsupportedError when it wants a launch configuration and the account can't make any.
 */
export async function prepareLaunch(
  aws: Aws,
  group: string,
  launch: AwsLaunch,
  call: Call,
  now: Partial<AutoScalingGroup> = {},
): Promise<PreparedLaunch> {
  if (launch.aws?.kind === "configuration") {
    const { name, undo } = await makeConfiguration(aws, group, launch, call, now.LaunchConfigurationName);
    return { pointer: { LaunchConfigurationName: name }, marks: {}, undo };
  }
  const { mix } = launch.aws ?? {};
  const policy = keptPolicy(now, mix);
  const bare = bareTemplate(launch);
  if (bare !== undefined) {
    const { id, version = "$Default" } = bare;
    await templateVersion(aws, id, version, call);
    const spec = { ...templateRef(id), Version: version };
    return {
      pointer: pointerTo(spec, mix, policy),
      marks: { [TAGS.template]: id },
      undo: async () => undefined,
    };
  }
  const { spec, undo } = await makeTemplate(aws, group, launch, call);
  return { pointer: pointerTo(spec, mix, policy), marks: {}, undo };
}

/** A template that is launched from as it is, with no words of its own over it. */
function bareTemplate({ aws = {}, ...common }: AwsLaunch): AwsOwnWords["template"] {
  const { template, mix: _mix, kind: _kind, ...own } = aws;
  return Object.keys(common).length + Object.keys(own).length === 0 ? template : undefined;
}

/** A mix that stays as it is keeps what the contract has no words for. */
function keptPolicy(
  { MixedInstancesPolicy: policy }: Partial<AutoScalingGroup>,
  mix: AwsOwnWords["mix"],
): MixedInstancesPolicy | undefined {
  const same = JSON.stringify(mixOf(policy)) === JSON.stringify(mix);
  return same ? policy : undefined;
}

/** Points a group at a version of a template. */
export function pointerTo(
  spec: LaunchTemplateSpecification,
  mix: AwsOwnWords["mix"],
  kept?: MixedInstancesPolicy,
): LaunchPointer {
  if (kept !== undefined)
    return {
      MixedInstancesPolicy: {
        ...kept,
        LaunchTemplate: { ...kept.LaunchTemplate, LaunchTemplateSpecification: spec },
      },
    };
  return mix === undefined ? { LaunchTemplate: spec } : { MixedInstancesPolicy: mixedPolicy(mix, spec) };
}

/** The template that a group is launched from, and its version. */
export function templateOf(group: LaunchPointer): LaunchTemplateSpecification | undefined {
  return group.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification ?? group.LaunchTemplate;
}

/** What a group is launched from, as it was given. */
export async function launchWordsOf(aws: Aws, group: AutoScalingGroup, call: Call): Promise<AwsLaunch> {
  const name = group.AutoScalingGroupName ?? "";
  const spec = templateOf(group);
  if (spec === undefined) {
    const configuration = group.LaunchConfigurationName ?? "";
    const found = await findConfiguration(aws, configuration, call);
    return found === undefined ? {} : wordsOfConfiguration(found, name);
  }
  const { LaunchTemplateId = "", LaunchTemplateName = "", Version = "$Default" } = spec;
  const given = tagOf(group, TAGS.template);
  if (given === LaunchTemplateId || given === LaunchTemplateName)
    return withMix(bareWords(given, Version), group);
  const version = await templateVersion(aws, LaunchTemplateId || LaunchTemplateName, Version, call);
  return wordsOfTemplate(version, group, Version);
}

/**
 * What a group is launched from when it points at this version.
 * @param pointed - how it points there: a number, $Default or $Latest.
 */
export function wordsOfTemplate(
  version: LaunchTemplateVersion,
  group: AutoScalingGroup,
  pointed = String(version.VersionNumber),
): AwsLaunch {
  const { LaunchTemplateId, LaunchTemplateName = "" } = version;
  const given = tagOf(group, TAGS.template);
  const isGiven = given !== undefined && (given === LaunchTemplateId || given === LaunchTemplateName);
  const words =
    isGiven || !isOurs(version)
      ? bareWords(isGiven ? given : LaunchTemplateName, pointed)
      : wordsOfVersion(version, group.AutoScalingGroupName ?? "");
  return withMix(words, group);
}

function bareWords(id: string, version: string): AwsLaunch {
  return { aws: { template: version === "$Default" ? { id } : { id, version } } };
}

/** Words of a template with the mix of the group that uses it. */
function withMix(launch: AwsLaunch, group: LaunchPointer): AwsLaunch {
  const mix = mixOf(group.MixedInstancesPolicy);
  const own = defined({ ...launch.aws, mix });
  return own === undefined ? launch : { ...launch, aws: own };
}

/**
 * Removes what Bellows made for a group alone, after the group. Returned: completed; that it is gone already is fine.
 * @throws ConflictError when something still launches from it.
 */
export async function dropLaunch(aws: Aws, group: AutoScalingGroup, call: Call): Promise<void> {
  const name = group.AutoScalingGroupName ?? "";
  const own = derivedName(name);
  const configuration = group.LaunchConfigurationName;
  if (configuration !== undefined && readConfigurationName(configuration).base === own)
    for (const { LaunchConfigurationName = "" } of await configurationsLike(aws, own, call))
      await deleteConfiguration(aws, LaunchConfigurationName, call);
  const template = await findTemplate(aws, own, call);
  if (template?.Tags?.find(({ Key }) => Key === MADE_FOR)?.Value !== name) return;
  const id = template.LaunchTemplateId ?? "";
  const others = ((await launchUsers(aws, call)).get(id) ?? []).filter((user) => user !== name);
  if (others.length > 0) throw inUse(aws, `launch template ${own}`, others, call);
  await deleteTemplate(aws, id, call);
}

/** Names of the groups that use each launch template, by its id, and each launch configuration, by its name. */
export async function launchUsers(aws: Aws, call: Call): Promise<Map<string, string[]>> {
  const users = new Map<string, string[]>();
  for await (const group of allGroups(aws, call)) {
    const key = templateOf(group)?.LaunchTemplateId ?? group.LaunchConfigurationName;
    if (key !== undefined) users.set(key, [...(users.get(key) ?? []), group.AutoScalingGroupName ?? ""]);
  }
  return users;
}

/** Says that something can't be deleted because groups use it. */
export function inUse(aws: Aws, what: string, groups: readonly string[], call: Call): ConflictError {
  return new ConflictError(`${what} is used by ${groups.join(", ")}`, {
    provider: aws.key,
    operation: call.operation,
    resource: call.resource,
    hint: "set another launch on these groups, or delete them first",
  });
}
