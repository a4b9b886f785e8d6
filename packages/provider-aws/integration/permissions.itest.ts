import { createHost } from "@bellows/core";
import { hasPython, motoOptions, startMoto, type TestServer } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAws } from "../src/client.js";
import aws, { type AwsProvider } from "../src/index.js";
import { NEEDS, TACIT } from "../src/permission-table.js";
import { permissions } from "../src/permissions.js";
import { type Recording, recordCalls } from "./calls-made.js";
import { exercise } from "./exercise.js";

/** Needs no permission, and none can be taken away. @see docs.aws.amazon.com, STS API, GetCallerIdentity */
const FREE = "sts:GetCallerIdentity";

describe.runIf(hasPython())("permissions", () => {
  let moto: TestServer;
  let provider: AwsProvider;
  let recording: Recording;
  beforeAll(async () => {
    moto = await startMoto();
    const options = motoOptions(moto);
    const host = createHost({ key: "aws" });
    provider = (await aws.create(options, host)) as AwsProvider;
    const other = createAws(options, host);
    recording = recordCalls();
    await exercise({ provider, aws: other, host, region: options.region, url: moto.url });
    recording.stop();
    other.close();
  }, 300_000);
  afterAll(async () => {
    await provider?.close();
    await moto?.stop();
  });

  it("are listed for every call that a method makes", () => {
    const missing = [...recording.made]
      .filter(([method]) => method !== "prepare")
      .flatMap(([method, actions]) =>
        [...actions]
          .filter((action) => action !== FREE && !NEEDS[method]?.includes(action))
          .map((action) => `${method}: ${action}`),
      );
    expect(missing).toEqual([]);
  });

  it("are listed for nothing that no call is made for, but for what IAM checks by itself", () => {
    const unused = Object.entries(NEEDS).flatMap(([method, actions]) =>
      actions
        .filter((action) => !TACIT.includes(action) && recording.made.get(method)?.has(action) !== true)
        .map((action) => `${method}: ${action}`),
    );
    expect(unused).toEqual([]);
  });

  it.each([
    ["for everything", {}],
    [
      "for named groups in one account",
      { options: { region: "eu-west-1", accountId: "123456789012" }, groups: ["web"] },
    ],
  ])("make a document that IAM takes, %s", async (name, scope) => {
    const { document } = permissions(Object.keys(NEEDS), scope);
    const response = await fetch(moto.url, {
      method: "POST",
      headers: {
        authorization: "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/iam/aws4_request",
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({
        Action: "CreatePolicy",
        Version: "2010-05-08",
        PolicyName: name.replaceAll(" ", "-"),
        PolicyDocument: JSON.stringify(document),
      }),
    });
    expect(await response.text()).toContain("<CreatePolicyResponse");
  });
});
