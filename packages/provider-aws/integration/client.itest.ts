import { createHost, isBellowsError } from "@bellows/core";
import { hasPython, motoOptions, startMoto, type TestServer } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAws } from "../src/client.js";

describe.runIf(hasPython())("calls of AWS", () => {
  let moto: TestServer;
  beforeAll(async () => {
    moto = await startMoto();
  }, 300_000);
  afterAll(() => moto?.stop());

  it("are answered", async () => {
    const aws = createAws(motoOptions(moto), createHost({ key: "aws" }));
    const answer = await aws.autoScaling((sdk) => new sdk.DescribeAutoScalingGroupsCommand({}), {
      operation: "groups.list",
    });
    expect(answer.AutoScalingGroups).toEqual([]);
    expect(await aws.identity({ operation: "diagnose" })).toMatchObject({ account: "123456789012" });
    aws.close();
  });

  it("that change another account than the one that is named are not made", async () => {
    const aws = createAws({ ...motoOptions(moto), accountId: "210987654321" }, createHost({ key: "prod" }));
    const call = aws.autoScaling((sdk) => new sdk.DeletePolicyCommand({ PolicyName: "up" }), {
      operation: "policies.delete",
    });
    await expect(call).rejects.toSatisfy((error) => isBellowsError(error, "permission"));
    aws.close();
  });
});
