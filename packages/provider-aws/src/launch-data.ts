/** What an instance is made from, in the contract's words and as the data of launch templates. Pure. */
import { isDeepStrictEqual } from "node:util";
import type {
  LaunchTemplateBlockDeviceMappingRequest,
  RequestLaunchTemplateData,
  ResponseLaunchTemplateData,
} from "@aws-sdk/client-ec2";
import type { Metadata } from "@bellows/core";
import type { AwsLaunch, AwsOwnWords } from "./launch-words.js";

type BlockDevice = NonNullable<AwsOwnWords["blockDevices"]>[number];

/** The parts of a launch that become data of a template; the others are the group's, or the template itself. */
export type LaunchParts = Omit<AwsLaunch, "launchName">;

/** Tags of instances that are no metadata: AWS's own, ours, and the name. */
const RESERVED = /^(aws|bellows):|^Name$/i;
const SSM = "resolve:ssm:";
/** An id, in the short form of old accounts or the long one. @see docs.aws.amazon.com, EC2 resource IDs */
const GROUP_ID = /^sg-[0-9a-f]+$/;

/** An object without its undefined keys, or undefined when nothing is left. */
export function defined<T extends object>(object: T): T | undefined {
  const kept = Object.entries(object).filter(([, value]) => value !== undefined);
  return kept.length === 0 ? undefined : (Object.fromEntries(kept) as T);
}

/** Whether a security group is meant by its id; otherwise it is a name. */
export function isSecurityGroupId(group: string): boolean {
  return GROUP_ID.test(group);
}

/**
 * The data of a launch template for these words.
 * @param marks - tags of ours that instances get besides.
 */
export function dataOf(launch: LaunchParts, marks: Metadata = {}): RequestLaunchTemplateData {
  const { image, size, keyName, userData, aws = {} } = launch;
  const data: RequestLaunchTemplateData = {
    ImageId: image?.replace(/^ssm:/, SSM),
    InstanceType: size as RequestLaunchTemplateData["InstanceType"],
    KeyName: keyName,
    UserData: userData === undefined ? undefined : encodeUserData(userData),
    ...networkOf(launch),
    TagSpecifications: tagsOf(launch, marks),
    IamInstanceProfile: profileOf(aws.instanceProfile),
    BlockDeviceMappings: aws.blockDevices?.map(deviceOf),
    EbsOptimized: aws.ebsOptimized,
    Monitoring: defined({ Enabled: aws.detailedMonitoring }),
    InstanceMarketOptions:
      aws.spotMaxPrice === undefined
        ? undefined
        : { MarketType: "spot", SpotOptions: { MaxPrice: aws.spotMaxPrice } },
    Placement: defined({ Tenancy: aws.tenancy }),
    MetadataOptions: defined({
      HttpTokens: aws.metadataTokens,
      HttpPutResponseHopLimit: aws.metadataHopLimit,
    }),
  };
  return defined(data) ?? {};
}

