import assert from "node:assert/strict";
import { collect } from "@bellows/core";
import { freshName, refused } from "../checks.js";
import type { Add } from "../tests.js";
import type { ProviderBench } from "./bench.js";

/** What the cloud says it did. */
export function activityTests(add: Add, { inWorld }: ProviderBench): void {
  add(
    "what was done to a group is told, newest first, each thing once",
    inWorld(async (world) => {
      if (!world.has("activities")) return;
      const { name } = await world.group({ desired: 1 });
      await world.settled(name, 1);
      const before = await world.eventually(async () => {
        const told = await collect(world.cloud.activities.list(name));
        assert.ok(told.length > 0, "nothing is told of the first instance");
        return told;
      });
      await world.cloud.groups.scale(name, 2);
      await world.settled(name, 2);
      await world.eventually(async () => {
        const told = await collect(world.cloud.activities.list(name));
        assert.ok(told.length > before.length, "nothing is told of the second instance");
        assert.equal(
          told.findIndex(({ id }) => id === before[0]?.id),
          told.length - before.length,
        );
        assert.equal(new Set(told.map(({ id }) => id)).size, told.length);
        for (const [index, { startedAtMs }] of told.entries())
          assert.ok(startedAtMs >= (told[index + 1]?.startedAtMs ?? 0), "they are not newest first");
        for (const { group, text } of told) assert.deepEqual([group, text.trim() !== ""], [name, true]);
      });
    }),
  );

  add(
    "of a group that is not there nothing is told but that",
    inWorld(async ({ cloud }) => {
      if (!cloud.can("activities")) return;
      await refused(() => collect(cloud.activities.list(freshName("nobody"))), "not-found", "its activities");
    }),
  );
}
