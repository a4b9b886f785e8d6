import { collect, createHost, isBellowsError } from "@bellows/core";
import { hasPython, motoOptions, startMoto, type TestServer } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import provider, { type AwsProvider } from "../src/index.js";

describe.runIf(hasPython())("what only Auto Scaling has", () => {
  let moto: TestServer;
  let cloud: AwsProvider;
  let serial = 0;
  beforeAll(async () => {
    moto = await startMoto();
    cloud = await provider.create(motoOptions(moto), createHost({ key: "aws" }));
  }, 300_000);
  afterAll(async () => {
    await cloud?.close();
    await moto?.stop();
  });

  const makeGroup = async (desired = 0): Promise<string> => {
    const name = `native-${serial++}`;
    const launch = { image: "ami-0123456789abcdef0", size: "t3.micro" };
    await cloud.groups.create({ name, min: 0, max: 4, desired, zones: ["eu-west-1a"], launch });
    return name;
  };
  const refused = (code: Parameters<typeof isBellowsError>[1]) => (error: unknown) =>
    isBellowsError(error, code);

  it("lifecycle hooks are put, listed and deleted", async () => {
    const { hooks } = cloud.native;
    const group = await makeGroup();
    await hooks.put(group, {
      name: "warm-up",
      transition: "launching",
      heartbeatMs: 60_000,
      onTimeout: "continue",
    });
    await hooks.put(group, {
      name: "warm-up",
      transition: "launching",
      heartbeatMs: 90_000,
      onTimeout: "continue",
    });
    const [hook, ...others] = await hooks.list(group);
    expect(others).toEqual([]);
    expect(hook).toMatchObject({
      name: "warm-up",
      transition: "launching",
      heartbeatMs: 90_000,
      onTimeout: "continue",
    });
    await hooks.delete(group, "warm-up");
    expect(await hooks.list(group)).toEqual([]);
    await expect(hooks.delete(group, "warm-up")).rejects.toSatisfy(refused("not-found"));
    await expect(hooks.put(group, { name: "a b", transition: "launching", heartbeatMs: 1 })).rejects.toThrow(
      /name: must be .*; heartbeatMs: /,
    );
  });

  it("a warm pool is put, read and deleted", async () => {
    const { warmPool } = cloud.native;
    const group = await makeGroup();
    expect(await warmPool.get(group)).toBeUndefined();
    await warmPool.put(group, { min: 1, maxPrepared: 3, state: "stopped", reuse: true });
    expect(await warmPool.get(group)).toEqual({
      min: 1,
      maxPrepared: 3,
      state: "stopped",
      reuse: true,
      instances: [],
      deleting: false,
    });
    await warmPool.delete(group, { force: true });
    expect(await warmPool.get(group)).toBeUndefined();
  });

  it("scheduled actions are put, listed and deleted", async () => {
    const { scheduledActions } = cloud.native;
    const group = await makeGroup();
    const nightly = { name: "nightly", min: 0, desired: 0, cron: "0 22 * * *", timezone: "Europe/Madrid" };
    const once = { name: "once", max: 4, startMs: Date.UTC(2090, 0, 1) };
    await scheduledActions.put(group, nightly);
    await scheduledActions.put(group, once);
    const listed = await collect(scheduledActions.list(group));
    expect(listed.map(({ name }) => name).sort()).toEqual(["nightly", "once"]);
    expect(listed).toContainEqual(expect.objectContaining({ name: "once", max: 4 }));
    await scheduledActions.delete(group, "nightly");
    expect((await collect(scheduledActions.list(group))).map(({ name }) => name)).toEqual(["once"]);
    await expect(scheduledActions.delete(group, "nightly")).rejects.toSatisfy(refused("not-found"));
    await expect(scheduledActions.put(group, { name: "odd" })).rejects.toThrow(
      /needs min, max or desired; .*needs cron or startMs/,
    );
  });

  it("processes are suspended and resumed one by one", async () => {
    const { processes } = cloud.native;
    const group = await makeGroup();
    await processes.put(group, ["AZRebalance"]);
    const all = await processes.list(group);
    expect(all).toHaveLength(9);
    expect(all.filter(({ suspended }) => suspended).map(({ name }) => name)).toEqual(["AZRebalance"]);
    await processes.delete(group, ["AZRebalance"]);
    expect((await processes.list(group)).some(({ suspended }) => suspended)).toBe(false);
  });

  it("protection is given, listed and taken away", async () => {
    const { protection } = cloud.native;
    const group = await makeGroup(2);
    const [one = ""] = (await collect(cloud.groups.instances(group))).map(({ id }) => id);
    await protection.put(group, [one]);
    expect(await protection.list(group)).toEqual([one]);
    await protection.delete(group, [one]);
    expect(await protection.list(group)).toEqual([]);
  });

  it("of a group that is not there it is said so, and of its activities too", async () => {
    const { hooks, warmPool, scheduledActions, processes, protection } = cloud.native;
    for (const ask of [
      () => hooks.list("nobody"),
      () => hooks.put("nobody", { name: "h", transition: "launching" }),
      () => warmPool.get("nobody"),
      () => collect(scheduledActions.list("nobody")),
      () => processes.list("nobody"),
      () => protection.list("nobody"),
      () => collect(cloud.activities.list("nobody")),
    ])
      await expect(ask()).rejects.toSatisfy(
        (error) => isBellowsError(error, "not-found") && error.resource === "nobody",
      );
    expect(await collect(cloud.activities.list(await makeGroup()))).toEqual([]);
  });
});
