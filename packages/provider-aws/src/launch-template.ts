/** Launch templates and their versions, as AWS has them. */
import type { LaunchTemplate, LaunchTemplateVersion } from "@aws-sdk/client-ec2";
import { isBellowsError, NotFoundError, type Page, pages } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { instanceTags, type LaunchParts, wordsOfData } from "./launch-data.js";
import { derivedName, LAID_OVER, MADE_BY, MADE_OVER } from "./launch-names.js";
import type { AwsLaunch } from "./launch-words.js";

/** Most versions, and most templates, of one answer. @see docs.aws.amazon.com, DescribeLaunchTemplateVersions */
const PER_CALL = 200;

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

/** Deletes a template; that it is gone already is fine. Returned: completed. */
export async function deleteTemplate(aws: Aws, ref: string, call: Call): Promise<void> {
  try {
    await aws.ec2((sdk) => new sdk.DeleteLaunchTemplateCommand(templateRef(ref)), call);
  } catch (error) {
    if (!isBellowsError(error, "not-found")) throw error;
  }
}
