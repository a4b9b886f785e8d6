/** Instances of EC2, and tags. */
import { VPC, zoneOfSubnet, zonesOf } from "./ec2-places.js";
import { passes, specifiedTags, tagSet, tagsOf, tagValues } from "./ec2-tags.js";
import { AwsError, type Input, pageOf } from "./input.js";
import type { Server, Tags } from "./state.js";
import type { Answer } from "./wire.js";
import { ACCOUNT, type Handlers, type World } from "./world.js";

const STATE_CODES = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const;
/** Terminated instances stay listed for less than an hour. @see facts/aws.md, section 2, Eventual consistency */
const LISTED_MS = 3_000_000;

/** What a server is launched with. */
export interface Launch extends Pick<Server, "imageId" | "type" | "zone" | "securityGroups" | "tags"> {
  keyName?: string | undefined;
  subnetId?: string | undefined;
  clientToken?: string | undefined;
  reservationId?: string | undefined;
}

/** Launches a server, which runs after `launchMs`. */
export function launchServer(world: World, launch: Launch): Server {
  const { state, behaviour } = world;
  const number = Object.keys(state.servers).length + 1;
  const server: Server = {
    id: world.id("i"),
    state: "pending",
    launchedAtMs: world.now(),
    reservationId: launch.reservationId ?? world.id("r"),
    address: `10.0.${Math.floor(number / 250)}.${(number % 250) + 4}`,
    imageId: launch.imageId,
    type: launch.type,
    zone: launch.zone,
    securityGroups: launch.securityGroups,
    clientToken: launch.clientToken ?? "",
    tags: launch.tags,
    ...(launch.keyName === undefined ? {} : { keyName: launch.keyName }),
    ...(launch.subnetId === undefined ? {} : { subnetId: launch.subnetId }),
  };
  state.servers[server.id] = server;
  const start = (): void => {
    if (server.state === "pending") server.state = "running";
  };
  if (behaviour.launchMs === 0) start();
  else world.after(behaviour.launchMs, start);
  return server;
}

/** Ends a server; it stays listed for a while. */
export function endServer(world: World, server: Server): void {
  if (server.state === "terminated") return;
  server.state = world.behaviour.terminateMs === 0 ? "terminated" : "shutting-down";
  world.after(world.behaviour.terminateMs, () => {
    server.state = "terminated";
  });
  world.after(world.behaviour.terminateMs + LISTED_MS, () => {
    delete world.state.servers[server.id];
  });
}

