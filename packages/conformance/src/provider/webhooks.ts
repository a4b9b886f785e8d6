import assert from "node:assert/strict";
import { collect, type Webhook } from "@bellows/core";
import { freshName, refused } from "../checks.js";
import type { Add } from "../tests.js";
import type { ProviderBench, World } from "./bench.js";

/** Capability URLs of the policies that Bellows keeps. They need `serverKey` and `webhookUrl` in `connect`. */
export function webhookTests(add: Add, { inWorld, parts }: ProviderBench): void {
  const hooked = (run: (world: World, at: Address) => Promise<void>): (() => Promise<void>) =>
    inWorld(async (world) => {
      const { name: group } = await world.group();
      const { name: policy } = await world.cloud.policies.create(group, {
        name: "up",
        engine: "bellows",
        adjust: { change: 1 },
      });
      await run(world, { group, policy });
    });

  add(
    "a webhook is as it was made, with a URL of its own that stays when it is renamed",
    hooked(async ({ cloud: { webhooks } }, { group, policy }) => {
      const spec = { name: "alert", metadata: { from: "pager" } };
      const made = await webhooks.create(group, policy, spec);
      const other = await webhooks.create(group, policy, { name: "other" });
      assert.deepEqual(
        [made.name, made.metadata, made.group, made.policy],
        ["alert", spec.metadata, group, policy],
      );
      assert.match(secretOf(made), /^[0-9a-f]{64}$/);
      assert.notEqual(secretOf(other), secretOf(made));
      for (const ref of [made.name, made.id]) assert.deepEqual(await webhooks.get(group, policy, ref), made);
      assert.deepEqual(
        (await collect(webhooks.list(group, policy))).map(({ id }) => id).sort(),
        [made.id, other.id].sort(),
      );
      assert.deepEqual(await webhooks.create(group, policy, spec), made, "made again, it is another");
      const different = webhooks.create(group, policy, { name: "alert", metadata: {} });
      await refused(different, "already-exists", "a different webhook of that name");
      const renamed = await webhooks.update(group, policy, made.id, { name: "renamed" });
      assert.deepEqual([renamed.id, renamed.name, renamed.url], [made.id, "renamed", made.url]);
      parts.exercised("webhooks");
    }),
  );

  add(
    "a URL opens its policy until it is rotated or its webhook is deleted, and no other text does",
    hooked(async (world, { group, policy }) => {
      const { webhooks, portable } = world.cloud;
      const made = await webhooks.create(group, policy, { name: "alert" });
      const opens = async (hook: Webhook): Promise<string | undefined> =>
        portable ? (await portable.resolveCapability(secretOf(hook)))?.group : group;
      assert.equal(await opens(made), group);
      if (portable) {
        const secret = secretOf(made);
        const forged = `${secret.slice(0, -1)}${secret.endsWith("0") ? "1" : "0"}`;
        for (const text of [forged, secret.toUpperCase().replace(/^\d+/, ""), "", `${secret}0`])
          assert.equal(await portable.resolveCapability(text), undefined, "a forged text opens it");
      }
      if (!webhooks.rotate) return parts.absent("webhooks.rotate");
      const rotated = await webhooks.rotate(group, policy, made.id);
      assert.notEqual(secretOf(rotated), secretOf(made));
      assert.equal(rotated.id, made.id);
      if (portable) assert.equal(await opens(made), undefined, "the old URL still opens it");
      assert.equal(await opens(rotated), group);
      parts.exercised("webhooks.rotate");
      await webhooks.delete(group, policy, made.id);
      if (portable) assert.equal(await opens(rotated), undefined, "the deleted webhook still opens it");
      await refused(webhooks.get(group, policy, made.id), "not-found", "the deleted webhook");
    }),
  );

  add(
    "a webhook goes with its policy, and with its group",
    hooked(async ({ cloud }, { group, policy }) => {
      const { webhooks, policies, portable } = cloud;
      const made = await webhooks.create(group, policy, { name: "alert" });
      await policies.delete(group, policy);
      await refused(() => collect(webhooks.list(group, policy)), "not-found", "webhooks of a deleted policy");
      if (portable) assert.equal(await portable.resolveCapability(secretOf(made)), undefined);
      const next = { name: "next", engine: "bellows" as const, adjust: { change: 1 } };
      await policies.create(group, next);
      const last = await webhooks.create(group, "next", { name: "alert" });
      await cloud.groups.delete(group, { force: true });
      await cloud.wait.groupGone(group, { timeoutMs: 60_000, pollMs: 250 });
      if (portable) assert.equal(await portable.resolveCapability(secretOf(last)), undefined);
    }),
  );

  add(
    "metadata of a webhook is merged or replaced, as asked",
    hooked(async ({ cloud: { webhooks }, has }, { group, policy }) => {
      const { metadata } = webhooks;
      if (!has("webhooks.metadata") || !metadata) return;
      await webhooks.create(group, policy, { name: "alert", metadata: { a: "1", b: "2" } });
      const address = `${group}/${policy}/alert`;
      assert.deepEqual(await metadata.merge(address, { b: "3" }), { a: "1", b: "3" });
      assert.deepEqual(await metadata.replace(address, { c: "4" }), { c: "4" });
      assert.deepEqual((await webhooks.get(group, policy, "alert")).metadata, { c: "4" });
    }),
  );

  add(
    "what is not there is not found, and what has no name is refused",
    hooked(async ({ cloud: { webhooks } }, { group, policy }) => {
      const nobody = freshName("nobody");
      await refused(webhooks.create(group, nobody, { name: "alert" }), "not-found", "a webhook of no policy");
      await refused(webhooks.create(nobody, policy, { name: "alert" }), "not-found", "a webhook of no group");
      await refused(webhooks.get(group, policy, nobody), "not-found", "get");
      await refused(webhooks.delete(group, policy, nobody), "not-found", "delete");
      await refused(webhooks.create(group, policy, { name: "" }), "config", "a webhook without a name");
    }),
  );
}

interface Address {
  group: string;
  policy: string;
}

function secretOf({ url }: Webhook): string {
  assert.ok(url !== undefined, "it shows no URL: connect with a serverKey and a webhookUrl");
  return url.split("/").at(-1) ?? "";
}
