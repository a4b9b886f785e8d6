import { describe, expect, it } from "vitest";
import { labelFaults, labelFilters, runRequest, serverOf, tokenOf } from "./server-map.js";

describe("an instance as a plain server", () => {
  it.each([
    ["pending", "building"],
    ["running", "active"],
    ["shutting-down", "stopping"],
    ["stopping", "stopping"],
    ["stopped", "stopped"],
    ["terminated", "stopped"],
    ["hibernating", "unknown"],
  ])("that is %s is %s", (state, status) =>
    expect(serverOf({ State: { Name: state as "pending" } }).status).toBe(status),
  );

  it("has its tags for labels, without its name and AWS's own", () => {
    const Tags = ["Name=web", "aws:autoscaling:groupName=g", "bellows:group=web", "team=a"].map((tag) => {
      const [Key, Value] = tag.split("=");
      return { Key, Value };
    });
    const LaunchTime = new Date(1_700_000_000_000);
    const StateReason = { Code: "Server.InternalError", Message: "Server.InternalError: no luck" };
    expect(
      serverOf({
        InstanceId: "i-1",
        Tags,
        LaunchTime,
        State: { Name: "terminated" },
        StateReason,
        PublicIpAddress: "1.2.3.4",
      }),
    ).toEqual({
      id: "i-1",
      name: "web",
      status: "stopped",
      createdAtMs: 1_700_000_000_000,
      labels: { "bellows:group": "web", team: "a" },
      addresses: ["1.2.3.4"],
      detail: "Server.InternalError: no luck",
    });
  });
});

it("labels are looked for as they are, not as patterns", () => {
  expect(labelFilters({ a: "x*y?\\" })).toEqual([{ Name: "tag:a", Values: ["x\\*y\\?\\\\"] }]);
});

it.each([
  [{ ok: "" }, []],
  [{ Name: "x" }, ["labels.Name: Name and keys that begin with aws: are taken"]],
  [{ a: "x".repeat(257) }, ["labels.a: is longer than 256 characters"]],
])("faults of labels %#", (labels, faults) =>
  expect(labelFaults(labels as Record<string, string>)).toEqual(faults),
);

describe("the call that makes a server", () => {
  const spec = {
    name: "web-1",
    launch: {},
    labels: { a: "b" },
    idempotencyKey: "web/1/1",
    zone: "eu-west-1a",
  };

  it("names, marks and places it", () => {
    expect(runRequest(spec, { image: "ami-1", size: "t3.micro", serverName: "other" })).toMatchObject({
      ImageId: "ami-1",
      InstanceType: "t3.micro",
      MinCount: 1,
      MaxCount: 1,
      ClientToken: "web/1/1",
      Placement: { AvailabilityZone: "eu-west-1a" },
      TagSpecifications: [
        {
          ResourceType: "instance",
          Tags: [
            { Key: "Name", Value: "web-1" },
            { Key: "a", Value: "b" },
            { Key: "bellows:key", Value: "web/1/1" },
          ],
        },
        { ResourceType: "volume", Tags: [{ Key: "Name", Value: "web-1" }] },
      ],
    });
  });

  it("starts from a template where one is named", () => {
    const { LaunchTemplate, ImageId } = runRequest(spec, { aws: { template: { id: "web", version: "3" } } });
    expect([LaunchTemplate, ImageId]).toEqual([{ LaunchTemplateName: "web", Version: "3" }, undefined]);
  });

  it("has another token after a server of its key has ended", () => {
    const [first, second] = [runRequest(spec, {}).ClientToken, runRequest(spec, {}, "i-1").ClientToken];
    expect(second).not.toBe(first);
    expect(runRequest(spec, {}, "i-1").ClientToken).toBe(second);
  });

  it.each(["x".repeat(65), "a b", "ü"])("has a token that AWS takes for the key %j", (key) =>
    expect(tokenOf(key)).toMatch(/^[0-9a-f]{64}$/),
  );
});
