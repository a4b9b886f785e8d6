import assert from "node:assert/strict";
import { collect } from "@bellows/core";
import { refused } from "../checks.js";
import type { Add } from "../tests.js";
import type { ProviderBench } from "./bench.js";
import { picked } from "./definitions.js";

/** What new instances are made from. */
export function launchTests(add: Add, { inWorld, options }: ProviderBench): void {
  const { launch, launchChanged } = options;
  const changed = { ...launch, ...launchChanged };

  add(
    "a group's launch configuration is the one that it was made from",
    inWorld(async (world) => {
      if (!world.has("launch")) return;
      const { name } = await world.group();
      assert.deepEqual(picked(await world.cloud.launch.get(name), launch), launch);
    }),
  );

  add(
    "a patch sets the words that it has and keeps the others, and set replaces them all",
    inWorld(async (world) => {
      if (!world.cloud.can("launch")) return;
      const driver = world.cloud.launch;
      const { name } = await world.group();
      assert.deepEqual(picked(await driver.patch(name, launchChanged), changed), changed);
      await world.afterWrite(async () => assert.deepEqual(picked(await driver.get(name), changed), changed));
      await driver.set(name, launch);
      await world.afterWrite(async () => {
        const now = await driver.get(name);
        assert.deepEqual(picked(now, launch), launch);
        for (const word of Object.keys(launchChanged).filter((key) => !(key in launch)))
          assert.equal(now[word], undefined, `${word} is still there`);
      });
    }),
  );

  add(
    "a new launch configuration is for new instances; those that run stay as they are",
    inWorld(async (world) => {
      if (!world.cloud.can("launch")) return;
      const { name } = await world.group({ desired: 1 });
      const [old] = await world.settled(name, 1);
      await world.cloud.launch.patch(name, launchChanged);
      assert.deepEqual(
        (await world.settled(name, 1)).map(({ id }) => id),
        [old?.id],
      );
      await world.cloud.groups.scale(name, 2);
      const both = await world.settled(name, 2);
      const young = both.find(({ id }) => id !== old?.id);
      assert.ok(
        both.some(({ id }) => id === old?.id),
        "the old instance is gone",
      );
      if (old?.launchVersion !== undefined) assert.notEqual(young?.launchVersion, old.launchVersion);
    }),
  );

  add(
    "a launch configuration that cannot be is refused, and the old one stays",
    inWorld(async (world) => {
      const refusedLaunch = options.launchRefused;
      if (!world.cloud.can("launch") || refusedLaunch === undefined) return;
      const { name } = await world.group();
      await refused(world.cloud.launch.set(name, refusedLaunch), "config", "a launch that cannot be");
      assert.deepEqual(picked(await world.cloud.launch.get(name), launch), launch);
    }),
  );

  add(
    "metadata of new instances is merged or replaced, as asked",
    inWorld(async (world) => {
      const { metadata } = world.cloud.launch;
      if (!world.has("launch.metadata") || !metadata) return;
      const { name } = await world.group();
      await metadata.replace(name, { a: "1", b: "2" });
      assert.deepEqual(await metadata.merge(name, { b: "3" }), { a: "1", b: "3" });
      assert.deepEqual(await metadata.replace(name, { c: "4" }), { c: "4" });
      await world.afterWrite(async () => {
        const now = await world.cloud.launch.get(name);
        assert.deepEqual(now.metadata, { c: "4" });
        const { metadata: _, ...words } = launch;
        assert.deepEqual(picked(now, words), words, "the other words have changed");
      });
    }),
  );

  add(
    "the versions are told, newest first, and one of them is current",
    inWorld(async (world) => {
      const { history } = world.cloud.launch;
      if (!world.has("launch.history") || !history) return;
      const { name } = await world.group();
      await world.cloud.launch.patch(name, launchChanged);
      await world.afterWrite(async () => {
        const versions = await collect(history(name));
        assert.ok(versions.length >= 2, `${versions.length} versions`);
        assert.deepEqual(
          versions.map(({ current }) => current),
          versions.map((_, index) => index === 0),
        );
        assert.deepEqual(picked(versions[0]?.launch, changed), changed);
        assert.deepEqual(picked(versions[1]?.launch, launch), launch);
        assert.equal(new Set(versions.map(({ version }) => version)).size, versions.length);
      });
    }),
  );
}
