import type { Instance } from "@aws-sdk/client-ec2";
import { type ProviderSuiteOptions, providerSuite } from "@bellows/conformance";
import { type Cloud, connect, createHost, createMemoryStore } from "@bellows/core";
import { hasPython, motoOptions, onMoto, type Register, startMoto, startStandIn } from "@bellows/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type Aws, createAws } from "../src/client.js";
import provider from "../src/index.js";

const call = { operation: "test" };
const image = "ami-0123456789abcdef0";
const settings = { serverKey: "kept outside the store", webhookUrl: "https://scale.example.com" };
/** An emulator shows at once what it was told: nothing that does not show is waited for as long as at AWS. */
const capabilities = { ...provider.capabilities, readAfterWriteMs: 1_000 };

/** A running emulator. */
interface Server {
  url: string;
  stop(): Promise<void>;
}

/** What the provider is put to the proof against. */
interface Ground {
  name: string;
  start(): Promise<Server>;
  /** The same `test`, for a server that does things otherwise than AWS. */
  register?: (test: Register) => Register;
  /** Whether it has load balancing. */
  hasBalancers: boolean;
}

/** Puts the provider to the proof against one server. */
function conform({ name, start, register = (test) => test, hasBalancers }: Ground): void {
  describe(`the AWS provider on ${name}`, () => {
    let server: Server;
    let aws: Aws;
    let addresses: string[];
    const makeServers = async (count: number): Promise<Instance[]> => {
      const many = {
        ImageId: image,
        InstanceType: "t3.micro" as const,
        MinCount: count,
        MaxCount: count,
      };
      const { Instances = [] } = await aws.ec2((sdk) => new sdk.RunInstancesCommand(many), call);
      return Instances;
    };
    beforeAll(async () => {
      server = await start();
      aws = createAws(motoOptions(server), createHost({ key: "aws" }));
      addresses = (await makeServers(2)).map(({ PrivateIpAddress = "" }) => PrivateIpAddress);
    }, 300_000);
    afterAll(async () => {
      aws?.close();
      await server?.stop();
    });

    const loadBalancer: ProviderSuiteOptions["loadBalancer"] = {
      spec: {
        zones: ["eu-west-1a"],
        listeners: [{ port: 80, protocol: "http", instancePort: 8080 }],
        healthCheck: { target: "HTTP:/", intervalMs: 10_000, timeoutMs: 5_000, healthy: 2, unhealthy: 2 },
      },
      healthCheck: {
        target: "HTTP:8080/health",
        intervalMs: 20_000,
        timeoutMs: 5_000,
        healthy: 3,
        unhealthy: 5,
      },
      // A classic balancer has instances for members, and its listener their port.
      get members() {
        const [one = "", two = ""] = addresses;
        return [
          { address: one, port: 8080 },
          { address: two, port: 8080 },
        ] as const;
      },
    };
    const options: ProviderSuiteOptions = {
      ...(hasBalancers ? { loadBalancer } : {}),
      create: async () => ({
        cloud: (await connect({ ...provider, capabilities }, motoOptions(server), {
          ...settings,
          store: createMemoryStore(),
        })) as Cloud,
      }),
      launch: { image, size: "t3.micro" },
      launchChanged: { size: "t3.small", userData: "#!/bin/sh" },
      launchRefused: { image, command: "node" },
      group: { cooldownMs: 0, zones: ["eu-west-1a"] },
      zones: ["eu-west-1a", "eu-west-1b"],
      settleMs: 3_000,
      stray: async () => (await makeServers(1))[0]?.InstanceId ?? "",
      async kill(_cloud, { id }) {
        await aws.ec2((sdk) => new sdk.TerminateInstancesCommand({ InstanceIds: [id] }), call);
      },
      parts: [
        "repairs",
        "groups.state",
        "groups.metadata",
        "groups.attach",
        "groups.terminate",
        "groups.protect",
        "groups.enterStandby",
        "groups.shutdown",
        "launch.history",
        ...(hasBalancers
          ? ["loadBalancers.members", "groups behind balancers"]
          : ["pause", "zones", "cooldowns"]),
      ],
    };
    providerSuite({ describe, test: register((title, run) => test(title, run, 60_000)) }, options);
  });
}

describe.runIf(hasPython())("with load balancing", () =>
  conform({ name: "moto", start: startMoto, register: onMoto, hasBalancers: true }),
);
conform({ name: "the stand-in", start: startStandIn, hasBalancers: false });
