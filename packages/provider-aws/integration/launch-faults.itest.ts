import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { collect, createHost, type LaunchConfiguration } from "@bellows/core";
import { type FaultProxy, motoOptions, type StandIn, startFaultProxy, startStandIn } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Aws, type CallMade, createAws } from "../src/client.js";
import { type AwsGroups, createGroups } from "../src/groups.js";
import { type AwsLaunches, createLaunch } from "../src/launch.js";
import { prepareLaunch } from "../src/launch-pointer.js";
import { createServers } from "../src/servers.js";

const plain = { image: "ami-0123456789abcdef0", size: "t3.micro" };

describe("launches on a bad day", () => {
  let standIn: StandIn;
  let proxy: FaultProxy;
  let aws: Aws;
  let groups: AwsGroups;
  let launches: AwsLaunches;
  let serial = 0;
  beforeAll(async () => {
    standIn = await startStandIn();
    proxy = await startFaultProxy(standIn.url);
    const host = createHost({ key: "aws" });
    aws = createAws({ ...motoOptions(standIn), endpoint: proxy.url }, host);
    groups = createGroups(aws, host);
    launches = createLaunch(aws, host);
  });
  afterAll(async () => {
    aws?.close();
    await proxy?.stop();
    await standIn?.stop();
  });

  const make = async (launch: LaunchConfiguration = plain): Promise<string> => {
    const name = `bad-${serial++}`;
    await groups.create({ name, min: 0, max: 1, zones: ["eu-west-1a"], launch });
    return name;
  };
  const faulty = async <T>(kind: "lost-answer" | "throttle", action: string, run: () => Promise<T>) => {
    proxy.setRules({ kind, actions: [action], times: 1 });
    proxy.forget();
    const done = await run();
    expect(proxy.faults()).toEqual({ [kind]: 1 });
    proxy.setRules();
    return done;
  };

  it("a lost answer makes one template, one version, one change", async () => {
    const group = await faulty("lost-answer", "CreateLaunchTemplate", () => make());
    await faulty("lost-answer", "CreateLaunchTemplateVersion", () =>
      launches.patch(group, { keyName: "ops" }),
    );
    await faulty("lost-answer", "UpdateAutoScalingGroup", () => launches.patch(group, { size: "t3.large" }));
    const versions = (await collect(launches.history(group))).map(({ version, current }) => [
      version,
      current,
    ]);
    expect(versions).toEqual([
      ["3", true],
      ["2", false],
      ["1", false],
    ]);
    expect(await launches.get(group)).toEqual({ ...plain, keyName: "ops", size: "t3.large" });
  });

  it("a lost answer makes one launch configuration", async () => {
    const before = (await collect(launches.list())).length;
    const group = await faulty("lost-answer", "CreateLaunchConfiguration", () =>
      make({ ...plain, aws: { kind: "configuration", publicAddress: false } }),
    );
    await faulty("lost-answer", "CreateLaunchConfiguration", () => launches.patch(group, { keyName: "ops" }));
    expect(await collect(launches.list())).toHaveLength(before + 1);
  });

  it("a lost answer makes one server", async () => {
    const servers = createServers(aws, createHost({ key: "aws" }));
    const spec = { name: "one", launch: plain, labels: { test: "lost" }, idempotencyKey: "lost-1" };
    const { id } = await faulty("lost-answer", "RunInstances", () => servers.create(spec));
    expect((await collect(servers.list({ labels: { test: "lost" } }))).map((one) => one.id)).toEqual([id]);
  });

  it("a change that AWS refuses leaves no version behind", async () => {
    const group = await make();
    const region = standIn.region("eu-west-1");
    const made = region.templates.at(-1);
    const vanish = (message: unknown): void => {
      if ((message as CallMade).action !== "autoscaling:UpdateAutoScalingGroup") return;
      region.groups.splice(0, region.groups.length, ...region.groups.filter(({ name }) => name !== group));
    };
    subscribe("bellows:aws:call", vanish);
    await expect(launches.patch(group, { keyName: "ops" })).rejects.toMatchObject({
      code: "not-found",
      resource: group,
    });
    unsubscribe("bellows:aws:call", vanish);
    expect(made?.latestVersion).toBe(2);
    expect(made?.versions.map(({ number }) => number)).toEqual([1]);
  });

  it("changes of many connections at once are all in the history", async () => {
    const group = await make();
    const keys = Array.from({ length: 8 }, (_, index) => `key-${index}`);
    await Promise.all(
      keys.map((keyName) => createLaunch(aws, createHost({ key: "aws" })).set(group, { ...plain, keyName })),
    );
    const kept = (await collect(launches.history(group))).map(({ launch }) => launch.keyName);
    expect(kept.filter(Boolean).sort()).toEqual(keys);
  });
});

/** AWS as accounts meet it that never had a launch configuration. */
async function startNewAccount(): Promise<Server> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      const isCreate = body.includes("Action=CreateLaunchConfiguration");
      response.writeHead(isCreate ? 400 : 200, { "content-type": "text/xml" });
      response.end(
        isCreate
          ? "<ErrorResponse><Error><Type>Sender</Type><Code>UnsupportedOperation</Code><Message>The Launch Configuration creation operation is not available in your account.</Message></Error></ErrorResponse>"
          : "<DescribeLaunchConfigurationsResponse><DescribeLaunchConfigurationsResult><LaunchConfigurations/></DescribeLaunchConfigurationsResult></DescribeLaunchConfigurationsResponse>",
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

it("an account without launch configurations is told what to do instead", async () => {
  const server = await startNewAccount();
  const { port } = server.address() as AddressInfo;
  const aws = createAws(motoOptions({ url: `http://127.0.0.1:${port}` }), createHost({ key: "aws" }));
  const launch = { ...plain, aws: { kind: "configuration" as const } };
  await expect(prepareLaunch(aws, "web", launch, { operation: "groups.create" })).rejects.toMatchObject({
    code: "unsupported",
    message: "this account can't make launch configurations in this region",
    hint: expect.stringContaining("launch templates"),
  });
  aws.close();
  await new Promise((resolve) => server.close(resolve));
});
