/**
 * Launch configurations, for accounts that have them. They can't be changed and carry no tags: a changed one is a new
 * one, whose name is that of the old with a number behind it.
 */
import { isDeepStrictEqual } from "node:util";
import type { CreateLaunchConfigurationType, LaunchConfiguration } from "@aws-sdk/client-auto-scaling";
import {
  AlreadyExistsError,
  type BellowsError,
  isBellowsError,
  type Page,
  pages,
  UnsupportedError,
} from "@bellows/core";
import { type Aws, type Call, mayHaveHappened } from "./client.js";
import { decodeUserData, defined, deviceWords, encodeUserData } from "./launch-data.js";
import { configurationName, derivedName, readConfigurationName } from "./launch-names.js";
import { plainLaunch } from "./launch-rules.js";
import type { AwsLaunch, AwsOwnWords } from "./launch-words.js";

/** Most configurations of one answer. @see docs.aws.amazon.com, DescribeLaunchConfigurations */
const PER_CALL = 100;
/** Tries to find a number that nobody else takes in the same moment. */
const TRIES = 10;

/** A configuration that a group can be made from. */
export interface MadeConfiguration {
  name: string;
  /** Removes what was made for it. */
  undo(): Promise<void>;
}

/** What AWS makes a configuration from, but for its name. */
export function configurationOf({
  aws = {},
  ...launch
}: AwsLaunch): Omit<CreateLaunchConfigurationType, "LaunchConfigurationName"> {
  return {
    ImageId: launch.image,
    InstanceType: launch.size,
    KeyName: launch.keyName,
    SecurityGroups: launch.securityGroups,
    UserData: launch.userData === undefined ? undefined : encodeUserData(launch.userData),
    IamInstanceProfile: aws.instanceProfile,
    BlockDeviceMappings: aws.blockDevices?.map((device) => ({
      DeviceName: device.device,
      Ebs: defined({
        VolumeSize: device.sizeGiB,
        VolumeType: device.type,
        Iops: device.iops,
        Throughput: device.throughputMiB,
        Encrypted: device.encrypted,
        SnapshotId: device.snapshot,
        DeleteOnTermination: device.deleteOnTermination,
      }),
    })),
    AssociatePublicIpAddress: aws.publicAddress,
    // Where nothing is said AWS turns it on here, and off in templates: it is off in both.
    InstanceMonitoring: { Enabled: aws.detailedMonitoring ?? false },
    EbsOptimized: aws.ebsOptimized,
    SpotPrice: aws.spotMaxPrice,
    PlacementTenancy: aws.tenancy,
    MetadataOptions: defined({
      HttpTokens: aws.metadataTokens,
      HttpPutResponseHopLimit: aws.metadataHopLimit,
    }),
  };
}

/** A configuration in the contract's words. AWS answers empty texts for what was not given. */
export function wordsOfConfiguration(found: LaunchConfiguration, group: string): AwsLaunch {
  const { base } = readConfigurationName(found.LaunchConfigurationName ?? "");
  const devices = (found.BlockDeviceMappings ?? []).map(deviceWords);
  const own: AwsOwnWords = {
    kind: "configuration",
    instanceProfile: found.IamInstanceProfile,
    blockDevices: devices,
    publicAddress: found.AssociatePublicIpAddress,
    detailedMonitoring: found.InstanceMonitoring?.Enabled,
    ebsOptimized: found.EbsOptimized,
    spotMaxPrice: found.SpotPrice,
    tenancy: found.PlacementTenancy as AwsOwnWords["tenancy"],
    metadataTokens: found.MetadataOptions?.HttpTokens,
    metadataHopLimit: found.MetadataOptions?.HttpPutResponseHopLimit,
  };
  const words: AwsLaunch = {
    launchName: base === derivedName(group) ? undefined : base,
    image: found.ImageId,
    size: found.InstanceType,
    keyName: found.KeyName,
    securityGroups: found.SecurityGroups,
    userData: decodeUserData(found.UserData),
    aws: own,
  };
  return plainLaunch(words);
}

/** Configurations, all or those of these names, a hundred a call. */
export function configurations(
  aws: Aws,
  call: Call,
  names?: string[],
): AsyncGenerator<LaunchConfiguration, void, undefined> {
  return pages<LaunchConfiguration>(
    async (NextToken): Promise<Page<LaunchConfiguration>> => {
      const input = { LaunchConfigurationNames: names, MaxRecords: PER_CALL, NextToken };
      const answer = await aws.autoScaling((sdk) => new sdk.DescribeLaunchConfigurationsCommand(input), call);
      return { items: answer.LaunchConfigurations ?? [], next: answer.NextToken };
    },
    { signal: call.signal },
  );
}

