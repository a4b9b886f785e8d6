/** Target groups and their targets. */
import { VPC } from "./ec2-places.js";
import { tagsOf } from "./ec2-tags.js";
import { AwsError, type Input, pageOf } from "./input.js";
import type { Given, TargetGroup } from "./state.js";
import type { Answer, Tree } from "./wire.js";
import type { Handlers, World } from "./world.js";

const MOST_PER_PAGE = 400;

function groupIn({ state }: World, input: Input): TargetGroup {
  const arn = input.required("TargetGroupArn");
  const found = state.targetGroups.find((one) => one.arn === arn);
  if (found === undefined) throw new AwsError("TargetGroupNotFound", `Target groups '${arn}' not found`);
  return found;
}

/** Balancers whose listeners send to a target group. */
function balancersOf({ state }: World, arn: string): string[] {
  return [
    ...new Set(
      state.listeners
        .filter(({ given }) => JSON.stringify(given).includes(`"${arn}"`))
        .map(({ balancerArn }) => balancerArn),
    ),
  ];
}

/** @see docs.aws.amazon.com, CreateTargetGroup, for the values that a health check has when nobody says so */
function defaults(input: Input): Given {
  const protocol = input.text("Protocol") ?? "HTTP";
  const isHttp = protocol.startsWith("HTTP");
  return {
    VpcId: VPC,
    TargetType: "instance",
    IpAddressType: "ipv4",
    HealthCheckEnabled: true,
    HealthCheckProtocol: isHttp ? "HTTP" : "TCP",
    HealthCheckPort: "traffic-port",
    HealthCheckIntervalSeconds: 30,
    HealthCheckTimeoutSeconds: isHttp ? 5 : 10,
    HealthyThresholdCount: 5,
    UnhealthyThresholdCount: 2,
    ...(isHttp ? { HealthCheckPath: "/", Matcher: { HttpCode: "200" }, ProtocolVersion: "HTTP1" } : {}),
  };
}

function settings(input: Input): Given {
  const {
    Action: _action,
    Version: _version,
    Name: _name,
    Tags: _tags,
    TargetGroupArn,
    ...given
  } = input.tree;
  return given as Given;
}

function made(world: World, input: Input): TargetGroup {
  const name = input.required("Name");
  const given = { ...defaults(input), ...settings(input) };
  const old = world.state.targetGroups.find((one) => one.name === name);
  if (old !== undefined && JSON.stringify(old.given) === JSON.stringify(given)) return old;
  if (old !== undefined)
    throw new AwsError(
      "DuplicateTargetGroupName",
      `A target group with the same name '${name}' exists, but with different settings`,
    );
  const group: TargetGroup = {
    arn: world.arn("elasticloadbalancing", `targetgroup/${name}/${world.id("").slice(2)}`),
    name,
    given,
    attributes: {
      "deregistration_delay.timeout_seconds": "300",
      "stickiness.enabled": "false",
      ...(String(given.Protocol).startsWith("HTTP")
        ? {
            "load_balancing.algorithm.type": "round_robin",
            "slow_start.duration_seconds": "0",
            "stickiness.app_cookie.cookie_name": "",
            "stickiness.app_cookie.duration_seconds": "86400",
            "stickiness.lb_cookie.duration_seconds": "86400",
            "stickiness.type": "lb_cookie",
          }
        : { "stickiness.type": "source_ip" }),
    },
    tags: tagsOf(input.inputs("Tags")),
    targets: [],
  };
  world.state.targetGroups.push(group);
  return group;
}

function shown(world: World, { arn, name, given }: TargetGroup): Answer {
  return { ...given, TargetGroupArn: arn, TargetGroupName: name, LoadBalancerArns: balancersOf(world, arn) };
}

function targetsIn(input: Input, given: Record<string, Tree>): TargetGroup["targets"] {
  const usual = Number(given.Port ?? 80);
  return input
    .inputs("Targets")
    .map((one) => ({ id: one.required("Id"), port: one.number("Port") ?? usual }));
}

