import { isBellowsError, type Region, type RegionsDriver } from "@bellows/core";
import type { Aws, Call } from "./client.js";

/** A part of AWS with accounts of its own. */
interface Partition {
  /** What the names of its regions begin with. */
  prefix: string;
  domain: string;
  /** The regions that every account has; those that it must opt in to are not here: only AWS knows whether it has. */
  regions: readonly string[];
}

/** The partitions, for those who may not ask; the first whose prefix fits counts. @see docs.aws.amazon.com, AWS Regions */
const PARTITIONS: readonly Partition[] = [
  { prefix: "cn-", domain: "amazonaws.com.cn", regions: ["cn-north-1", "cn-northwest-1"] },
  { prefix: "us-gov-", domain: "amazonaws.com", regions: ["us-gov-east-1", "us-gov-west-1"] },
  {
    prefix: "",
    domain: "amazonaws.com",
    regions: [
      "ap-northeast-1",
      "ap-northeast-2",
      "ap-northeast-3",
      "ap-south-1",
      "ap-southeast-1",
      "ap-southeast-2",
      "ca-central-1",
      "eu-central-1",
      "eu-north-1",
      "eu-west-1",
      "eu-west-2",
      "eu-west-3",
      "sa-east-1",
      "us-east-1",
      "us-east-2",
      "us-west-1",
      "us-west-2",
    ],
  },
];

/** Where AWS is asked when no region is named anywhere: the region that every account has. */
const FIRST_REGION = "us-east-1";

/** Makes the regions driver: the regions that the account can use. */
export function createRegions(aws: Aws, { endpoint }: { endpoint?: string | undefined } = {}): RegionsDriver {
  return {
    async *list(options) {
      const call: Call = { operation: "regions.list", signal: options?.signal };
      call.signal?.throwIfAborted();
      const current = await currentRegion(aws);
      const asked = await askedRegions(aws, { ...call, region: current ?? FIRST_REGION });
      const known = asked ?? usualRegions(current);
      for (const { name, endpoint: usual } of known)
        yield { name, endpoint: endpoint ?? usual, current: name === current };
    },
  };
}

async function currentRegion(aws: Aws): Promise<string | undefined> {
  try {
    return await aws.region();
  } catch (error) {
    if (isBellowsError(error, "config")) return undefined;
    throw error;
  }
}

/** The regions that AWS tells, by name; `undefined` when the caller may not ask. */
async function askedRegions(aws: Aws, call: Call): Promise<Omit<Region, "current">[] | undefined> {
  try {
    const { Regions = [] } = await aws.ec2((sdk) => new sdk.DescribeRegionsCommand({}), call);
    return Regions.map(({ RegionName: name = "", Endpoint }) => ({
      name,
      endpoint: `https://${Endpoint ?? `ec2.${name}.amazonaws.com`}`,
    })).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isBellowsError(error, "permission")) return undefined;
    throw error;
  }
}

/** The regions of the partition that this one belongs to, and itself. */
export function usualRegions(current = ""): Omit<Region, "current">[] {
  const partition = PARTITIONS.find(({ prefix }) => current.startsWith(prefix));
  const { domain = "", regions = [] } = partition ?? {};
  const names = new Set([...regions, ...(current === "" ? [] : [current])]);
  return [...names].sort().map((name) => ({ name, endpoint: `https://ec2.${name}.${domain}` }));
}
