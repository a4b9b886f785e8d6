import type { ResponseLaunchTemplateData } from "@aws-sdk/client-ec2";
import { describe, expect, it } from "vitest";
import { dataOf, type LaunchParts, overlaid, wordsOfData } from "./launch-data.js";

describe("words of a launch as data of a template", () => {
  it.each<[LaunchParts, object]>([
    [
      { image: "ssm:/a/b", size: "t3.micro" },
      { ImageId: "resolve:ssm:/a/b", InstanceType: "t3.micro" },
    ],
    [{ securityGroups: ["web"] }, { SecurityGroups: ["web"] }],
    [{ securityGroups: ["sg-1a"] }, { SecurityGroupIds: ["sg-1a"] }],
    [
      { securityGroups: ["sg-1a"], aws: { publicAddress: true } },
      { NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: true, Groups: ["sg-1a"] }] },
    ],
    [{ userData: "ü" }, { UserData: "w7w=" }],
    [
      { serverName: "web", metadata: { a: "b" } },
      {
        TagSpecifications: ["instance", "volume"].map((ResourceType) => ({
          ResourceType,
          Tags: [
            { Key: "Name", Value: "web" },
            { Key: "a", Value: "b" },
          ],
        })),
      },
    ],
    [{ aws: { instanceProfile: "web" } }, { IamInstanceProfile: { Name: "web" } }],
    [
      { aws: { instanceProfile: "arn:aws:iam::1:instance-profile/web" } },
      { IamInstanceProfile: { Arn: "arn:aws:iam::1:instance-profile/web" } },
    ],
    [
      { aws: { spotMaxPrice: "0.1" } },
      { InstanceMarketOptions: { MarketType: "spot", SpotOptions: { MaxPrice: "0.1" } } },
    ],
    [
      { aws: { metadataTokens: "required", tenancy: "dedicated", detailedMonitoring: false } },
      {
        MetadataOptions: { HttpTokens: "required" },
        Placement: { Tenancy: "dedicated" },
        Monitoring: { Enabled: false },
      },
    ],
  ])("%j there and back", (words, data) => {
    expect(dataOf(words)).toEqual(data);
    expect(wordsOfData(data as ResponseLaunchTemplateData)).toEqual(words);
  });

  it("are read without our own marks and what the contract has no words for", () => {
    const data: ResponseLaunchTemplateData = {
      ImageId: "ami-1",
      KernelId: "aki-1",
      TagSpecifications: [
        {
          ResourceType: "instance",
          Tags: [
            { Key: "bellows:words", Value: "image" },
            { Key: "a", Value: "b" },
          ],
        },
        { ResourceType: "network-interface", Tags: [{ Key: "c", Value: "d" }] },
      ],
    };
    expect(wordsOfData(data)).toEqual({ image: "ami-1", metadata: { a: "b" } });
  });
});

describe("words over a template that is there", () => {
  const base: ResponseLaunchTemplateData = {
    ImageId: "ami-1",
    UserData: Buffer.from([0xff, 0xfe]).toString("base64"),
    SecurityGroupIds: ["sg-1a"],
    CpuOptions: { CoreCount: 2 },
    Placement: { GroupName: "rack", Tenancy: "default" },
    MetadataOptions: { State: "applied", HttpEndpoint: "enabled", HttpTokens: "optional" },
    TagSpecifications: [{ ResourceType: "network-interface", Tags: [{ Key: "c", Value: "d" }] }],
  };

  it("leave as it is what they do not change, be it text or not", () => {
    expect(overlaid(base, { keyName: "ops" })).toEqual({
      ...base,
      MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "optional" },
      KeyName: "ops",
    });
  });

  it("change one part of what has several, and move security groups to where AWS wants them", () => {
    const own = { publicAddress: true, tenancy: "dedicated", metadataTokens: "required" } as const;
    expect(overlaid(base, { metadata: { a: "b" }, aws: own })).toMatchObject({
      NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: true, Groups: ["sg-1a"] }],
      Placement: { GroupName: "rack", Tenancy: "dedicated" },
      MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "required" },
      TagSpecifications: [
        { ResourceType: "instance", Tags: [{ Key: "a", Value: "b" }] },
        { ResourceType: "volume" },
        { ResourceType: "network-interface" },
      ],
    });
    expect(overlaid(base, { aws: own })).not.toHaveProperty("SecurityGroupIds");
  });

  it("take the place of sizes by requirement", () => {
    const vague = { ImageId: "ami-1", InstanceRequirements: { VCpuCount: { Min: 2 } } };
    expect(overlaid(vague, { size: "t3.micro" })).toEqual({ ImageId: "ami-1", InstanceType: "t3.micro" });
  });
});
