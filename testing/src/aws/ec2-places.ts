/** Regions, zones, the default network of each region, and its security groups. */
import { passes } from "./ec2-tags.js";
import { AwsError } from "./input.js";
import { ACCOUNT, type Handlers, type World } from "./world.js";

/** Zones of every region, by their last letter. */
const ZONES = ["a", "b", "c"];
const REGIONS = ["eu-central-1", "eu-west-1", "us-east-1", "us-east-2", "us-west-2"];
/** The default VPC. */
export const VPC = "vpc-0000000000000000a";

/** Names of the region's zones. */
export function zonesOf({ region }: World): string[] {
  return ZONES.map((letter) => region + letter);
}

/** The default subnet of each zone: `subnet-a` and so on. */
export function subnetsOf(world: World) {
  return zonesOf(world).map((zone, index) => ({
    subnetId: `subnet-0000000000000000${ZONES[index] ?? ""}`,
    availabilityZone: zone,
    vpcId: VPC,
    cidrBlock: `10.0.${index}.0/24`,
    state: "available",
    defaultForAz: true,
    availableIpAddressCount: 250,
  }));
}

/** Zone of a subnet. @throws AwsError when there is no such subnet. */
export function zoneOfSubnet(world: World, id: string): string {
  const subnet = subnetsOf(world).find(({ subnetId }) => subnetId === id);
  if (subnet === undefined)
    throw new AwsError("InvalidSubnetID.NotFound", `The subnet ID '${id}' does not exist`);
  return subnet.availabilityZone;
}

/** Actions on places. */
export const ec2Places: Handlers = {
  DescribeRegions: (_world, input) => {
    const names = input.texts("RegionName");
    return {
      regionInfo: REGIONS.filter((name) => names.length === 0 || names.includes(name)).map((regionName) => ({
        regionName,
        regionEndpoint: `ec2.${regionName}.amazonaws.com`,
        optInStatus: "opt-in-not-required",
      })),
    };
  },
  DescribeAvailabilityZones: (world) => ({
    availabilityZoneInfo: zonesOf(world).map((zoneName, index) => ({
      zoneName,
      zoneState: "available",
      zoneId: `az${index + 1}`,
      zoneType: "availability-zone",
      regionName: world.region,
      optInStatus: "opt-in-not-required",
      groupName: world.region,
      networkBorderGroup: world.region,
    })),
  }),
  DescribeVpcs: () => ({
    vpcSet: [{ vpcId: VPC, isDefault: true, state: "available", cidrBlock: "10.0.0.0/16" }],
  }),
  DescribeSubnets(world, input) {
    const ids = input.texts("SubnetId");
    for (const id of ids) zoneOfSubnet(world, id);
    const all = subnetsOf(world).filter(({ subnetId }) => ids.length === 0 || ids.includes(subnetId));
    const valuesOf = (subnet: (typeof all)[number], name: string): string[] =>
      ({
        "availability-zone": [subnet.availabilityZone],
        availabilityZone: [subnet.availabilityZone],
        "vpc-id": [VPC],
        "subnet-id": [subnet.subnetId],
        "default-for-az": ["true"],
        state: ["available"],
      })[name] ?? [];
    return { subnetSet: all.filter((one) => passes(input, (name) => valuesOf(one, name))) };
  },
  CreateSecurityGroup: (world, input) => {
    const id = world.id("sg");
    world.state.securityGroups.push({ id, name: input.required("GroupName") });
    return { groupId: id };
  },
  DescribeSecurityGroups(world, input) {
    const [ids, names] = [input.texts("GroupId"), input.texts("GroupName")];
    const all = world.state.securityGroups;
    for (const wanted of [...ids, ...names])
      if (!all.some(({ id, name }) => id === wanted || name === wanted))
        throw new AwsError("InvalidGroup.NotFound", `The security group '${wanted}' does not exist`);
    const found = all
      .filter(({ id, name }) => ids.length + names.length === 0 || ids.includes(id) || names.includes(name))
      .filter(({ id, name }) =>
        passes(input, (filter) => {
          const value = { "group-id": id, "group-name": name, "vpc-id": VPC }[filter];
          return value === undefined ? [] : [value];
        }),
      );
    return {
      securityGroupInfo: found.map(({ id, name }) => ({
        groupId: id,
        groupName: name,
        ownerId: ACCOUNT,
        vpcId: VPC,
        groupDescription: name,
      })),
    };
  },
};
