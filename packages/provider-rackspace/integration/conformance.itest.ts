import { type ProviderSuiteOptions, providerSuite } from "@bellows/conformance";
import { type Cloud, connect, createHost, createMemoryStore } from "@bellows/core";
import { IMAGE_ID, type RackspaceStandIn, startRackspace } from "@bellows/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { createRackspace } from "../src/client.js";
import provider from "../src/index.js";
import { optionsSchema } from "../src/options.js";

const settings = { serverKey: "kept outside the store", webhookUrl: "https://scale.example.com" };
/** The stand-in shows at once what it was told: nothing that does not show is waited for as long as at Rackspace. */
const capabilities = { ...provider.capabilities, readAfterWriteMs: 1_000 };
const launch = { image: IMAGE_ID, size: "general1-2", serverName: "web" };

/** Puts the provider to the proof, with the groups kept by one or the other. */
function conform(groups: "autoscale" | "servers", more: Partial<ProviderSuiteOptions>): void {
  describe(`the Rackspace provider with groups kept by ${groups}`, () => {
    let standIn: RackspaceStandIn;
    const optionsOf = () => ({ ...optionsSchema.parse(standIn.providerOptions), groups });
    beforeAll(async () => {
      standIn = await startRackspace();
    });
    afterAll(() => standIn?.stop());

    providerSuite(
      { describe, test: (title, run) => test(title, run, 60_000) },
      {
        create: async () => ({
          cloud: (await connect({ ...provider, capabilities }, optionsOf(), {
            ...settings,
            store: createMemoryStore(),
          })) as Cloud,
        }),
        launch,
        launchChanged: { size: "general1-4", userData: "#!/bin/sh\n", metadata: { role: "web" } },
        launchRefused: { image: IMAGE_ID, size: "general1-2", command: "node" },
        group: { cooldownMs: 0 },
        settleMs: 10_000,
        loadBalancer: {
          spec: {
            drainMs: 0,
            listeners: [{ port: 80, protocol: "http", instancePort: 8_080 }],
            healthCheck: { target: "HTTP:/", intervalMs: 10_000, timeoutMs: 5_000, healthy: 2, unhealthy: 2 },
          },
          healthCheck: {
            target: "HTTP:/health",
            intervalMs: 20_000,
            timeoutMs: 5_000,
            healthy: 3,
            unhealthy: 5,
          },
          members: [
            { address: "10.180.0.91", port: 8_080 },
            { address: "10.180.0.92", port: 8_080 },
          ],
        },
        ...more,
        ...(groups === "autoscale" ? { twins: () => makeTwins(standIn) } : {}),
      },
    );
  });
}

/** Two groups of one name, as others than Bellows make them. */
async function makeTwins(standIn: RackspaceStandIn): Promise<string> {
  const rackspace = createRackspace(
    optionsSchema.parse(standIn.providerOptions),
    createHost({ key: "other" }),
  );
  const groupConfiguration = { name: "twin", cooldown: 0, minEntities: 0, maxEntities: 1, metadata: {} };
  const server = { name: "twin", imageRef: IMAGE_ID, flavorRef: "general1-2" };
  const json = { groupConfiguration, launchConfiguration: { type: "launch_server", args: { server } } };
  for (let count = 0; count < 2; count++)
    await rackspace.request("autoscale", "/groups", { operation: "test", method: "POST", json });
  rackspace.close();
  return "twin";
}

conform("autoscale", {
  parts: [
    "repairs",
    "pause",
    "cooldowns",
    "groups.state",
    "groups.metadata",
    "groups.terminate",
    "groups.shutdown",
    "groups.converge",
    "launch.metadata",
    "webhooks.metadata",
    "groups of one name",
  ],
});
conform("servers", { parts: ["repairs", "pause", "cooldowns", "groups.state", "groups.terminate"] });
