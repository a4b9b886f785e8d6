import { describe, expect, it } from "vitest";
import { z } from "zod";
import { manualClock } from "../clock.js";
import { connect } from "../connect.js";
import type { Group, GroupsDriver } from "../contracts/group.js";
import type { PoliciesDriver, PolicySpec } from "../contracts/policy.js";
import { createMemoryStore } from "../memory-store.js";
import { collect } from "../paging.js";
import { defineProvider } from "../plugins/define.js";

/** A cloud whose reads go on showing what was there at first. */
async function lateCloud() {
  const group: Group = {
    ...{ name: "web", id: "web", min: 0, max: 9, desired: 2, cooldownMs: 0 },
    ...{ metadata: {}, loadBalancers: [], zones: [], paused: false },
  };
  const shown = { ...group };
  const theirs: PolicySpec[] = [];
  const groups = {
    get: async () => shown,
    create: async (spec: { policies?: PolicySpec[] }) => {
      theirs.push(...(spec.policies ?? []));
      return group;
    },
    scale: async (_ref: string, desired: number) => {
      const result = group.desired === desired ? "unchanged" : "done";
      group.desired = desired;
      return { result, desired };
    },
  } as unknown as GroupsDriver;
  const policies = {
    get: () =>
      Promise.reject(Object.assign(new Error("none"), { [Symbol.for("bellows.error")]: "not-found" })),
    async *list() {},
  } as unknown as PoliciesDriver;
  const plugin = defineProvider({
    name: "late",
    contract: 1,
    options: z.object({}),
    launch: z.object({}),
    capabilities: { readAfterWriteMs: 60_000 },
    drivers: ["groups", "policies"],
    create: () => ({ groups, policies, close: async () => {} }),
  });
  const cloud = await connect(plugin, {}, { store: createMemoryStore(), clock: manualClock() });
  return { cloud, group, theirs };
}

describe("groups that a cloud keeps", () => {
  it("are counted from what was acknowledged, where a read is late", async () => {
    const { cloud, group } = await lateCloud();
    await cloud.policies.create("web", { name: "up", engine: "bellows", adjust: { change: 1 } });
    await cloud.groups.scale("web", 5);
    expect(await cloud.policies.execute("web", "up")).toMatchObject({ result: "executed", from: 5, to: 6 });
    expect(await cloud.policies.execute("web", "up")).toMatchObject({ result: "executed", from: 6, to: 7 });
    expect(group.desired).toBe(7);
  });

  it("come with their policies: the cloud's to the cloud, ours to the store", async () => {
    const { cloud, theirs } = await lateCloud();
    await cloud.groups.create({
      ...{ name: "web", min: 0, max: 9, launch: {} },
      policies: [
        { name: "cloudy", adjust: { change: 1 } },
        { name: "mine", engine: "bellows", adjust: { change: 2 } },
      ],
    });
    expect(theirs.map(({ name }) => name)).toEqual(["cloudy"]);
    expect((await collect(cloud.policies.list("web"))).map(({ name }) => name)).toEqual(["mine"]);
  });

  it("are not made when a policy of ours cannot be kept", async () => {
    const { cloud, theirs } = await lateCloud();
    const bad = { name: "bad", engine: "bellows", adjust: { change: 0 } } as PolicySpec;
    const made = cloud.groups.create({
      name: "web",
      min: 0,
      max: 9,
      launch: {},
      policies: [{ name: "cloudy", adjust: { change: 1 } }, bad],
    });
    await expect(made).rejects.toMatchObject({ code: "config" });
    expect(theirs).toEqual([]);
  });
});
