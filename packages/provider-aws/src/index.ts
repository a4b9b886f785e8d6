import type { ActivitiesDriver, LoadBalancersDriver, Provider, RegionsDriver } from "@bellows/core";
import { defineProvider } from "@bellows/core";
import { createActivities } from "./activities.js";
import { type AwsAlarms, createAlarms } from "./alarms.js";
import { createAws } from "./client.js";
import { diagnose } from "./diagnose.js";
import { PROCESSES } from "./group-native.js";
import { READ_AFTER_WRITE_MS } from "./group-recent.js";
import { type AwsGroups, createGroups } from "./groups.js";
import { type AwsLaunches, createLaunch } from "./launch.js";
import { launchSchema, nativeSchema } from "./launch-schema.js";
import { createLoadBalancers } from "./load-balancers.js";
import { type AwsMetrics, createMetrics } from "./metrics.js";
import { type AwsOwn, createNative } from "./native.js";
import type { AwsOptions } from "./options.js";
import { optionsSchema } from "./options.js";
import { permissions } from "./permissions.js";
import { type AwsPolicies, createPolicies } from "./policies.js";
import { createRegions } from "./regions.js";
import { type AwsServers, createServers } from "./servers.js";

/** Amazon Web Services, connected: the drivers that it has, and under `native` what no other cloud has. */
export interface AwsProvider extends Provider {
  groups: AwsGroups;
  launch: AwsLaunches;
  servers: AwsServers;
  regions: RegionsDriver;
  activities: ActivitiesDriver;
  metrics: AwsMetrics;
  policies: AwsPolicies;
  alarms: AwsAlarms;
  loadBalancers: Required<LoadBalancersDriver>;
  native: AwsOwn;
}

/** Amazon Web Services. Nothing is loaded or asked before the first call. */
export default defineProvider<AwsOptions, AwsProvider>({
  name: "aws",
  contract: 1,
  options: optionsSchema,
  launch: launchSchema,
  native: nativeSchema,
  permissions,
  capabilities: {
    // Describe calls may lag; AWS advises to poll with backoff for up to minutes, and rarely needs one.
    readAfterWriteMs: READ_AFTER_WRITE_MS,
    rounding: "aws",
    pausable: PROCESSES,
    labels: true,
    metricPeriodMs: 60_000,
    cooldown: "from-last-activity",
  },
  drivers: [
    "groups",
    "launch",
    "policies",
    "alarms",
    "activities",
    "loadBalancers",
    "metrics",
    "servers",
    "regions",
  ],
  create(options, host) {
    const aws = createAws(options, host);
    const policies = createPolicies(aws, host);
    const groups = createGroups(aws, host, policies);
    return {
      groups,
      launch: createLaunch(aws, host),
      servers: createServers(aws, host),
      regions: createRegions(aws, options),
      policies,
      alarms: createAlarms(aws, host),
      activities: createActivities(aws),
      metrics: createMetrics(aws, host),
      loadBalancers: createLoadBalancers(aws, host),
      native: createNative(aws, host, groups),
      close: async () => aws.close(),
      diagnose: (calling) => diagnose(aws, options, calling),
    };
  },
});

export type { AwsAlarms } from "./alarms.js";
export type { AwsGroups } from "./groups.js";
export type { AwsLaunches } from "./launch.js";
export type { AwsLaunch, AwsNative } from "./launch-schema.js";
export type { AwsMetrics } from "./metrics.js";
export type { AwsOwn, Process, Processes, Protection } from "./native.js";
export type { Hook, Hooks, Waiting } from "./native-hooks.js";
export type { ScheduledAction, ScheduledActions } from "./native-schedules.js";
export type { WarmPool, WarmPoolSpec, WarmPools } from "./native-warm-pool.js";
export type { AwsOptions } from "./options.js";
export type { AwsPolicies } from "./policies.js";
export type { AwsServers } from "./servers.js";
