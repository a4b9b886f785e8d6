import assert from "node:assert/strict";
import { collect, type PolicySpec, type Rounding } from "@bellows/core";
import { freshName, refused } from "../checks.js";
import type { Add } from "../tests.js";
import type { ProviderBench } from "./bench.js";
import { picked } from "./definitions.js";

/** What -50 % makes of three and +150 % of one, by each way of rounding. */
const HALVED: Record<Rounding, [halved: number, grown: number]> = {
  aws: [2, 2],
  otter: [1, 3],
  nomad: [2, 3],
  cf: [2, 3],
  hpa: [1, 3],
};

/** Longer than any test. */
const LONG_MS = 3_600_000;

const own = (spec: Partial<PolicySpec> = {}): PolicySpec => ({
  name: freshName("policy"),
  engine: "bellows",
  adjust: { change: 1 },
  ...spec,
});

/** Policies that Bellows keeps over the provider's groups: Otter's rules, on every cloud. */
export function policyTests(add: Add, { inWorld, parts }: ProviderBench): void {
  add(
    "a policy is as it was made, by name, by id and in the list, and goes when it is deleted",
    inWorld(async (world) => {
      const { policies } = world.cloud;
      const { name: group } = await world.group();
      const spec = own({ cooldownMs: 60_000 });
      const made = await policies.create(group, spec);
      assert.deepEqual(picked(made, { ...spec, group }), { ...spec, group });
      for (const ref of [made.name, made.id]) assert.deepEqual(await policies.get(group, ref), made);
      assert.deepEqual(await collect(policies.list(group)), [made]);
      assert.equal((await policies.create(group, spec)).id, made.id, "made again, it is another");
      const different = policies.create(group, { ...spec, adjust: { change: 2 } });
      await refused(different, "already-exists", "a different policy of that name");
      const updated = await policies.update(group, made.name, { adjust: { percent: 10 } });
      assert.deepEqual([updated.id, updated.adjust, updated.cooldownMs], [made.id, { percent: 10 }, 60_000]);
      await policies.delete(group, made.id);
      await refused(policies.get(group, made.name), "not-found", "the deleted policy");
      await refused(policies.execute(group, made.name), "not-found", "executing the deleted policy");
      parts.exercised("policies");
    }),
  );

  add(
    "a policy that changes nothing by its nature is refused",
    inWorld(async (world) => {
      const { policies } = world.cloud;
      const { name: group } = await world.group();
      for (const adjust of [
        { change: 0 },
        { percent: 0 },
        { desired: -1 },
        { change: 1.5 },
        {},
      ] as PolicySpec["adjust"][])
        await refused(policies.create(group, own({ adjust })), "config", JSON.stringify(adjust));
      assert.deepEqual(await collect(policies.list(group)), []);
    }),
  );

  add(
    "executing a policy moves the group, within its bounds",
    inWorld(async (world) => {
      const { policies } = world.cloud;
      const { name: group } = await world.group({ max: 3 });
      await policies.create(group, own({ name: "up", adjust: { change: 2 } }));
      await policies.create(group, own({ name: "none", adjust: { desired: 0 } }));
      assert.deepEqual(picked(await policies.execute(group, "up"), COUNTS), {
        result: "executed",
        from: 0,
        to: 2,
      });
      await world.settled(group, 2);
      assert.deepEqual(picked(await policies.execute(group, "up"), COUNTS), {
        result: "executed",
        from: 2,
        to: 3,
      });
      assert.equal((await policies.execute(group, "up")).result, "unchanged");
      assert.deepEqual(picked(await policies.execute(group, "none"), COUNTS), {
        result: "executed",
        from: 3,
        to: 0,
      });
      await world.settled(group, 0);
    }),
  );

  add(
    "two executions at once count one after the other",
    inWorld(async (world) => {
      const { policies, groups } = world.cloud;
      const { name: group } = await world.group();
      await policies.create(group, own({ name: "up" }));
      await Promise.all([policies.execute(group, "up"), policies.execute(group, "up")]);
      await world.afterWrite(async () => assert.equal((await groups.get(group)).desired, 2));
    }),
  );

  add(
    "percentages are rounded as the provider rounds, or as the policy says",
    inWorld(async (world) => {
      const { policies, capabilities } = world.cloud;
      const { name: group } = await world.group({ max: 5 });
      const modes: (Rounding | undefined)[] = [undefined, "aws", "otter", "hpa"];
      for (const rounding of modes) {
        const [halved, grown] = HALVED[rounding ?? capabilities.rounding];
        const mode = rounding === undefined ? {} : { rounding };
        const half = await policies.create(group, own({ adjust: { percent: -50 }, ...mode }));
        const grow = await policies.create(group, own({ adjust: { percent: 150 }, ...mode }));
        await world.cloud.groups.scale(group, 3);
        assert.equal(
          (await policies.execute(group, half.id)).to,
          halved,
          `half of 3, rounding ${rounding ?? "as the provider"}`,
        );
        await world.cloud.groups.scale(group, 1);
        assert.equal(
          (await policies.execute(group, grow.id)).to,
          grown,
          `1 and 150 %, rounding ${rounding ?? "as the provider"}`,
        );
      }
      parts.exercised("rounding");
    }),
  );

  add(
    "a cooldown refuses: first the policy's own, then the group's for every other policy",
    inWorld(async (world) => {
      const { policies, groups } = world.cloud;
      const { name: group } = await world.group({ cooldownMs: LONG_MS });
      await policies.create(group, own({ name: "cooling", cooldownMs: LONG_MS }));
      await policies.create(group, own({ name: "other" }));
      assert.equal((await policies.execute(group, "cooling")).result, "executed");
      const again = await policies.execute(group, "cooling");
      assert.equal(again.result, "cooldown");
      assert.match(again.text ?? "", /policy/);
      const other = await policies.execute(group, "other");
      assert.equal(other.result, "cooldown");
      assert.match(other.text ?? "", /group/);
      await groups.update(group, { cooldownMs: 0 });
      assert.equal((await policies.execute(group, "other")).result, "executed");
      assert.equal((await policies.execute(group, "cooling")).result, "cooldown");
      await world.afterWrite(async () => assert.equal((await groups.get(group)).desired, 2));
      assert.equal((await policies.execute(group, "cooling", { honorCooldown: false })).result, "executed");
      parts.exercised("cooldowns");
    }),
  );

  add(
    "a cooldown is over when its time has passed",
    inWorld(async (world) => {
      const { policies } = world.cloud;
      const { name: group } = await world.group();
      await policies.create(group, own({ name: "up", cooldownMs: 150 }));
      assert.equal((await policies.execute(group, "up")).result, "executed");
      await world.eventually(async () =>
        assert.equal((await policies.execute(group, "up")).result, "executed"),
      );
    }),
  );

  add(
    "an execution that changes nothing starts no cooldown",
    inWorld(async (world) => {
      const { policies } = world.cloud;
      const { name: group } = await world.group({ cooldownMs: LONG_MS });
      await policies.create(group, own({ name: "stay", adjust: { desired: 0 }, cooldownMs: LONG_MS }));
      await policies.create(group, own({ name: "up" }));
      assert.equal((await policies.execute(group, "stay")).result, "unchanged");
      assert.equal((await policies.execute(group, "stay")).result, "unchanged");
      assert.equal((await policies.execute(group, "up")).result, "executed");
    }),
  );

  add(
    "a paused group refuses its policies, also those that are not there, and nothing changes",
    inWorld(async (world) => {
      const { policies, groups } = world.cloud;
      const { name: group } = await world.group({ cooldownMs: LONG_MS });
      await policies.create(group, own({ name: "up" }));
      await groups.pause(group);
      await world.afterWrite(async () => assert.equal((await groups.get(group)).paused, true));
      assert.equal((await policies.execute(group, "up")).result, "paused");
      assert.equal((await groups.get(group)).desired, 0);
      await groups.resume(group);
      await world.afterWrite(async () => assert.equal((await groups.get(group)).paused, false));
      assert.equal((await policies.execute(group, "up")).result, "executed");
    }),
  );

  add(
    "a policy that follows a signal cannot be executed without it",
    inWorld(async (world) => {
      const { policies, groups } = world.cloud;
      const { name: group } = await world.group();
      const adjust = { target: { value: 60 } };
      const made = await policies.create(group, own({ adjust, signal: "cpu" }));
      assert.equal((await policies.execute(group, made.id)).result, "refused");
      assert.equal((await groups.get(group)).desired, 0);
    }),
  );

  add(
    "a group's policies go with it",
    inWorld(async (world) => {
      const { policies, groups } = world.cloud;
      const { name: group } = await world.group();
      await policies.create(group, own({ name: "up", adjust: { change: 2 } }));
      await groups.delete(group, { force: true });
      await world.eventually(() => refused(groups.get(group), "not-found", "the deleted group"));
      await world.group({ name: group });
      assert.deepEqual(await collect(policies.list(group)), []);
    }),
  );
}

const COUNTS = { result: "", from: 0, to: 0 };
