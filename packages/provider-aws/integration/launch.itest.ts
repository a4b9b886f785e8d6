import { collect, createHost, isBellowsError, type LaunchConfiguration } from "@bellows/core";
import { hasPython, motoOptions, startMoto, startStandIn, type TestServer } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Aws, createAws } from "../src/client.js";
import { type AwsGroups, createGroups } from "../src/groups.js";
import { type AwsLaunches, createLaunch } from "../src/launch.js";
import { createPolicies } from "../src/policies.js";

const call = { operation: "test" };
const image = "ami-0123456789abcdef0";
const plain = { image, size: "t3.micro" };
/** moto answers false where AWS says nothing of public addresses. */
const configuration = { kind: "configuration" as const, publicAddress: false };
const refused = (code: Parameters<typeof isBellowsError>[1]) => (error: unknown) =>
  isBellowsError(error, code);

/** Puts launches to the proof against one server. */
const conform = (start: () => Promise<Pick<TestServer, "url" | "stop">>) => () => {
  let server: Pick<TestServer, "url" | "stop">;
  let aws: Aws;
  let groups: AwsGroups;
  let launches: AwsLaunches;
  let serial = 0;

  beforeAll(async () => {
    server = await start();
    const host = createHost({ key: "aws" });
    aws = createAws(motoOptions(server), host);
    groups = createGroups(aws, host, createPolicies(aws, host));
    launches = createLaunch(aws, host);
    await foreignTemplate("theirs");
    await aws.ec2(
      (sdk) => new sdk.CreateSecurityGroupCommand({ GroupName: "web", Description: "web" }),
      call,
    );
  }, 300_000);
  afterAll(async () => {
    aws?.close();
    await server?.stop();
  });

  const make = async (launch: LaunchConfiguration, desired = 0): Promise<string> => {
    const name = `group+${serial++}`;
    await groups.create({ name, min: 0, max: 4, desired, zones: ["eu-west-1a"], launch });
    return name;
  };
  const foreignTemplate = async (LaunchTemplateName: string): Promise<string> => {
    const { LaunchTemplate } = await aws.ec2(
      (sdk) =>
        new sdk.CreateLaunchTemplateCommand({
          LaunchTemplateName,
          LaunchTemplateData: {
            ImageId: image,
            InstanceType: "t3.large",
            KeyName: "theirs",
            CreditSpecification: { CpuCredits: "unlimited" },
            Placement: { GroupName: "rack", Tenancy: "default" },
          },
        }),
      call,
    );
    return LaunchTemplate?.LaunchTemplateId ?? "";
  };
  const versionsOf = async (LaunchTemplateName: string): Promise<number> => {
    const { LaunchTemplates = [] } = await aws.ec2(
      (sdk) => new sdk.DescribeLaunchTemplatesCommand({ LaunchTemplateNames: [LaunchTemplateName] }),
      call,
    );
    return LaunchTemplates[0]?.LatestVersionNumber ?? 0;
  };
  const described = async (name: string) => {
    const input = { AutoScalingGroupNames: [name] };
    const answer = await aws.autoScaling((sdk) => new sdk.DescribeAutoScalingGroupsCommand(input), call);
    return answer.AutoScalingGroups?.[0];
  };

  const given: [string, LaunchConfiguration][] = [
    ["as little as there can be", plain],
    [
      "all words",
      {
        launchName: "all-words",
        image: "ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
        size: "m7g.large",
        serverName: "web",
        keyName: "ops",
        securityGroups: ["sg-0123456789abcdef0", "sg-0123456789abcdef1"],
        userData: "#!/bin/sh\necho grüß dich\n",
        metadata: { team: "web", empty: "" },
        aws: {
          instanceProfile: "arn:aws:iam::123456789012:instance-profile/web",
          blockDevices: [
            {
              device: "/dev/xvda",
              sizeGiB: 40,
              type: "gp3",
              iops: 4_000,
              throughputMiB: 250,
              encrypted: true,
              kmsKey: "alias/web",
              deleteOnTermination: true,
            },
            { device: "/dev/xvdb", snapshot: "snap-0123456789abcdef0", deleteOnTermination: false },
          ],
          publicAddress: true,
          detailedMonitoring: false,
          ebsOptimized: true,
          spotMaxPrice: "0.05",
          tenancy: "dedicated",
          metadataTokens: "required",
          metadataHopLimit: 2,
        },
      },
    ],
    ["security groups by name", { ...plain, securityGroups: ["web"], aws: { instanceProfile: "web" } }],
    [
      "a mix of sizes",
      {
        image,
        aws: {
          mix: {
            sizes: [
              { size: "t3.small", weight: 1 },
              { size: "t3.large", weight: 4 },
            ],
            onDemandBase: 1,
            onDemandPercent: 50,
            spotAllocation: "price-capacity-optimized",
            spotMaxPrice: "0.1",
          },
        },
      },
    ],
    ["an existing template by name", { aws: { template: { id: "theirs" } } }],
    ["an existing template's version", { aws: { template: { id: "theirs", version: "1" } } }],
    [
      "an existing template with a mix",
      { aws: { template: { id: "theirs" }, mix: { sizes: ["t3.small"] } } },
    ],
    [
      "words over an existing template",
      {
        size: "t3.small",
        metadata: { team: "web" },
        aws: { template: { id: "theirs", version: "1" }, detailedMonitoring: true },
      },
    ],
    [
      "a launch configuration",
      {
        launchName: "my-launch_config",
        ...plain,
        keyName: "my_key_name",
        securityGroups: ["web"],
        userData: "#!/bin/sh",
        aws: {
          kind: "configuration",
          blockDevices: [{ device: "/dev/xvda", sizeGiB: 20, type: "gp2" }],
          detailedMonitoring: true,
          spotMaxPrice: "0.05",
          publicAddress: true,
        },
      },
    ],
    ["a launch configuration without a name", { ...plain, aws: configuration }],
  ];
  it.each(given)("are read back as they were given: %s", async (_what, launch) => {
    const group = await make(launch);
    expect(await launches.get(group)).toEqual(launch);
  });

  it("are read back as they were given: an existing template by id", async () => {
    const launch = { aws: { template: { id: await foreignTemplate("by-id") } } };
    const group = await make(launch);
    expect(await launches.get(group)).toEqual(launch);
    const byName = { aws: { template: { id: "by-id" } } };
    expect(await launches.set(group, byName)).toEqual(byName);
    expect(await launches.get(group)).toEqual(byName);
    await launches.set(group, plain);
    expect(await launches.get(group)).toEqual(plain);
  });

  it("show on the instances: their size, name and tags", async () => {
    const group = await make({ ...plain, serverName: "web", metadata: { team: "a" } }, 1);
    const [instance] = await collect(groups.instances(group));
    const { Reservations = [] } = await aws.ec2(
      (sdk) => new sdk.DescribeInstancesCommand({ InstanceIds: [instance?.id ?? ""] }),
      call,
    );
    const server = Reservations[0]?.Instances?.[0];
    expect(server?.InstanceType).toBe("t3.micro");
    expect(server?.Tags).toEqual(
      expect.arrayContaining([
        { Key: "Name", Value: "web" },
        { Key: "team", Value: "a" },
      ]),
    );
  });

  it("leave somebody else's template alone, and keep what the contract has no words for", async () => {
    const id = await foreignTemplate("untouched");
    const group = await make({ aws: { template: { id: "untouched" } } });
    const words = { keyName: "ours", aws: { template: { id: "untouched" }, tenancy: "dedicated" } };
    expect(await launches.patch(group, { keyName: "ours", aws: { tenancy: "dedicated" } })).toEqual(words);
    expect(await launches.get(group)).toEqual(words);
    expect(await versionsOf("untouched")).toBe(1);
    const { LaunchTemplate } = (await described(group)) ?? {};
    expect(LaunchTemplate?.LaunchTemplateId).not.toBe(id);
    const { LaunchTemplateVersions = [] } = await aws.ec2(
      (sdk) =>
        new sdk.DescribeLaunchTemplateVersionsCommand({
          LaunchTemplateId: LaunchTemplate?.LaunchTemplateId,
          Versions: [LaunchTemplate?.Version ?? ""],
        }),
      call,
    );
    expect(LaunchTemplateVersions[0]?.LaunchTemplateData).toMatchObject({
      ImageId: image,
      InstanceType: "t3.large",
      KeyName: "ours",
      CreditSpecification: { CpuCredits: "unlimited" },
      Placement: { GroupName: "rack", Tenancy: "dedicated" },
    });
  });

  it("are patched word by word and replaced whole; setting what is set makes no version", async () => {
    const group = await make({ ...plain, keyName: "ops", aws: { ebsOptimized: true } });
    const patched = {
      ...plain,
      size: "t3.large",
      keyName: "ops",
      aws: { ebsOptimized: true, tenancy: "dedicated" },
    };
    expect(await launches.patch(group, { size: "t3.large", aws: { tenancy: "dedicated" } })).toEqual(patched);
    expect(await launches.get(group)).toEqual(patched);
    const whole = { ...plain, userData: "#!/bin/sh" };
    expect(await launches.set(group, whole)).toEqual(whole);
    expect(await launches.set(group, { ...whole, metadata: {}, aws: { kind: "template" } })).toEqual(whole);
    expect((await collect(launches.history(group))).length).toBe(3);
  });

  it("have a history, newest first, and are rolled back", async () => {
    const group = await make({ image, aws: { mix: { sizes: ["t3.small", "t3.large"] } } });
    await launches.patch(group, { keyName: "second" });
    await launches.patch(group, { keyName: "third" });
    const shown = async () =>
      (await collect(launches.history(group))).map(({ version, current, launch }) => [
        version,
        current,
        launch.keyName,
      ]);
    expect(await shown()).toEqual([
      ["3", true, "third"],
      ["2", false, "second"],
      ["1", false, undefined],
    ]);
    const second = { image, keyName: "second", aws: { mix: { sizes: ["t3.small", "t3.large"] } } };
    expect(await launches.rollback(group, "2")).toEqual(second);
    expect(await launches.get(group)).toEqual(second);
    expect((await shown()).map(([, current]) => current)).toEqual([false, true, false]);
    for (const version of ["9", "latest"])
      await expect(launches.rollback(group, version)).rejects.toSatisfy(refused("not-found"));
    expect(await launches.get(group)).toEqual(second);
  });

  it("lose no change when two are made at once", async () => {
    const group = await make(plain);
    await Promise.all([
      launches.patch(group, { keyName: "ops" }),
      launches.patch(group, { userData: "#!/bin/sh" }),
      launches.metadata.merge(group, { team: "web" }),
    ]);
    expect(await launches.get(group)).toEqual({
      ...plain,
      keyName: "ops",
      userData: "#!/bin/sh",
      metadata: { team: "web" },
    });
    const other = createLaunch(aws, createHost({ key: "aws" }));
    await Promise.all([
      launches.set(group, { ...plain, keyName: "one" }),
      other.set(group, { ...plain, keyName: "two" }),
    ]);
    const keys = (await collect(launches.history(group))).map(({ launch }) => launch.keyName);
    expect(keys).toEqual(expect.arrayContaining(["one", "two"]));
    expect(keys).toHaveLength(6);
  });

  it("change configurations by a new one, and remove the old one when nothing uses it", async () => {
    const launch = { launchName: "shared-lc", ...plain, aws: configuration };
    const [one, two] = [await make(launch), await make(launch)];
    const names = async () =>
      (await collect(launches.list())).filter(({ name }) => name === "shared-lc").length;
    await launches.patch(one, { size: "t3.large" });
    expect(await launches.get(one)).toEqual({ ...launch, size: "t3.large" });
    expect(await launches.get(two)).toEqual(launch);
    expect(await names()).toBe(2);
    await launches.patch(two, { size: "t3.large" });
    expect((await described(two))?.LaunchConfigurationName).toBe("shared-lc~2");
    expect(await names()).toBe(1);
    expect(await collect(launches.history(one))).toMatchObject([{ version: "shared-lc~2", current: true }]);
    await expect(launches.metadata.merge(one, { team: "web" })).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("launch.metadata: is nothing that a launch configuration can have"),
    });
    await launches.patch(one, { aws: { kind: "template" } });
    expect(await launches.get(one)).toEqual({
      launchName: "shared-lc",
      ...plain,
      size: "t3.large",
      aws: { publicAddress: false },
    });
  });

  it("refuse what can't be, all of it at once, and stay as they were", async () => {
    const group = await make(plain);
    const bad = {
      image: "resolve:ssm:x",
      securityGroups: ["sg-0123456789abcdef0", "web"],
      metadata: { Name: "x", "aws:x": "y" },
    };
    await expect(launches.set(group, bad)).rejects.toMatchObject({
      code: "config",
      message: expect.stringMatching(/size.*image.*securityGroups.*metadata\.Name.*metadata\.aws:x/),
    });
    await expect(launches.patch(group, { comand: "x" })).rejects.toSatisfy(refused("config"));
    await expect(launches.set(group, { aws: { template: { id: "nobody" } } })).rejects.toSatisfy(
      refused("not-found"),
    );
    await expect(launches.set("nobody", plain)).rejects.toSatisfy(refused("not-found"));
    await expect(launches.set(group, { ...plain, launchName: "theirs" })).rejects.toMatchObject({
      code: "already-exists",
      hint: expect.stringContaining("template"),
    });
    expect(await launches.get(group)).toEqual(plain);
    expect(await collect(launches.history(group))).toHaveLength(1);
  });

  it("stand alone when they have a name: listed with their groups, deleted when none uses them", async () => {
    for (const kind of ["template", "configuration"] as const) {
      const launchName = `alone-${kind}`;
      const group = await make({ launchName, ...plain, aws: { kind, publicAddress: false } });
      const listed = async () => (await collect(launches.list())).find(({ name }) => name === launchName);
      expect(await listed()).toMatchObject({ usedBy: [group] });
      await expect(launches.delete(launchName)).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringContaining(group),
      });
      await groups.delete(group);
      expect(await listed()).toMatchObject({ usedBy: [] });
      await launches.delete(launchName);
      expect(await listed()).toBeUndefined();
      await expect(launches.delete(launchName)).rejects.toSatisfy(refused("not-found"));
    }
  });

  it("go with the group when they have no name of their own", async () => {
    const before = (await collect(launches.list())).length;
    const one = await make(plain);
    const two = await make({ ...plain, aws: configuration });
    await launches.patch(two, { size: "t3.large" });
    expect(await collect(launches.list())).toHaveLength(before + 2);
    await groups.delete(one);
    await groups.delete(two);
    expect(await collect(launches.list())).toHaveLength(before);
  });
};

describe.runIf(hasPython())("launches on moto", conform(startMoto));
describe("launches on the stand-in", conform(startStandIn));
