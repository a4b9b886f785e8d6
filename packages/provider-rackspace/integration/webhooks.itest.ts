import { type Cloud, collect } from "@bellows/core";
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
afterEach(() => standIn.setFaults());
afterAll(async () => {
  await cloud.close();
  await standIn.stop();
});

let serial = 0;
/** Makes a group with a policy `up`. @returns its name. */
async function group(): Promise<string> {
  serial += 1;
  const launch = { image: IMAGE_ID, size: "general1-2" };
  const policies = [{ name: "up", adjust: { change: 1 }, cooldownMs: 60_000 }];
  const spec = { name: `group-${serial}`, min: 0, max: 4, cooldownMs: 0, launch, policies };
  return (await cloud.groups.create(spec)).name;
}

describe("a webhook of Autoscale", () => {
  it("has a URL that executes its policy, for anybody, once a cooldown", async () => {
    const name = await group();
    const made = await cloud.webhooks.create(name, "up", { name: "alarm", metadata: { owner: "webteam" } });
    expect(made).toMatchObject({ name: "alarm", group: name, policy: "up", metadata: { owner: "webteam" } });
    for (let count = 0; count < 2; count++)
      expect((await fetch(made.url ?? "", { method: "POST" })).status).toBe(202);
    expect((await cloud.groups.get(name)).desired).toBe(1);
  });

  it("is found by name and id, keeps its URL when it is changed, and its metadata when that is not named", async () => {
    const name = await group();
    const made = await cloud.webhooks.create(name, "up", { name: "alarm", metadata: { a: "1" } });
    const renamed = await cloud.webhooks.update(name, "up", "alarm", { name: "something_new" });
    expect(renamed).toEqual({ ...made, name: "something_new" });
    expect(await cloud.webhooks.get(name, "up", made.id)).toEqual(renamed);
    const address = `${name}/up/something_new`;
    expect(await cloud.webhooks.metadata?.merge(address, { b: "2" })).toEqual({ a: "1", b: "2" });
    expect(await cloud.webhooks.metadata?.replace(address, { c: "3" })).toEqual({ c: "3" });
    expect(await collect(cloud.webhooks.list(name, "up"))).toEqual([{ ...renamed, metadata: { c: "3" } }]);
    await cloud.webhooks.delete(name, "up", "something_new");
    await expect(cloud.webhooks.get(name, "up", made.id)).rejects.toMatchObject({ code: "not-found" });
  });

  it("made again is the same, also when the answer was lost, and another of that name is refused", async () => {
    const name = await group();
    standIn.setFaults({ kind: "lost-answer", operations: ["CreateWebhooks"], times: 1 });
    const made = await cloud.webhooks.create(name, "up", { name: "alarm" });
    expect(await cloud.webhooks.create(name, "up", { name: "alarm" })).toEqual(made);
    const other = cloud.webhooks.create(name, "up", { name: "alarm", metadata: { a: "1" } });
    await expect(other).rejects.toMatchObject({ code: "already-exists", resource: "alarm" });
    expect(await collect(cloud.webhooks.list(name, "up"))).toHaveLength(1);
  });

  it("is deleted once although the answer is lost", async () => {
    const name = await group();
    await cloud.webhooks.create(name, "up", { name: "alarm" });
    standIn.setFaults({ kind: "lost-answer", operations: ["DeleteWebhook"], times: 1 });
    await cloud.webhooks.delete(name, "up", "alarm");
    expect(await collect(cloud.webhooks.list(name, "up"))).toEqual([]);
  });

  it("beyond the twenty-fifth of a policy is Rackspace's own refusal", async () => {
    const name = await group();
    for (let count = 0; count < 25; count++)
      await cloud.webhooks.create(name, "up", { name: `hook-${count}` });
    await expect(cloud.webhooks.create(name, "up", { name: "one-more" })).rejects.toMatchObject({
      code: "limit",
      vendorCode: "WebhooksOverLimitError",
      resource: "one-more",
    });
  });

  it("of a policy or group that is not there is not found, and says which", async () => {
    const name = await group();
    await expect(cloud.webhooks.create(name, "nobody", { name: "a" })).rejects.toMatchObject({
      code: "not-found",
      resource: "nobody",
    });
    await expect(cloud.webhooks.create("nobody", "up", { name: "a" })).rejects.toMatchObject({
      code: "not-found",
    });
    await expect(cloud.webhooks.create(name, "up", { name: " " })).rejects.toMatchObject({ code: "config" });
    await expect(cloud.webhooks.metadata?.merge(`${name}/up`, {})).rejects.toMatchObject({
      code: "config",
      hint: expect.stringContaining("GROUP/POLICY/WEBHOOK"),
    });
  });
});
