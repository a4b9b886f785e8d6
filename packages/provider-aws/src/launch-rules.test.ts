import { describe, expect, it } from "vitest";
import { launchFaults, plainLaunch } from "./launch-rules.js";
import { launchSchema } from "./launch-schema.js";
import type { AwsLaunch } from "./launch-words.js";

const plain = { image: "ami-1", size: "t3.micro" };
const faultsOf = (launch: AwsLaunch): string[] =>
  launchFaults(launch).map(({ path, message }) => `${path.join(".")}: ${message}`);

describe("what AWS would refuse in a launch", () => {
  it.each<[AwsLaunch, string]>([
    [{ size: "t3.micro" }, ": needs an image, or aws: { template: … }"],
    [{ image: "ami-1" }, ": needs a size, aws: { mix: … } or aws: { template: … }"],
    [{ ...plain, image: "resolve:ssm:/a" }, "image: is written ssm:PARAMETER"],
    [{ ...plain, userData: "é".repeat(8_193) }, "userData: is longer than 16384 bytes"],
    [{ ...plain, launchName: "a b" }, "launchName: must be 3 to 128 letters, digits or ( ) . - / _"],
    [
      { ...plain, launchName: "lc~2", aws: { kind: "configuration" } },
      "launchName: must not end with ~ and a number, which tells changed ones apart",
    ],
    [{ ...plain, securityGroups: ["sg-1a", "web"] }, "securityGroups: must be all ids or all names"],
    [
      { ...plain, securityGroups: ["web"], aws: { publicAddress: false } },
      "securityGroups: must be ids beside aws.publicAddress: AWS takes no names there",
    ],
    [{ ...plain, metadata: { Name: "x" } }, "metadata.Name: is what serverName says"],
    [
      { ...plain, metadata: { "AWS:x": "" } },
      "metadata.AWS:x: keys that begin with aws: or bellows: are taken",
    ],
    [{ aws: { template: { id: "a b" } } }, "aws.template.id: must be a template's name or id"],
    [
      { aws: { template: { id: "web", version: "latest" } } },
      "aws.template.version: must be a number, $Default or $Latest",
    ],
    [
      { aws: { template: { id: "web" }, kind: "configuration" } },
      "aws.kind: must be template beside template",
    ],
    [{ image: "ami-1", aws: { mix: { sizes: ["a", "a"] } } }, "aws.mix.sizes: names a twice"],
    [
      { image: "ami-1", aws: { mix: { sizes: ["a", { size: "b", weight: 2 }] } } },
      "aws.mix.sizes: must all have a weight, or none of them",
    ],
    [
      { ...plain, aws: { mix: { sizes: ["a"] }, spotMaxPrice: "1" } },
      "aws.spotMaxPrice: belongs into aws.mix beside it",
    ],
    [
      { ...plain, aws: { blockDevices: [{ device: "/dev/a" }] } },
      "aws.blockDevices.0: says nothing about its volume",
    ],
  ])("%j is told", (launch, fault) => expect(faultsOf(launch)).toEqual([fault]));

  it("is told of launch configurations all at once", () => {
    const launch: AwsLaunch = {
      image: "ssm:/a",
      size: "t3.micro",
      serverName: "web",
      metadata: { a: "b" },
      aws: {
        kind: "configuration",
        tenancy: "host",
        blockDevices: [{ device: "/dev/a", sizeGiB: 8, kmsKey: "k" }],
      },
    };
    expect(launchFaults(launch).map(({ path }) => path.join("."))).toEqual([
      "serverName",
      "metadata",
      "image",
      "aws.tenancy",
      "aws.blockDevices.0.kmsKey",
    ]);
  });
});

describe("the one way to write a launch", () => {
  it.each<[AwsLaunch, AwsLaunch]>([
    [{ ...plain, metadata: {}, securityGroups: [], userData: "", aws: {} }, plain],
    [
      { ...plain, metadata: { empty: "" } },
      { ...plain, metadata: { empty: "" } },
    ],
    [
      { ...plain, aws: { kind: "template", ebsOptimized: false } },
      { ...plain, aws: { ebsOptimized: false } },
    ],
    [{ aws: { template: { id: "web", version: "$Default" } } }, { aws: { template: { id: "web" } } }],
    [
      {
        image: "ami-1",
        aws: { mix: { sizes: ["a"], onDemandBase: 0, onDemandPercent: 100, spotAllocation: "lowest-price" } },
      },
      { image: "ami-1", aws: { mix: { sizes: ["a"] } } },
    ],
    [
      {
        ...plain,
        aws: {
          kind: "configuration",
          detailedMonitoring: false,
          blockDevices: [{ device: "/dev/a", sizeGiB: 8, deleteOnTermination: true, encrypted: false }],
        },
      },
      { ...plain, aws: { kind: "configuration", blockDevices: [{ device: "/dev/a", sizeGiB: 8 }] } },
    ],
  ])("of %j", (given, written) => {
    expect(plainLaunch(given)).toEqual(written);
    expect(launchSchema.parse(given)).toEqual(written);
    expect(launchSchema.parse(written)).toEqual(written);
  });
});
