import assert from "node:assert/strict";
import { collect, type StateStore } from "@bellows/core";
import { abortedAtOnce, failureOf, refused } from "./checks.js";
import type { StoreBench } from "./state-store-bench.js";
import type { Add } from "./tests.js";

/** More documents than a store is likely to read at once. */
const MANY = 450;

/** Values that have to come back as they went. */
const VALUES: Record<string, unknown> = {
  nothing: null,
  no: false,
  zero: 0,
  small: -1.5e-9,
  large: Number.MAX_SAFE_INTEGER,
  empty: "",
  words: "naïve 日本 😀 \u2028 \u0000 \" \\ ' -- %_",
  list: [1, [2, [], {}], null],
  tree: { "": 1, "a.b": { "c/d": [{ e: "f" }] }, __proto: true },
};

/** Names that a careless store confuses with syntax, patterns or each other. */
const KEYS = [
  "a",
  "A",
  "a b",
  "a%",
  "a_",
  "a'b",
  'a"b',
  "a/b",
  "a/c",
  "a\\b",
  "é",
  "日本/1",
  "😀/1",
  "😀/2",
  "-- x",
];

/** Documents, their versions, and commits that are whole or not there. */
export function documentTests(add: Add, { withStore, parts, options }: StoreBench): void {
  add(
    "what was never written is not there, and looking for it leaves no trace",
    withStore(async (store) => {
      assert.equal(await store.get("web", "memory"), undefined);
      assert.deepEqual(await collect(store.list("web")), []);
      assert.deepEqual(await collect(store.read("web")), []);
      assert.deepEqual(await collect(store.partitions()), []);
      parts.exercised("documents");
    }),
  );

  add(
    "every JSON value comes back as it was written, under its key",
    withStore(async (store) => {
      const documents = Object.entries(VALUES).map(([key, value]) => ({ key, value }));
      const { versions } = await store.commit("web", { documents });
      for (const { key, value } of documents) {
        assert.deepEqual(await store.get("web", key), { key, value, version: versions[key] });
      }
    }),
  );

  add(
    "a value is kept as it was when it was written, whatever is done to it afterwards",
    withStore(async (store) => {
      const value = { count: 1 };
      const writing = store.commit("web", { documents: [{ key: "memory", value }] });
      value.count = 2;
      await writing;
      const read = await store.get<{ count: number }>("web", "memory");
      assert.deepEqual(read?.value, { count: 1 });
      if (read && !Object.isFrozen(read.value)) read.value.count = 3;
      assert.deepEqual((await store.get("web", "memory"))?.value, { count: 1 });
    }),
  );

  add(
    "a commit writes only if every version named in it still holds",
    withStore(async (store) => {
      const first = await writeOne(store, "a", 1, 0);
      await refused(writeOne(store, "a", 2, 0), "conflict", "creating a document that is there");
      await refused(writeOne(store, "b", 1, first), "conflict", "changing a document that is not there");
      const second = await writeOne(store, "a", 3, first);
      await refused(writeOne(store, "a", 4, first), "conflict", "changing a document that somebody changed");
      assert.deepEqual(await store.get("web", "a"), { key: "a", value: 3, version: second });
      await writeOne(store, "a", 5);
      assert.equal((await store.get("web", "a"))?.value, 5);
    }),
  );

  add(
    "a refused commit names what stood in its way, and that reading again may help",
    withStore(async (store) => {
      await writeOne(store, "a", 1, 0);
      const error = await refused(writeOne(store, "a", 2, 0), "conflict", "a stale write");
      assert.equal(error.resource, "a");
      assert.equal(error.retry, "after-refresh");
    }),
  );

  add(
    "of a commit that is refused nothing is written: no document, no deletion, no entry, no replacement",
    withStore(async (store) => {
      await store.commit("web", {
        documents: [
          { key: "there", value: 1 },
          { key: "goes", value: 1 },
        ],
        append: [{ atMs: 1, value: "first" }],
      });
      const torn = store.commit("web", {
        documents: [
          { key: "new", value: 2 },
          { key: "goes", value: undefined },
          { key: "there", value: 2, ifVersion: 0 },
          { key: "after", value: 2 },
        ],
        append: [{ atMs: 2, value: "second" }],
        replace: { seq: 1, value: "replaced" },
      });
      await refused(torn, "conflict", "a commit with one stale version");
      const left = (await collect(store.list("web"))).map(({ key, value }) => [key, value]);
      assert.deepEqual(left, [
        ["goes", 1],
        ["there", 1],
      ]);
      assert.deepEqual(
        (await collect(store.read("web"))).map(({ value }) => value),
        ["first"],
      );
    }),
  );

  add(
    "versions of a key only grow, also across deletion and the drop of its partition",
    withStore(async (store) => {
      const seen: number[] = [await writeOne(store, "a", 1), await writeOne(store, "a", 1)];
      await store.commit("web", { documents: [{ key: "a", value: undefined, ifVersion: seen.at(-1) ?? 0 }] });
      assert.equal(await store.get("web", "a"), undefined);
      seen.push(await writeOne(store, "a", 1, 0));
      await store.drop("web");
      seen.push(await writeOne(store, "a", 1, 0));
      assert.ok(
        seen.every((version, index) => Number.isSafeInteger(version) && version > (seen[index - 1] ?? 0)),
        `versions of one key were ${seen.join(", ")}`,
      );
    }),
  );

  add(
    "a deletion keeps to versions too, and deleting what is not there is fine",
    withStore(async (store) => {
      const version = await writeOne(store, "a", 1);
      await writeOne(store, "a", 2);
      const stale = store.commit("web", { documents: [{ key: "a", value: undefined, ifVersion: version }] });
      await refused(stale, "conflict", "deleting what somebody changed");
      assert.equal((await store.get("web", "a"))?.value, 2);
      await store.commit("web", { documents: [{ key: "nobody", value: undefined }] });
    }),
  );

  add(
    "no name is mistaken for a pattern, for syntax or for another name",
    withStore(async (store) => {
      for (const key of KEYS) await store.commit("web", { documents: [{ key, value: { is: key } }] });
      for (const key of KEYS) assert.deepEqual((await store.get("web", key))?.value, { is: key }, key);
      for (const prefix of [...KEYS, "a/", "日本/", "😀/", "😀", "%", "_", "nothing"]) {
        const found = (await collect(store.list("web", prefix))).map(({ key }) => key);
        assert.deepEqual(
          found.sort(),
          KEYS.filter((key) => key.startsWith(prefix)).sort(),
          `prefix ${prefix}`,
        );
      }
    }),
  );

  add(
    "a list is in order of key, whole, and each document in it as get gives it",
    withStore(async (store) => {
      const keys = Array.from({ length: MANY }, (_, index) => `doc/${String(index).padStart(4, "0")}`);
      await store.commit("web", { documents: [...keys].reverse().map((key) => ({ key, value: key })) });
      await store.commit("web", { documents: [{ key: "other", value: 1 }] });
      const listed = await collect(store.list("web", "doc/"));
      assert.deepEqual(
        listed.map(({ key }) => key),
        keys,
      );
      assert.deepEqual(listed[7], await store.get("web", keys[7] ?? ""));
    }),
  );

  add(
    "a list can be left early, and written to while it is read",
    withStore(async (store) => {
      await store.commit("web", { documents: ["a", "b", "c"].map((key) => ({ key, value: 1 })) });
      assert.equal((await collect(store.list("web"), 1)).length, 1);
      const seen: string[] = [];
      for await (const { key } of store.list("web")) {
        seen.push(key);
        await writeOne(store, key, 2);
      }
      assert.deepEqual(seen, ["a", "b", "c"]);
    }),
  );

  add(
    "partitions know nothing of each other, however alike their names are",
    withStore(async (store) => {
      const names = ["", "a", "a/b", "ab", "A", "a%", "é", "😀"];
      for (const name of names)
        await store.commit(name, {
          documents: [{ key: "b/c", value: name }],
          append: [{ atMs: 1, value: name }],
        });
      await store.drop("a");
      for (const name of names.filter((each) => each !== "a")) {
        assert.equal((await store.get(name, "b/c"))?.value, name);
        assert.deepEqual(
          (await collect(store.read(name))).map(({ seq, value }) => [seq, value]),
          [[1, name]],
        );
      }
      assert.equal(await store.get("a", "b/c"), undefined);
      assert.deepEqual(await collect(store.read("a")), []);
    }),
  );

  add(
    "the list of partitions has those that hold something, in order, and no other",
    withStore(async (store) => {
      await store.commit("b", { documents: [{ key: "x", value: 1 }] });
      await store.commit("a", { append: [{ atMs: 1, value: 1 }] });
      await store.commit("", { documents: [{ key: "x", value: 1 }] });
      await store.commit("emptied", { documents: [{ key: "x", value: 1 }] });
      await store.commit("emptied", { documents: [{ key: "x", value: undefined }] });
      const stale = store.commit("refused", { documents: [{ key: "x", value: 1, ifVersion: 9 }] });
      await refused(stale, "conflict", "a commit to a new partition");
      await store.commit("dropped", { append: [{ atMs: 1, value: 1 }] });
      await store.drop("dropped");
      await store.drop("never");
      assert.deepEqual(await collect(store.partitions()), ["", "a", "b"]);
    }),
  );

  add(
    "a large value comes back whole",
    withStore(async (store) => {
      const value = "größer ".repeat(Math.floor(((options.largestValue ?? 1_000_000) - 2) / 7));
      await store.commit("web", { documents: [{ key: "large", value }], append: [{ atMs: 1, value }] });
      assert.ok((await store.get("web", "large"))?.value === value, "the document differs");
      assert.ok((await collect(store.read("web")))[0]?.value === value, "the entry differs");
    }),
  );

  add(
    "what is no JSON is refused, and takes neither its neighbours nor later commits with it",
    withStore(async (store) => {
      const [bad, good] = await Promise.allSettled([
        store.commit("web", { documents: [{ key: "bad", value: 1n }] }),
        writeOne(store, "good", 1),
      ]);
      assert.equal(bad.status, "rejected");
      assert.equal(good.status, "fulfilled", "a commit of the same moment failed too");
      assert.equal(await store.get("web", "bad"), undefined);
      await writeOne(store, "later", 1);
    }),
  );

  add(
    "a call that is aborted beforehand is not made",
    withStore(async (store) => {
      await writeOne(store, "a", 1);
      const write = { documents: [{ key: "a", value: 2 }] };
      await abortedAtOnce((call) => store.get("web", "a", call), "get");
      await abortedAtOnce((call) => store.commit("web", write, call), "commit");
      await abortedAtOnce((call) => collect(store.list("web", "", call)), "list");
      await abortedAtOnce((call) => collect(store.read("web", {}, call)), "read");
      await abortedAtOnce((call) => store.drop("web", call), "drop");
      assert.equal((await store.get("web", "a"))?.value, 1);
    }),
  );

  add(
    "a closed store refuses, and closing it twice is fine",
    withStore(async (store) => {
      await writeOne(store, "a", 1);
      await store.close();
      await store.close();
      await failureOf(writeOne(store, "a", 2), "a commit to a closed store");
      await failureOf(() => store.get("web", "a"), "get from a closed store");
      await failureOf(() => collect(store.read("web")), "read from a closed store");
    }),
  );
}

/** Writes one document. @returns its version. */
export async function writeOne(
  store: StateStore,
  key: string,
  value: unknown,
  ifVersion?: number,
): Promise<number> {
  const write = { key, value, ...(ifVersion === undefined ? {} : { ifVersion }) };
  const { versions } = await store.commit("web", { documents: [write] });
  const version = versions[key];
  assert.ok(typeof version === "number", `the commit does not say which version ${key} has`);
  return version;
}