/** The configuration of that very name, if there is one. */
export async function findConfiguration(
  aws: Aws,
  name: string,
  call: Call,
): Promise<LaunchConfiguration | undefined> {
  for await (const found of configurations(aws, call, [name])) return found;
  return undefined;
}

/**
 * Makes the configuration that these words mean, or finds it.
 * @param mine - name of the configuration that the group has now, if it has one.
 * @throws AlreadyExistsError when its name is taken by one that was made of something else, for somebody else.
 * @throws UnsupportedError where the account can't make any.
 */
export async function makeConfiguration(
  aws: Aws,
  group: string,
  launch: AwsLaunch,
  call: Call,
  mine?: string,
): Promise<MadeConfiguration> {
  const base = launch.launchName ?? derivedName(group);
  for (let attempt = 1; ; attempt++) {
    const all = await configurationsLike(aws, base, call);
    const equal = all.find((found) => isDeepStrictEqual(wordsOfConfiguration(found, group), launch));
    if (equal !== undefined) return { name: nameOf(equal), undo: async () => undefined };
    const isMine = mine !== undefined && readConfigurationName(mine).base === base;
    if (all.length > 0 && launch.launchName !== undefined && !isMine) throw taken(aws, base, call);
    const name = configurationName(base, Math.max(0, ...all.map(numberOf)) + 1);
    try {
      await create(aws, name, launch, call);
      return { name, undo: () => deleteConfiguration(aws, name, afterwards(call)) };
    } catch (error) {
      if (attempt === TRIES || !isBellowsError(error) || !isWorthALook(error)) throw error;
    }
  }
}

/** Somebody took the number in between, or the answer was lost: what is there now tells. */
function isWorthALook(error: BellowsError): boolean {
  return error.code === "already-exists" || mayHaveHappened(error);
}

async function create(aws: Aws, name: string, launch: AwsLaunch, call: Call): Promise<void> {
  const input = { LaunchConfigurationName: name, ...configurationOf(launch) };
  try {
    await aws.autoScaling((sdk) => new sdk.CreateLaunchConfigurationCommand(input), call);
  } catch (error) {
    // So AWS answers accounts that had no launch configuration in the region before October 2024.
    if (!isBellowsError(error, "unsupported")) throw error;
    throw new UnsupportedError("this account can't make launch configurations in this region", {
      provider: aws.key,
      operation: call.operation,
      resource: call.resource,
      vendorCode: error.vendorCode,
      hint: "leave out aws: { kind: configuration }: launch templates do all that they did",
      cause: error,
    });
  }
}

/** The configurations of a name, with a number or without. */
export async function configurationsLike(aws: Aws, base: string, call: Call): Promise<LaunchConfiguration[]> {
  const all: LaunchConfiguration[] = [];
  for await (const found of configurations(aws, call))
    if (readConfigurationName(nameOf(found)).base === base) all.push(found);
  return all;
}

function nameOf({ LaunchConfigurationName = "" }: LaunchConfiguration): string {
  return LaunchConfigurationName;
}

function numberOf(found: LaunchConfiguration): number {
  return readConfigurationName(nameOf(found)).number;
}

function taken(aws: Aws, name: string, call: Call): AlreadyExistsError {
  return new AlreadyExistsError(
    `there is a launch configuration ${name} already, and it was made of something else`,
    {
      provider: aws.key,
      operation: call.operation,
      resource: call.resource,
      hint: "choose another launchName",
    },
  );
}

/**
 * Deletes a configuration; that it is gone already is fine. Returned: completed.
 * @throws ConflictError when a group uses it.
 */
export async function deleteConfiguration(aws: Aws, name: string, call: Call): Promise<void> {
  const input = { LaunchConfigurationName: name };
  try {
    await aws.autoScaling((sdk) => new sdk.DeleteLaunchConfigurationCommand(input), call);
  } catch (error) {
    // AWS has no code of its own for one that is not there.
    const unclear = isBellowsError(error, "config") && error.vendorCode === "ValidationError";
    if (!unclear || (await findConfiguration(aws, name, call)) !== undefined) throw error;
  }
}

/** What is taken back is taken back although the call was aborted. */
function afterwards({ operation, resource }: Call): Call {
  return { operation, resource };
}
