import { ConfigError, collect, PermissionError, UnavailableError } from "@bellows/core";
import { describe, expect, it } from "vitest";
import type { Aws } from "./client.js";
import { createRegions, usualRegions } from "./regions.js";

it.each([
  ["eu-west-1", "us-east-1", "https://ec2.us-east-1.amazonaws.com"],
  ["ap-southeast-7", "ap-southeast-7", "https://ec2.ap-southeast-7.amazonaws.com"],
  ["cn-north-1", "cn-northwest-1", "https://ec2.cn-northwest-1.amazonaws.com.cn"],
  ["us-gov-west-1", "us-gov-east-1", "https://ec2.us-gov-east-1.amazonaws.com"],
])("beside %s there is %s", (current, name, endpoint) => {
  const regions = usualRegions(current);
  expect(regions).toContainEqual({ name, endpoint });
  expect(regions.map((region) => region.name)).toContain(current);
  expect(regions.every((region) => region.name.startsWith("cn-") === current.startsWith("cn-"))).toBe(true);
});

describe("whoever may not ask AWS for its regions", () => {
  /** A connection that is refused everything. */
  const refusing = (refusal: Error, region: () => Promise<string>): Aws =>
    ({ key: "aws", region, ec2: () => Promise.reject(refusal) }) as unknown as Aws;

  it("gets those that every account has, and the current one", async () => {
    const aws = refusing(new PermissionError("no"), () => Promise.resolve("eu-west-1"));
    const regions = await collect(createRegions(aws).list());
    expect(regions).toContainEqual({ name: "us-east-1", endpoint: expect.any(String), current: false });
    expect(regions.filter(({ current }) => current).map(({ name }) => name)).toEqual(["eu-west-1"]);
  });

  it("gets them without a region too; then none is current", async () => {
    const aws = refusing(new PermissionError("no"), () => Promise.reject(new ConfigError("no region")));
    const regions = await collect(createRegions(aws).list());
    expect(regions.length).toBeGreaterThan(10);
    expect(regions.some(({ current }) => current)).toBe(false);
  });

  it("is told when it is another thing that fails", async () => {
    const aws = refusing(new UnavailableError("down"), () => Promise.resolve("eu-west-1"));
    await expect(collect(createRegions(aws).list())).rejects.toThrow("down");
  });
});
