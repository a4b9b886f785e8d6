import type { ProviderSuiteOptions } from "../src/index.js";
import { connectMemory } from "./memory-provider.js";

const check = { target: "TCP", intervalMs: 1_000, timeoutMs: 500, healthy: 1, unhealthy: 2 };

/** How the provider in memory is put to the proof. */
export const memoryOptions: ProviderSuiteOptions = {
  create: async () => ({ cloud: await connectMemory() }),
  launch: { size: "small", metadata: { team: "web" } },
  launchChanged: { size: "large", image: "v2" },
  launchRefused: { size: "enormous" },
  settleMs: 3_000,
  zones: ["a", "b"],
  loadBalancer: {
    spec: { listeners: [{ port: 80, protocol: "http" }], healthCheck: check },
    healthCheck: { ...check, target: "HTTP:/health" },
  },
};
