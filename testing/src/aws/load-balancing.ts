/** Classic load balancers. */
import { serverOf } from "./ec2.js";
import { subnetsOf, VPC, zoneOfSubnet, zonesOf } from "./ec2-places.js";
import { tagsOf } from "./ec2-tags.js";
import { AwsError, type Input, pageOf } from "./input.js";
import { classicIn, classicOf } from "./load-balancing-find.js";
import { classicListeners, listener } from "./load-balancing-listeners.js";
import type { ClassicBalancer, Given } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers, World } from "./world.js";

/** @see facts/aws.md, section 2, Per call */
const MOST_PER_PAGE = 400;

function requireZones(world: World, zones: readonly string[]): void {
  const wrong = zones.find((zone) => !zonesOf(world).includes(zone));
  if (wrong !== undefined)
    throw new AwsError("ValidationError", `The requested Availability Zone ${wrong} is not valid`);
}

/** A balancer that is made with zones is in their default subnets. */
function subnetsOfZones(world: World, zones: readonly string[]): string[] {
  const all = subnetsOf(world);
  return all.filter((one) => zones.includes(one.availabilityZone)).map(({ subnetId }) => subnetId);
}

function instancesIn(world: World, input: Input): string[] {
  return input.inputs("Instances").map((one) => {
    const id = one.required("InstanceId");
    try {
      return serverOf(world, id).id;
    } catch {
      throw new AwsError("InvalidInstance", `Could not find EC2 instance ${id}.`);
    }
  });
}

function made(world: World, input: Input): ClassicBalancer {
  const name = input.required("LoadBalancerName");
  if (world.state.classic.some((one) => one.name === name))
    throw new AwsError(
      "DuplicateLoadBalancerName",
      `The specified load balancer name already exists for this account: ${name}`,
    );
  const [zones, subnets] = [input.texts("AvailabilityZones"), input.texts("Subnets")];
  if (zones.length + subnets.length === 0)
    throw new AwsError("ValidationError", "Either AvailabilityZones or SubnetIds must be specified");
  requireZones(world, zones);
  const listeners = input.inputs("Listeners").map(listener);
  const groups = input.texts("SecurityGroups");
  const port = listeners[0]?.given.InstancePort ?? "80";
  return {
    name,
    createdAtMs: world.now(),
    scheme: input.text("Scheme") ?? "internet-facing",
    listeners,
    zones: zones.length > 0 ? zones : [...new Set(subnets.map((one) => zoneOfSubnet(world, one)))],
    subnets: subnets.length > 0 ? subnets : subnetsOfZones(world, zones),
    securityGroups: groups.length > 0 ? groups : [world.state.securityGroups[0]?.id ?? ""],
    healthCheck: {
      Target: `TCP:${typeof port === "object" ? "80" : String(port)}`,
      Interval: 30,
      Timeout: 5,
      UnhealthyThreshold: 2,
      HealthyThreshold: 10,
    },
    instances: [],
    attributes: {
      CrossZoneLoadBalancing: { Enabled: false },
      AccessLog: { Enabled: false },
      ConnectionDraining: { Enabled: false, Timeout: 300 },
      ConnectionSettings: { IdleTimeout: 60 },
      AdditionalAttributes: [{ Key: "elb.http.desyncmitigationmode", Value: "defensive" }],
    },
    policies: [],
    tags: tagsOf(input.inputs("Tags")),
  };
}

function dnsName({ region }: World, { name }: ClassicBalancer): string {
  return `${name}-1234567890.${region}.elb.amazonaws.com`;
}

function shown(world: World, balancer: ClassicBalancer): Answer {
  return {
    LoadBalancerName: balancer.name,
    DNSName: dnsName(world, balancer),
    CanonicalHostedZoneName: dnsName(world, balancer),
    ListenerDescriptions: balancer.listeners.map(({ given, policies }) => ({
      Listener: given,
      PolicyNames: policies,
    })),
    Policies: {
      AppCookieStickinessPolicies: balancer.policies
        .filter(({ cookie }) => cookie !== undefined)
        .map(({ name, cookie }) => ({ PolicyName: name, CookieName: cookie })),
      LBCookieStickinessPolicies: balancer.policies
        .filter(({ cookie }) => cookie === undefined)
        .map(({ name, expirationSeconds }) => ({
          PolicyName: name,
          CookieExpirationPeriod: expirationSeconds,
        })),
      OtherPolicies: [],
    },
    BackendServerDescriptions: [],
    AvailabilityZones: balancer.zones,
    Subnets: balancer.subnets,
    VPCId: VPC,
    Instances: balancer.instances.map((InstanceId) => ({ InstanceId })),
    HealthCheck: balancer.healthCheck,
    SourceSecurityGroup: { OwnerAlias: "123456789012", GroupName: "default" },
    SecurityGroups: balancer.securityGroups,
    CreatedTime: new Date(balancer.createdAtMs),
    Scheme: balancer.scheme,
  };
}

function healthOf({ state }: World, id: string): Answer {
  const isWell = state.servers[id]?.state === "running" && !state.sick.includes(id);
  return {
    InstanceId: id,
    State: isWell ? "InService" : "OutOfService",
    ReasonCode: isWell ? "N/A" : "Instance",
    Description: isWell
      ? "N/A"
      : "Instance has failed at least the UnhealthyThreshold number of health checks.",
  };
}

function shownInstances({ instances }: ClassicBalancer): Answer {
  return { Instances: instances.map((InstanceId) => ({ InstanceId })) };
}

