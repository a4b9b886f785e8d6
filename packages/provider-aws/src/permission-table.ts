/**
 * What each method asks of AWS, as actions of IAM. A test runs the drivers and compares: every call that they make stands
 * here, and what stands here is called, but for what IAM checks without a call of its own ({@link TACIT}).
 */

/**
 * To let AWS make instances, IAM looks at more than the call.
 * @see docs.aws.amazon.com, EC2 Auto Scaling user guide, API permissions
 */
const LAUNCHING = ["ec2:CreateTags", "ec2:RunInstances", "iam:PassRole"];
const ROLE = "iam:CreateServiceLinkedRole";
/** Actions that IAM checks beside the calls that are made: nobody sees them called. */
export const TACIT: readonly string[] = [...LAUNCHING, ROLE];

type Needs = Readonly<Record<string, readonly string[]>>;

const GROUP = "autoscaling:DescribeAutoScalingGroups";
const SERVERS = "ec2:DescribeInstances";
const TAG_GROUP = ["autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"];

const BALANCERS = "elasticloadbalancing:DescribeLoadBalancers";
const POOLS = "elasticloadbalancing:DescribeTargetGroups";
const TARGET_HEALTH = "elasticloadbalancing:DescribeTargetHealth";
const HEALTH = ["elasticloadbalancing:DescribeInstanceHealth", TARGET_HEALTH];

const TEMPLATES = ["ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"];
const CONFIGURATIONS = "autoscaling:DescribeLaunchConfigurations";
/** Makes what is launched from, and takes it back when what comes after fails. */
const MAKE_TEMPLATE = [...TEMPLATES, "ec2:CreateLaunchTemplate", "ec2:DeleteLaunchTemplate"];
const MAKE_CONFIGURATION = [
  CONFIGURATIONS,
  "autoscaling:CreateLaunchConfiguration",
  "autoscaling:DeleteLaunchConfiguration",
];
/** Launch configurations carry no tags. */
const TAG_LAUNCH = [
  GROUP,
  ...MAKE_TEMPLATE,
  CONFIGURATIONS,
  "autoscaling:DeleteTags",
  "autoscaling:UpdateAutoScalingGroup",
  "ec2:CreateLaunchTemplateVersion",
  "ec2:DeleteLaunchTemplateVersions",
  ...LAUNCHING,
];
const SET_LAUNCH = [...TAG_LAUNCH, ...MAKE_CONFIGURATION, "autoscaling:CreateOrUpdateTags"];

const GROUPS: Needs = {
  "groups.list": [GROUP],
  "groups.get": [GROUP],
  "groups.state": [GROUP],
  "groups.observe": [GROUP],
  "groups.create": [
    GROUP,
    BALANCERS,
    POOLS,
    ...MAKE_TEMPLATE,
    ...MAKE_CONFIGURATION,
    "autoscaling:CreateAutoScalingGroup",
    "autoscaling:DeleteAutoScalingGroup",
    "autoscaling:SuspendProcesses",
    "ec2:DescribeAvailabilityZones",
    ...LAUNCHING,
    ROLE,
  ],
  "groups.update": [
    GROUP,
    BALANCERS,
    POOLS,
    "autoscaling:UpdateAutoScalingGroup",
    "autoscaling:AttachLoadBalancers",
    "autoscaling:AttachLoadBalancerTargetGroups",
    "autoscaling:DetachLoadBalancers",
    "autoscaling:DetachLoadBalancerTargetGroups",
    "autoscaling:ResumeProcesses",
    "autoscaling:SuspendProcesses",
    ...TAG_GROUP,
  ],
  "groups.scale": [GROUP, "autoscaling:SetDesiredCapacity"],
  "groups.shutdown": [GROUP, "autoscaling:UpdateAutoScalingGroup"],
  "groups.delete": [
    GROUP,
    "ec2:DescribeLaunchTemplates",
    CONFIGURATIONS,
    "autoscaling:DeleteAutoScalingGroup",
    "autoscaling:DeleteLaunchConfiguration",
    "ec2:DeleteLaunchTemplate",
  ],
  "groups.instances": [GROUP, SERVERS],
  "groups.pause": [GROUP, "autoscaling:SuspendProcesses"],
  "groups.resume": [GROUP, "autoscaling:ResumeProcesses"],
  "groups.metadata.merge": [GROUP, "autoscaling:CreateOrUpdateTags"],
  "groups.metadata.replace": [GROUP, ...TAG_GROUP],
  "groups.attach": [
    GROUP,
    SERVERS,
    "autoscaling:AttachInstances",
    "autoscaling:DescribeAutoScalingInstances",
  ],
  "groups.detach": [GROUP, SERVERS, "autoscaling:DetachInstances"],
  "groups.terminate": [GROUP, SERVERS, "autoscaling:TerminateInstanceInAutoScalingGroup"],
  "groups.enterStandby": [GROUP, SERVERS, "autoscaling:EnterStandby"],
  "groups.exitStandby": [GROUP, SERVERS, "autoscaling:ExitStandby"],
  "groups.protect": [GROUP, SERVERS, "autoscaling:SetInstanceProtection"],
  "activities.list": [GROUP, "autoscaling:DescribeScalingActivities"],
};

