/**
 * Application and network load balancers, their listeners and target groups. Making the same thing again with the same
 * settings gives the one that is there. @see docs.aws.amazon.com, Elastic Load Balancing API 2015-12-01
 */
import { VPC, zoneOfSubnet } from "./ec2-places.js";
import { tagsOf } from "./ec2-tags.js";
import { AwsError, type Input, pageOf } from "./input.js";
import { targetGroupHandlers } from "./load-balancing-targets.js";
import type { Balancer, Given, Listener, Tags } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

const MOST_PER_PAGE = 400;

function balancerIn({ state }: World, input: Input): Balancer {
  const arn = input.required("LoadBalancerArn");
  const found = state.balancers.find((one) => one.arn === arn);
  if (found === undefined) throw new AwsError("LoadBalancerNotFound", `Load balancer '${arn}' not found`);
  return found;
}

function listenerIn({ state }: World, arn: string): Listener {
  const found = state.listeners.find((one) => one.arn === arn);
  if (found === undefined) throw new AwsError("ListenerNotFound", `Listener '${arn}' not found`);
  return found;
}

function subnetsIn(world: World, input: Input, type: string): string[] {
  const mapped = input.inputs("SubnetMappings").map((one) => one.required("SubnetId"));
  const subnets = [...input.texts("Subnets"), ...mapped];
  const zones = new Set(
    subnets.map((id) => {
      try {
        return zoneOfSubnet(world, id);
      } catch {
        throw new AwsError("SubnetNotFound", `The subnet ID '${id}' does not exist`);
      }
    }),
  );
  if (type === "application" && zones.size < 2)
    throw new AwsError(
      "ValidationError",
      "At least two subnets in two different Availability Zones must be specified",
    );
  return subnets;
}

function made(world: World, input: Input): Balancer {
  const [name, type] = [input.required("Name"), input.text("Type") ?? "application"];
  const scheme = input.text("Scheme") ?? "internet-facing";
  const subnets = subnetsIn(world, input, type);
  const old = world.state.balancers.find((one) => one.name === name);
  if (old !== undefined) {
    if (old.type === type && old.scheme === scheme && old.subnets.join() === subnets.join()) return old;
    throw new AwsError(
      "DuplicateLoadBalancerName",
      `A load balancer with the same name '${name}' exists, but with different settings`,
    );
  }
  const kind = type === "network" ? "net" : "app";
  const groups = input.texts("SecurityGroups");
  const standard = type === "application" ? [world.state.securityGroups[0]?.id ?? ""] : [];
  const balancer: Balancer = {
    arn: world.arn("elasticloadbalancing", `loadbalancer/${kind}/${name}/${world.id("").slice(2)}`),
    name,
    type,
    scheme,
    createdAtMs: world.now(),
    subnets,
    securityGroups: groups.length > 0 ? groups : standard,
    attributes: {
      "access_logs.s3.enabled": "false",
      "deletion_protection.enabled": "false",
      "load_balancing.cross_zone.enabled": type === "application" ? "true" : "false",
      ...(type === "application" ? { "idle_timeout.timeout_seconds": "60" } : {}),
    },
    tags: tagsOf(input.inputs("Tags")),
  };
  world.state.balancers.push(balancer);
  return balancer;
}

function shown(world: World, balancer: Balancer): Record<string, Answer> {
  return {
    LoadBalancerArn: balancer.arn,
    DNSName: `${balancer.name}-1.${world.region}.elb.amazonaws.com`,
    CanonicalHostedZoneId: "Z2P70J7EXAMPLE",
    CreatedTime: new Date(balancer.createdAtMs),
    LoadBalancerName: balancer.name,
    Scheme: balancer.scheme,
    VpcId: VPC,
    State: { Code: "active" },
    Type: balancer.type,
    AvailabilityZones: balancer.subnets.map((SubnetId) => ({
      SubnetId,
      ZoneName: zoneOfSubnet(world, SubnetId),
    })),
    SecurityGroups: balancer.securityGroups,
    IpAddressType: "ipv4",
  };
}

function shownListener({ arn, balancerArn, given }: Listener): Answer {
  return { ...given, ListenerArn: arn, LoadBalancerArn: balancerArn };
}

function settings(input: Input): Given {
  const {
    Action: _action,
    Version: _version,
    Tags: _tags,
    LoadBalancerArn,
    ListenerArn,
    ...given
  } = input.tree;
  return given as Given;
}

/** Attributes as `[{ Key, Value }]`. */
export function shownPairs(pairs: Tags): Answer[] {
  return Object.entries(pairs).map(([Key, Value]) => ({ Key, Value }));
}

function taggedBy({ state }: World, arn: string): { tags: Tags } {
  const all = [...state.balancers, ...state.listeners, ...state.targetGroups];
  const found = all.find((one) => one.arn === arn);
  if (found !== undefined) return found;
  const code = arn.includes(":targetgroup/") ? "TargetGroupNotFound" : "LoadBalancerNotFound";
  throw new AwsError(code, `'${arn}' not found`);
}

