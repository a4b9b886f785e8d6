/** What groups launch from: configurations, templates and mixes of sizes. */
import { launchServer } from "./ec2.js";
import { zoneOfSubnet } from "./ec2-places.js";
import { specifiedTags } from "./ec2-tags.js";
import { templateOf, versionOf } from "./ec2-templates.js";
import { AwsError, Input, invalid, pageOf } from "./input.js";
import type { Configuration, Group, LaunchSource, Server } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

/**
 * The launch that a call names.
 * @returns undefined when it names none.
 * @throws AwsError when it names what is not there.
 */
export function launchOf(world: World, input: Input): LaunchSource | undefined {
  const configuration = input.text("LaunchConfigurationName");
  if (configuration !== undefined && configuration !== "") {
    configurationOf(world, configuration);
    return { configuration };
  }
  const mixed = input.input("MixedInstancesPolicy");
  const given =
    mixed?.input("LaunchTemplate")?.input("LaunchTemplateSpecification") ?? input.input("LaunchTemplate");
  if (given === undefined) return undefined;
  const template = checked(world, given);
  return { template, ...(mixed === undefined ? {} : { mixed: mixed.tree }) };
}

function checked(world: World, given: Input): NonNullable<LaunchSource["template"]> {
  const version = given.text("Version") ?? "$Default";
  try {
    const template = templateOf(world, given);
    versionOf(template, version);
    return { id: template.id, name: template.name, version };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw invalid(`You must use a valid fully-formed launch template. ${error.message}`);
  }
}

/** A launch configuration. @throws AwsError when there is none. */
function configurationOf({ state }: World, name: string): Configuration {
  const found = state.configurations.find((one) => one.name === name);
  if (found === undefined) throw invalid(`Launch configuration name not found - ${name}`);
  return found;
}

/** What a group's instances are made from now: image, size, and where it comes from with `$Latest` made a number. */
function sourceOf(world: World, { launch }: Group): { input: Input; from: LaunchSource } {
  if (launch.template === undefined) {
    const configuration = configurationOf(world, launch.configuration ?? "");
    return { input: new Input(configuration.given), from: { configuration: configuration.name } };
  }
  const { id, name, version } = launch.template;
  const found = versionOf(templateOf(world, new Input({ LaunchTemplateId: id })), version);
  return { input: new Input(found.data), from: { template: { id, name, version: String(found.number) } } };
}

/**
 * Launches one server for a group, in a zone.
 * @throws AwsError when what it would be launched from is gone.
 */
export function launchForGroup(
  world: World,
  group: Group,
  zone: string,
): { server: Server; from: LaunchSource } {
  const { input, from } = sourceOf(world, group);
  // The first override is the size with the highest priority. @see docs.aws.amazon.com, MixedInstancesPolicy
  const [override] = new Input(group.launch.mixed ?? {}).input("LaunchTemplate")?.inputs("Overrides") ?? [];
  const propagated = group.tags.filter(({ propagate }) => propagate);
  const server = launchServer(world, {
    imageId: input.text("ImageId") ?? "",
    type: override?.text("InstanceType") ?? input.text("InstanceType") ?? "m1.small",
    zone,
    subnetId: group.subnets.find((one) => zoneOfSubnet(world, one) === zone),
    keyName: input.text("KeyName"),
    securityGroups: [...input.texts("SecurityGroupId"), ...input.texts("SecurityGroups")],
    tags: {
      ...specifiedTags(input, "instance"),
      ...Object.fromEntries(propagated.map(({ key, value }) => [key, value])),
      "aws:autoscaling:groupName": group.name,
      ...(from.template === undefined
        ? {}
        : {
            "aws:ec2launchtemplate:id": from.template.id,
            "aws:ec2launchtemplate:version": from.template.version,
          }),
    },
  });
  return { server, from };
}

/** A launch as Auto Scaling answers it. */
export function shownLaunch({ configuration, template, mixed }: LaunchSource): Record<string, Answer> {
  if (mixed !== undefined) return { MixedInstancesPolicy: mixed };
  if (template === undefined) return { LaunchConfigurationName: configuration };
  const { id, name, version } = template;
  return { LaunchTemplate: { LaunchTemplateId: id, LaunchTemplateName: name, Version: version } };
}

/** Actions on launch configurations. */
export const scalingLaunch: Handlers = {
  CreateLaunchConfiguration(world, input) {
    const name = input.required("LaunchConfigurationName");
    if (world.state.configurations.some((one) => one.name === name))
      throw new AwsError(
        "AlreadyExists",
        `Launch Configuration by this name already exists - A launch configuration already exists with the name ${name}`,
      );
    if (!input.has("InstanceId") && !(input.has("ImageId") && input.has("InstanceType")))
      throw invalid(
        "Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.",
      );
    const { Action: _action, Version: _version, ...given } = input.tree;
    world.state.configurations.push({ name, createdAtMs: world.now(), given });
    return undefined;
  },
  DescribeLaunchConfigurations(world, input) {
    const names = input.texts("LaunchConfigurationNames");
    const found = world.state.configurations.filter(({ name }) => names.length === 0 || names.includes(name));
    const paging = { key: (one: Configuration) => one.name, size: "MaxRecords", usual: 50, most: 100 };
    const { page, next } = pageOf(found, input, paging);
    return { LaunchConfigurations: page.map((one) => shownConfiguration(world, one)), NextToken: next };
  },
  DeleteLaunchConfiguration(world, input) {
    const found = configurationOf(world, input.required("LaunchConfigurationName"));
    const user = world.state.groups.find(({ launch }) => launch.configuration === found.name);
    if (user !== undefined)
      throw new AwsError(
        "ResourceInUse",
        `Cannot delete launch configuration ${found.name} because it is attached to AutoScalingGroup ${user.name}`,
      );
    world.state.configurations.splice(world.state.configurations.indexOf(found), 1);
    return undefined;
  },
};

function shownConfiguration(world: World, { name, createdAtMs, given }: Configuration): Answer {
  return {
    EbsOptimized: false,
    KernelId: "",
    RamdiskId: "",
    KeyName: "",
    UserData: "",
    SecurityGroups: [],
    BlockDeviceMappings: [],
    InstanceMonitoring: { Enabled: true },
    ...given,
    LaunchConfigurationName: name,
    LaunchConfigurationARN: world.arn(
      "autoscaling",
      `launchConfiguration:stand-in:launchConfigurationName/${name}`,
    ),
    CreatedTime: new Date(createdAtMs),
  };
}
