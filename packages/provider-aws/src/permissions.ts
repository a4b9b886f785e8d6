import type { PermissionScope, Permissions } from "@bellows/core";
import type { AwsOptions } from "./options.js";
import { NEEDS } from "./permission-table.js";

/**
 * What IAM must allow so that these methods of the drivers can be called, as actions and as the document to attach.
 * Methods that AWS is never asked for need nothing.
 * @param scope - narrows what may be touched to named groups and balancers, and to the options' region and account.
 */
export function permissions(
  methods: readonly string[],
  scope: PermissionScope<AwsOptions> = {},
): Permissions {
  const actions = [...new Set(methods.flatMap((method) => NEEDS[method] ?? []))].sort();
  const document = documentOf(actions, scope);
  if (JSON.stringify(document).length <= LONGEST) return { actions, document };
  const { groups: _groups, loadBalancers: _loadBalancers, ...wide } = scope;
  return { actions, document: documentOf(actions, wide) };
}

/** Most characters of a managed policy. @see docs.aws.amazon.com, IAM and AWS STS quotas */
const LONGEST = 6_144;

/** One statement of a policy. */
interface Statement {
  Sid: string;
  Effect: "Allow";
  Action: string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** Actions that can be narrowed alike. */
interface Kind {
  sid: string;
  actions: RegExp;
  /** ARNs, from the service's own part on; absent: AWS knows nothing narrower than everything. */
  resources?: (place: Place, scope: PermissionScope) => string[];
  condition?: Statement["Condition"];
}

/** What ARNs of a connection begin with. */
interface Place {
  /** ARN of a regional thing. */
  arn(service: string, rest: string): string;
  /** ARN of a thing of IAM, which knows no regions. */
  role(rest: string, account?: string): string;
}

/**
 * The kinds, the first that fits counts.
 * @see docs.aws.amazon.com, Service Authorization Reference: which actions can be narrowed to which resources
 */
const KINDS: readonly Kind[] = [
  { sid: "Look", actions: /:(Describe|Get|List)/ },
  {
    sid: "PassRolesToInstances",
    actions: /^iam:PassRole$/,
    resources: ({ role }) => [role("role/*")],
    condition: {
      StringEquals: { "iam:PassedToService": ["autoscaling.amazonaws.com", "ec2.amazonaws.com"] },
    },
  },
  {
    sid: "MakeServiceLinkedRoles",
    actions: /^iam:CreateServiceLinkedRole$/,
    resources: ({ role }) =>
      ["autoscaling", "elasticloadbalancing"].map((service) =>
        role(`role/aws-service-role/${service}.amazonaws.com/*`, "*"),
      ),
    condition: {
      StringEquals: {
        "iam:AWSServiceName": ["autoscaling.amazonaws.com", "elasticloadbalancing.amazonaws.com"],
      },
    },
  },
  {
    sid: "LaunchConfigurations",
    actions: /^autoscaling:.*LaunchConfiguration$/,
    resources: ({ arn }) => [arn("autoscaling", "launchConfiguration:*:launchConfigurationName/*")],
  },
  {
    sid: "Groups",
    actions: /^autoscaling:/,
    resources: ({ arn }, { groups = ["*"] }) =>
      groups.map((name) => arn("autoscaling", `autoScalingGroup:*:autoScalingGroupName/${name}`)),
  },
  {
    sid: "LaunchTemplates",
    actions: /^ec2:.*LaunchTemplate/,
    resources: ({ arn }) => [arn("ec2", "launch-template/*")],
  },
  // An instance is made of an image, a network, volumes and more: each would have to be named.
  { sid: "Instances", actions: /^ec2:RunInstances$/ },
  {
    sid: "Tags",
    actions: /^ec2:(Create|Delete)Tags$/,
    resources: ({ arn }) => ["instance", "volume", "launch-template"].map((kind) => arn("ec2", `${kind}/*`)),
  },
  {
    sid: "TargetGroups",
    actions: /^elasticloadbalancing:.*Target/,
    resources: ({ arn }) => [arn("elasticloadbalancing", "targetgroup/*")],
  },
  {
    sid: "Listeners",
    actions: /^elasticloadbalancing:(Modify|Delete)Listener$/,
    resources: ({ arn }) => [arn("elasticloadbalancing", "listener/*")],
  },
  {
    sid: "BalancerTags",
    actions: /^elasticloadbalancing:(Add|Remove)Tags$/,
    resources: ({ arn }, scope) => [
      ...balancers(arn, scope),
      arn("elasticloadbalancing", "targetgroup/*"),
      arn("elasticloadbalancing", "listener/*"),
    ],
  },
  {
    sid: "Balancers",
    actions: /^elasticloadbalancing:/,
    resources: ({ arn }, scope) => balancers(arn, scope),
  },
  {
    sid: "Alarms",
    actions: /^cloudwatch:/,
    resources: ({ arn }) => [arn("cloudwatch", "alarm:*")],
  },
];

/** Classic balancers have their name alone in the ARN, the others their type, name and id. */
function balancers(arn: Place["arn"], { loadBalancers }: PermissionScope): string[] {
  if (loadBalancers === undefined) return [arn("elasticloadbalancing", "loadbalancer/*")];
  return loadBalancers.flatMap((name) =>
    [name, `app/${name}/*`, `net/${name}/*`].map((rest) =>
      arn("elasticloadbalancing", `loadbalancer/${rest}`),
    ),
  );
}

function documentOf(actions: readonly string[], scope: PermissionScope<AwsOptions>): Permissions["document"] {
  const place = placeOf(scope.options ?? {});
  const statements = KINDS.flatMap((kind) => {
    const allowed = actions.filter((action) => kindOf(action) === kind);
    return allowed.length === 0 ? [] : [statementOf(kind, allowed, place, scope)];
  });
  return { Version: "2012-10-17", Statement: statements };
}

function kindOf(action: string): Kind | undefined {
  return KINDS.find((kind) => kind.actions.test(action));
}

function statementOf(kind: Kind, allowed: string[], place: Place, scope: PermissionScope): Statement {
  return {
    Sid: kind.sid,
    Effect: "Allow",
    Action: allowed,
    Resource: kind.resources?.(place, scope) ?? "*",
    ...(kind.condition === undefined ? {} : { Condition: kind.condition }),
  };
}

function placeOf({ region = "*", accountId = "*" }: AwsOptions): Place {
  const partition = `arn:${PARTITIONS.find(([start]) => region.startsWith(start))?.[1] ?? "aws"}`;
  return {
    arn: (service, rest) => `${partition}:${service}:${region}:${accountId}:${rest}`,
    role: (rest, account = accountId) => `${partition}:iam::${account}:${rest}`,
  };
}

/** Regions whose ARNs begin otherwise. */
const PARTITIONS: readonly (readonly [start: string, partition: string])[] = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
];
