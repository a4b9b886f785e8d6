/**
 * The same calls on moto and on the stand-in answer alike, wherever moto does as AWS does; so the stand-in cannot drift.
 * Left out is what moto does otherwise (facts, and testing/src/aws/deviations.ts).
 */
import { createHost } from "@bellows/core";
import {
  hasPython,
  motoOptions,
  type StandIn,
  startMoto,
  startStandIn,
  type TestServer,
} from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Aws, createAws } from "../src/client.js";
import { differences } from "./alike.js";

const call = { operation: "test" };
const zones = ["eu-west-1a"];

describe.runIf(hasPython())("moto and the stand-in answer alike", () => {
  let moto: TestServer;
  let standIn: StandIn;
  let both: [Aws, Aws];
  beforeAll(async () => {
    [moto, standIn] = await Promise.all([startMoto(), startStandIn()]);
    both = [
      createAws(motoOptions(moto), createHost({ key: "moto" })),
      createAws(motoOptions(standIn), createHost({ key: "stand-in" })),
    ];
  }, 300_000);
  afterAll(async () => {
    for (const aws of both ?? []) aws.close();
    await Promise.all([moto?.stop(), standIn?.stop()]);
  });

  /** What differs in the answers of both, but for the paths that are named, with moto's own ways. */
  async function alike(run: (aws: Aws) => Promise<unknown>, but: readonly string[] = []): Promise<void> {
    const [ofMoto, ofStandIn] = await Promise.all(both.map(run));
    const found = differences(ofMoto, ofStandIn).filter(({ path }) => !but.includes(path));
    expect(found).toEqual([]);
  }

  /** The error that a call ends with, as far as a program reads it. */
  function refusal(promise: Promise<unknown>): Promise<unknown> {
    return promise.then(
      () => "no error",
      ({ code, vendorCode }: { code?: string; vendorCode?: string }) => ({ code, vendorCode }),
    );
  }

  const template = (aws: Aws, name: string): Promise<unknown> =>
    aws.ec2(
      (sdk) =>
        new sdk.CreateLaunchTemplateCommand({
          LaunchTemplateName: name,
          LaunchTemplateData: {
            ImageId: "ami-12345678",
            InstanceType: "t3.micro",
            TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "role", Value: "web" }] }],
            MetadataOptions: { HttpTokens: "required" },
            BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 8 } }],
          },
          TagSpecifications: [{ ResourceType: "launch-template", Tags: [{ Key: "team", Value: "web" }] }],
        }),
      call,
    );
  const group = async (aws: Aws, name: string, desired = 2): Promise<void> => {
    await template(aws, `${name}-template`);
    await aws.autoScaling(
      (sdk) =>
        new sdk.CreateAutoScalingGroupCommand({
          AutoScalingGroupName: name,
          MinSize: 0,
          MaxSize: 5,
          DesiredCapacity: desired,
          DefaultCooldown: 60,
          HealthCheckGracePeriod: 30,
          AvailabilityZones: zones,
          LaunchTemplate: { LaunchTemplateName: `${name}-template`, Version: "1" },
          Tags: [{ Key: "team", Value: "web", PropagateAtLaunch: true }],
        }),
      call,
    );
  };
  const described = (aws: Aws, name: string): Promise<unknown> =>
    aws.autoScaling(
      (sdk) => new sdk.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
      call,
    );

  it("who calls, and roles", async () => {
    await alike((aws) => aws.sts((sdk) => new sdk.GetCallerIdentityCommand({}), call));
    // What a session's policies take of their room: there are none.
    await alike(
      (aws) =>
        aws.sts(
          (sdk) =>
            new sdk.AssumeRoleCommand({
              RoleArn: "arn:aws:iam::123456789012:role/ops",
              RoleSessionName: "me",
            }),
          call,
        ),
      ["PackedPolicySize"],
    );
  });

  it("launch templates and their versions", async () => {
    await alike((aws) => template(aws, "versions"));
    await alike((aws) =>
      aws.ec2(
        (sdk) =>
          new sdk.CreateLaunchTemplateVersionCommand({
            LaunchTemplateName: "versions",
            LaunchTemplateData: { ImageId: "ami-2", InstanceType: "t3.nano" },
            VersionDescription: "second",
          }),
        call,
      ),
    );
    await alike((aws) =>
      aws.ec2(
        (sdk) => new sdk.ModifyLaunchTemplateCommand({ LaunchTemplateName: "versions", DefaultVersion: "2" }),
        call,
      ),
    );
    // moto puts the template's own tags among those of its instances.
    await alike(
      (aws) =>
        aws.ec2(
          (sdk) =>
            new sdk.DescribeLaunchTemplateVersionsCommand({
              LaunchTemplateName: "versions",
              Versions: ["1"],
            }),
          call,
        ),
      ["LaunchTemplateVersions.0.LaunchTemplateData.TagSpecifications.length"],
    );
    await alike((aws) =>
      aws.ec2((sdk) => new sdk.DescribeLaunchTemplatesCommand({ LaunchTemplateNames: ["versions"] }), call),
    );
    await alike((aws) => refusal(template(aws, "versions")));
    await alike((aws) =>
      aws.ec2((sdk) => new sdk.DeleteLaunchTemplateCommand({ LaunchTemplateName: "versions" }), call),
    );
    await alike((aws) =>
      refusal(
        aws.ec2(
          (sdk) => new sdk.DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: "versions" }),
          call,
        ),
      ),
    );
  });

  it("groups, their instances and tags", async () => {
    await alike((aws) => group(aws, "read"));
    await alike((aws) => described(aws, "read"));
    // AWS writes HEALTHY here, and Healthy in the group.
    await alike(
      (aws) => aws.autoScaling((sdk) => new sdk.DescribeAutoScalingInstancesCommand({}), call),
      ["AutoScalingInstances.0.HealthStatus", "AutoScalingInstances.1.HealthStatus"],
    );
    await alike((aws) =>
      aws.autoScaling(
        (sdk) =>
          new sdk.DescribeAutoScalingGroupsCommand({ Filters: [{ Name: "tag:team", Values: ["web"] }] }),
        call,
      ),
    );
    await alike((aws) =>
      aws.ec2(
        (sdk) =>
          new sdk.DescribeInstancesCommand({
            Filters: [{ Name: "tag:aws:autoscaling:groupName", Values: ["read"] }],
          }),
        call,
      ),
    );
    await alike((aws) => described(aws, "nobody"));
  });
});
