/** What AWS allows in a launch beyond the shape of its words, and the one way to write what means the same. Pure. */
import { defined, isSecurityGroupId } from "./launch-data.js";
import { MIX_DEFAULTS, type Mix } from "./launch-mix.js";
import { readConfigurationName } from "./launch-names.js";
import type { AwsLaunch, AwsOwnWords } from "./launch-words.js";

/** One thing that is wrong, and where. */
export interface LaunchFault {
  path: (string | number)[];
  message: string;
}

/** Longest user data in bytes, before they are encoded. @see docs.aws.amazon.com, Instance user data */
const LONGEST_USER_DATA = 16_384;
/** Most tags of an instance are 50: some are left for the name, our own marks, and those that the group hands on. */
const MOST_METADATA = 40;
/** Longest key of a tag. @see docs.aws.amazon.com, Tag restrictions */
const LONGEST_KEY = 127;
/** @see docs.aws.amazon.com, EC2 API, CreateLaunchTemplate */
const TEMPLATE_NAME = /^[a-zA-Z0-9().\-/_]{3,128}$/;
const TEMPLATE_VERSION = /^(\$Default|\$Latest|[1-9]\d*)$/;

/** Everything that AWS would refuse, or lose without a word. */
export function launchFaults(launch: AwsLaunch): LaunchFault[] {
  const { aws = {} } = launch;
  return [
    ...sourceFaults(launch),
    ...nameFaults(launch),
    ...networkFaults(launch),
    ...tagFaults(launch.metadata ?? {}),
    ...templateFaults(aws),
    ...mixFaults(aws),
    ...deviceFaults(aws.blockDevices ?? []),
    ...(aws.kind === "configuration" ? configurationFaults(launch) : []),
  ];
}

function fault(message: string, ...path: (string | number)[]): LaunchFault {
  return { path, message };
}

function sourceFaults({ image, size, userData = "", aws = {} }: AwsLaunch): LaunchFault[] {
  const given = aws.template !== undefined;
  return [
    ...(image === undefined && !given ? [fault("needs an image, or aws: { template: … }")] : []),
    ...(size === undefined && !given && aws.mix === undefined
      ? [fault("needs a size, aws: { mix: … } or aws: { template: … }")]
      : []),
    ...(image?.startsWith("resolve:") ? [fault("is written ssm:PARAMETER", "image")] : []),
    ...(Buffer.byteLength(userData) > LONGEST_USER_DATA
      ? [fault(`is longer than ${LONGEST_USER_DATA} bytes`, "userData")]
      : []),
  ];
}

function nameFaults({ launchName, aws = {} }: AwsLaunch): LaunchFault[] {
  if (launchName === undefined) return [];
  if (aws.kind !== "configuration")
    return TEMPLATE_NAME.test(launchName)
      ? []
      : [fault("must be 3 to 128 letters, digits or ( ) . - / _", "launchName")];
  return readConfigurationName(launchName).number === 1
    ? []
    : [fault("must not end with ~ and a number, which tells changed ones apart", "launchName")];
}

function networkFaults({ securityGroups = [], aws = {} }: AwsLaunch): LaunchFault[] {
  const ids = securityGroups.filter(isSecurityGroupId);
  if (ids.length === securityGroups.length) return [];
  return [
    ...(ids.length > 0 ? [fault("must be all ids or all names", "securityGroups")] : []),
    ...(aws.publicAddress !== undefined && aws.kind !== "configuration"
      ? [fault("must be ids beside aws.publicAddress: AWS takes no names there", "securityGroups")]
      : []),
  ];
}

function tagFaults(metadata: Record<string, string>): LaunchFault[] {
  const keys = Object.keys(metadata);
  return [
    ...(keys.length > MOST_METADATA
      ? [fault(`has more than ${MOST_METADATA} keys, and they are tags`, "metadata")]
      : []),
    ...keys.flatMap((key) => {
      if (/^(aws|bellows):/i.test(key))
        return [fault("keys that begin with aws: or bellows: are taken", "metadata", key)];
      if (/^name$/i.test(key)) return [fault("is what serverName says", "metadata", key)];
      return key.length > LONGEST_KEY
        ? [fault(`is longer than ${LONGEST_KEY} characters, and it is a tag`, "metadata", key)]
        : [];
    }),
  ];
}

function templateFaults({ template, kind }: AwsOwnWords): LaunchFault[] {
  if (template === undefined) return [];
  const { id, version = "$Default" } = template;
  return [
    ...(kind === "configuration" ? [fault("must be template beside template", "aws", "kind")] : []),
    ...(TEMPLATE_NAME.test(id) ? [] : [fault("must be a template's name or id", "aws", "template", "id")]),
    ...(TEMPLATE_VERSION.test(version)
      ? []
      : [fault("must be a number, $Default or $Latest", "aws", "template", "version")]),
  ];
}