const SCHEDULES = "autoscaling:DescribeScheduledActions";

const NATIVE: Needs = {
  "native.hooks.list": [GROUP, "autoscaling:DescribeLifecycleHooks"],
  "native.hooks.put": [GROUP, "autoscaling:PutLifecycleHook", "iam:PassRole"],
  "native.hooks.delete": [GROUP, "autoscaling:DescribeLifecycleHooks", "autoscaling:DeleteLifecycleHook"],
  "native.hooks.complete": ["autoscaling:CompleteLifecycleAction"],
  "native.hooks.heartbeat": ["autoscaling:RecordLifecycleActionHeartbeat"],
  "native.warmPool.get": [GROUP, "autoscaling:DescribeWarmPool"],
  "native.warmPool.put": [GROUP, "autoscaling:PutWarmPool"],
  "native.warmPool.delete": [GROUP, "autoscaling:DeleteWarmPool"],
  "native.scheduledActions.list": [GROUP, SCHEDULES],
  "native.scheduledActions.put": [GROUP, "autoscaling:PutScheduledUpdateGroupAction"],
  "native.scheduledActions.delete": [GROUP, SCHEDULES, "autoscaling:DeleteScheduledAction"],
  "native.processes.list": [GROUP],
  "native.protection.list": [GROUP],
};

const READ_LAUNCH = [GROUP, "ec2:DescribeLaunchTemplateVersions", CONFIGURATIONS];
const LIST_LAUNCHES = [GROUP, "ec2:DescribeLaunchTemplates", CONFIGURATIONS];

const LAUNCH: Needs = {
  "launch.get": READ_LAUNCH,
  "launch.set": SET_LAUNCH,
  "launch.patch": SET_LAUNCH,
  "launch.metadata.merge": TAG_LAUNCH,
  "launch.metadata.replace": TAG_LAUNCH,
  "launch.rollback": [...READ_LAUNCH, "autoscaling:UpdateAutoScalingGroup", ...LAUNCHING],
  "launch.history": READ_LAUNCH,
  "launch.list": LIST_LAUNCHES,
  "launch.delete": [...LIST_LAUNCHES, "autoscaling:DeleteLaunchConfiguration", "ec2:DeleteLaunchTemplate"],
};

const POLICY = [GROUP, "autoscaling:DescribePolicies", SCHEDULES];
const PUT_POLICY = [
  ...POLICY,
  "autoscaling:PutScalingPolicy",
  "autoscaling:PutScheduledUpdateGroupAction",
  ...TAG_GROUP,
];

const POLICIES: Needs = {
  "policies.list": POLICY,
  "policies.get": POLICY,
  "policies.create": PUT_POLICY,
  "policies.update": PUT_POLICY,
  "policies.delete": [
    ...POLICY,
    "autoscaling:DeletePolicy",
    "autoscaling:DeleteScheduledAction",
    "autoscaling:DeleteTags",
  ],
  "policies.execute": [...POLICY, "autoscaling:ExecutePolicy"],
};

const ALARM = "cloudwatch:DescribeAlarms";
const PUT_ALARM = [ALARM, "autoscaling:DescribePolicies", "cloudwatch:PutMetricAlarm"];

const ALARMS: Needs = {
  "alarms.list": [ALARM],
  "alarms.get": [ALARM],
  "alarms.create": PUT_ALARM,
  "alarms.update": PUT_ALARM,
  "alarms.delete": [ALARM, "cloudwatch:DeleteAlarms"],
  "alarms.history": [ALARM, "cloudwatch:DescribeAlarmHistory"],
  "alarms.setState": [ALARM, "cloudwatch:SetAlarmState"],
  "alarms.enable": [ALARM, "cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions"],
};

