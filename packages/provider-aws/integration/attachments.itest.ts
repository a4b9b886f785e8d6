import { createHost, isBellowsError } from "@bellows/core";
import { hasPython, motoOptions, startMoto, type TestServer } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attachmentsOf, resolveAttachments } from "../src/attachments.js";
import { type Aws, createAws } from "../src/client.js";

const CALL = { operation: "groups.create" };

describe.runIf(hasPython())("what a group is tied to", () => {
  let moto: TestServer;
  let aws: Aws;
  beforeAll(async () => {
    moto = await startMoto();
    aws = createAws(motoOptions(moto), createHost({ key: "aws" }));
    await Promise.all([classic("my-lb"), targetGroup("web"), targetGroup("web-pool-api"), foreignBalancer()]);
  }, 300_000);
  afterAll(async () => {
    aws?.close();
    await moto?.stop();
  });

  const classic = (LoadBalancerName: string) =>
    aws.elb(
      (sdk) =>
        new sdk.CreateLoadBalancerCommand({
          LoadBalancerName,
          AvailabilityZones: ["eu-west-1a"],
          Listeners: [{ Protocol: "HTTP", LoadBalancerPort: 80, InstancePort: 8080 }],
        }),
      CALL,
    );
  const targetGroup = async (Name: string) => {
    const { Vpcs } = await aws.ec2((sdk) => new sdk.DescribeVpcsCommand({}), CALL);
    const VpcId = Vpcs?.[0]?.VpcId ?? "";
    const made = await aws.elbV2(
      (sdk) => new sdk.CreateTargetGroupCommand({ Name, Protocol: "HTTP", Port: 80, VpcId }),
      CALL,
    );
    return made.TargetGroups?.[0]?.TargetGroupArn ?? "";
  };
  const foreignBalancer = async () => {
    const { Subnets } = await aws.ec2((sdk) => new sdk.DescribeSubnetsCommand({}), CALL);
    const [balancer, blue] = await Promise.all([
      aws.elbV2(
        (sdk) =>
          new sdk.CreateLoadBalancerCommand({
            Name: "foreign",
            Subnets: (Subnets ?? []).map(({ SubnetId = "" }) => SubnetId),
          }),
        CALL,
      ),
      targetGroup("blue"),
    ]);
    await aws.elbV2(
      (sdk) =>
        new sdk.CreateListenerCommand({
          LoadBalancerArn: balancer.LoadBalancers?.[0]?.LoadBalancerArn ?? "",
          Protocol: "HTTP",
          Port: 80,
          DefaultActions: [{ Type: "forward", TargetGroupArn: blue }],
        }),
      CALL,
    );
  };

  it("is found by name in both kinds, and reads back as it was written", async () => {
    const ties = [{ id: "my-lb" }, { id: "web" }, { id: "web", pool: "api" }];
    const found = await resolveAttachments(aws, ties, CALL);
    expect(found.LoadBalancerNames).toEqual(["my-lb"]);
    expect(found.TargetGroupARNs).toHaveLength(2);
    expect(attachmentsOf(found)).toEqual(ties);
    expect(await resolveAttachments(aws, found.TargetGroupARNs, CALL)).toEqual({
      ...found,
      LoadBalancerNames: [],
    });
    expect(await resolveAttachments(aws, [], CALL)).toEqual({ LoadBalancerNames: [], TargetGroupARNs: [] });
  });

  it("may be a balancer that somebody else made, by its only target group", async () => {
    const found = await resolveAttachments(aws, ["foreign"], CALL);
    expect(attachmentsOf(found)).toEqual([{ id: "blue" }]);
  });

  it("is told with every name that is missing, and with what is near", async () => {
    const asked = resolveAttachments(aws, ["my-lb", "my-lc", { id: "web", pool: "nobody" }], CALL);
    await expect(asked).rejects.toSatisfy((error) => isBellowsError(error, "not-found"));
    await expect(asked).rejects.toMatchObject({
      message: expect.stringMatching(/"my-lc", "web" with pool "nobody"/),
      hint: 'did you mean "my-lb"?',
      resource: "my-lc",
    });
  });

  it("must fit one thing, and names no port", async () => {
    await targetGroup("both");
    await classic("both");
    await expect(resolveAttachments(aws, ["both"], CALL)).rejects.toSatisfy((error) =>
      isBellowsError(error, "conflict"),
    );
    await expect(resolveAttachments(aws, [{ id: "web", port: 80 }], CALL)).rejects.toSatisfy((error) =>
      isBellowsError(error, "config"),
    );
  });
});
