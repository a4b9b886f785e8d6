/** Launch templates: versions from 1, of which one is the default. */
import { passes, specifiedTags, tagSet, tagValues } from "./ec2-tags.js";
import { AwsError, Input, pageOf } from "./input.js";
import type { Given, Template, TemplateVersion } from "./state.js";
import type { Answer, Tree } from "./wire.js";
import { ACCOUNT, type Handlers, type World } from "./world.js";

const CREATOR = `arn:aws:iam::${ACCOUNT}:user/tester`;
const NAME = /^[a-zA-Z0-9().\-/_]{3,128}$/;

/** A template by id or name. @throws AwsError when there is none. */
export function templateOf(world: World, input: Input): Template {
  const [id, name] = [input.text("LaunchTemplateId"), input.text("LaunchTemplateName")];
  const template = world.state.templates.find((one) =>
    id === undefined ? one.name === name : one.id === id,
  );
  if (template !== undefined) return template;
  throw id === undefined
    ? new AwsError(
        "InvalidLaunchTemplateName.NotFoundException",
        `The specified launch template, with template name ${name ?? ""}, does not exist.`,
      )
    : new AwsError(
        "InvalidLaunchTemplateId.NotFound",
        `The specified launch template, with template ID ${id}, does not exist.`,
      );
}

/** A version by its number, `$Latest` or `$Default`. @throws AwsError when there is none. */
export function versionOf(template: Template, version = "$Default"): TemplateVersion {
  const number =
    { $Latest: template.latestVersion, $Default: template.defaultVersion }[version] ?? Number(version);
  const found = template.versions.find((one) => one.number === number);
  if (found === undefined)
    throw new AwsError(
      "InvalidLaunchTemplateId.VersionNotFound",
      `Could not find launch template version ${version} for the launch template with ID ${template.id}.`,
    );
  return found;
}

/** A template's data as EC2 answers it: `SecurityGroupId` becomes `securityGroupIdSet`, `ImageId` becomes `imageId`. */
function written(tree: Tree, path = ""): Answer {
  if (Array.isArray(tree)) return tree.map((one) => written(one, path));
  if (typeof tree !== "object" || tree === null) return tree;
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => {
      const name = key.charAt(0).toLowerCase() + key.slice(1);
      if (!Array.isArray(value)) return [name, written(value, key)];
      // A network interface's groups are given as SecurityGroupId and answered as groupSet.
      return [
        path === "NetworkInterface" && key === "SecurityGroupId" ? "groupSet" : `${name}Set`,
        written(value, key),
      ];
    }),
  );
}

function shown(template: Template): Answer {
  return {
    launchTemplateId: template.id,
    launchTemplateName: template.name,
    createTime: new Date(template.createdAtMs),
    createdBy: CREATOR,
    defaultVersionNumber: template.defaultVersion,
    latestVersionNumber: template.latestVersion,
    tagSet: tagSet(template.tags),
  };
}

function shownVersion(template: Template, version: TemplateVersion): Answer {
  return {
    launchTemplateId: template.id,
    launchTemplateName: template.name,
    versionNumber: version.number,
    versionDescription: version.description,
    createTime: new Date(version.createdAtMs),
    createdBy: CREATOR,
    defaultVersion: version.number === template.defaultVersion,
    launchTemplateData: written(version.data),
  };
}

function addVersion(world: World, template: Template, input: Input, data: Given): TemplateVersion {
  const [description, clientToken] = [input.text("VersionDescription"), input.text("ClientToken")];
  const version: TemplateVersion = {
    number: ++template.latestVersion,
    createdAtMs: world.now(),
    data,
    ...(description === undefined ? {} : { description }),
    ...(clientToken === undefined ? {} : { clientToken }),
  };
  template.versions.push(version);
  return version;
}

function dataOf(input: Input): Given {
  const data = input.input("LaunchTemplateData");
  if (data === undefined)
    throw new AwsError("MissingParameter", "The request must contain the parameter LaunchTemplateData");
  return data.tree as Given;
}

