/** What the stand-in keeps of one region: plain data, so that an older picture of it can be kept for late readers. */
import type { Tree } from "./wire.js";

/** Tags by key. */
export type Tags = Record<string, string>;

/** A part of a request that is answered as it was given. */
export type Given = { [key: string]: Tree };

/** A machine of EC2. */
export interface Server {
  id: string;
  state: "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";
  launchedAtMs: number;
  /** What was launched in one call has one. */
  reservationId: string;
  imageId: string;
  type: string;
  zone: string;
  subnetId?: string;
  address: string;
  keyName?: string;
  securityGroups: string[];
  clientToken: string;
  tags: Tags;
}

/** One version of a launch template. */
export interface TemplateVersion {
  number: number;
  description?: string;
  clientToken?: string;
  createdAtMs: number;
  data: Given;
}

/** A launch template. */
export interface Template {
  id: string;
  name: string;
  createdAtMs: number;
  defaultVersion: number;
  latestVersion: number;
  versions: TemplateVersion[];
  tags: Tags;
  clientToken?: string;
}

/** A launch configuration, as it was given. */
export interface Configuration {
  name: string;
  createdAtMs: number;
  given: Given;
}

/** What a group launches from. */
export interface LaunchSource {
  configuration?: string;
  template?: { id: string; name: string; version: string };
  /** A mixed instances policy, as it was given. */
  mixed?: Given;
}

/** States of a group's instance. @see docs.aws.amazon.com, Amazon EC2 Auto Scaling instance lifecycle */
export type Lifecycle =
  | "Pending"
  | "Pending:Wait"
  | "Pending:Proceed"
  | "InService"
  | "Terminating"
  | "Terminating:Wait"
  | "Terminating:Proceed"
  | "EnteringStandby"
  | "Standby"
  | "Detaching";

/** An instance as a member of its group. */
export interface Member {
  id: string;
  zone: string;
  type: string;
  lifecycle: Lifecycle;
  health: "Healthy" | "Unhealthy";
  isProtected: boolean;
  launch: LaunchSource;
  joinedAtMs: number;
  inServiceAtMs?: number;
  /** The activity that it is in. */
  activityId?: string;
  /** Hooks that it still waits for, and the token to go on with. */
  waitsFor: string[];
  token: string;
}

/** A tag of a group. */
export interface GroupTag {
  key: string;
  value: string;
  propagate: boolean;
}

/** What a group did. */
export interface Activity {
  id: string;
  group: string;
  description: string;
  cause: string;
  startedAtMs: number;
  endedAtMs?: number;
  status: "InProgress" | "Successful" | "Failed" | "Cancelled";
  progress: number;
  details: Given;
}

/** A scaling policy, as it was given. */
export interface Policy {
  name: string;
  arn: string;
  type: "SimpleScaling" | "StepScaling" | "TargetTrackingScaling" | "PredictiveScaling";
  isEnabled: boolean;
  given: Given;
}

/** A scheduled action. */
export interface Schedule {
  name: string;
  startAtMs?: number;
  endAtMs?: number;
  recurrence?: string;
  timeZone?: string;
  min?: number;
  max?: number;
  desired?: number;
}

/** A lifecycle hook. */
export interface Hook {
  name: string;
  transition: string;
  heartbeatMs: number;
  defaultResult: "CONTINUE" | "ABANDON";
  given: Given;
}

/** A replacement of a group's instances. */
export interface Refresh {
  id: string;
  status: "Pending" | "InProgress" | "Successful" | "Cancelling" | "Cancelled" | "Failed";
  startedAtMs: number;
  endedAtMs?: number;
  percentage: number;
  /** Ids of the instances that are still to be replaced. */
  left: string[];
  total: number;
  preferences: Given;
}

/** An Auto Scaling group. */
export interface Group {
  name: string;
  createdAtMs: number;
  min: number;
  max: number;
  desired: number;
  cooldownSeconds: number;
  zones: string[];
  subnets: string[];
  launch: LaunchSource;
  loadBalancers: string[];
  targetGroups: string[];
  healthCheckType: string;
  graceSeconds: number;
  terminationPolicies: string[];
  protectNew: boolean;
  /** Fields that are answered as they were given. */
  given: Given;
  tags: GroupTag[];
  /** Processes that are suspended, and the reason that is shown. */
  suspended: Record<string, string>;
  enabledMetrics: string[];
  members: Member[];
  activities: Activity[];
  policies: Policy[];
  schedules: Schedule[];
  hooks: Hook[];
  refreshes: Refresh[];
  warmPool?: Given;
  isDeleting: boolean;
  /** When the last launch or termination ended, and how long what caused it keeps simple policies quiet. */
  coolsFromMs?: number;
  coolsSeconds: number;
}

/** A classic load balancer. */
export interface ClassicBalancer {
  name: string;
  createdAtMs: number;
  scheme: string;
  listeners: { given: Given; policies: string[] }[];
  zones: string[];
  subnets: string[];
  securityGroups: string[];
  healthCheck: Given;
  instances: string[];
  attributes: Given;
  /** Sticky policies; without a cookie name the balancer makes the cookie. */
  policies: { name: string; cookie?: string; expirationSeconds?: number }[];
  tags: Tags;
}

/** An application or network load balancer. */
export interface Balancer {
  arn: string;
  name: string;
  type: string;
  scheme: string;
  createdAtMs: number;
  subnets: string[];
  securityGroups: string[];
  attributes: Tags;
  tags: Tags;
}

/** A listener of such a balancer. */
export interface Listener {
  arn: string;
  balancerArn: string;
  given: Given;
  attributes: Tags;
  tags: Tags;
}

/** A target group. */
export interface TargetGroup {
  arn: string;
  name: string;
  given: Given;
  attributes: Tags;
  tags: Tags;
  targets: { id: string; port: number }[];
}

/** One value of a metric, or one period's statistics. */
export interface Datapoint {
  atMs: number;
  values: { value: number; count: number }[];
  unit?: string;
}

/** A metric with exactly these dimensions. */
export interface Metric {
  namespace: string;
  name: string;
  dimensions: Tags;
  points: Datapoint[];
}

/** A state of an alarm. */
export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

/** An alarm. */
export interface Alarm {
  name: string;
  arn: string;
  given: Given;
  state: AlarmState;
  reason: string;
  reasonData?: string;
  stateChangedAtMs: number;
  configuredAtMs: number;
  areActionsEnabled: boolean;
  tags: Tags;
  /** What the actions ran for last, so that an alarm that lasts runs them again each period. */
  actedAtMs?: number;
  history: { atMs: number; kind: string; summary: string; data: string }[];
}

/** All of a region. */
export interface RegionState {
  servers: Record<string, Server>;
  securityGroups: { id: string; name: string }[];
  templates: Template[];
  configurations: Configuration[];
  groups: Group[];
  classic: ClassicBalancer[];
  balancers: Balancer[];
  listeners: Listener[];
  targetGroups: TargetGroup[];
  metrics: Metric[];
  alarms: Alarm[];
  /** Instances that fail the health checks of balancers. */
  sick: string[];
}

/** A region with nothing in it. */
export function createState(): RegionState {
  return {
    servers: {},
    securityGroups: [{ id: "sg-0000000000000000a", name: "default" }],
    templates: [],
    configurations: [],
    groups: [],
    classic: [],
    balancers: [],
    listeners: [],
    targetGroups: [],
    metrics: [],
    alarms: [],
    sick: [],
  };
}
