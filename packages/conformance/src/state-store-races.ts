import assert from "node:assert/strict";
import { collect, isBellowsError, type StateStore } from "@bellows/core";
import type { StoreBench } from "./state-store-bench.js";
import { writeOne } from "./state-store-documents.js";
import type { Add } from "./tests.js";

const WRITERS = 20;
const ROUNDS = 5;

/** Many writers at once. */
export function raceTests(add: Add, { withStore, parts }: StoreBench): void {
  add(
    "of many who create the same document at once, one succeeds",
    withStore(async (store) => {
      const tries = Array.from({ length: WRITERS }, (_, by) => writeOne(store, "lease", by, 0));
      const won = (await Promise.allSettled(tries)).flatMap(({ status }, by) =>
        status === "fulfilled" ? [by] : [],
      );
      assert.equal(won.length, 1, `${won.length} of them hold it`);
      assert.equal((await store.get("web", "lease"))?.value, won[0]);
      parts.exercised("races");
    }),
  );

  add(
    "of many who count up at once, no one's count is lost",
    withStore(async (store) => {
      await writeOne(store, "count", 0);
      await Promise.all(Array.from({ length: WRITERS }, () => countUp(store)));
      assert.equal((await store.get("web", "count"))?.value, WRITERS * ROUNDS);
    }),
  );

  add(
    "of many who append at once, everyone is told the number of their own entry",
    withStore(async (store) => {
      const results = await Promise.all(
        Array.from({ length: WRITERS * ROUNDS }, (_, by) =>
          store.commit("web", { append: [{ atMs: by, value: by }] }),
        ),
      );
      const entries = new Map(
        (await collect(store.read<number>("web"))).map(({ seq, value }) => [seq, value]),
      );
      assert.deepEqual(
        [...entries.keys()],
        Array.from({ length: WRITERS * ROUNDS }, (_, index) => index + 1),
      );
      for (const [by, { appended }] of results.entries()) assert.equal(entries.get(appended[0] ?? 0), by);
    }),
  );

  add(
    "whoever looks while commits are made sees each of them whole or not at all",
    withStore(async (store) => {
      const writing = (async () => {
        for (let n = 1; n <= WRITERS; n++) {
          await store.commit("web", {
            documents: [{ key: "n", value: n }],
            append: [{ atMs: n, value: n }],
          });
        }
      })();
      for (let look = 0; look < WRITERS; look++) {
        const before = Number((await store.get("web", "n"))?.value ?? 0);
        const entries = await collect(store.read("web"));
        const after = Number((await store.get("web", "n"))?.value ?? 0);
        assert.ok(
          before <= entries.length && entries.length <= after,
          `${entries.length} entries between documents ${before} and ${after}`,
        );
      }
      await writing;
    }),
  );

  add(
    "what a commit wrote is there for every read that follows it",
    withStore(async (store) => {
      for (let n = 1; n <= WRITERS; n++) {
        const { appended } = await store.commit(`web-${n}`, {
          documents: [{ key: "n", value: n }],
          append: [{ atMs: n, value: n }],
        });
        const [document, listed, [newest], partitions] = await Promise.all([
          store.get(`web-${n}`, "n"),
          collect(store.list(`web-${n}`)),
          collect(store.read(`web-${n}`, { newestFirst: true, limit: 1 })),
          collect(store.partitions()),
        ]);
        assert.equal(document?.value, n);
        assert.deepEqual(listed, [document]);
        assert.equal(newest?.seq, appended[0]);
        assert.ok(partitions.includes(`web-${n}`));
      }
    }),
  );
}

async function countUp(store: StateStore): Promise<void> {
  for (let done = 0; done < ROUNDS; ) {
    const read = await store.get<number>("web", "count");
    try {
      await writeOne(store, "count", (read?.value ?? 0) + 1, read?.version ?? 0);
      done += 1;
    } catch (error) {
      if (!isBellowsError(error, "conflict")) throw error;
    }
  }
}