/** Actions on classic balancers. */
export const loadBalancing: Handlers = {
  ...classicListeners,
  CreateLoadBalancer(world, input) {
    const balancer = made(world, input);
    world.state.classic.push(balancer);
    return { DNSName: dnsName(world, balancer) };
  },
  DescribeLoadBalancers(world, input) {
    const names = input.texts("LoadBalancerNames");
    const found = names.length > 0 ? names.map((name) => classicOf(world, name)) : world.state.classic;
    const key = (one: ClassicBalancer): string => one.name;
    const paging = { key, size: "PageSize", usual: MOST_PER_PAGE, most: MOST_PER_PAGE, token: "Marker" };
    const { page, next } = pageOf(found, input, paging);
    return { LoadBalancerDescriptions: page.map((one) => shown(world, one)), NextMarker: next };
  },
  // Deleting what is not there succeeds. @see docs.aws.amazon.com, DeleteLoadBalancer
  DeleteLoadBalancer(world, input) {
    const name = input.required("LoadBalancerName");
    world.state.classic = world.state.classic.filter((one) => one.name !== name);
    return {};
  },
  ConfigureHealthCheck(world, input) {
    const balancer = classicIn(world, input);
    const given = input.input("HealthCheck");
    if (given === undefined) throw new AwsError("ValidationError", "HealthCheck is required");
    if ((given.number("Timeout") ?? 0) >= (given.number("Interval") ?? 0))
      throw new AwsError("ValidationError", "HealthCheck timeout must be less than interval");
    balancer.healthCheck = given.tree as Given;
    return { HealthCheck: balancer.healthCheck };
  },
  EnableAvailabilityZonesForLoadBalancer(world, input) {
    const [balancer, zones] = [classicIn(world, input), input.texts("AvailabilityZones")];
    requireZones(world, zones);
    balancer.zones = [...new Set([...balancer.zones, ...zones])];
    balancer.subnets = subnetsOfZones(world, balancer.zones);
    return { AvailabilityZones: balancer.zones };
  },
  DisableAvailabilityZonesForLoadBalancer(world, input) {
    const [balancer, zones] = [classicIn(world, input), input.texts("AvailabilityZones")];
    const left = balancer.zones.filter((zone) => !zones.includes(zone));
    if (left.length === 0)
      throw new AwsError("InvalidConfigurationRequest", "A load balancer needs at least one zone");
    balancer.zones = left;
    balancer.subnets = subnetsOfZones(world, left);
    return { AvailabilityZones: left };
  },
  AttachLoadBalancerToSubnets(world, input) {
    const [balancer, subnets] = [classicIn(world, input), input.texts("Subnets")];
    balancer.subnets = [...new Set([...balancer.subnets, ...subnets])];
    balancer.zones = [...new Set(balancer.subnets.map((one) => zoneOfSubnet(world, one)))];
    return { Subnets: balancer.subnets };
  },
  DetachLoadBalancerFromSubnets(world, input) {
    const [balancer, subnets] = [classicIn(world, input), input.texts("Subnets")];
    balancer.subnets = balancer.subnets.filter((one) => !subnets.includes(one));
    balancer.zones = [...new Set(balancer.subnets.map((one) => zoneOfSubnet(world, one)))];
    return { Subnets: balancer.subnets };
  },
  ApplySecurityGroupsToLoadBalancer(world, input) {
    const balancer = classicIn(world, input);
    balancer.securityGroups = input.texts("SecurityGroups");
    return { SecurityGroups: balancer.securityGroups };
  },
  // Both answer the list as it is then, which moto leaves empty. @see facts/aws.md, section 1
  RegisterInstancesWithLoadBalancer(world, input) {
    const balancer = classicIn(world, input);
    balancer.instances = [...new Set([...balancer.instances, ...instancesIn(world, input)])];
    return shownInstances(balancer);
  },
  DeregisterInstancesFromLoadBalancer(world, input) {
    const balancer = classicIn(world, input);
    const gone = input.inputs("Instances").map((one) => one.required("InstanceId"));
    balancer.instances = balancer.instances.filter((id) => !gone.includes(id));
    return shownInstances(balancer);
  },
  DescribeInstanceHealth(world, input) {
    const balancer = classicIn(world, input);
    const asked = input.inputs("Instances").map((one) => one.required("InstanceId"));
    const unknown = asked.find((id) => !balancer.instances.includes(id));
    if (unknown !== undefined)
      throw new AwsError("InvalidInstance", `Could not find EC2 instance ${unknown}.`);
    const ids = asked.length > 0 ? asked : balancer.instances;
    return { InstanceStates: ids.map((id) => healthOf(world, id)) };
  },
  DescribeLoadBalancerAttributes: (world, input) => ({
    LoadBalancerAttributes: classicIn(world, input).attributes,
  }),
  ModifyLoadBalancerAttributes(world, input) {
    const balancer = classicIn(world, input);
    const given = (input.input("LoadBalancerAttributes")?.tree ?? {}) as Given;
    balancer.attributes = { ...balancer.attributes, ...given };
    return { LoadBalancerName: balancer.name, LoadBalancerAttributes: balancer.attributes };
  },
  DescribeTags: (world, input) => ({
    TagDescriptions: input.texts("LoadBalancerNames").map((name) => ({
      LoadBalancerName: name,
      Tags: Object.entries(classicOf(world, name).tags).map(([Key, Value]) => ({ Key, Value })),
    })),
  }),
  AddTags(world, input) {
    const given = tagsOf(input.inputs("Tags"));
    for (const name of input.texts("LoadBalancerNames")) Object.assign(classicOf(world, name).tags, given);
    return {};
  },
  RemoveTags(world, input) {
    for (const name of input.texts("LoadBalancerNames"))
      for (const tag of input.inputs("Tags"))
        Reflect.deleteProperty(classicOf(world, name).tags, tag.required("Key"));
    return {};
  },
};
