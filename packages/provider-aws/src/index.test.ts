import type { z } from "@bellows/core";
import { createHost } from "@bellows/core";
import { describe, expect, it } from "vitest";
import aws from "./index.js";

/** What is wrong with a value, as `path: message`. */
function faults(schema: z.ZodType, value: unknown): string[] {
  const read = schema.safeParse(value);
  return read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("options of AWS", () => {
  it.each([
    [{}],
    [{ region: "eu-west-1", profile: "prod" }],
    [{ region: "us-gov-west-1", endpoint: "http://127.0.0.1:5000", accountId: "123456789012" }],
    [{ credentials: { accessKeyId: "a", secretAccessKey: "b" }, callsPerSecond: { cloudWatch: 20 } }],
  ])("%j are right", (options) => expect(faults(aws.options, options)).toEqual([]));

  it("a role may be its ARN alone", () => {
    const arn = "arn:aws:iam::123456789012:role/scaler";
    expect(aws.options.parse({ assumeRole: arn })).toMatchObject({ assumeRole: { arn } });
  });

  it.each([
    [{ region: "Ireland" }, ["region: must be a region such as eu-west-1"]],
    [{ accountId: "12" }, ["accountId: must be 12 digits"]],
    [
      { profile: "p", credentials: { accessKeyId: "a", secretAccessKey: "b" } },
      ["credentials: has no place beside profile: leave one of them out"],
    ],
  ])("%j are refused", (options, messages) => expect(faults(aws.options, options)).toEqual(messages));
});

describe("launches on AWS", () => {
  it.each([
    [{ image: "ami-1", size: "t3.small", keyName: "k", securityGroups: ["sg-1"], userData: "#!/bin/sh" }],
    [{ aws: { template: { id: "lt-1", version: "$Latest" } } }],
    [
      {
        image: "ami-1",
        aws: {
          mix: {
            sizes: [
              { size: "t3.small", weight: 1 },
              { size: "t3.large", weight: 2 },
            ],
            onDemandBase: 1,
          },
        },
      },
    ],
  ])("%j are right", (launch) => expect(faults(aws.launch, launch)).toEqual([]));

  it.each([
    [{ size: "t3.small" }, [": needs an image, or aws: { template: … }"]],
    [{ image: "ami-1" }, [": needs a size, aws: { mix: … } or aws: { template: … }"]],
    [{ image: "ami-1", size: "t3.small", command: "node" }, [': Unrecognized key: "command"']],
  ])("%j are refused", (launch, messages) => expect(faults(aws.launch, launch)).toEqual(messages));
});

it("rounds, pauses and cools down as AWS does", () => {
  expect(aws.capabilities).toMatchObject({
    rounding: "aws",
    cooldown: "from-last-activity",
    metricPeriodMs: 60_000,
  });
  expect(aws.capabilities.pausable).toHaveLength(9);
});

it("brings the drivers that it names, and asks nothing of AWS before the first call", async () => {
  const provider = await aws.create({}, createHost({ key: "aws" }));
  for (const noun of aws.drivers) expect(provider[noun], noun).toBeDefined();
  expect(aws.drivers).toEqual(expect.arrayContaining(["groups", "activities"]));
  expect(Object.keys(provider.native).sort()).toEqual([
    "hooks",
    "processes",
    "protection",
    "scheduledActions",
    "warmPool",
  ]);
  await provider.close();
});
