import { collect, createHost, isBellowsError } from "@bellows/core";
import {
  type FaultProxy,
  hasPython,
  motoOptions,
  startFaultProxy,
  startMoto,
  type TestServer,
} from "@bellows/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AwsAlarms, createAlarms } from "../src/alarms.js";
import { type Aws, createAws } from "../src/client.js";
import { createGroups } from "../src/groups.js";
import { type AwsPolicies, createPolicies } from "../src/policies.js";

describe.runIf(hasPython())("policies and alarms on a bad day", () => {
  let moto: TestServer;
  let proxy: FaultProxy;
  let aws: Aws;
  let policies: AwsPolicies;
  let alarms: AwsAlarms;
  let groups: ReturnType<typeof createGroups>;
  let serial = 0;
  let group: string;
  beforeAll(async () => {
    moto = await startMoto();
    proxy = await startFaultProxy(moto.url);
    const host = createHost({ key: "aws" });
    aws = createAws(motoOptions(proxy), host);
    policies = createPolicies(aws, host);
    alarms = createAlarms(aws, host);
    groups = createGroups(aws, host, policies);
  }, 300_000);
  beforeEach(async () => {
    proxy.setRules();
    group = `group-${serial++}`;
    const launch = { image: "ami-0123456789abcdef0", size: "t3.micro" };
    await groups.create({ name: group, min: 0, max: 9, desired: 1, zones: ["eu-west-1a"], launch });
    proxy.forget();
  });
  afterAll(async () => {
    aws?.close();
    await proxy?.stop();
    await moto?.stop();
  });

  const up = () =>
    policies.create(group, { name: `up-${serial++}`, adjust: { change: 1 }, cooldownMs: 60_000 });

  it("an execution whose answer was lost is not made twice", async () => {
    const { name } = await up();
    proxy.forget();
    proxy.setRules({ kind: "lost-answer", actions: ["ExecutePolicy"], times: 1 });
    expect(await policies.execute(group, name)).toEqual({ result: "executed", from: 1, to: 2 });
    expect(proxy.calls().ExecutePolicy).toBe(1);
  });

  it("an execution that was throttled is made when it may", async () => {
    const { name } = await up();
    proxy.setRules({ kind: "throttle", actions: ["ExecutePolicy"], times: 2 });
    expect(await policies.execute(group, name)).toEqual({ result: "executed", from: 1, to: 2 });
  });

  it("what was deleted without an answer is deleted", async () => {
    const { name } = await up();
    const at = { name: `at-${serial++}`, adjust: { desired: 1 }, schedule: { cron: "0 1 * * *" } };
    await policies.create(group, at);
    proxy.setRules({ kind: "lost-answer", actions: ["DeletePolicy", "DeleteScheduledAction"], times: 2 });
    await policies.delete(group, name);
    await policies.delete(group, at.name);
    expect(await collect(policies.list(group))).toEqual([]);
  });

  it("a policy that AWS does not take leaves no label behind", async () => {
    const name = `up-${serial++}`;
    proxy.setRules({ kind: "unavailable", actions: ["PutScalingPolicy"] });
    const made = policies.create(group, { name, adjust: { change: 1 }, owner: "shop/web" });
    await expect(made).rejects.toSatisfy((error) => isBellowsError(error, "unavailable"));
    proxy.setRules();
    await policies.create(group, { name, adjust: { change: 1 } });
    expect(await policies.get(group, name)).not.toHaveProperty("owner");
  });

  it("with a third of all calls failing, each is made once and read as it was written", async () => {
    proxy.setRules(
      { kind: "throttle", probability: 0.1 },
      { kind: "lost-answer", probability: 0.1 },
      { kind: "reset", probability: 0.1 },
    );
    const names = Array.from({ length: 5 }, (_, n) => `many-${serial++}-${n}`);
    for (const name of names) {
      await policies.create(group, { name, adjust: { change: 1 }, cooldownMs: 60_000 });
      await alarms.create({
        name,
        metric: { namespace: "AWS/EC2", name: "CPUUtilization", dimensions: { AutoScalingGroupName: group } },
        above: 70,
        periodMs: 60_000,
        periods: 2,
        executes: [{ group, policy: name }],
      });
    }
    proxy.setRules();
    expect((await collect(policies.list(group))).map(({ name }) => name).sort()).toEqual(names);
    const found = await collect(alarms.list({ namePrefix: "many-" }));
    expect(found.map(({ executes }) => executes?.[0]?.policy).sort()).toEqual(names);
  });
});
