import { type Cloud, collect, type GroupSpec, type PolicySpec } from "@bellows/core";
import { IMAGE_ID, type RackspaceStandIn, startRackspace } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RackspaceProvider } from "../src/index.js";
import { connected } from "./standing.js";

let standIn: RackspaceStandIn;
let cloud: Cloud<RackspaceProvider>;
beforeAll(async () => {
  standIn = await startRackspace();
  cloud = await connected(standIn);
});
afterEach(() => {
  standIn.setFaults();
  standIn.forget();
});
afterAll(async () => {
  await cloud.close();
  await standIn.stop();
});

let serial = 0;
/** Makes a group. @returns its id. */
async function group(more: Partial<GroupSpec> = {}): Promise<string> {
  serial += 1;
  const launch = { image: IMAGE_ID, size: "general1-2" };
  const spec = { name: `group-${serial}`, min: 0, max: 10, cooldownMs: 0, launch, ...more };
  return (await cloud.groups.create(spec)).id;
}
const up: PolicySpec = { name: "up", adjust: { change: 1 } };
const kept = (id: string) => {
  const found = standIn.region().groups.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no group ${id}`);
  return found;
};

describe("a policy of Autoscale", () => {
  const soonMs = Math.ceil(Date.now() / 1_000) * 1_000 + 86_400_000;
  it.each<PolicySpec>([
    { name: "up", adjust: { change: 2 }, cooldownMs: 60_000 },
    { name: "down", adjust: { percent: -5.5 }, cooldownMs: 300_500 },
    { name: "nightly", adjust: { desired: 0 }, cooldownMs: 0, schedule: { cron: "0 22 * * *" } },
    { name: "once", adjust: { desired: 3 }, cooldownMs: 0, schedule: { atMs: soonMs } },
  ])("is as it was made: $name", async (spec) => {
    const id = await group();
    const made = await cloud.policies.create(id, spec);
    expect(made).toMatchObject({ ...spec, engine: "native", group: kept(id).configuration.name });
    expect(await cloud.policies.get(id, spec.name)).toEqual(made);
    expect(await cloud.policies.get(id, made.id)).toEqual(made);
    standIn.forget();
    expect(await collect(cloud.policies.list(id))).toEqual([made]);
    expect(standIn.calls()).toEqual({ GetGroup: 1 });
  });

  it("made again is the same, and another of that name is refused", async () => {
    const id = await group();
    const made = await cloud.policies.create(id, up);
    expect((await cloud.policies.create(id, { ...up, cooldownMs: 0 })).id).toBe(made.id);
    await expect(cloud.policies.create(id, { ...up, adjust: { change: 2 } })).rejects.toMatchObject({
      code: "already-exists",
      resource: "up",
    });
  });

  it.each(["lost-answer", "lying-500"] as const)(
    "is made once although the answer is lost: %s",
    async (kind) => {
      const id = await group();
      standIn.setFaults({ kind, operations: ["CreatePolicies"], times: 1 });
      const made = await cloud.policies.create(id, up);
      expect(kept(id).policies.map((one) => one.id)).toEqual([made.id]);
    },
  );

  it("keeps what an update does not name, and takes a zero for what it is", async () => {
    const id = await group();
    await cloud.policies.create(id, { ...up, cooldownMs: 60_000 });
    expect(await cloud.policies.update(id, "up", { adjust: { desired: 0 } })).toMatchObject({
      adjust: { desired: 0 },
      cooldownMs: 60_000,
    });
    await cloud.policies.update(id, "up", { cooldownMs: 0, name: "renamed" });
    expect(kept(id).policies.map(({ given }) => given)).toEqual([
      { name: "renamed", type: "webhook", cooldown: 0, desiredCapacity: 0 },
    ]);
    await expect(
      cloud.policies.update(id, "renamed", { schedule: { cron: "0 1 * * *" } }),
    ).rejects.toMatchObject({ code: "config", hint: "delete it, and make another" });
  });

  it("whose moment is over needs a new one before it can be changed", async () => {
    const id = await group();
    const atMs = standIn.now() + 60_000;
    await cloud.policies.create(id, { name: "once", adjust: { desired: 1 }, schedule: { atMs } });
    standIn.advance(120_000);
    await expect(cloud.policies.update(id, "once", { cooldownMs: 1_000 })).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("schedule.atMs: lies in the past"),
    });
    const next = { atMs: standIn.now() + 60_000 };
    expect((await cloud.policies.update(id, "once", { schedule: next })).schedule).toEqual(next);
  });

  it("is found by the nearest name, and a name that fits two is refused with both", async () => {
    const id = await group();
    await cloud.policies.create(id, up);
    await expect(cloud.policies.get(id, "upp")).rejects.toMatchObject({
      code: "not-found",
      hint: 'did you mean "up"?',
    });
    const { id: second } = await cloud.policies.create(id, { ...up, name: "twin" });
    const twin = kept(id).policies.find((one) => one.id === second);
    if (twin) twin.given.name = "up";
    await expect(cloud.policies.execute(id, "up")).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining(second),
    });
  });

  it("has the owner that its group keeps for it, and takes it along when it goes", async () => {
    const id = await group({ policies: [{ ...up, owner: "shop/web" }] });
    expect(await cloud.policies.get(id, "up")).toMatchObject({ owner: "shop/web" });
    await cloud.policies.create(id, { ...up, name: "more", owner: "shop/other" });
    await cloud.policies.update(id, "up", { owner: undefined });
    const owners = (await collect(cloud.policies.list(id))).map(({ name, owner }) => [name, owner]);
    expect(owners).toEqual([
      ["up", undefined],
      ["more", "shop/other"],
    ]);
    expect((await cloud.groups.get(id)).metadata).toEqual({});
    await cloud.policies.delete(id, "more");
    expect(Object.keys(kept(id).configuration.metadata).filter((key) => key.includes("policy"))).toEqual([]);
  });

  it("is taken back when its owner can't be noted", async () => {
    const id = await group();
    standIn.setFaults({ kind: "broken", operations: ["UpdateGroupConfig"] });
    await expect(cloud.policies.create(id, { ...up, owner: "shop/web" })).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(kept(id).policies).toEqual([]);
  });

  it.each<[PolicySpec, "config" | "unsupported", string]>([
    [{ name: "bellows-desired", adjust: { desired: 1 } }, "config", "name: bellows-desired is Bellows's own"],
    [{ name: "p", adjust: { change: 0 } }, "config", "must not be 0"],
    [{ name: "p", adjust: { change: 1, percent: 2 } as never }, "config", "adjust"],
    [{ name: "p", adjust: { change: 1 }, cooldownMs: 86_400_001 }, "config", "cooldownMs"],
    [{ name: "p", adjust: { change: 1 }, schedule: { cron: "0 0 6 * * *" } }, "config", "schedule.cron"],
    [
      { name: "p", adjust: { change: 1 }, schedule: { cron: "0 6 * * *", timezone: "Europe/Berlin" } },
      "unsupported",
      "schedule.timezone",
    ],
    [{ name: "p", adjust: { target: { value: 60 } }, signal: "cpu" }, "unsupported", "signal"],
    [{ name: "p", adjust: { percent: 10 }, rounding: "aws", minMagnitude: 2 }, "unsupported", "minMagnitude"],
    [{ name: "p", adjust: { change: 1 }, webhooks: ["ci"] }, "unsupported", "webhooks.create"],
  ])("that can't be kept is refused before anything is asked: %j", async (spec, code, fault) => {
    const id = await group();
    standIn.forget();
    await expect(cloud.policies.create(id, spec)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(fault),
    });
    expect(standIn.calls()).toEqual({});
  });

  it("beyond the limit of the account is Rackspace's own refusal", async () => {
    const id = await group();
    const found = kept(id);
    const many = Array.from({ length: 100 }, (_, index) => ({
      id: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
      given: { name: `p-${index}`, type: "webhook" as const, cooldown: 0, change: 1 },
      version: 1,
      webhooks: [],
    }));
    found.policies.push(...many);
    expect(await collect(cloud.policies.list(id))).toHaveLength(100);
    await expect(cloud.policies.create(id, up)).rejects.toMatchObject({
      code: "limit",
      vendorCode: "PoliciesOverLimitError",
    });
  });
});

describe("executing a policy", () => {
  it("says from what to what, rounds away from zero, and stays within the bounds", async () => {
    const id = await group({ desired: 3, max: 5 });
    await cloud.policies.create(id, { name: "half", adjust: { percent: 50 } });
    expect(await cloud.policies.execute(id, "half")).toEqual({ result: "executed", from: 3, to: 5 });
    expect(await cloud.policies.execute(id, "half")).toMatchObject({ result: "unchanged", from: 5, to: 5 });
    expect(kept(id).desired).toBe(5);
  });

  it("is refused by the policy's cooldown and by the group's, until they are over", async () => {
    const id = await group({ cooldownMs: 60_000 });
    await cloud.policies.create(id, { ...up, cooldownMs: 120_000 });
    await cloud.policies.create(id, { ...up, name: "other" });
    expect((await cloud.policies.execute(id, "up")).result).toBe("executed");
    expect(await cloud.policies.execute(id, "other")).toMatchObject({ result: "cooldown", from: 1, to: 1 });
    standIn.advance(60_000);
    expect((await cloud.policies.execute(id, "other")).result).toBe("executed");
    standIn.advance(60_000);
    expect((await cloud.policies.execute(id, "up")).result).toBe("executed");
    expect(kept(id).desired).toBe(3);
  });

  it("does nothing to a paused group, also for a policy that is not there", async () => {
    const id = await group();
    await cloud.policies.create(id, up);
    await cloud.groups.pause(id);
    standIn.forget();
    expect((await cloud.policies.execute(id, "up")).result).toBe("paused");
    expect((await cloud.policies.execute(id, "nobody")).result).toBe("paused");
    expect(standIn.calls().ExecutePolicy).toBeUndefined();
  });

  it.each(["lost-answer", "lying-500"] as const)(
    "is done once although the answer is lost: %s",
    async (kind) => {
      const id = await group();
      await cloud.policies.create(id, up);
      standIn.setFaults({ kind, operations: ["ExecutePolicy"], times: 1 });
      expect(await cloud.policies.execute(id, "up")).toEqual({ result: "executed", from: 0, to: 1 });
      expect(kept(id).desired).toBe(1);
      expect(standIn.calls().ExecutePolicy).toBe(1);
    },
  );

  it("by many at once counts one after the other", async () => {
    const id = await group();
    await cloud.policies.create(id, up);
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => cloud.policies.execute(id, "up")));
    expect(outcomes.map(({ to }) => to).sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it("takes no value to look up", async () => {
    const id = await group();
    await cloud.policies.create(id, up);
    await expect(cloud.policies.execute(id, "up", { metricValue: 5 })).rejects.toMatchObject({
      code: "config",
    });
  });
});

describe("a file's native policy", () => {
  const translate = (spec: PolicySpec) => cloud.policies.translate?.("web", spec, {});

  it("becomes what get shows of it, so that nothing differs when nothing has changed", async () => {
    const id = await group();
    const plan = translate({ ...up, engine: "native", owner: "shop/web", webhooks: ["ci"] });
    if (plan === undefined || "refused" in plan) throw new Error(JSON.stringify(plan));
    const [spec] = plan.policies;
    if (spec === undefined) throw new Error("there is no policy");
    const { id: _, group: __, providerId: ___, ...shown } = await cloud.policies.create(id, spec);
    expect(shown).toEqual(spec);
    expect(plan.alarms).toEqual([]);
  });

  it("is nothing when its moment is over, and is refused when it looks at metrics", () => {
    const past = { name: "once", adjust: { desired: 1 }, schedule: { atMs: 1_000 } };
    expect(translate(past)).toEqual({ policies: [], alarms: [] });
    expect(translate({ ...up, when: "cpu > 70" })).toEqual({
      refused: expect.stringContaining("no metrics"),
    });
    expect(translate({ ...up, keepMs: 1_000, rounding: "aws" })).toEqual({
      refused: expect.stringContaining("keepMs: Autoscale keeps no floor; rounding: "),
    });
  });
});
