import assert from "node:assert/strict";
import { collect } from "@bellows/core";
import { refused } from "./checks.js";
import type { StoreBench } from "./state-store-bench.js";
import { writeOne } from "./state-store-documents.js";
import type { Add } from "./tests.js";

/** What is left when a store is closed and opened again, and who may have it open. */
export function lifeTests(add: Add, { withStore, parts, options }: StoreBench): void {
  const durable = options.durable ?? true;

  add(
    durable
      ? "what was committed is there when the store is opened again, and versions and numbers go on"
      : "a store that keeps nothing begins empty each time",
    withStore(async (store, place) => {
      await writeOne(store, "gone", 1);
      const version = await writeOne(store, "a", { n: 1 });
      await store.commit("web", {
        documents: [{ key: "gone", value: undefined }],
        append: [{ atMs: 5, value: "x" }],
      });
      await store.close();
      const again = await options.create(place);
      try {
        if (!durable) {
          parts.absent("durability");
          assert.deepEqual(await collect(again.partitions()), []);
          return;
        }
        assert.deepEqual(await again.get("web", "a"), { key: "a", value: { n: 1 }, version });
        assert.deepEqual(await collect(again.read("web")), [{ seq: 1, atMs: 5, value: "x" }]);
        assert.ok((await writeOne(again, "a", 2, version)) > version);
        assert.ok((await writeOne(again, "gone", 2, 0)) > 1);
        assert.deepEqual((await again.commit("web", { append: [{ atMs: 6, value: "y" }] })).appended, [2]);
        parts.exercised("durability");
      } finally {
        await again.close();
      }
    }),
  );

  add(
    "commits that were under way when the store was closed are kept if they were acknowledged",
    withStore(async (store, place) => {
      const writes = Array.from({ length: 10 }, (_, n) => writeOne(store, `k${n}`, n));
      const outcomes = Promise.allSettled(writes);
      await store.close();
      const acknowledged = (await outcomes).flatMap(({ status }, n) => (status === "fulfilled" ? [n] : []));
      if (!durable) return;
      const again = await options.create(place);
      try {
        for (const n of acknowledged) assert.equal((await again.get("web", `k${n}`))?.value, n);
      } finally {
        await again.close();
      }
    }),
  );

  if (!durable) return;
  add(
    options.holders === "many"
      ? "two who have it open see each other's writes and respect each other's versions"
      : "a place that is open cannot be opened a second time, and the first goes on undisturbed",
    withStore(async (store, place) => {
      if (options.holders !== "many") {
        await refused(
          async () => (await options.create(place)).close(),
          "conflict",
          "opening it a second time",
        );
        await writeOne(store, "a", 1);
        parts.exercised("one holder");
        return;
      }
      const other = await options.create(place);
      try {
        const version = await writeOne(store, "a", 1);
        assert.deepEqual(await other.get("web", "a"), { key: "a", value: 1, version });
        await writeOne(other, "a", 2, version);
        await refused(writeOne(store, "a", 3, version), "conflict", "a write over the other's");
        parts.exercised("many holders");
      } finally {
        await other.close();
      }
    }),
  );
}