function mixFaults({ mix, spotMaxPrice }: AwsOwnWords): LaunchFault[] {
  if (mix === undefined) return [];
  const names = mix.sizes.map((size) => (typeof size === "string" ? size : size.size));
  const weighted = mix.sizes.filter((size) => typeof size !== "string");
  const twice = names.find((name, index) => names.indexOf(name) < index);
  return [
    ...(twice === undefined ? [] : [fault(`names ${twice} twice`, "aws", "mix", "sizes")]),
    ...(weighted.length > 0 && weighted.length < names.length
      ? [fault("must all have a weight, or none of them", "aws", "mix", "sizes")]
      : []),
    ...(spotMaxPrice === undefined ? [] : [fault("belongs into aws.mix beside it", "aws", "spotMaxPrice")]),
  ];
}

function deviceFaults(devices: NonNullable<AwsOwnWords["blockDevices"]>): LaunchFault[] {
  const names = devices.map(({ device }) => device);
  return devices.flatMap((device, index) => [
    ...(Object.keys(defined(device) ?? {}).length < 2
      ? [fault("says nothing about its volume", "aws", "blockDevices", index)]
      : []),
    ...(names.indexOf(device.device) < index
      ? [fault(`names ${device.device} twice`, "aws", "blockDevices", index, "device")]
      : []),
  ]);
}

/** Words that launch configurations have no place for; what to do instead. */
function configurationFaults(launch: AwsLaunch): LaunchFault[] {
  const { aws = {} } = launch;
  const none = "is nothing that a launch configuration can have";
  const faults: [boolean, LaunchFault][] = [
    [launch.serverName !== undefined, fault(`${none}: it carries no tags`, "serverName")],
    [Object.keys(launch.metadata ?? {}).length > 0, fault(`${none}: it carries no tags`, "metadata")],
    [launch.image?.startsWith("ssm:") === true, fault(`${none}: give the AMI's id`, "image")],
    [aws.mix !== undefined, fault(none, "aws", "mix")],
    [aws.tenancy === "host", fault(none, "aws", "tenancy")],
  ];
  const keys = (aws.blockDevices ?? []).flatMap(({ kmsKey }, index) =>
    kmsKey === undefined ? [] : [fault(none, "aws", "blockDevices", index, "kmsKey")],
  );
  return [...faults.filter(([wrong]) => wrong).map(([, one]) => one), ...keys];
}

/**
 * The one way to write a launch: without what is empty, or what AWS takes anyway and does not tell apart from nothing.
 * What is read back is written so.
 */
export function plainLaunch(launch: AwsLaunch): AwsLaunch {
  const { aws, metadata, ...common } = launch;
  // An empty value of metadata is a value.
  const tags = Object.keys(metadata ?? {}).length === 0 ? {} : { metadata };
  return { ...filled({ ...common, aws: aws && plainOwn(aws) }), ...tags };
}

function plainOwn({ kind, template, mix, ...own }: AwsOwnWords): AwsOwnWords | undefined {
  const isConfiguration = kind === "configuration";
  const { blockDevices, detailedMonitoring, ebsOptimized } = own;
  return filled({
    ...own,
    kind: isConfiguration ? kind : undefined,
    template: template?.version === "$Default" ? { id: template.id } : template,
    mix: mix && plainMix(mix),
    ...(isConfiguration && {
      blockDevices: blockDevices?.map(plainDevice),
      detailedMonitoring: detailedMonitoring || undefined,
      ebsOptimized: ebsOptimized || undefined,
    }),
  });
}

function plainDevice(device: NonNullable<AwsOwnWords["blockDevices"]>[number]) {
  return {
    ...device,
    encrypted: device.encrypted || undefined,
    deleteOnTermination: device.deleteOnTermination === false ? false : undefined,
  };
}

function plainMix(mix: Mix): Mix {
  const kept = Object.entries(mix).filter(
    ([key, value]) => value !== (MIX_DEFAULTS as Record<string, unknown>)[key],
  );
  return Object.fromEntries(kept) as unknown as Mix;
}

/** An object without what is undefined or empty in it, at any depth; undefined when nothing is left. */
function filled<T extends object>(object: T): T | undefined {
  const kept = Object.entries(object).flatMap(([key, value]: [string, unknown]) => {
    const rest = Array.isArray(value) ? value.map(filledItem) : filledItem(value);
    const isEmpty = rest === undefined || rest === "" || (Array.isArray(rest) && rest.length === 0);
    return isEmpty ? [] : [[key, rest]];
  });
  return kept.length === 0 ? undefined : (Object.fromEntries(kept) as T);
}

function filledItem(value: unknown): unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? filled(value) : value;
}
