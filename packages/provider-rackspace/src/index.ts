import type { Provider } from "@bellows/core";
import { defineProvider, UnsupportedError } from "@bellows/core";
import { launchSchema, nativeSchema } from "./launch-schema.js";
import type { RackspaceOptions } from "./options.js";
import { optionsSchema } from "./options.js";

/** The Rackspace Cloud: files that name it are checked in full; its drivers are not part of this version. */
export default defineProvider<RackspaceOptions, Provider>({
  name: "rackspace",
  contract: 1,
  options: optionsSchema,
  launch: launchSchema,
  native: nativeSchema,
  capabilities: {
    // A server just made may be missing from lists for some seconds.
    readAfterWriteMs: 10_000,
    rounding: "otter",
    pausable: [],
    labels: true,
    // Checks of Cloud Monitoring run every 30 s at most.
    metricPeriodMs: 30_000,
    cooldown: "from-execution",
  },
  drivers: [],
  create: () => {
    throw new UnsupportedError("the drivers of the Rackspace provider are not part of this version", {
      provider: "rackspace",
      hint: "bellows validate checks files that use it; run groups with provider local",
    });
  },
});

export type { RackspaceLaunch, RackspaceNative } from "./launch-schema.js";
export type { RackspaceOptions } from "./options.js";
