import { defineProvider } from "@bellows/core";
import { launchSchema } from "./launch.js";
import { optionsSchema } from "./options.js";
import type { LocalProvider } from "./provider.js";

/** Servers that are processes of this machine; core keeps the groups of them. Checking a file loads only the schemas. */
export default defineProvider({
  name: "local",
  contract: 1,
  options: optionsSchema,
  launch: launchSchema,
  capabilities: { rounding: "otter", metricPeriodMs: 1_000, buildTimeoutMs: 60_000 },
  drivers: ["servers", "loadBalancers", "metrics"],
  async create(options, host): Promise<LocalProvider> {
    const { openLocal } = await import("./provider.js");
    return openLocal(options, host);
  },
});
