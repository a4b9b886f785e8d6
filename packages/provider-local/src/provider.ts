import type { Host } from "@bellows/core";
import { openBalancerFolders } from "./balancer-folders.js";
import { createBalancerKeeper } from "./balancer-keeper.js";
import { openContext } from "./context.js";
import { diagnose } from "./diagnose.js";
import { checkPlatform } from "./errors.js";
import { createKeeper } from "./keeper.js";
import { createLoadBalancers } from "./load-balancers.js";
import { createMetrics } from "./metrics.js";
import type { LocalOptions } from "./options.js";
import { createServers } from "./servers.js";

/**
 * Opens this machine as a provider.
 * @throws UnsupportedError on a system other than Linux and macOS.
 */
export function openLocal(options: LocalOptions, host: Host) {
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
}

/** What this provider brings, with every method that it has as present. */
export type LocalProvider = ReturnType<typeof openLocal>;
