import type { Provider } from "@bellows/core";
import { defineProvider, UnsupportedError } from "@bellows/core";
import { launchSchema, nativeSchema } from "./launch-schema.js";
import type { AwsOptions } from "./options.js";
import { optionsSchema } from "./options.js";

/** The processes of an Auto Scaling group that can be suspended. @see docs.aws.amazon.com, SuspendProcesses */
const PROCESSES = [
  "Launch",
  "Terminate",
  "AddToLoadBalancer",
  "AlarmNotification",
  "AZRebalance",
  "HealthCheck",
  "InstanceRefresh",
  "ReplaceUnhealthy",
  "ScheduledActions",
] as const;

/** Amazon Web Services: files that name it are checked in full; its drivers are not part of this version. */
export default defineProvider<AwsOptions, Provider>({
  name: "aws",
  contract: 1,
  options: optionsSchema,
  launch: launchSchema,
  native: nativeSchema,
  capabilities: {
    // Describe calls may lag; AWS advises to poll with backoff for up to minutes, and rarely needs one.
    readAfterWriteMs: 60_000,
    rounding: "aws",
    pausable: PROCESSES,
    labels: true,
    metricPeriodMs: 60_000,
    cooldown: "from-last-activity",
  },
  drivers: [],
  create: () => {
    throw new UnsupportedError("the drivers of the AWS provider are not part of this version", {
      provider: "aws",
      hint: "bellows validate checks files that use it; run groups with provider local",
    });
  },
});

export type { AwsLaunch, AwsNative } from "./launch-schema.js";
export type { AwsOptions } from "./options.js";
