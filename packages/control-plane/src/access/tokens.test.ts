import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@bellows/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteStore } from "../store/sqlite-store.js";
import { loadServerKey } from "./server-key.js";
import { createTokens } from "./tokens.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bellows-tokens-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a token is known by its secret until it is revoked, and the store never holds the secret", async () => {
  const file = join(folder, "state.db");
  const store = openSqliteStore({ file });
  const tokens = createTokens(store, systemClock);
  const made = await tokens.create("ci", "admin");
  expect(await tokens.verify(made.secret)).toMatchObject({ id: made.id, name: "ci", role: "admin" });
  expect(
    await tokens.verify(`${made.secret.slice(0, -1)}${made.secret.endsWith("A") ? "B" : "A"}`),
  ).toBeUndefined();
  expect(await tokens.verify("")).toBeUndefined();
  expect(JSON.stringify(await tokens.list())).not.toContain("hash");
  await tokens.revoke("ci");
  expect(await tokens.verify(made.secret)).toBeUndefined();
  await expect(tokens.revoke("ci")).rejects.toMatchObject({ code: "not-found" });
  await store.close();
  expect(readFileSync(file).includes(made.secret)).toBe(false);
});

test("the server key is made once, for its owner alone, and a wrong file is refused", () => {
  const file = join(folder, "deep", "server.key");
  const key = loadServerKey(file);
  expect(key.length).toBe(32);
  expect(loadServerKey(file).equals(key)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(file, "nonsense");
  expect(() => loadServerKey(file)).toThrow(/is not a server key/);
});
