import { defineProvider } from "@bellows/core";
import { openBalancerFolders } from "./balancer-folders.js";
import { createBalancerKeeper } from "./balancer-keeper.js";
import { openContext } from "./context.js";
import { diagnose } from "./diagnose.js";
import { checkPlatform } from "./errors.js";
import { createKeeper } from "./keeper.js";
import { launchSchema } from "./launch.js";
import { createLoadBalancers } from "./load-balancers.js";
import { createMetrics } from "./metrics.js";
import { optionsSchema } from "./options.js";
import { createServers } from "./servers.js";

/** Servers that are processes of this machine; core keeps the groups of them. */
export default defineProvider({
  name: "local",
  contract: 1,
  options: optionsSchema,
  launch: launchSchema,
  capabilities: { rounding: "otter", metricPeriodMs: 1_000, buildTimeoutMs: 60_000 },
  drivers: ["servers", "loadBalancers", "metrics"],
  create(options, host) {
    checkPlatform();
    const context = openContext(options, host);
    const keeper = createKeeper(context);
    const servers = createServers(context, keeper);
    const folders = openBalancerFolders(context.stateDir);
    const balancers = createBalancerKeeper(context, folders);
    return {
      servers,
      loadBalancers: createLoadBalancers({ context, folders, keeper: balancers, servers }),
      metrics: createMetrics(context, folders),
      diagnose: () => diagnose(context, folders),
      async close() {
        await Promise.all([keeper.close(), balancers.close()]);
      },
    };
  },
});
