import { collect, createHost, type GroupSpec, isBellowsError } from "@bellows/core";
import {
  type FaultProxy,
  hasPython,
  motoOptions,
  startFaultProxy,
  startMoto,
  type TestServer,
} from "@bellows/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Aws, createAws } from "../src/client.js";
import { createGroups } from "../src/groups.js";

describe.runIf(hasPython())("groups whose answers get lost", () => {
  let moto: TestServer;
  let proxy: FaultProxy;
  let aws: Aws;
  let groups: ReturnType<typeof createGroups>;
  let serial = 0;
  beforeAll(async () => {
    moto = await startMoto();
    proxy = await startFaultProxy(moto.url);
    const host = createHost({ key: "aws" });
    aws = createAws(motoOptions(proxy), host);
    groups = createGroups(aws, host);
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

  const spec = (more: Partial<GroupSpec> = {}): GroupSpec => ({
    name: `lost-${serial++}`,
    min: 0,
    max: 6,
    zones: ["eu-west-1a"],
    launch: { image: "ami-0123456789abcdef0", size: "t3.micro" },
    ...more,
  });
  const idsOf = async (group: string): Promise<string[]> =>
    (await collect(groups.instances(group))).map(({ id }) => id);
  const lose = (...actions: string[]): void => proxy.setRules({ kind: "lost-answer", actions, times: 1 });

  it("are made once", async () => {
    lose("CreateAutoScalingGroup");
    const wanted = spec({ min: 2 });
    expect(await groups.create(wanted)).toMatchObject({ name: wanted.name, desired: 2 });
    expect(proxy.faults()).toEqual({ "lost-answer": 1 });
    expect(proxy.calls().CreateAutoScalingGroup).toBe(1);
    expect(await idsOf(wanted.name)).toHaveLength(2);
  });

  it("are made in the second try when the first was never heard", async () => {
    proxy.setRules({ kind: "reset", actions: ["CreateAutoScalingGroup"], times: 1 });
    const wanted = spec({ min: 1 });
    await groups.create(wanted);
    expect(proxy.calls().CreateAutoScalingGroup).toBe(2);
    expect(await idsOf(wanted.name)).toHaveLength(1);
  });

  it("lose one instance when one is to end, not two", async () => {
    const { name } = await groups.create(spec({ desired: 3 }));
    const [one = ""] = await idsOf(name);
    lose("TerminateInstanceInAutoScalingGroup");
    await groups.terminate(name, one, { replace: false });
    expect(await idsOf(name)).toHaveLength(2);
    expect((await groups.get(name)).desired).toBe(2);
  });

  it("let go of and take in each instance once", async () => {
    const { name } = await groups.create(spec({ desired: 2 }));
    const ids = await idsOf(name);
    lose("DetachInstances");
    await groups.detach(name, ids);
    expect([await idsOf(name), (await groups.get(name)).desired]).toEqual([[], 0]);
    lose("AttachInstances");
    await groups.attach(name, ids);
    expect([(await idsOf(name)).sort(), (await groups.get(name)).desired]).toEqual([[...ids].sort(), 2]);
  });

  it("put an instance in standby and back once", async () => {
    const { name } = await groups.create(spec({ desired: 2 }));
    const [one = ""] = await idsOf(name);
    lose("EnterStandby");
    await groups.enterStandby(name, [one]);
    expect((await groups.get(name)).desired).toBe(1);
    lose("ExitStandby");
    await groups.exitStandby(name, [one]);
    expect((await groups.get(name)).desired).toBe(2);
  });

  it("are gone when they were to be deleted, without a complaint", async () => {
    const { name } = await groups.create(spec());
    lose("DeleteAutoScalingGroup");
    await groups.delete(name);
    await expect(groups.get(name)).rejects.toSatisfy((error) => isBellowsError(error, "not-found"));
  });

  it("are all listed and looked at, however short the pages are", async () => {
    const names: string[] = [];
    for (let count = 0; count < 5; count++) names.push((await groups.create(spec())).name);
    proxy.setRules({ kind: "short-page", pageSize: 2 });
    const listed = (await collect(groups.list())).map(({ name }) => name);
    expect(listed.filter((name) => names.includes(name)).sort()).toEqual([...names].sort());
    const seen = await groups.observe(names);
    expect(seen.map((one) => "status" in one && one.status.group.name)).toEqual(names);
  });

  it("that cannot be looked at say why, and the others are seen", async () => {
    // Five tries of the one call fail, and four of the other's.
    proxy.setRules({ kind: "html", actions: ["DescribeAutoScalingGroups"], times: 9 });
    const seen = await groups.observe(Array.from({ length: 200 }, (_, index) => `nobody-${index}`));
    const reasons = seen.map((one) => ("unavailable" in one ? one.unavailable : ""));
    const failed = "the answer to autoscaling:DescribeAutoScalingGroups is none of AWS (status 502)";
    expect(reasons.filter((reason) => reason.startsWith(failed))).toHaveLength(100);
    expect(reasons.filter((reason) => reason.startsWith("there is no group"))).toHaveLength(100);
  });
});
