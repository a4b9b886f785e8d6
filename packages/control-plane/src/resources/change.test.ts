import { expect, test } from "vitest";
import { differences, exactDifferences } from "./change.js";

test.each([
  ["what the file leaves out is not compared", { min: 1, max: 2 }, { min: 1 }, []],
  ["a number that differs", { min: 1 }, { min: 2 }, [{ path: "min", from: 1, to: 2 }]],
  ["a field that is not there yet", {}, { min: 2 }, [{ path: "min", to: 2 }]],
  [
    "objects by their fields",
    { a: { b: 1, c: 2 } },
    { a: { b: 3, c: 2 } },
    [{ path: "a.b", from: 1, to: 3 }],
  ],
  ["lists as a whole", { a: [1, 2] }, { a: [2, 1] }, [{ path: "a", from: [1, 2], to: [2, 1] }]],
  [
    "equal lists of objects, whatever the order of their keys",
    { a: [{ x: 1, y: 2 }] },
    { a: [{ y: 2, x: 1 }] },
    [],
  ],
])("differences: %s", (_name, found, wanted, changes) => {
  expect(differences(found, wanted)).toEqual(changes);
});

test("exact differences also tell what is to go", () => {
  expect(exactDifferences({ command: "node", env: { A: "1" } }, { command: "node" }, "launch")).toEqual([
    { path: "launch.env", from: { A: "1" } },
  ]);
});