/** User data as AWS takes it. */
export function encodeUserData(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** User data as people write it; what is not text is shown as well as it can be. */
export function decodeUserData(encoded: string | undefined): string | undefined {
  return encoded ? Buffer.from(encoded, "base64").toString() : undefined;
}

/** Security groups stand in the network interface where there is one: AWS refuses them in both places. */
function networkOf({ securityGroups, aws = {} }: LaunchParts): RequestLaunchTemplateData {
  if (aws.publicAddress !== undefined) {
    const nic = { DeviceIndex: 0, AssociatePublicIpAddress: aws.publicAddress, Groups: securityGroups };
    return { NetworkInterfaces: [defined(nic) ?? nic] };
  }
  return securityGroups?.every(isSecurityGroupId)
    ? { SecurityGroupIds: securityGroups }
    : { SecurityGroups: securityGroups };
}

function tagsOf(
  { serverName, metadata = {} }: LaunchParts,
  marks: Metadata,
): RequestLaunchTemplateData["TagSpecifications"] {
  const named = { ...(serverName === undefined ? {} : { Name: serverName }), ...metadata };
  return specs({ instance: { ...named, ...marks }, volume: named });
}

function specs(
  tags: Record<"instance" | "volume", Metadata>,
): RequestLaunchTemplateData["TagSpecifications"] {
  const all = (["instance", "volume"] as const).flatMap((ResourceType) => {
    const Tags = Object.entries(tags[ResourceType]).map(([Key, Value]) => ({ Key, Value }));
    return Tags.length === 0 ? [] : [{ ResourceType, Tags }];
  });
  return all.length === 0 ? undefined : all;
}

function profileOf(profile: string | undefined): RequestLaunchTemplateData["IamInstanceProfile"] {
  if (profile === undefined) return undefined;
  return profile.startsWith("arn:") ? { Arn: profile } : { Name: profile };
}

function deviceOf(device: BlockDevice): LaunchTemplateBlockDeviceMappingRequest {
  const ebs = defined({
    VolumeSize: device.sizeGiB,
    VolumeType: device.type,
    Iops: device.iops,
    Throughput: device.throughputMiB,
    Encrypted: device.encrypted,
    KmsKeyId: device.kmsKey,
    SnapshotId: device.snapshot,
    DeleteOnTermination: device.deleteOnTermination,
  });
  return { DeviceName: device.device, Ebs: ebs };
}

/** What AWS tells of a volume, whichever API it is. */
interface Device {
  DeviceName?: string | undefined;
  Ebs?: (Omit<Volume, "VolumeType"> & { VolumeType?: string | undefined }) | undefined;
}
type Volume = NonNullable<LaunchTemplateBlockDeviceMappingRequest["Ebs"]>;

/** A volume in the contract's words. */
export function deviceWords({ DeviceName = "", Ebs = {} }: Device): BlockDevice {
  const device = {
    device: DeviceName,
    sizeGiB: Ebs.VolumeSize,
    type: Ebs.VolumeType as BlockDevice["type"],
    iops: Ebs.Iops,
    throughputMiB: Ebs.Throughput,
    encrypted: Ebs.Encrypted,
    kmsKey: Ebs.KmsKeyId,
    snapshot: Ebs.SnapshotId,
    deleteOnTermination: Ebs.DeleteOnTermination,
  };
  return defined(device) ?? device;
}

/** Data of a launch template in the contract's words; what they have no word for is left out. */
export function wordsOfData(data: ResponseLaunchTemplateData): LaunchParts {
  const { serverName, metadata } = taggedWords(data);
  const [nic] = data.NetworkInterfaces ?? [];
  const words: LaunchParts = {
    image: data.ImageId?.replace(SSM, "ssm:"),
    size: data.InstanceType,
    serverName,
    keyName: data.KeyName,
    securityGroups: [nic?.Groups, data.SecurityGroupIds, data.SecurityGroups].find((list) => list?.length),
    userData: decodeUserData(data.UserData),
    metadata,
    aws: defined(ownWords(data)),
  };
  return defined(words) ?? {};
}

function taggedWords(data: ResponseLaunchTemplateData): Pick<LaunchParts, "serverName" | "metadata"> {
  const tags = instanceTags(data);
  const metadata = Object.entries(tags).filter(([key]) => !RESERVED.test(key));
  return {
    serverName: tags.Name,
    metadata: metadata.length === 0 ? undefined : Object.fromEntries(metadata),
  };
}

/** Tags that instances get from this data. */
export function instanceTags({ TagSpecifications = [] }: ResponseLaunchTemplateData): Metadata {
  const { Tags = [] } = TagSpecifications.find(({ ResourceType }) => ResourceType === "instance") ?? {};
  return Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
}

function ownWords(data: ResponseLaunchTemplateData): AwsOwnWords {
  const [nic] = data.NetworkInterfaces ?? [];
  const devices = (data.BlockDeviceMappings ?? []).map(deviceWords);
  return {
    instanceProfile: data.IamInstanceProfile?.Arn ?? data.IamInstanceProfile?.Name,
    blockDevices: devices.length === 0 ? undefined : devices,
    publicAddress: nic?.AssociatePublicIpAddress,
    detailedMonitoring: data.Monitoring?.Enabled,
    ebsOptimized: data.EbsOptimized,
    spotMaxPrice: data.InstanceMarketOptions?.SpotOptions?.MaxPrice,
    tenancy: data.Placement?.Tenancy,
    metadataTokens: data.MetadataOptions?.HttpTokens,
    metadataHopLimit: data.MetadataOptions?.HttpPutResponseHopLimit,
  };
}

/**
 * Words laid over the data of a template that is there: what they do not change stays as it is, also where the
 * contract has no word for it.
 */
export function overlaid(
  base: ResponseLaunchTemplateData,
  launch: LaunchParts,
  marks: Metadata = {},
): RequestLaunchTemplateData {
  const words = wordsOfData(base);
  const before: Fields = { ...dataOf(words) };
  const after: Fields = {
    ...dataOf({ ...words, ...launch, aws: { ...words.aws, ...launch.aws } }, marks),
  };
  const data: Fields = asRequest(base);
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
    if (!isDeepStrictEqual(before[key], after[key])) data[key] = laid(key, data[key], after[key]);
  // AWS takes a size by name or by requirements, not both.
  if (launch.size !== undefined) data.InstanceRequirements = undefined;
  return defined(data) ?? {};
}

type Fields = Record<string, unknown>;

/** A template's data as it was answered, without what only answers have. */
function asRequest({ MetadataOptions, ...data }: ResponseLaunchTemplateData): Fields {
  const { State: _state, ...options } = MetadataOptions ?? {};
  return { ...data, MetadataOptions: defined(options) };
}

/** Fields of which words name a part: the other part stays. */
const IN_PARTS: ReadonlySet<string> = new Set(["Placement", "MetadataOptions", "InstanceMarketOptions"]);

function laid(key: string, base: unknown, over: unknown): unknown {
  if (IN_PARTS.has(key)) return { ...(base as object | undefined), ...(over as object | undefined) };
  if (key === "NetworkInterfaces") {
    const [first, ...others] = (base ?? []) as object[];
    return over && [{ ...first, ...(over as object[])[0] }, ...others];
  }
  if (key !== "TagSpecifications") return over;
  const tags = (over ?? []) as { ResourceType?: string }[];
  const types = tags.map(({ ResourceType }) => ResourceType);
  return [
    ...tags,
    ...((base ?? []) as typeof tags).filter(({ ResourceType }) => !types.includes(ResourceType)),
  ];
}
