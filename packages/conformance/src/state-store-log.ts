import assert from "node:assert/strict";
import { collect, type StateStore } from "@bellows/core";
import type { StoreBench } from "./state-store-bench.js";
import type { Add } from "./tests.js";

type Range = NonNullable<Parameters<StateStore["read"]>[1]>;

/** More entries than a store is likely to read at once. */
const MANY = 450;

/** The append-only log of a partition. */
export function logTests(add: Add, { withStore, parts }: StoreBench): void {
  add(
    "entries are numbered from one without gaps, and come back in that order",
    withStore(async (store) => {
      const one = await store.commit("web", { append: [{ atMs: 10, value: { n: 1 } }] });
      const two = await store.commit("web", {
        append: [
          { atMs: 20, value: { n: 2 } },
          { atMs: 20, value: null },
        ],
      });
      assert.deepEqual([one.appended, two.appended], [[1], [2, 3]]);
      assert.deepEqual(await collect(store.read("web")), [
        { seq: 1, atMs: 10, value: { n: 1 } },
        { seq: 2, atMs: 20, value: { n: 2 } },
        { seq: 3, atMs: 20, value: null },
      ]);
      parts.exercised("log");
    }),
  );

  add(
    "the order is that of writing, also when the clock went back",
    withStore(async (store) => {
      await fill(store, [30, 10, 20]);
      assert.deepEqual(await seqs(store, {}), [1, 2, 3]);
      assert.deepEqual(await seqs(store, { fromMs: 15 }), [1, 3]);
    }),
  );

  const ranges: [range: Range, expected: number[]][] = [
    [{ afterSeq: 2 }, [3, 4, 5, 6]],
    [{ beforeSeq: 3 }, [1, 2]],
    [{ afterSeq: 1, beforeSeq: 5, limit: 2 }, [2, 3]],
    [{ limit: 0 }, []],
    [{ newestFirst: true }, [6, 5, 4, 3, 2, 1]],
    [{ newestFirst: true, limit: 2 }, [6, 5]],
    [{ newestFirst: true, beforeSeq: 5, limit: 2 }, [4, 3]],
    [{ newestFirst: true, afterSeq: 4 }, [6, 5]],
    [{ fromMs: 20, toMs: 40 }, [2, 3]],
    [{ fromMs: 40 }, [4, 5, 6]],
    [{ toMs: 10 }, []],
    [{ newestFirst: true, fromMs: 20, toMs: 60, limit: 3 }, [5, 4, 3]],
    [{ afterSeq: 6 }, []],
  ];
  for (const [range, expected] of ranges) {
    add(
      `of six entries at 10 to 60 ms, ${JSON.stringify(range)} gives ${expected.join(", ") || "none"}`,
      withStore(async (store) => {
        await fill(store, [10, 20, 30, 40, 50, 60]);
        assert.deepEqual(await seqs(store, range), expected);
      }),
    );
  }

  add(
    "a long log can be read whole in both directions, and paged through",
    withStore(async (store) => {
      const all = Array.from({ length: MANY }, (_, index) => index + 1);
      await fill(store, all);
      assert.deepEqual(await seqs(store, {}), all);
      assert.deepEqual(await seqs(store, { newestFirst: true }), [...all].reverse());
      const paged: number[] = [];
      for (let page = await seqs(store, { limit: 100 }); page.length > 0; ) {
        paged.push(...page);
        page = await seqs(store, { limit: 100, afterSeq: page.at(-1) ?? 0 });
      }
      assert.deepEqual(paged, all);
    }),
  );

  add(
    "an entry can be overwritten in its place, and one that is gone is left alone",
    withStore(async (store) => {
      await fill(store, [10, 20]);
      const { appended } = await store.commit("web", {
        append: [{ atMs: 30, value: "third" }],
        replace: { seq: 2, value: "again" },
      });
      assert.deepEqual(appended, [3]);
      await store.commit("web", { replace: { seq: 99, value: "nobody" } });
      await store.prune("web", { beforeMs: 20 });
      await store.commit("web", { replace: { seq: 1, value: "nobody" } });
      assert.deepEqual(await collect(store.read("web")), [
        { seq: 2, atMs: 20, value: "again" },
        { seq: 3, atMs: 30, value: "third" },
      ]);
    }),
  );

  add(
    "pruning takes what is older, keeps the newest all the same, and says how many went",
    withStore(async (store) => {
      await fill(store, [10, 20, 30, 40, 50]);
      assert.equal(await store.prune("web", { beforeMs: 30 }), 2);
      assert.deepEqual(await seqs(store, {}), [3, 4, 5]);
      assert.equal(await store.prune("web", { beforeMs: 1_000, keep: 2 }), 1);
      assert.deepEqual(await seqs(store, {}), [4, 5]);
      assert.equal(await store.prune("web", { beforeMs: 1_000, keep: 9 }), 0);
      assert.equal(await store.prune("nobody", { beforeMs: 1_000 }), 0);
      parts.exercised("pruning");
    }),
  );

  add(
    "the newest that pruning keeps are those written last, whatever the clock said",
    withStore(async (store) => {
      await fill(store, [50, 10, 40, 20, 30]);
      assert.equal(await store.prune("web", { beforeMs: 35, keep: 1 }), 2);
      assert.deepEqual(await seqs(store, {}), [1, 3, 5]);
    }),
  );

  add(
    "numbers go on after pruning, and no entry ever gets the number of another",
    withStore(async (store) => {
      await fill(store, [10, 20, 30]);
      assert.equal(await store.prune("web", { beforeMs: 1_000 }), 3);
      assert.deepEqual((await store.commit("web", { append: [{ atMs: 40, value: 4 }] })).appended, [4]);
    }),
  );

  add(
    "documents outlive the pruning of their partition's log",
    withStore(async (store) => {
      await store.commit("web", { documents: [{ key: "a", value: 1 }], append: [{ atMs: 1, value: 1 }] });
      await store.prune("web", { beforeMs: 1_000 });
      assert.equal((await store.get("web", "a"))?.value, 1);
    }),
  );
}

async function fill(store: StateStore, times: readonly number[]): Promise<void> {
  await store.commit("web", { append: times.map((atMs) => ({ atMs, value: { atMs } })) });
}

async function seqs(store: StateStore, range: Range): Promise<number[]> {
  return (await collect(store.read("web", range))).map(({ seq }) => seq);
}
