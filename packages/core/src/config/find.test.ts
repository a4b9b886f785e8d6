import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findConfig } from "./find.js";

function folders(): { top: string; deep: string } {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "bellows-find-")));
  const deep = join(top, "a", "b");
  mkdirSync(deep, { recursive: true });
  return { top, deep };
}

it("a config is found here or in a folder above, the nearest first", () => {
  const { top, deep } = folders();
  writeFileSync(join(top, "bellows.yaml"), "");
  expect(findConfig(deep, {})).toBe(join(top, "bellows.yaml"));
  writeFileSync(join(deep, "bellows.yaml"), "");
  expect(findConfig(deep, { BELLOWS_CONFIG: "/elsewhere.yaml" })).toBe(join(deep, "bellows.yaml"));
});

it("without one, the environment says where it is, from here", () => {
  const { deep } = folders();
  expect(findConfig(deep, {})).toBeUndefined();
  expect(findConfig(deep, { BELLOWS_CONFIG: "" })).toBeUndefined();
  expect(findConfig(deep, { BELLOWS_CONFIG: "../shop.yaml" })).toBe(join(deep, "..", "shop.yaml"));
});
