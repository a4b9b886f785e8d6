import { type ProviderSuiteOptions, providerSuite, serversSuite } from "@bellows/conformance";
import { connect, createMemoryStore } from "@bellows/core";
import { describe, test } from "vitest";
import provider from "../src/index.js";
import { createBench, web } from "./harness.js";

const zones = ["left", "right"] as const;
const settings = { serverKey: "kept outside the store", webhookUrl: "https://scale.example.com" };
const check = { target: "HTTP:/health", intervalMs: 50, timeoutMs: 500, healthy: 1, unhealthy: 2 };

const options: ProviderSuiteOptions = {
  async create() {
    const bench = createBench();
    await bench.open();
    const cloud = await connect(
      provider,
      { stateDir: bench.stateDir, zones: [...zones] },
      { ...settings, store: createMemoryStore() },
    );
    return { cloud, cleanup: () => bench.clear() };
  },
  launch: { command: "sleep", args: ["600"], local: { ready: "none" } },
  launchChanged: { args: ["700"], env: { COLOUR: "blue" } },
  launchRefused: { size: "large" },
  settleMs: 20_000,
  zones,
  loadBalancer: {
    spec: { listeners: [{ port: 0, protocol: "http" }], healthCheck: check, drainMs: 200 },
    healthCheck: { ...check, target: "TCP" },
    launch: web,
  },
  parts: [
    "repairs",
    "pause",
    "zones",
    "groups.attach",
    "groups.protect",
    "groups.enterStandby",
    "groups behind balancers",
    "activities",
    "webhooks.rotate",
  ],
};
providerSuite({ describe, test }, options);

const { launch, launchRefused = {} } = options;
serversSuite(
  { describe, test },
  {
    async create() {
      const bench = createBench();
      return { servers: (await bench.open()).servers, cleanup: () => bench.clear() };
    },
    launch,
    launchRefused,
  },
);
