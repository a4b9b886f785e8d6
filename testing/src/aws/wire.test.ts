import { describe, expect, it } from "vitest";
import { readCall, treeOf, writeAnswer, writeError } from "./wire.js";

const signed = (service: string): { authorization: string } => ({
  authorization: `AWS4-HMAC-SHA256 Credential=AK/20261124/eu-west-1/${service}/aws4_request, Signature=0`,
});

describe("the wire", () => {
  it("forms become lists and structures", () => {
    const form = new URLSearchParams(
      "Names.member.1=a&Names.member.2=b&Tags.member.1.Key=k&Filter.1.Value.1=v&Ebs.Size=8&Empty=",
    );
    expect(treeOf(form)).toEqual({
      Names: ["a", "b"],
      Tags: [{ Key: "k" }],
      Filter: [{ Value: ["v"] }],
      Ebs: { Size: "8" },
      Empty: "",
    });
  });

  it("calls are told from what is none", () => {
    expect(readCall(signed("ec2"), "Action=RunInstances&Version=1")).toMatchObject({
      protocol: "ec2",
      region: "eu-west-1",
      action: "RunInstances",
    });
    const target = { ...signed("monitoring"), "x-amz-target": "GraniteServiceVersion20100801.PutMetricData" };
    expect(readCall(target, '{"Namespace":"n"}')).toMatchObject({
      protocol: "json",
      action: "PutMetricData",
      input: { Namespace: "n" },
    });
    expect(readCall({}, "")).toBeUndefined();
  });

  it.each([
    ["query", "<XResult><Names><member>a&amp;b</member></Names></XResult>"],
    ["ec2", "<Names><item>a&amp;b</item></Names>"],
    ["json", '{"Names":["a&b"],"At":1.5}'],
  ] as const)("answers in the form of %s", (protocol, body) => {
    const call = { protocol, action: "X" } as Parameters<typeof writeAnswer>[0];
    const at = protocol === "json" ? { At: new Date(1_500) } : {};
    expect(writeAnswer(call, { Names: ["a&b"], ...at }, "id").body).toContain(body);
  });

  it.each([
    ["query", "<Error><Type>Sender</Type><Code>Throttling</Code>"],
    ["ec2", "<Errors><Error><Code>Throttling</Code>"],
    ["json", '"__type":"com.amazonaws.cloudwatch#Throttling"'],
  ] as const)("errors in the form of %s", (protocol, body) => {
    const error = { status: 400, code: "Throttling", message: "slow down" };
    expect(writeError({ protocol }, error, "id").body).toContain(body);
  });
});
