import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type Cloud, collect, connect } from "@bellows/core";
import { hasPython, motoOptions, pythonWith, startMoto, type TestServer } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import aws, { type AwsProvider } from "../src/index.js";

describe.runIf(hasPython())("beside boto3", () => {
  let moto: TestServer;
  let cloud: Cloud<AwsProvider>;
  beforeAll(async () => {
    moto = await startMoto();
    cloud = await connect(aws, motoOptions(moto));
  }, 300_000);
  afterAll(async () => {
    await cloud?.close();
    await moto?.stop();
  });

  /** Runs the other client. @returns what it prints. */
  const boto3 = (...args: string[]): unknown => {
    const output = execFileSync(
      join(pythonWith("aws"), "python"),
      [join(import.meta.dirname, "fixtures", "boto3_client.py"), ...args],
      {
        encoding: "utf8",
        env: {
          ...process.env,
          AWS_ENDPOINT_URL: moto.url,
          AWS_ACCESS_KEY_ID: "testing",
          AWS_SECRET_ACCESS_KEY: "testing",
          AWS_DEFAULT_REGION: "eu-west-1",
        },
      },
    );
    return JSON.parse(output);
  };

  it("what Bellows makes is what boto3 reads", async () => {
    const healthCheck = {
      ...{ target: "HTTP:8080/health", intervalMs: 20_000, timeoutMs: 5_000 },
      ...{ healthy: 3, unhealthy: 5 },
    };
    await cloud.loadBalancers.create({
      ...{ name: "ours-front", zones: ["eu-west-1a"], healthCheck },
      listeners: [{ port: 80, instancePort: 8080, protocol: "http" }],
    });
    await cloud.groups.create({
      ...{ name: "ours", min: 1, max: 6, desired: 2, zones: ["eu-west-1a"], cooldownMs: 60_000 },
      loadBalancers: ["ours-front"],
      launch: { image: "ami-12345678", size: "t3.small", keyName: "my-key" },
      metadata: { team: "blue" },
      native: { healthCheckType: "ELB" },
    });
    await cloud.policies.create("ours", { name: "up", adjust: { change: 1 }, cooldownMs: 180_000 });
    await cloud.alarms.create({
      ...{ name: "high", above: 70, periodMs: 60_000, periods: 2 },
      metric: {
        ...{ namespace: "AWS/EC2", name: "CPUUtilization", stat: "Average" },
        dimensions: { AutoScalingGroupName: "ours" },
      },
      executes: [{ group: "ours", policy: "up" }],
    });

    expect(boto3("read", "ours", "ours-front")).toEqual({
      group: {
        ...{ MinSize: 1, MaxSize: 6, DesiredCapacity: 2 },
        ...{ LoadBalancerNames: ["ours-front"], HealthCheckType: "ELB" },
      },
      tags: { team: "blue" },
      launch: { ImageId: "ami-12345678", InstanceType: "t3.small", KeyName: "my-key" },
      policies: [["up", "ChangeInCapacity", 1, 180]],
      alarms: [["high", "GreaterThanThreshold", 70, 60, 2]],
      ordersPolicy: true,
      listeners: [[80, 8080, "HTTP"]],
      healthCheck: {
        ...{ Target: "HTTP:8080/health", Interval: 20, Timeout: 5 },
        ...{ HealthyThreshold: 3, UnhealthyThreshold: 5 },
      },
      behind: true,
      servers: ["t3.small"],
    });
  });

  it("what boto3 makes is what Bellows reads, and scales", async () => {
    boto3("make", "theirs", "theirs-front");
    expect(await cloud.groups.get("theirs")).toMatchObject({
      ...{ min: 1, max: 5, desired: 2, cooldownMs: 120_000, zones: ["eu-west-1a"] },
      ...{ loadBalancers: [{ id: "theirs-front" }], metadata: { team: "red" } },
    });
    expect(await cloud.launch.get("theirs")).toMatchObject({
      aws: { template: { id: "theirs", version: "$Latest" } },
    });
    expect(await collect(cloud.policies.list("theirs"))).toMatchObject([
      { name: "theirs", adjust: { percent: -20 }, minMagnitude: 2, cooldownMs: 60_000, engine: "native" },
    ]);
    expect(await cloud.groups.scale("theirs", 3)).toEqual({ result: "done", desired: 3 });
    expect(await collect(cloud.groups.instances("theirs"))).toHaveLength(3);
    expect(await collect(cloud.loadBalancers.members("theirs-front"))).toHaveLength(3);
  });
});
