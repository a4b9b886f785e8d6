import { expect, test } from "vitest";
import { depthOf } from "./bodies.js";

test.each([
  ["1", 0],
  ['{"a":[1,{"b":2}]}', 3],
  ['["[[[[", "\\"[[[["]', 1],
  ["[".repeat(100_000), 100_000],
  ["", 0],
])("%.30s is so deep", (json, depth) => expect(depthOf(json)).toBe(depth));
