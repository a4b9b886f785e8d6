/** Earlier launches of a group: the versions of the template that it is launched from. */
import type { LaunchTemplateVersion } from "@aws-sdk/client-ec2";
import { collect, type LaunchVersion, type Metadata, NotFoundError } from "@bellows/core";
import type { Call } from "./client.js";
import { TAGS, tagOf } from "./group-map.js";
import { type LaunchContext, pointGroup, readGroup } from "./launch-change.js";
import { findConfiguration } from "./launch-configuration.js";
import { mixOf } from "./launch-mix.js";
import { launchWordsOf, pointerTo, templateOf, wordsOfTemplate } from "./launch-pointer.js";
import { templateVersion, templateVersions } from "./launch-template.js";
import type { AwsLaunch } from "./launch-words.js";

/**
 * Versions of the template that a group is launched from, newest first, each with the mix that the group has now: a
 * rollback would keep it. A launch configuration has no earlier versions.
 */
export async function* launchHistory(
  context: LaunchContext,
  ref: string,
  call: Call,
): AsyncGenerator<LaunchVersion, void, undefined> {
  const { aws } = context;
  const group = await readGroup(context, ref, call);
  const spec = templateOf(group);
  if (spec === undefined) {
    const version = group.LaunchConfigurationName ?? "";
    const found = await findConfiguration(aws, version, call);
    const launch = await launchWordsOf(aws, group, call);
    yield { version, createdAtMs: found?.CreatedTime?.getTime() ?? 0, current: true, launch };
    return;
  }
  const id = spec.LaunchTemplateId ?? spec.LaunchTemplateName ?? "";
  const versions = await collect(templateVersions(aws, id, call));
  versions.sort((a, b) => (b.VersionNumber ?? 0) - (a.VersionNumber ?? 0));
  const current = currentNumber(versions, spec.Version);
  for (const version of versions)
    yield {
      version: String(version.VersionNumber),
      createdAtMs: version.CreateTime?.getTime() ?? 0,
      current: version.VersionNumber === current,
      launch: wordsOfTemplate(version, group),
    };
}

/** @param versions - newest first. */
function currentNumber(versions: readonly LaunchTemplateVersion[], pointed = "$Default"): number | undefined {
  if (pointed === "$Latest") return versions[0]?.VersionNumber;
  if (pointed === "$Default") return versions.find(({ DefaultVersion }) => DefaultVersion)?.VersionNumber;
  return Number(pointed);
}

/** Points a group at an earlier version. @throws NotFoundError when there is no such version. */
export async function rollBack(
  context: LaunchContext,
  ref: string,
  number: string,
  call: Call,
): Promise<AwsLaunch> {
  const { aws } = context;
  const group = await readGroup(context, ref, call);
  const spec = templateOf(group);
  if (spec === undefined && number === group.LaunchConfigurationName) return launchWordsOf(aws, group, call);
  if (spec === undefined || !/^[1-9]\d*$/.test(number))
    throw noSuchVersion(ref, number, call, spec === undefined);
  const LaunchTemplateId = spec.LaunchTemplateId ?? "";
  const version = await templateVersion(aws, LaunchTemplateId, number, call);
  const { MixedInstancesPolicy: policy } = group;
  const pointer = pointerTo({ LaunchTemplateId, Version: number }, mixOf(policy), policy);
  const given = tagOf(group, TAGS.template);
  const marks: Metadata = given === undefined ? {} : { [TAGS.template]: given };
  const now = await pointGroup(context, group, { pointer, marks, undo: async () => undefined }, call);
  return wordsOfTemplate(version, now);
}

function noSuchVersion(group: string, version: string, call: Call, isConfiguration: boolean): NotFoundError {
  return new NotFoundError(`the launch of group ${group} has no version ${version}`, {
    operation: call.operation,
    resource: group,
    hint: isConfiguration
      ? "launch configurations keep none; launch templates do"
      : `bellows launch history ${group} shows them`,
  });
}
