/** Zones of application and network balancers: each is a subnet. */
import { ConfigError } from "@bellows/core";
import type { StateV2 } from "./balancer-v2-plan.js";
import type { Wanted } from "./balancer-wanted.js";
import type { Aws, Call } from "./client.js";

/**
 * The default subnets of zones: where application and network balancers stand when zones are named.
 * @throws ConfigError that names the zones that have none.
 */
export async function defaultSubnets(
  aws: Aws,
  zones: readonly string[],
  call: Call,
): Promise<{ zone: string; subnet: string }[]> {
  const { Subnets = [] } = await aws.ec2(
    (sdk) =>
      new sdk.DescribeSubnetsCommand({
        Filters: [
          { Name: "default-for-az", Values: ["true"] },
          { Name: "availability-zone", Values: [...zones] },
        ],
      }),
    call,
  );
  const found = new Map(Subnets.map(({ AvailabilityZone, SubnetId = "" }) => [AvailabilityZone, SubnetId]));
  const missing = zones.filter((zone) => !found.has(zone));
  if (missing.length === 0) return zones.map((zone) => ({ zone, subnet: found.get(zone) ?? "" }));
  throw new ConfigError(`zone ${missing.join(", ")} has no default subnet, or is no zone of this region`, {
    provider: aws.key,
    operation: call.operation,
    ...(call.resource === undefined ? {} : { resource: call.resource }),
    hint: "name subnets instead of zones",
  });
}

/** Zones become their default subnets, where it does not stand in exactly these zones already. */
export async function withSubnets(
  aws: Aws,
  { balancer }: StateV2,
  wanted: Wanted,
  call: Call,
): Promise<Wanted> {
  const { zones, ...rest } = wanted;
  if (zones === undefined) return wanted;
  const now = new Map(
    (balancer.AvailabilityZones ?? []).map(({ ZoneName = "", SubnetId = "" }) => [ZoneName, SubnetId]),
  );
  const more = zones.filter((zone) => !now.has(zone));
  const found = more.length === 0 ? [] : await defaultSubnets(aws, more, call);
  for (const { zone, subnet } of found) now.set(zone, subnet);
  return { ...rest, subnets: zones.map((zone) => now.get(zone) ?? "") };
}