function healthOf(world: World, group: TargetGroup, { id, port }: TargetGroup["targets"][number]): Answer {
  const server = world.state.servers[id];
  const isWell = (server === undefined || server.state === "running") && !world.state.sick.includes(id);
  const isUsed = balancersOf(world, group.arn).length > 0;
  const state = isWell ? "healthy" : "unhealthy";
  return {
    Target: { Id: id, Port: port },
    HealthCheckPort: String(port),
    TargetHealth: isUsed
      ? { State: state, ...(isWell ? {} : { Reason: "Target.FailedHealthChecks" }) }
      : { State: "unused", Reason: "Target.NotInUse" },
  };
}

/** Actions on target groups. */
export const targetGroupHandlers: Handlers = {
  CreateTargetGroup: (world, input) => ({ TargetGroups: [shown(world, made(world, input))] }),
  DescribeTargetGroups(world, input) {
    const [names, arns, balancer] = [
      input.texts("Names"),
      input.texts("TargetGroupArns"),
      input.text("LoadBalancerArn"),
    ];
    const found = world.state.targetGroups
      .filter(
        ({ name, arn }) => names.length + arns.length === 0 || names.includes(name) || arns.includes(arn),
      )
      .filter(({ arn }) => balancer === undefined || balancersOf(world, arn).includes(balancer));
    if (found.length < names.length + arns.length)
      throw new AwsError("TargetGroupNotFound", "One or more target groups not found");
    const key = (one: TargetGroup): string => one.arn;
    const paging = { key, size: "PageSize", usual: MOST_PER_PAGE, most: MOST_PER_PAGE, token: "Marker" };
    const { page, next } = pageOf(found, input, paging);
    return { TargetGroups: page.map((one) => shown(world, one)), NextMarker: next };
  },
  ModifyTargetGroup(world, input) {
    const group = groupIn(world, input);
    group.given = { ...group.given, ...settings(input) };
    return { TargetGroups: [shown(world, group)] };
  },
  // Deleting what is not there succeeds.
  DeleteTargetGroup(world, input) {
    const arn = input.required("TargetGroupArn");
    if (balancersOf(world, arn).length > 0)
      throw new AwsError(
        "ResourceInUse",
        `Target group '${arn}' is currently in use by a listener or a rule`,
      );
    world.state.targetGroups = world.state.targetGroups.filter((one) => one.arn !== arn);
    return {};
  },
  DescribeTargetGroupAttributes: (world, input) => ({
    Attributes: Object.entries(groupIn(world, input).attributes).map(([Key, Value]) => ({ Key, Value })),
  }),
  ModifyTargetGroupAttributes(world, input) {
    const group = groupIn(world, input);
    Object.assign(group.attributes, tagsOf(input.inputs("Attributes")));
    return { Attributes: Object.entries(group.attributes).map(([Key, Value]) => ({ Key, Value })) };
  },
  RegisterTargets(world, input) {
    const group = groupIn(world, input);
    const isInstance = group.given.TargetType === "instance";
    for (const target of targetsIn(input, group.given)) {
      if (isInstance && world.state.servers[target.id]?.state !== "running")
        throw new AwsError(
          "InvalidTarget",
          `The following targets are not in a running state: '${target.id}'`,
        );
      if (!group.targets.some(({ id, port }) => id === target.id && port === target.port))
        group.targets.push(target);
    }
    return {};
  },
  DeregisterTargets(world, input) {
    const group = groupIn(world, input);
    const gone = input.inputs("Targets");
    group.targets = group.targets.filter(
      ({ id, port }) => !gone.some((one) => one.text("Id") === id && (one.number("Port") ?? port) === port),
    );
    return {};
  },
  DescribeTargetHealth(world, input) {
    const group = groupIn(world, input);
    const asked = input.inputs("Targets").map((one) => one.required("Id"));
    const unknown = asked.filter((id) => !group.targets.some((one) => one.id === id));
    const known = group.targets.filter(({ id }) => asked.length === 0 || asked.includes(id));
    return {
      TargetHealthDescriptions: [
        ...known.map((target) => healthOf(world, group, target)),
        ...unknown.map((Id) => ({
          Target: { Id },
          TargetHealth: { State: "unused", Reason: "Target.NotRegistered" },
        })),
      ],
    };
  },
};
