import type { Cloud, HealthCheck, Instance, LaunchConfiguration, LoadBalancerSpec } from "@bellows/core";
import { activityTests } from "./provider/activities.js";
import { createBench } from "./provider/bench.js";
import { checkingCloud } from "./provider/checking.js";
import { definitionTests } from "./provider/definitions.js";
import { launchTests } from "./provider/launch.js";
import { lifeTests } from "./provider/life.js";
import { loadBalancerTests } from "./provider/load-balancers.js";
import { memberTests } from "./provider/members.js";
import { policyTests } from "./provider/policies.js";
import { sizeTests } from "./provider/sizes.js";
import { webhookTests } from "./provider/webhooks.js";
import { type ReportOptions, registerSuite, type Tests } from "./tests.js";

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

/**
 * Puts a provider to the proof, through `connect`: groups, their members and launch configurations, load balancers,
 * activities, and the policies and webhooks of Bellows over them. Every answer of every call is checked against the
 * contract, and so is every error.
 * @param tests - the caller's test functions.
 */
export function providerSuite(tests: Tests, options: ProviderSuiteOptions): void {
  registerSuite(tests, "a provider", options, (section, parts) => {
    const bench = createBench(options, parts, checkingCloud);
    section("groups", (add) => definitionTests(add, bench));
    section("sizes", (add) => sizeTests(add, bench));
    section("members", (add) => memberTests(add, bench));
    section("launch", (add) => launchTests(add, bench));
    section("load balancers", (add) => loadBalancerTests(add, bench));
    section("activities", (add) => activityTests(add, bench));
    section("policies", (add) => policyTests(add, bench));
    section("webhooks", (add) => webhookTests(add, bench));
    section("connection", (add) => lifeTests(add, bench));
  });
}
