import assert from "node:assert/strict";
import type { Instance } from "@bellows/core";
import { refused } from "../checks.js";
import type { Add } from "../tests.js";
import type { ProviderBench, World } from "./bench.js";

/** How many there are: wanted and real. */
export function sizeTests(add: Add, { inWorld, parts, options }: ProviderBench): void {
  const kill = async (world: World, instance: Instance): Promise<boolean> => {
    if (options.kill) await options.kill(world.cloud, instance);
    else if (world.cloud.servers) await world.cloud.servers.delete(instance.id, { graceMs: 0 });
    else return false;
    return true;
  };

  add(
    "a group grows to what it is told, shrinks again, and says each time that it did",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const { name } = await world.group();
      assert.deepEqual(await groups.scale(name, 3), { result: "done", desired: 3 });
      const three = await world.settled(name, 3);
      assert.equal(new Set(three.map(({ id }) => id)).size, 3, "an instance is there twice");
      for (const instance of three) assert.equal(instance.group, name);
      assert.deepEqual(await groups.scale(name, 1), { result: "done", desired: 1 });
      const [left] = await world.settled(name, 1);
      assert.ok(
        three.some(({ id }) => id === left?.id),
        "the one that is left is none of the three",
      );
      await groups.scale(name, 0);
      await world.settled(name, 0);
      parts.exercised("sizes");
    }),
  );

  add(
    "what a group wants can be read as soon as it was told",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const { name } = await world.group();
      for (const desired of [2, 1]) {
        await groups.scale(name, desired);
        await world.afterWrite(async () => {
          assert.equal((await groups.get(name)).desired, desired);
          const [seen] = await groups.observe([name]);
          assert.equal(seen && "status" in seen && seen.status.group.desired, desired);
        });
      }
    }),
  );

  add(
    "telling it what it wants already is unchanged, and starts nothing",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const { name } = await world.group({ desired: 1 });
      const [before] = await world.settled(name, 1);
      await world.afterWrite(async () =>
        assert.deepEqual(await groups.scale(name, 1), { result: "unchanged", desired: 1 }),
      );
      const [after] = await world.settled(name, 1);
      assert.equal(after?.id, before?.id);
    }),
  );

  add(
    "what lies outside the bounds is refused, and nothing changes",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const { name } = await world.group({ min: 1, max: 2 });
      assert.equal((await refused(groups.scale(name, 3), "limit", "more than max")).resource, name);
      await refused(groups.scale(name, 0), "limit", "less than min");
      await refused(groups.scale(name, -1), ["config", "limit"], "less than none");
      await refused(groups.scale(name, 1.5), "config", "half an instance");
      await world.settled(name, 1);
    }),
  );

  add(
    "who waits for it gets it back when it is done",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const { name } = await world.group();
      await groups.scale(name, 2, { wait: true, timeoutMs: options.settleMs ?? 120_000 });
      const there = (await world.instances(name)).filter(({ lifecycle }) => lifecycle === "in-service");
      assert.equal(there.length, 2);
    }),
  );

  add(
    "a look, the list of instances and the counts tell the same",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const { name } = await world.group({ desired: 2 });
      const settled = (await world.settled(name, 2)).map(({ id }) => id).sort();
      assert.deepEqual((await world.instances(name)).map(({ id }) => id).sort(), settled);
      if (!world.has("groups.state") || !groups.state) return;
      const state = await groups.state(name);
      assert.deepEqual(
        { ...state, activeIds: [...state.activeIds].sort() },
        { activeIds: settled, activeCapacity: 2, desiredCapacity: 2, pendingCapacity: 0, paused: false },
      );
    }),
  );

  add(
    "an instance that ends by itself is replaced by another",
    inWorld(async (world) => {
      const { name } = await world.group({ desired: 2 });
      const [victim, other] = await world.settled(name, 2);
      if (!victim || !(await kill(world, victim))) return parts.absent("repairs");
      await world.eventually(async () => {
        const ids = (await world.settled(name, 2)).map(({ id }) => id);
        assert.ok(!ids.includes(victim.id), "it is still there");
        assert.ok(ids.includes(other?.id ?? ""), "the other one is gone too");
      });
      parts.exercised("repairs");
    }),
  );

  add(
    "a paused group is not repaired until it is resumed, while another is",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const [{ name }, { name: control }] = [
        await world.group({ desired: 2 }),
        await world.group({ desired: 1 }),
      ];
      const [victim, other] = await world.settled(name, 2);
      const [sibling] = await world.settled(control, 1);
      await groups.pause(name, { reason: "a look by hand" });
      await world.afterWrite(async () => assert.equal((await groups.get(name)).paused, true));
      if (!victim || !sibling || !(await kill(world, victim)) || !(await kill(world, sibling))) return;
      await world.eventually(async () => {
        const strangers = (await world.instances(name)).filter(
          ({ id }) => ![victim.id, other?.id].includes(id),
        );
        assert.deepEqual(strangers, [], "a paused group got a new instance");
        const [next] = await world.settled(control, 1);
        assert.notEqual(next?.id, sibling.id, "the other group was not repaired");
      });
      const there = (await world.instances(name)).map(({ id }) => id);
      assert.ok(
        there.every((id) => id === victim.id || id === other?.id),
        "a paused group got a new instance",
      );
      await groups.resume(name);
      await world.afterWrite(async () => assert.equal((await groups.get(name)).paused, false));
      await world.eventually(async () => {
        const ids = (await world.settled(name, 2)).map(({ id }) => id);
        assert.ok(!ids.includes(victim.id) && ids.includes(other?.id ?? ""), `there are ${ids.join(", ")}`);
      });
      parts.exercised("pause");
    }),
  );

  add(
    "pausing and resuming twice is fine",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const { name } = await world.group();
      await groups.resume(name);
      await groups.pause(name);
      await groups.pause(name);
      await groups.resume(name);
      await groups.resume(name);
      await world.afterWrite(async () => assert.equal((await groups.get(name)).paused, false));
    }),
  );

  add(
    "asked to compare wanted with real again and again, it makes no more than it wants",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      if (!world.has("groups.converge") || !groups.converge) return;
      const { name } = await world.group({ desired: 2 });
      for (let count = 0; count < 4; count++) await groups.converge(name);
      await Promise.all([groups.converge(name), groups.converge(name), groups.observe([name])]);
      const before = (await world.settled(name, 2)).map(({ id }) => id).sort();
      await groups.converge(name);
      assert.deepEqual((await world.settled(name, 2)).map(({ id }) => id).sort(), before);
    }),
  );

  add(
    "a shutdown takes everybody out and lets nobody in",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      if (!world.has("groups.shutdown") || !groups.shutdown) return;
      const { name } = await world.group({ min: 1, desired: 2 });
      await world.settled(name, 2);
      await groups.shutdown(name, { wait: true, timeoutMs: options.settleMs ?? 120_000 });
      const { min, max, desired } = await groups.get(name);
      assert.deepEqual({ min, max, desired }, { min: 0, max: 0, desired: 0 });
      await world.settled(name, 0);
    }),
  );

  add(
    "instances go to the zones that the group names, and are listed by them",
    inWorld(async (world) => {
      if (options.zones === undefined) return parts.absent("zones");
      const { name, zones } = await world.group({ desired: 2, zones: [...options.zones] });
      assert.deepEqual([...zones].sort(), [...options.zones].sort());
      const there = await world.settled(name, 2);
      assert.deepEqual(there.map(({ zone }) => zone).sort(), [...options.zones].sort());
      for (const zone of options.zones)
        for await (const instance of world.cloud.groups.instances(name, { zone }))
          assert.equal(instance.zone, zone);
      parts.exercised("zones");
    }),
  );
}
