import { hasPython, startMoto, type TestServer } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openWorkshop, type Ran, type Workshop } from "./workshop.js";

const REGION = "eu-west-1";
const MINUTE_MS = 60_000;

let moto: TestServer;
let shop: Workshop;
beforeAll(async () => {
  if (hasPython()) moto = await startMoto();
}, 300_000);
afterAll(() => moto?.stop());
beforeEach(() => {
  shop = openWorkshop();
});
afterEach(() => shop.close());

const attempt = (words: readonly string[]): Promise<Ran> =>
  shop.bellows(words, {
    AWS_ENDPOINT_URL: moto.url,
    AWS_ACCESS_KEY_ID: "testing",
    AWS_SECRET_ACCESS_KEY: "testing",
  });

async function type(...words: string[]): Promise<Ran> {
  const ran = await attempt(words);
  expect([words, ran.code, ran.stderr]).toEqual([words, 0, ""]);
  return ran;
}

/** Puts a value into a minute that is over. */
async function put(queue: string, Value: number, minutesAgo = 1): Promise<void> {
  const beganMs = (Math.floor(Date.now() / MINUTE_MS) - minutesAgo) * MINUTE_MS;
  const Dimensions = [{ Name: "queue", Value: queue }];
  const response = await fetch(moto.url, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=testing/20260101/${REGION}/monitoring/aws4_request, SignedHeaders=host, Signature=0`,
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "GraniteServiceVersion20100801.PutMetricData",
    },
    body: JSON.stringify({
      Namespace: "Shop",
      MetricData: [{ MetricName: "Jobs", Dimensions, Timestamp: beganMs / 1_000, Value }],
    }),
  });
  if (!response.ok) throw new Error(await response.text());
}

const jobs = (queue: string): string[] => [
  ...["metrics", "query", "cloudwatch", "--namespace", "Shop", "--metric", "Jobs", "--stat", "Sum"],
  ...["--param", `dimensions={ queue: ${queue} }`],
];

describe.skipIf(!hasPython())("CloudWatch by hand", () => {
  it("is asked with the account of the provider that is named, in the region that is named", async () => {
    await put("fast", 40);
    expect((await type(...jobs("fast"), "--provider", "aws", "--region", REGION)).stdout).toBe("40\n");
    const elsewhere = await attempt([...jobs("fast"), "--provider", "aws", "--region", "us-east-1"]);
    expect(elsewhere).toMatchObject({ code: 5, stdout: expect.stringContaining("has no data point") });
  }, 60_000);

  it("is asked with the provider of the file, whatever it is called there", async () => {
    await put("named", 7);
    shop.write(
      "bellows.yaml",
      `version: 1\nproviders: { prod: { use: aws, region: ${REGION} } }\nsources: { cw: { use: cloudwatch } }\n`,
    );
    const words = jobs("named").with(2, "cw");
    expect((await type(...words)).stdout).toBe("7\n");
    expect((await type(...words, "--json")).json()).toMatchObject({ source: "cw", value: 7 });
  }, 60_000);

  it("says what is missing: a provider, or one that is AWS", async () => {
    expect(await attempt(jobs("fast"))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("which provider?"),
    });
    expect(await attempt([...jobs("fast"), "--provider", "local"])).toMatchObject({
      code: 5,
      stdout: expect.stringContaining("is not AWS"),
    });
  }, 60_000);
});

describe.skipIf(!hasPython())("a file that scales a group of AWS by a metric of CloudWatch", () => {
  const desired = async (): Promise<number> =>
    (await type("groups", "get", "shop_group", "--provider", "prod", "--json")).json<{ desired: number }>()
      .desired;

  it("grows it when the metric is high, shrinks it when it is low, and explains it", async () => {
    shop.write(
      "bellows.yaml",
      `version: 1
name: shop
providers: { prod: { use: aws, region: ${REGION} } }
sources: { cw: { use: cloudwatch } }
server: { listen: "127.0.0.1:0" }
groups:
  shop:
    provider: prod
    existing: shop_group
    min: 1
    max: 4
    cooldown: 0s
    limits: { scaleIn: { stabilization: 0s } }
    metrics:
      jobs: { source: cw, namespace: Shop, metric: Jobs, stat: Maximum, dimensions: { queue: scale } }
    policies:
      up: { when: jobs > 100, change: +1 }
      down: { when: jobs < 10, change: -1 }
`,
    );
    const made = ["--zone", "eu-west-1a", "--image", "ami-12c6146b", "--size", "t2.micro"];
    await type("groups", "create", "shop_group", "--min", "1", "--max", "4", ...made, "--provider", "prod");
    expect(await desired()).toBe(1);
    await put("scale", 250, 2);
    await type("run", "--once");
    expect(await desired()).toBe(2);
    expect((await type("explain", "shop")).stdout).toContain("up: jobs > 100 is true (250 > 100)");
    const rows = (await type("metrics", "test", "--json")).json<{ value: number }[]>();
    expect(rows).toMatchObject([{ metric: "jobs", value: 250 }]);
    await put("scale", 3);
    await type("run", "--once");
    expect(await desired()).toBe(1);
  }, 120_000);
});
