/** Making launch templates for groups: one a group, with a version for each launch that was set. */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { LaunchTemplateSpecification } from "@aws-sdk/client-auto-scaling";
import type { LaunchTemplate, LaunchTemplateVersion, RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import { AlreadyExistsError, ConflictError, isBellowsError } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { dataOf, defined, overlaid } from "./launch-data.js";
import { derivedName, LAID_OVER, MADE_BY, MADE_FOR, MADE_OVER } from "./launch-names.js";
import {
  deleteTemplate,
  findTemplate,
  isOurs,
  templateRef,
  templateVersion,
  templateVersions,
  wordsOfVersion,
} from "./launch-template.js";
import type { AwsLaunch } from "./launch-words.js";

/** One version of a template that a group can be made from. */
export interface MadeTemplate {
  spec: LaunchTemplateSpecification;
  /** Removes what was made for it. */
  undo(): Promise<void>;
}

/** What a template is made with: its words, or those laid over the template that they name. */
async function dataFor(aws: Aws, launch: AwsLaunch, call: Call): Promise<RequestLaunchTemplateData> {
  const { launchName: _name, aws: own = {}, ...common } = launch;
  const { template, mix: _mix, kind: _kind, ...data } = own;
  if (template === undefined) return dataOf({ ...common, aws: data });
  const base = await templateVersion(aws, template.id, template.version ?? "$Default", call);
  const names = [...Object.keys(common), ...Object.keys(data).map((key) => `aws.${key}`)];
  const marks = {
    [MADE_OVER]: template.version === undefined ? template.id : `${template.id} ${template.version}`,
    [LAID_OVER]: names.join(" "),
  };
  return overlaid(base.LaunchTemplateData ?? {}, { ...common, aws: data }, marks);
}

/**
 * Makes the version of a group's own template that these words mean, or finds it.
 * @throws AlreadyExistsError when its name is taken by a template that was not made for this group.
 */
export async function makeTemplate(
  aws: Aws,
  group: string,
  launch: AwsLaunch,
  call: Call,
): Promise<MadeTemplate> {
  const name = launch.launchName ?? derivedName(group);
  const data = await dataFor(aws, launch, call);
  const there = await findTemplate(aws, name, call);
  if (there !== undefined) return nextVersion(aws, there, { group, launch, data }, call);
  try {
    return await firstVersion(aws, name, { group, data }, call);
  } catch (error) {
    // Somebody made it in between, or AWS did not show it yet.
    if (!isBellowsError(error, "already-exists")) throw error;
    const theirs = { LaunchTemplateName: name, ...(await findTemplate(aws, name, call)) };
    return nextVersion(aws, theirs, { group, launch, data }, call);
  }
}

interface Making {
  group: string;
  data: RequestLaunchTemplateData;
}

async function firstVersion(
  aws: Aws,
  name: string,
  { group, data }: Making,
  call: Call,
): Promise<MadeTemplate> {
  const input = {
    LaunchTemplateName: name,
    LaunchTemplateData: data,
    VersionDescription: MADE_BY,
    // A repetition after a lost answer carries the same token, and gets the same template.
    ClientToken: randomUUID(),
    TagSpecifications: [
      { ResourceType: "launch-template" as const, Tags: [{ Key: MADE_FOR, Value: group }] },
    ],
  };
  const { LaunchTemplate: made } = await aws.ec2((sdk) => new sdk.CreateLaunchTemplateCommand(input), call);
  const LaunchTemplateId = made?.LaunchTemplateId ?? "";
  const undo = async (): Promise<void> => {
    const now = await findTemplate(aws, name, afterwards(call));
    // Another call may have made its own version in it meanwhile.
    if (now?.LaunchTemplateId === LaunchTemplateId && now.LatestVersionNumber === 1)
      await deleteTemplate(aws, LaunchTemplateId, afterwards(call));
  };
  return { spec: { LaunchTemplateId, Version: "1" }, undo };
}

async function nextVersion(
  aws: Aws,
  { LaunchTemplateId = "", LaunchTemplateName = "", Tags = [] }: LaunchTemplate,
  { group, launch, data }: Making & { launch: AwsLaunch },
  call: Call,
): Promise<MadeTemplate> {
  const ref = LaunchTemplateId || LaunchTemplateName;
  const equal = await equalVersion(aws, ref, { group, launch }, call);
  const specOf = (number: number | undefined) => ({ LaunchTemplateId: ref, Version: String(number) });
  if (equal !== undefined) return { spec: specOf(equal.VersionNumber), undo: async () => undefined };
  const madeFor = Tags.find(({ Key }) => Key === MADE_FOR)?.Value;
  if (madeFor !== group) throw taken(aws, LaunchTemplateName, madeFor, call);
  const input = {
    ...templateRef(ref),
    LaunchTemplateData: data,
    VersionDescription: MADE_BY,
    ClientToken: randomUUID(),
  };
  const { LaunchTemplateVersion: made } = await aws.ec2(
    (sdk) => new sdk.CreateLaunchTemplateVersionCommand(input),
    call,
  );
  const { LaunchTemplateId: _id = "", Version } = specOf(made?.VersionNumber);
  const undo = async (): Promise<void> => {
    const gone = { ...templateRef(ref), Versions: [Version] };
    const { UnsuccessfullyDeletedLaunchTemplateVersions: left = [] } = await aws.ec2(
      (sdk) => new sdk.DeleteLaunchTemplateVersionsCommand(gone),
      afterwards(call),
    );
    if (left.length > 0) throw new ConflictError(`version ${Version} of launch template ${ref} stays`);
  };
  return { spec: specOf(made?.VersionNumber), undo };
}

/** The newest version that was made of the same words. */
async function equalVersion(
  aws: Aws,
  ref: string,
  { group, launch }: { group: string; launch: AwsLaunch },
  call: Call,
): Promise<LaunchTemplateVersion | undefined> {
  const { launchName, aws: { mix: _mix, ...own } = {}, ...common } = launch;
  const wanted = { ...defined({ launchName }), ...common, ...defined({ aws: defined(own) }) };
  let newest: LaunchTemplateVersion | undefined;
  for await (const version of templateVersions(aws, ref, call)) {
    if (!isOurs(version) || (newest?.VersionNumber ?? 0) > (version.VersionNumber ?? 0)) continue;
    if (isDeepStrictEqual(wordsOfVersion(version, group), wanted)) newest = version;
  }
  return newest;
}

function taken(aws: Aws, name: string, madeFor: string | undefined, call: Call): AlreadyExistsError {
  const whose = madeFor === undefined ? "not by Bellows" : `for group ${madeFor}`;
  return new AlreadyExistsError(
    `there is a launch template ${name} already, made ${whose} of something else`,
    {
      provider: aws.key,
      operation: call.operation,
      resource: call.resource,
      hint: `choose another launchName, or use it: aws: { template: { id: ${name} } }`,
    },
  );
}

/** What is taken back is taken back although the call was aborted. */
function afterwards({ operation, resource }: Call): Call {
  return { operation, resource };
}