/** Actions on balancers, listeners and target groups. */
export const loadBalancingV2: Handlers = {
  ...targetGroupHandlers,
  CreateLoadBalancer: (world, input) => ({
    LoadBalancers: [{ ...shown(world, made(world, input)), State: { Code: "provisioning" } }],
  }),
  DescribeLoadBalancers(world, input) {
    const [names, arns] = [input.texts("Names"), input.texts("LoadBalancerArns")];
    const all = world.state.balancers;
    const isNamed = ({ name, arn }: Balancer): boolean => names.includes(name) || arns.includes(arn);
    const found = names.length + arns.length === 0 ? all : all.filter(isNamed);
    if (found.length < names.length + arns.length)
      throw new AwsError(
        "LoadBalancerNotFound",
        `Load balancers '[${[...names, ...arns].join(", ")}]' not found`,
      );
    const key = (one: Balancer): string => one.arn;
    const paging = { key, size: "PageSize", usual: MOST_PER_PAGE, most: MOST_PER_PAGE, token: "Marker" };
    const { page, next } = pageOf(found, input, paging);
    return { LoadBalancers: page.map((one) => shown(world, one)), NextMarker: next };
  },
  DeleteLoadBalancer(world, input) {
    const arn = input.required("LoadBalancerArn");
    const { state } = world;
    const found = state.balancers.find((one) => one.arn === arn);
    if (found?.attributes["deletion_protection.enabled"] === "true")
      throw new AwsError(
        "OperationNotPermitted",
        `Load balancer '${arn}' cannot be deleted because deletion protection is enabled`,
      );
    state.balancers = state.balancers.filter((one) => one.arn !== arn);
    state.listeners = state.listeners.filter((one) => one.balancerArn !== arn);
    return {};
  },
  SetSubnets(world, input) {
    const balancer = balancerIn(world, input);
    balancer.subnets = subnetsIn(world, input, balancer.type);
    return {
      AvailabilityZones: balancer.subnets.map((SubnetId) => ({
        SubnetId,
        ZoneName: zoneOfSubnet(world, SubnetId),
      })),
    };
  },
  SetSecurityGroups(world, input) {
    const balancer = balancerIn(world, input);
    balancer.securityGroups = input.texts("SecurityGroups");
    return { SecurityGroupIds: balancer.securityGroups };
  },
  DescribeLoadBalancerAttributes: (world, input) => ({
    Attributes: shownPairs(balancerIn(world, input).attributes),
  }),
  ModifyLoadBalancerAttributes(world, input) {
    const balancer = balancerIn(world, input);
    Object.assign(balancer.attributes, tagsOf(input.inputs("Attributes")));
    return { Attributes: shownPairs(balancer.attributes) };
  },
  CreateListener(world, input) {
    const [balancer, given] = [balancerIn(world, input), settings(input)];
    const old = world.state.listeners.find(
      (one) => one.balancerArn === balancer.arn && one.given.Port === given.Port,
    );
    if (old !== undefined && JSON.stringify(old.given) !== JSON.stringify(given))
      throw new AwsError(
        "DuplicateListener",
        "A listener already exists on this port for this load balancer",
      );
    if (old !== undefined) return { Listeners: [shownListener(old)] };
    const made: Listener = {
      arn: `${balancer.arn.replace(":loadbalancer/", ":listener/")}/${world.id("").slice(2)}`,
      balancerArn: balancer.arn,
      given,
      attributes: {},
      tags: tagsOf(input.inputs("Tags")),
    };
    world.state.listeners.push(made);
    return { Listeners: [shownListener(made)] };
  },
  DescribeListeners(world, input) {
    const [arn, arns] = [input.text("LoadBalancerArn"), input.texts("ListenerArns")];
    if (arn !== undefined) balancerIn(world, input);
    const found =
      arns.length > 0
        ? arns.map((one) => listenerIn(world, one))
        : world.state.listeners.filter(({ balancerArn }) => balancerArn === arn);
    const key = (one: Listener): string => one.arn;
    const paging = { key, size: "PageSize", usual: MOST_PER_PAGE, most: MOST_PER_PAGE, token: "Marker" };
    const { page, next } = pageOf(found, input, paging);
    return { Listeners: page.map(shownListener), NextMarker: next };
  },
  ModifyListener(world, input) {
    const found = listenerIn(world, input.required("ListenerArn"));
    found.given = { ...found.given, ...settings(input) };
    return { Listeners: [shownListener(found)] };
  },
  DeleteListener(world, input) {
    const found = listenerIn(world, input.required("ListenerArn"));
    world.state.listeners = world.state.listeners.filter((one) => one !== found);
    return {};
  },
  DescribeTags: (world, input) => ({
    TagDescriptions: input.texts("ResourceArns").map((arn) => ({
      ResourceArn: arn,
      Tags: shownPairs(taggedBy(world, arn).tags),
    })),
  }),
  AddTags(world, input) {
    const given = tagsOf(input.inputs("Tags"));
    for (const arn of input.texts("ResourceArns")) Object.assign(taggedBy(world, arn).tags, given);
    return {};
  },
  RemoveTags(world, input) {
    for (const arn of input.texts("ResourceArns"))
      for (const key of input.texts("TagKeys")) Reflect.deleteProperty(taggedBy(world, arn).tags, key);
    return {};
  },
};
