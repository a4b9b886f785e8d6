import { expect, it } from "vitest";
import { configurationName, derivedName, readConfigurationName } from "./launch-names.js";

it.each(["web", "a+b/c", "ü".repeat(255), "x".repeat(255)])(
  "the derived name of %j is one that AWS takes",
  (group) => expect(derivedName(group)).toMatch(/^bellows-[a-zA-Z0-9().\-/_]{3,120}$/),
);

it("derived names tell groups apart whose names look alike", () => {
  const names = ["a+b", "a b", "a-b", `${"x".repeat(100)}1`, `${"x".repeat(100)}2`].map(derivedName);
  expect(new Set(names).size).toBe(names.length);
});

it.each([
  ["lc", 1, "lc"],
  ["lc", 2, "lc~2"],
  ["lc", 10, "lc~10"],
])("configuration %j number %i is %j, and back", (base, number, name) => {
  expect(configurationName(base, number)).toBe(name);
  expect(readConfigurationName(name)).toEqual({ base, number });
});

it.each(["lc~1", "lc~0", "~2", "lc~x", "lc~02"])("%j is a name without a number", (name) =>
  expect(readConfigurationName(name)).toEqual({ base: name, number: 1 }),
);
