/** Launch templates that Bellows makes, one a group, with a version for each launch that was set. */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { LaunchTemplateSpecification } from "@aws-sdk/client-auto-scaling";
import type { LaunchTemplate, LaunchTemplateVersion, RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import {
  AlreadyExistsError,
  ConflictError,
  isBellowsError,
  NotFoundError,
  type Page,
  pages,
} from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { dataOf, defined, instanceTags, type LaunchParts, overlaid, wordsOfData } from "./launch-data.js";
import { derivedName, LAID_OVER, MADE_BY, MADE_FOR, MADE_OVER } from "./launch-names.js";
import type { AwsLaunch } from "./launch-schema.js";

/** Most versions, and most templates, of one answer. @see docs.aws.amazon.com, DescribeLaunchTemplateVersions */
const PER_CALL = 200;

/** One version of a template that a group can be made from. */
export interface MadeTemplate {
  spec: LaunchTemplateSpecification;
  /** Removes what was made for it. */
  undo(): Promise<void>;
}

/** A template by its name or id, as AWS wants to have it. */
export function templateRef(ref: string): { LaunchTemplateId: string } | { LaunchTemplateName: string } {
  return /^lt-[0-9a-f]{8,}$/.test(ref) ? { LaunchTemplateId: ref } : { LaunchTemplateName: ref };
}

/** Templates, all or the one of that name, 200 a call. */
export function templates(aws: Aws, call: Call, name?: string): AsyncGenerator<LaunchTemplate> {
  const Filters = name === undefined ? undefined : [{ Name: "launch-template-name", Values: [name] }];
  return pages<LaunchTemplate>(
    async (NextToken): Promise<Page<LaunchTemplate>> => {
      const answer = await aws.ec2(
        (sdk) => new sdk.DescribeLaunchTemplatesCommand({ Filters, MaxResults: PER_CALL, NextToken }),
        call,
      );
      return { items: answer.LaunchTemplates ?? [], next: answer.NextToken };
    },
    { signal: call.signal },
  );
}

/** The template of that name, if there is one. By filter: a name that is not there is no error then. */
export async function findTemplate(aws: Aws, name: string, call: Call): Promise<LaunchTemplate | undefined> {
  for await (const template of templates(aws, call, name)) return template;
  return undefined;
}

/** The versions of a template, in AWS's order, 200 a call. @throws NotFoundError when there is no such template. */
export function templateVersions(aws: Aws, ref: string, call: Call): AsyncGenerator<LaunchTemplateVersion> {
  return pages<LaunchTemplateVersion>(
    async (NextToken): Promise<Page<LaunchTemplateVersion>> => {
      const input = { ...templateRef(ref), MaxResults: PER_CALL, NextToken };
      const answer = await aws.ec2((sdk) => new sdk.DescribeLaunchTemplateVersionsCommand(input), call);
      return { items: answer.LaunchTemplateVersions ?? [], next: answer.NextToken };
    },
    { signal: call.signal },
  );
}

/** One version of a template. @throws NotFoundError when there is no such template or version. */
export async function templateVersion(
  aws: Aws,
  ref: string,
  version: string,
  call: Call,
): Promise<LaunchTemplateVersion> {
  const input = { ...templateRef(ref), Versions: [version] };
  const { LaunchTemplateVersions = [] } = await aws.ec2(
    (sdk) => new sdk.DescribeLaunchTemplateVersionsCommand(input),
    call,
  );
  const [found] = LaunchTemplateVersions;
  if (found !== undefined) return found;
  throw new NotFoundError(`launch template ${ref} has no version ${version}`, {
    provider: aws.key,
    operation: call.operation,
    resource: ref,
  });
}

/** Whether Bellows made this version. */
export function isOurs({ VersionDescription }: LaunchTemplateVersion): boolean {
  return VersionDescription === MADE_BY;
}

/** What the words of a version are, without those that are the group's. */
export function wordsOfVersion(version: LaunchTemplateVersion, group: string): AwsLaunch {
  const { LaunchTemplateData: data = {}, LaunchTemplateName = "" } = version;
  const launchName = LaunchTemplateName === derivedName(group) ? {} : { launchName: LaunchTemplateName };
  const words = wordsOfData(data);
  const tags = instanceTags(data);
  const over = tags[MADE_OVER];
  if (over === undefined) return { ...launchName, ...words };
  const [id = "", number] = over.split(" ");
  const template = number === undefined ? { id } : { id, version: number };
  return { ...launchName, ...chosen(words, tags[LAID_OVER] ?? "", template) };
}

/** Those words that were laid over a template, and the template. */
function chosen(
  words: LaunchParts,
  names: string,
  template: NonNullable<LaunchParts["aws"]>["template"],
): LaunchParts {
  const all = new Set(names.split(" "));
  const pick = (from: object, prefix = ""): object =>
    Object.fromEntries(Object.entries(from).filter(([key]) => all.has(prefix + key)));
  const { aws = {}, ...common } = words;
  return { ...pick(common), aws: { ...pick(aws, "aws."), template } };
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
 * @param current - id of the template that the group has now, if it has one.
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

/** Deletes a template; that it is gone already is fine. Returned: completed. */
export async function deleteTemplate(aws: Aws, ref: string, call: Call): Promise<void> {
  try {
    await aws.ec2((sdk) => new sdk.DeleteLaunchTemplateCommand(templateRef(ref)), call);
  } catch (error) {
    if (!isBellowsError(error, "not-found")) throw error;
  }
}

/** What is taken back is taken back although the call was aborted. */
function afterwards({ operation, resource }: Call): Call {
  return { operation, resource };
}
