import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ProviderSuiteOptions, providerSuite } from "@bellows/conformance";
import { type Daemon, startDaemon } from "@bellows/control-plane";
import {
  type Cloud,
  connect,
  createMemoryStore,
  createPluginLoader,
  loadConfig,
  type Provider,
  silentLogger,
  systemClock,
} from "@bellows/core";
import { freePort } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import provider from "../src/index.js";
import { optionsSchema } from "../src/options.js";

const SERVER = `
import { createServer } from "node:http";
createServer((request, response) => response.end("ok")).listen(Number(process.env.PORT), "127.0.0.1");
`;

/** A file with a provider of real processes, and one user. */
const fileFor = (port: number): string => `
version: 1
every: 200ms
providers:
  local:
    images: { worker: { command: node, args: [server.mjs] } }
    envAllow: [MODE]
    stopTimeout: 1s
server:
  listen: "127.0.0.1:${port}"
  users: { alice: { apiKey: alices-key, role: admin } }
groups:
  own: { min: 0, max: 1, launch: { command: node, args: [server.mjs] } }
`;

let folder: string;
let daemon: Daemon;
let port: number;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bellows-rackspace-"));
  port = await freePort();
  const file = join(folder, "bellows.yaml");
  writeFileSync(join(folder, "server.mjs"), SERVER);
  writeFileSync(file, fileFor(port));
  const loader = createPluginLoader({ from: [folder, dirname(fileURLToPath(import.meta.url))] });
  daemon = await startDaemon({
    file,
    load: () => loadConfig(file, { loader, cwd: folder, env: process.env }),
    folder: join(folder, "state"),
    clock: systemClock,
    logger: silentLogger,
    version: "0.0.0-test",
    newId: randomUUID,
    httpLimits: { callsPerMinute: 100_000, signInsPerMinute: 10_000 },
  });
});
afterAll(async () => {
  const { groups } = here();
  for await (const group of groups.list()) await groups.delete(group.id, { force: true, wait: true });
  await daemon?.stop(5_000);
  rmSync(folder, { recursive: true, force: true });
});

/** The provider that the daemon's own groups are at. */
function here(): Cloud {
  const cloud = daemon.session().clouds.get("local");
  if (cloud === undefined) throw new Error("the daemon has no provider local");
  return cloud;
}

const optionsOf = () =>
  optionsSchema.parse({
    region: "DFW",
    username: "alice",
    apiKey: "alices-key",
    identityUrl: `http://127.0.0.1:${port}/v2.0`,
  });

/** The provider as an account has it that has Autoscale and nothing else. */
const autoscaleAlone = {
  ...provider,
  async create(...given: Parameters<typeof provider.create>): Promise<Provider> {
    const { groups, launch, policies, webhooks, regions, close, diagnose } = await provider.create(...given);
    return { groups, launch, policies, webhooks, regions, close, ...(diagnose && { diagnose }) };
  },
};

const options: ProviderSuiteOptions = {
  create: async () => ({
    cloud: (await connect(autoscaleAlone, optionsOf(), {
      store: createMemoryStore(),
      serverKey: "kept outside the store",
      webhookUrl: "https://scale.example.com",
    })) as Cloud,
  }),
  launch: { image: "worker", size: "2", serverName: "web" },
  launchChanged: { size: "3", metadata: { MODE: "other" } },
  launchRefused: { image: "nobody-declared-it", size: "2" },
  group: { cooldownMs: 0 },
  settleMs: 20_000,
  async kill(_cloud, { id }) {
    await here().servers?.delete(id, { graceMs: 0 });
  },
  parts: ["repairs", "pause", "groups.state", "groups.metadata", "groups.terminate", "launch.metadata"],
};

describe("the Rackspace provider on bellows run, over real processes", () => {
  it("signs in and finds no services but Autoscale", async () => {
    const cloud = await connect(provider, optionsOf());
    expect((await cloud.diagnose()).map(({ level }) => level)).toEqual([
      "ok",
      "warning",
      "warning",
      "warning",
    ]);
    await cloud.close();
  });

  providerSuite({ describe, test: (title, run) => test(title, run, 60_000) }, options);
});
