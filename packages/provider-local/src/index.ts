import { defineProvider } from "@bellows/core";
import { createContext } from "./context.js";
import { checkPlatform } from "./errors.js";
import { createKeeper } from "./keeper.js";
import { launchSchema } from "./launch.js";
import { optionsSchema } from "./options.js";
import { createServers } from "./servers.js";

/** Servers that are processes of this machine; core keeps the groups of them. */
export default defineProvider({
  name: "local",
  contract: 1,
  options: optionsSchema,
  launch: launchSchema,
  capabilities: { rounding: "otter", metricPeriodMs: 1_000, buildTimeoutMs: 60_000 },
  drivers: ["servers"],
  create(options, host) {
    checkPlatform();
    const context = createContext(options, host);
    const keeper = createKeeper(context);
    return { servers: createServers(context, keeper), close: () => keeper.close() };
  },
});
