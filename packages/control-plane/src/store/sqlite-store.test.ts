import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSqliteStore } from "./sqlite-store.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bellows-store-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const file = (): string => join(folder, "state.db");

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
}

describe("the embedded store", () => {
  test("gives back what was committed, also after it was closed and opened again", async () => {
    const store = openSqliteStore({ file: file() });
    const wrote = await store.commit("web", {
      documents: [{ key: "memory", value: { a: 1 } }],
      append: [{ atMs: 5, value: "x" }],
    });
    expect(wrote).toEqual({ versions: { memory: 1 }, appended: [1] });
    await store.close();
    const again = openSqliteStore({ file: file() });
    expect(await again.get("web", "memory")).toEqual({ key: "memory", value: { a: 1 }, version: 1 });
    expect(await all(again.read("web"))).toEqual([{ seq: 1, atMs: 5, value: "x" }]);
    await again.close();
  });

  test("a commit whose version does not hold writes nothing of it, and spoils no other of the same turn", async () => {
    const store = openSqliteStore({ file: file() });
    await store.commit("web", { documents: [{ key: "a", value: 1, ifVersion: 0 }] });
    const [bad, good] = await Promise.allSettled([
      store.commit("web", {
        documents: [
          { key: "b", value: 1 },
          { key: "a", value: 2, ifVersion: 0 },
        ],
        append: [{ atMs: 1, value: 1 }],
      }),
      store.commit("web", { documents: [{ key: "c", value: 3, ifVersion: 0 }] }),
    ]);
    expect(bad).toMatchObject({ status: "rejected", reason: { code: "conflict" } });
    expect(good.status).toBe("fulfilled");
    expect((await all(store.list("web"))).map((document) => document.key)).toEqual(["a", "c"]);
    expect(await all(store.read("web"))).toEqual([]);
    await store.close();
  });

  test("a key that was deleted and made again has a higher version than before", async () => {
    const store = openSqliteStore({ file: file() });
    await store.commit("web", { documents: [{ key: "a", value: 1 }] });
    await store.commit("web", { documents: [{ key: "a", value: undefined, ifVersion: 1 }] });
    const { versions } = await store.commit("web", { documents: [{ key: "a", value: 1, ifVersion: 0 }] });
    expect(versions.a).toBe(2);
    await store.close();
  });

  test("a log is read in both directions, by time, and pruned down to what is to stay", async () => {
    const store = openSqliteStore({ file: file() });
    await store.commit("web", {
      append: Array.from({ length: 500 }, (_, index) => ({ atMs: index, value: index })),
    });
    expect(
      (await all(store.read<number>("web", { newestFirst: true, limit: 3 }))).map((entry) => entry.value),
    ).toEqual([499, 498, 497]);
    expect((await all(store.read("web", { afterSeq: 250 }))).length).toBe(250);
    expect((await all(store.read("web", { fromMs: 10, toMs: 12 }))).map((entry) => entry.seq)).toEqual([
      11, 12,
    ]);
    expect(await store.prune("web", { beforeMs: 1_000, keep: 10 })).toBe(490);
    await store.commit("web", {
      replace: { seq: 500, value: "last" },
      append: [{ atMs: 501, value: "next" }],
    });
    expect(
      (await all(store.read("web", { newestFirst: true, limit: 2 }))).map((entry) => entry.value),
    ).toEqual(["next", "last"]);
    await store.close();
  });

  test("is for its owner alone, and for one process at a time", async () => {
    const store = openSqliteStore({ file: file() });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(() => openSqliteStore({ file: file() })).toThrow(/is held by another process/);
    await store.close();
    await openSqliteStore({ file: file() }).close();
  });

  test("a file that is none of ours is refused and kept", () => {
    writeFileSync(file(), "not a database ".repeat(1_000));
    expect(() => openSqliteStore({ file: file() })).toThrow(/is not a state file/);
    expect(statSync(file()).size).toBe(15_000);
  });

  test("a file of a newer version is refused", async () => {
    await openSqliteStore({ file: file() }).close();
    execFileSync(process.execPath, [
      "-e",
      `const D=require("libsql");const d=new D(${JSON.stringify(file())});d.exec("PRAGMA user_version=99");d.close()`,
    ]);
    expect(() => openSqliteStore({ file: file() })).toThrow(/was written by a newer Bellows/);
  });

  test("what was acknowledged before SIGKILL is there afterwards", async () => {
    const script = `
      import { openSqliteStore } from ${JSON.stringify(new URL("../../dist/store/sqlite-store.js", import.meta.url).href)};
      const store = openSqliteStore({ file: ${JSON.stringify(file())} });
      for (let n = 1; ; n++) { await store.commit("web", { documents: [{ key: "n", value: n }], append: [{ atMs: n, value: n }] }); process.stdout.write(n + "\\n"); if (n === 300) process.kill(process.pid, "SIGKILL"); }`;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(run.signal).toBe("SIGKILL");
    const acknowledged = run.stdout.trim().split("\n").length;
    const store = openSqliteStore({ file: file() });
    expect(Number((await store.get("web", "n"))?.value)).toBeGreaterThanOrEqual(acknowledged);
    expect((await all(store.read("web"))).length).toBeGreaterThanOrEqual(acknowledged);
    await store.close();
  });
});
