import { createHost } from "@bellows/core";
import {
  type FaultKind,
  type FaultProxy,
  type FaultRule,
  hasPython,
  motoOptions,
  startFaultProxy,
  startMoto,
  type TestServer,
} from "@bellows/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Aws, type Call, createAws, mayHaveHappened } from "../src/client.js";

const call: Call = { operation: "test" };

describe.runIf(hasPython())("through a proxy that fails", () => {
  let moto: TestServer;
  let proxy: FaultProxy;
  let aws: Aws;
  beforeAll(async () => {
    moto = await startMoto();
    proxy = await startFaultProxy(moto.url);
    aws = createAws(motoOptions(proxy), createHost({ key: "aws" }));
  }, 300_000);
  beforeEach(() => {
    proxy.setRules();
    proxy.forget();
  });
  afterAll(async () => {
    aws?.close();
    await proxy?.stop();
    await moto?.stop();
  });

  const services: Record<string, (about: Call) => Promise<unknown>> = {
    DescribePolicies: (about) => aws.autoScaling((sdk) => new sdk.DescribePoliciesCommand({}), about),
    DescribeInstances: (about) => aws.ec2((sdk) => new sdk.DescribeInstancesCommand({}), about),
    DescribeAlarms: (about) => aws.cloudWatch((sdk) => new sdk.DescribeAlarmsCommand({}), about),
    DescribeLoadBalancers: (about) => aws.elb((sdk) => new sdk.DescribeLoadBalancersCommand({}), about),
    DescribeTargetGroups: (about) => aws.elbV2((sdk) => new sdk.DescribeTargetGroupsCommand({}), about),
    GetCallerIdentity: (about) => aws.sts((sdk) => new sdk.GetCallerIdentityCommand({}), about),
  };
  const failing: FaultKind[] = ["throttle", "unavailable", "html", "reset", "lost-answer"];
  it.each(Object.keys(services))("%s fails once in each way, and is made again", async (action) => {
    for (const kind of failing) {
      proxy.setRules({ kind, actions: [action], times: 1 });
      await services[action]?.(call);
      expect(proxy.faults()).toEqual({ [kind]: 1 });
      expect(proxy.calls()[action]).toBe(2);
      proxy.forget();
    }
  });

  it.each<[FaultKind, message: string]>([
    ["throttle", "throttled"],
    ["unavailable", "unavailable"],
    ["html", "unavailable"],
    ["reset", "unavailable"],
  ])("%s is told as it is", async (kind, code) => {
    proxy.setRules({ kind });
    for (const make of Object.values(services)) {
      const reason: unknown = await make({ ...call, deadlineMs: 1 }).catch((error: unknown) => error);
      expect(reason).toMatchObject({ code });
    }
  });

  it("a call whose answer is lost has taken effect", async () => {
    const Listeners = [{ LoadBalancerPort: 80, InstancePort: 80, Protocol: "HTTP" }];
    const make = (): Promise<unknown> =>
      aws.elb(
        (sdk) =>
          new sdk.CreateLoadBalancerCommand({
            LoadBalancerName: "lost",
            AvailabilityZones: ["eu-west-1a"],
            Listeners,
          }),
        call,
      );
    proxy.setRules({ kind: "lost-answer", actions: ["CreateLoadBalancer"], times: 1 });
    await expect(make()).rejects.toSatisfy(mayHaveHappened);
    await expect(make()).rejects.toMatchObject({ code: "already-exists" });
  });

  it("lists come in short pages, and late", async () => {
    for (const name of ["a", "b", "c"])
      await aws.autoScaling(
        (sdk) =>
          new sdk.CreateLaunchConfigurationCommand({
            LaunchConfigurationName: name,
            ImageId: "ami-1",
            InstanceType: "t3.nano",
          }),
        call,
      );
    const list = () => aws.autoScaling((sdk) => new sdk.DescribeLaunchConfigurationsCommand({}), call);
    const rules: FaultRule[] = [
      { kind: "slow", times: 1, delayMs: 1 },
      { kind: "short-page", pageSize: 2 },
    ];
    proxy.setRules(...rules);
    const [whole, short] = [await list(), await list()];
    expect(whole.LaunchConfigurations).toHaveLength(3);
    expect(whole.NextToken).toBeUndefined();
    expect(short.LaunchConfigurations).toHaveLength(2);
    expect(short.NextToken).toBeDefined();
    expect(proxy.faults()).toEqual({ slow: 1, "short-page": 1 });
  });
});
