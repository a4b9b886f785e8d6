/** What Autoscale v1.0 sends and takes, as far as it is read here. @see facts of Autoscale v1.0, 2.4 to 2.13 */

/** Free-form labels. */
export type WireMetadata = Record<string, string>;

/** A group's configuration. PUT replaces it whole. */
export interface WireConfig {
  name: string;
  /** Whole seconds, 0 to 86,400. */
  cooldown: number;
  minEntities: number;
  /** Null: the most that there is. */
  maxEntities: number | null;
  metadata: WireMetadata;
}

/** A group's tie to a load balancer, or to a pool of RackConnect v3. */
export interface WireTie {
  loadBalancerId: number | string;
  /** Not for RackConnect. */
  port?: number;
  type?: string;
}

/** A launch configuration. PUT replaces it whole. */
export interface WireLaunch {
  type: "launch_server" | "launch_stack";
  args: {
    server?: Record<string, unknown>;
    loadBalancers?: WireTie[];
    /** Seconds, 30 to 3,600. */
    draining_timeout?: number;
    stack?: Record<string, unknown>;
  };
}

/** A group's state. */
export interface WireState {
  name: string;
  active: { id: string }[];
  activeCapacity: number;
  desiredCapacity: number;
  /** Desired minus active; below 0 while shrinking. */
  pendingCapacity: number;
  paused: boolean;
  status?: string;
  errors?: { message: string }[];
}

/** An address of a thing. */
export interface WireLink {
  href: string;
  rel: string;
}

/** A webhook. Its capability is among its links. */
export interface WireWebhook {
  id: string;
  name: string;
  metadata: WireMetadata;
  links: WireLink[];
}

/** What a policy is made from: exactly one of the three amounts. */
export interface WirePolicySpec {
  name: string;
  type: string;
  /** Seconds, 0 to 86,400; fractions are taken. */
  cooldown: number;
  change?: number;
  changePercent?: number;
  desiredCapacity?: number;
  args?: { at: string } | { cron: string } | Record<string, unknown>;
}

/** A policy. */
export interface WirePolicy extends WirePolicySpec {
  id: string;
  links?: WireLink[];
  webhooks?: WireWebhook[];
}

/** A group with all that belongs to it. */
export interface Manifest {
  id: string;
  groupConfiguration: WireConfig;
  launchConfiguration: WireLaunch;
  scalingPolicies: WirePolicy[];
  state: WireState;
}

/** A group as the list has it. */
export interface Entry {
  id: string;
  state: WireState;
}

/** Most things on a page, and the default. */
export const PAGE_SIZE = 100;
/** Most servers of a group, and what `maxEntities` of null means. */
export const MOST_SERVERS = 1_000;
/** Longest cooldown of groups and policies, in milliseconds. */
export const LONGEST_COOLDOWN_MS = 86_400_000;
/** Most load balancers of a launch configuration. */
export const MOST_TIES = 5;