/** Actions on launch templates. */
export const ec2Templates: Handlers = {
  CreateLaunchTemplate(world, input) {
    const [name, clientToken] = [input.required("LaunchTemplateName"), input.text("ClientToken")];
    const data = dataOf(input);
    if (!NAME.test(name))
      throw new AwsError("InvalidLaunchTemplateName.MalformedException", `The name ${name} is not valid.`);
    const same = world.state.templates.find((one) => one.name === name);
    if (same !== undefined && clientToken !== undefined && same.clientToken === clientToken)
      return { launchTemplate: shown(same) };
    if (same !== undefined)
      throw new AwsError(
        "InvalidLaunchTemplateName.AlreadyExistsException",
        "Launch template name already in use.",
      );
    const template: Template = {
      id: world.id("lt"),
      name,
      createdAtMs: world.now(),
      defaultVersion: 1,
      latestVersion: 0,
      versions: [],
      tags: specifiedTags(input, "launch-template"),
      ...(clientToken === undefined ? {} : { clientToken }),
    };
    addVersion(world, template, input, data);
    world.state.templates.push(template);
    return { launchTemplate: shown(template) };
  },
  CreateLaunchTemplateVersion(world, input) {
    const template = templateOf(world, input);
    const clientToken = input.text("ClientToken");
    const same = template.versions.find(
      (one) => clientToken !== undefined && one.clientToken === clientToken,
    );
    if (same !== undefined) return { launchTemplateVersion: shownVersion(template, same) };
    const source = input.text("SourceVersion");
    const base = source === undefined ? {} : versionOf(template, source).data;
    const version = addVersion(world, template, input, { ...base, ...dataOf(input) });
    return { launchTemplateVersion: shownVersion(template, version) };
  },
  DescribeLaunchTemplates(world, input) {
    const [ids, names] = [input.texts("LaunchTemplateId"), input.texts("LaunchTemplateName")];
    for (const id of ids) templateOf(world, new Input({ LaunchTemplateId: id }));
    for (const name of names) templateOf(world, new Input({ LaunchTemplateName: name }));
    const isAll = ids.length + names.length === 0;
    const found = world.state.templates
      .filter(({ id, name }) => isAll || ids.includes(id) || names.includes(name))
      .filter((one) =>
        passes(input, (name) => (name === "launch-template-name" ? [one.name] : tagValues(one.tags, name))),
      );
    const paging = { key: (one: Template) => one.id, size: "MaxResults", usual: 200, most: 200 };
    const { page, next } = pageOf(found, input, paging);
    return { launchTemplates: page.map(shown), nextToken: next };
  },
  DescribeLaunchTemplateVersions(world, input) {
    const template = templateOf(world, input);
    const wanted = input.texts("LaunchTemplateVersion");
    const versions =
      wanted.length > 0 ? wanted.map((one) => versionOf(template, one)) : template.versions.toReversed();
    const paging = {
      key: (one: TemplateVersion) => String(one.number),
      size: "MaxResults",
      usual: 200,
      most: 200,
    };
    const { page, next } = pageOf(versions, input, paging);
    return {
      launchTemplateVersionSet: page.map((one) => shownVersion(template, one)),
      nextToken: next,
    };
  },
  ModifyLaunchTemplate(world, input) {
    const template = templateOf(world, input);
    template.defaultVersion = versionOf(template, input.text("SetDefaultVersion")).number;
    return { launchTemplate: shown(template) };
  },
  DeleteLaunchTemplate(world, input) {
    const template = templateOf(world, input);
    world.state.templates.splice(world.state.templates.indexOf(template), 1);
    return { launchTemplate: shown(template) };
  },
  DeleteLaunchTemplateVersions(world, input) {
    const template = templateOf(world, input);
    const gone: Answer[] = [];
    const kept: Answer[] = [];
    for (const wanted of input.texts("LaunchTemplateVersion")) {
      const about = { launchTemplateId: template.id, versionNumber: Number(wanted) };
      const found = template.versions.find(({ number }) => number === Number(wanted));
      const code =
        found === undefined
          ? "launchTemplateVersionDoesNotExist"
          : found.number === template.defaultVersion
            ? "unexpectedError"
            : undefined;
      if (code !== undefined) kept.push({ ...about, responseError: { code, message: code } });
      else {
        gone.push(about);
        template.versions = template.versions.filter((one) => one !== found);
      }
    }
    return {
      successfullyDeletedLaunchTemplateVersionSet: gone,
      unsuccessfullyDeletedLaunchTemplateVersionSet: kept,
    };
  },
};
