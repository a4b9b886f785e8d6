import { createMemoryStore } from "@bellows/core";
import { expect, test } from "vitest";
import { cloudNameOf, openDirectory } from "./directory.js";

const entry = { id: "0a-1", name: "My group", ref: "My-group" };

test("a group is found by its id and by the cloud's, in its own tenant, after a restart too", async () => {
  const store = createMemoryStore();
  await openDirectory(store).write("local", entry);
  const directory = openDirectory(store);
  expect(await directory.find("local", "0a-1")).toEqual(entry);
  expect(await directory.find("local", "My-group")).toEqual(entry);
  expect(await directory.find("other", "0a-1")).toBeUndefined();
  await directory.remove("local", "0a-1");
  expect(await openDirectory(store).all("local")).toEqual([]);
});

test.each([
  ["web", "web"],
  ["My group: Überraschung/2", "My-group-berraschung-2"],
  ["../..", "group"],
  ["   ", "group"],
  ["\u0000💥", "group"],
])("%j is %j at the cloud", (name, at) => {
  expect(cloudNameOf(name)).toBe(at);
});

test("a name that is taken is told apart by its id", () => {
  expect(cloudNameOf("x".repeat(256), "12345678-9abc")).toBe(`${"x".repeat(200)}-12345678`);
});