/** @throws AwsError when there is no such server. */
export function serverOf({ state }: World, id: string): Server {
  const server = state.servers[id];
  if (server !== undefined) return server;
  if (!/^i-[0-9a-f]{1,17}$/.test(id))
    throw new AwsError("InvalidInstanceID.Malformed", `Invalid id: "${id}"`);
  throw new AwsError("InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`);
}

function filterValues(server: Server, name: string): string[] {
  const fields: Record<string, string> = {
    "instance-id": server.id,
    "instance-state-name": server.state,
    "instance-type": server.type,
    "image-id": server.imageId,
    "availability-zone": server.zone,
    "client-token": server.clientToken,
    "vpc-id": VPC,
    "private-ip-address": server.address,
    ...(server.subnetId === undefined ? {} : { "subnet-id": server.subnetId }),
  };
  const field = fields[name];
  return field === undefined ? tagValues(server.tags, name) : [field];
}

function stateOf(state: Server["state"]): Answer {
  return { code: STATE_CODES[state], name: state };
}

function instance(server: Server): Answer {
  const [isUp, name] = [server.state !== "terminated", server.address.replaceAll(".", "-")];
  return {
    instanceId: server.id,
    imageId: server.imageId,
    instanceState: stateOf(server.state),
    privateDnsName: isUp ? `ip-${name}.ec2.internal` : "",
    dnsName: "",
    keyName: server.keyName,
    instanceType: server.type,
    launchTime: new Date(server.launchedAtMs),
    placement: { availabilityZone: server.zone, tenancy: "default" },
    monitoring: { state: "disabled" },
    ...(isUp ? { subnetId: server.subnetId, vpcId: VPC, privateIpAddress: server.address } : {}),
    groupSet: server.securityGroups.map((groupId) => ({ groupId, groupName: groupId })),
    clientToken: server.clientToken,
    tagSet: tagSet(server.tags),
    architecture: "x86_64",
  };
}

function reservation(servers: readonly Server[]): Answer {
  const [first] = servers;
  return {
    reservationId: first?.reservationId ?? "",
    ownerId: ACCOUNT,
    groupSet: [],
    instancesSet: servers.map(instance),
  };
}

function reservations(servers: readonly Server[]): Server[][] {
  const byId = new Map<string, Server[]>();
  for (const server of servers)
    byId.set(server.reservationId, [...(byId.get(server.reservationId) ?? []), server]);
  return [...byId.values()];
}

function chosen(world: World, input: Input): Server[] {
  const servers = input.texts("InstanceId").map((id) => serverOf(world, id));
  return servers.length > 0 ? servers : Object.values(world.state.servers);
}

/** Changes servers' states. @returns what EC2 answers. */
function change(world: World, input: Input, to: (server: Server) => void): Answer {
  const servers = input.texts("InstanceId").map((id) => serverOf(world, id));
  return {
    instancesSet: servers.map((server) => {
      const previousState = stateOf(server.state);
      to(server);
      return { instanceId: server.id, currentState: stateOf(server.state), previousState };
    }),
  };
}

/** Actions on instances and tags. */
export const ec2: Handlers = {
  RunInstances(world, input) {
    const clientToken = input.text("ClientToken");
    const made = Object.values(world.state.servers).filter((one) => one.clientToken === clientToken);
    if (clientToken !== undefined && made.length > 0) return reservation(made);
    const subnetId = input.text("SubnetId");
    const zone =
      subnetId === undefined
        ? input.input("Placement")?.text("AvailabilityZone")
        : zoneOfSubnet(world, subnetId);
    const launch: Launch = {
      imageId: input.text("ImageId") ?? "",
      type: input.text("InstanceType") ?? "m1.small",
      zone: zone ?? zonesOf(world)[0] ?? "",
      securityGroups: input.texts("SecurityGroupId"),
      tags: specifiedTags(input, "instance"),
      keyName: input.text("KeyName"),
      subnetId,
      clientToken,
      reservationId: world.id("r"),
    };
    const count = input.number("MaxCount") ?? 1;
    const launchOne = (): Server => launchServer(world, { ...launch, tags: { ...launch.tags } });
    return reservation(Array.from({ length: count }, launchOne));
  },
  DescribeInstances(world, input) {
    const found = chosen(world, input).filter((one) => passes(input, (name) => filterValues(one, name)));
    const paging = { key: (one: Server) => one.id, size: "MaxResults", usual: 1_000, most: 1_000 };
    const { page, next } = pageOf(found, input, paging);
    return { reservationSet: reservations(page).map(reservation), nextToken: next };
  },
  TerminateInstances: (world, input) => change(world, input, (server) => endServer(world, server)),
  StopInstances: (world, input) =>
    change(world, input, (server) => {
      server.state = "stopped";
    }),
  StartInstances: (world, input) =>
    change(world, input, (server) => {
      server.state = "running";
    }),
  CreateTags(world, input) {
    const given = tagsOf(input.inputs("Tag"));
    for (const id of input.texts("ResourceId")) Object.assign(taggedBy(world, id), given);
    return { return: true };
  },
  DeleteTags(world, input) {
    for (const id of input.texts("ResourceId"))
      for (const tag of input.inputs("Tag")) Reflect.deleteProperty(taggedBy(world, id), tag.required("Key"));
    return { return: true };
  },
};

function taggedBy(world: World, id: string): Tags {
  if (id.startsWith("i-")) return serverOf(world, id).tags;
  const template = world.state.templates.find((one) => one.id === id);
  if (template === undefined) throw new AwsError("InvalidID", `The ID '${id}' is not valid`);
  return template.tags;
}
