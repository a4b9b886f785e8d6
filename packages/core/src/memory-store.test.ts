import { describe, expect, it } from "vitest";
import type { StateStore } from "./contracts/state-store.js";
import { createMemoryStore } from "./memory-store.js";

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function filled(): Promise<StateStore> {
  const store = createMemoryStore();
  for (let n = 1; n <= 5; n += 1) await store.commit("web", { append: [{ atMs: n * 10, value: { n } }] });
  return store;
}

describe("createMemoryStore", () => {
  it("keeps what was written, not what the writer does with it later", async () => {
    const store = createMemoryStore();
    const value = { count: 1 };
    await store.commit("web", { documents: [{ key: "memory", value }] });
    value.count = 2;
    expect((await store.get("web", "memory"))?.value).toEqual({ count: 1 });
  });

  it("writes nothing of a commit whose version does not hold", async () => {
    const store = createMemoryStore();
    await store.commit("web", { documents: [{ key: "a", value: 1 }] });
    const late = store.commit("web", {
      documents: [
        { key: "b", value: 1 },
        { key: "a", value: 2, ifVersion: 0 },
      ],
      append: [{ atMs: 1, value: "x" }],
    });
    await expect(late).rejects.toMatchObject({ code: "conflict" });
    expect(await store.get("web", "b")).toBeUndefined();
    expect(await all(store.read("web"))).toEqual([]);
  });

  it("lets the holder of the newest version write, and gives it a greater one, also after a deletion", async () => {
    const store = createMemoryStore();
    const first = (await store.commit("web", { documents: [{ key: "a", value: 1, ifVersion: 0 }] })).versions
      .a!;
    await store.commit("web", { documents: [{ key: "a", value: undefined, ifVersion: first }] });
    const second = (await store.commit("web", { documents: [{ key: "a", value: 2, ifVersion: 0 }] })).versions
      .a!;
    expect(second).toBeGreaterThan(first);
  });

  it("lists documents by prefix in order of key, and partitions in order", async () => {
    const store = createMemoryStore();
    await store.commit("b", { documents: ["z/2", "z/1", "a"].map((key) => ({ key, value: key })) });
    await store.commit("a", { append: [{ atMs: 0, value: 0 }] });
    expect((await all(store.list("b", "z/"))).map(({ key }) => key)).toEqual(["z/1", "z/2"]);
    expect(await all(store.partitions())).toEqual(["a", "b"]);
  });

  it("pages through a log in both directions and by time", async () => {
    const store = await filled();
    const seqs = async (range: Parameters<StateStore["read"]>[1]) =>
      (await all(store.read("web", range))).map(({ seq }) => seq);
    expect(await seqs({ afterSeq: 2 })).toEqual([3, 4, 5]);
    expect(await seqs({ newestFirst: true, limit: 2 })).toEqual([5, 4]);
    expect(await seqs({ newestFirst: true, beforeSeq: 4, limit: 2 })).toEqual([3, 2]);
    expect(await seqs({ fromMs: 20, toMs: 40 })).toEqual([2, 3]);
  });

  it("replaces an entry in its place, and ignores one that was pruned", async () => {
    const store = await filled();
    await store.commit("web", { replace: { seq: 5, value: "new" } });
    expect(await store.prune("web", { beforeMs: 100, keep: 1 })).toBe(4);
    await store.commit("web", { replace: { seq: 1, value: "late" } });
    expect(await all(store.read("web"))).toEqual([{ seq: 5, atMs: 50, value: "new" }]);
  });

  it("goes on counting after pruning, and forgets a dropped partition", async () => {
    const store = await filled();
    await store.prune("web", { beforeMs: 1_000 });
    expect((await store.commit("web", { append: [{ atMs: 1, value: 1 }] })).appended).toEqual([6]);
    await store.drop("web");
    expect(await all(store.partitions())).toEqual([]);
  });
});
