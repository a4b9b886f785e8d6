import type {
  Cloud,
  GroupSpec,
  HealthCheck,
  Instance,
  LaunchConfiguration,
  LoadBalancerSpec,
} from "@bellows/core";
import type { ReportOptions } from "../tests.js";

/** A connected cloud, and how to leave it as it was found. */
export interface OpenedCloud {
  /** As `connect` gives it, with a store (the portable policies and webhooks need one). The suite closes it. */
  cloud: Cloud;
  cleanup?: () => Promise<void> | void;
}

/**
 * What a provider needs to be put to the proof. What it lacks it says itself (`cloud.can`), and how slow it is
 * (`capabilities.readAfterWriteMs`, `buildTimeoutMs`).
 */
export interface ProviderSuiteOptions extends ReportOptions {
  /** Connects; called once a test. */
  create: () => Promise<OpenedCloud>;
  /** The cheapest instance that counts as in service. */
  launch: LaunchConfiguration;
  /** Words that make another launch configuration of it, laid over it. */
  launchChanged: Partial<LaunchConfiguration>;
  /** A launch configuration that is refused. Without it refusals of launches are not exercised. */
  launchRefused?: LaunchConfiguration;
  /** Words that every group of the suite has, where the cloud's own defaults are in the way: a cooldown of minutes. */
  group?: Pick<GroupSpec, "cooldownMs" | "zones" | "subnets">;
  /** How long the cloud may take for what it was asked, in milliseconds (default: build time-out + 30 s). */
  settleMs?: number;
  /** Load balancers. Without it they are not exercised. */
  loadBalancer?: {
    /** What one is made from; the suite names it. */
    spec: Omit<LoadBalancerSpec, "name">;
    /** Another health check than that of `spec`. */
    healthCheck: HealthCheck;
    /** Instances that answer the health check of `spec` (default: `launch`). */
    launch?: LaunchConfiguration;
    /** Members outside any group, by address (default 127.0.0.1, ports 9 and 10). */
    members?: readonly [{ address: string; port: number }, { address: string; port: number }];
  };
  /** Zones that groups and balancers may name. */
  zones?: readonly [string, string];
  /** Starts a server outside any group, for attaching. Default: by the provider's `servers`. @returns its id. */
  stray?: (cloud: Cloud) => Promise<string>;
  /** Ends an instance behind the group's back. Default: by the provider's `servers`. */
  kill?: (cloud: Cloud, instance: Instance) => Promise<void>;
  /** Makes two groups of one name, where the cloud permits that. @returns the name. */
  twins?: (cloud: Cloud) => Promise<string>;
}