const OUTLINE = [
  BALANCERS,
  POOLS,
  "elasticloadbalancing:DescribeListeners",
  "elasticloadbalancing:DescribeTags",
];
const ATTRIBUTES = [
  "elasticloadbalancing:DescribeLoadBalancerAttributes",
  "elasticloadbalancing:DescribeTargetGroupAttributes",
];
const SHOW = [...OUTLINE, ...ATTRIBUTES, ...HEALTH];
const LISTENERS = [
  "elasticloadbalancing:CreateListener",
  "elasticloadbalancing:CreateTargetGroup",
  "elasticloadbalancing:DeleteTargetGroup",
];
const STICKINESS = [
  "elasticloadbalancing:CreateAppCookieStickinessPolicy",
  "elasticloadbalancing:CreateLBCookieStickinessPolicy",
  "elasticloadbalancing:SetLoadBalancerPoliciesOfListener",
];
const CHECKS = ["elasticloadbalancing:ConfigureHealthCheck"];
const SETTINGS = [
  "elasticloadbalancing:ModifyLoadBalancerAttributes",
  "elasticloadbalancing:ModifyTargetGroupAttributes",
];
const TAGS = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"];
const ZONES = [
  "elasticloadbalancing:DisableAvailabilityZonesForLoadBalancer",
  "elasticloadbalancing:EnableAvailabilityZonesForLoadBalancer",
  "elasticloadbalancing:SetSubnets",
];
const MEMBERS = [BALANCERS, POOLS, ...HEALTH, SERVERS];

const LOAD_BALANCERS: Needs = {
  "loadBalancers.list": [...OUTLINE, TARGET_HEALTH],
  "loadBalancers.get": SHOW,
  "loadBalancers.create": [
    ...SHOW,
    ...LISTENERS,
    ...STICKINESS,
    ...CHECKS,
    ...SETTINGS,
    "ec2:DescribeSubnets",
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:DeleteLoadBalancer",
    ROLE,
  ],
  "loadBalancers.update": [
    ...SHOW,
    ...LISTENERS,
    ...STICKINESS,
    ...CHECKS,
    ...SETTINGS,
    ...TAGS,
    ...ZONES,
    "ec2:DescribeSubnets",
    "elasticloadbalancing:ApplySecurityGroupsToLoadBalancer",
    "elasticloadbalancing:AttachLoadBalancerToSubnets",
    "elasticloadbalancing:CreateLoadBalancerListeners",
    "elasticloadbalancing:DeleteListener",
    "elasticloadbalancing:DeleteLoadBalancerListeners",
    "elasticloadbalancing:DeleteLoadBalancerPolicy",
    "elasticloadbalancing:DetachLoadBalancerFromSubnets",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:ModifyTargetGroup",
    "elasticloadbalancing:SetLoadBalancerListenerSSLCertificate",
    "elasticloadbalancing:SetSecurityGroups",
  ],
  "loadBalancers.delete": [
    BALANCERS,
    POOLS,
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:DeleteTargetGroup",
  ],
  "loadBalancers.configureHealthCheck": [
    ...OUTLINE,
    ...CHECKS,
    ...TAGS,
    "elasticloadbalancing:ModifyTargetGroup",
  ],
  "loadBalancers.members": MEMBERS,
  "loadBalancers.register": [
    ...MEMBERS,
    "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
    "elasticloadbalancing:RegisterTargets",
  ],
  "loadBalancers.deregister": [
    ...MEMBERS,
    "elasticloadbalancing:DescribeListeners",
    ...ATTRIBUTES,
    "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
    "elasticloadbalancing:DeregisterTargets",
  ],
  "loadBalancers.enableZones": [
    BALANCERS,
    "ec2:DescribeSubnets",
    "elasticloadbalancing:EnableAvailabilityZonesForLoadBalancer",
    "elasticloadbalancing:SetSubnets",
  ],
  "loadBalancers.disableZones": [
    BALANCERS,
    "elasticloadbalancing:DisableAvailabilityZonesForLoadBalancer",
    "elasticloadbalancing:SetSubnets",
  ],
  "loadBalancers.metadata": [...OUTLINE, ...TAGS],
};

const METRIC = "cloudwatch:GetMetricData";

const OTHERS: Needs = {
  "metrics.read": [METRIC, GROUP, POOLS],
  "metrics.readOwn": [METRIC],
  "metrics.readOwnRange": [METRIC],
  diagnose: [GROUP, "cloudwatch:DescribeAlarms", "ec2:DescribeLaunchTemplates"],
  "regions.list": ["ec2:DescribeRegions"],
  "servers.list": [SERVERS],
  "servers.get": [SERVERS],
};

/** IAM actions, by method of the drivers. What is not here asks nothing of AWS. */
export const NEEDS: Needs = {
  ...GROUPS,
  ...NATIVE,
  ...LAUNCH,
  ...POLICIES,
  ...ALARMS,
  ...LOAD_BALANCERS,
  ...OTHERS,
};
