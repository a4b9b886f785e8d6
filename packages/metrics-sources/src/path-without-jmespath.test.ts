import { errorLine } from "@bellows/core";
import { expect, test, vi } from "vitest";
import { createSelector } from "./path.js";

vi.mock("jmespath", () => {
  throw new Error("Cannot find package 'jmespath'");
});

test("without the package jmespath, JMESPath is refused with what to install, and plain paths go on", async () => {
  const refused = await createSelector("length(items)").catch(errorLine);
  expect(refused).toBe(
    '"length(items)" is JMESPath, and the package jmespath is not installed (npm install jmespath, or select by a plain path such as queue.ready)',
  );
  const select = await createSelector("items.length");
  expect(select({ items: [1, 2] }).value).toBe(2);
});
