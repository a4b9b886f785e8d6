import { describe, test } from "vitest";
import { providerSuite, serversSuite } from "../src/index.js";
import { memoryServers } from "./memory-provider.js";
import { memoryOptions } from "./provider-options.js";

providerSuite({ describe, test }, memoryOptions);

serversSuite(
  { describe, test },
  { create: async () => ({ servers: memoryServers() }), launch: { size: "small" }, launchRefused: {} },
);
