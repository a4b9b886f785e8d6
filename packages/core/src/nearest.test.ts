import { describe, expect, test } from "vitest";
import { nearest } from "./nearest.js";

describe("nearest", () => {
  test.each([
    ["queu", ["cpu", "queue", "desired"], "queue"],
    ["polices", ["policies", "providers"], "policies"],
    ["cupCount", ["cpuCount", "count"], "cpuCount"],
    ["Cooldown", ["cooldown"], "cooldown"],
    ["recieve", ["receive", "relieve"], "receive"],
    ["cp", ["cpu"], "cpu"],
    ["mni", ["max", "min"], "min"],
  ])("takes %s for one of %j: %s", (word, candidates, meant) => {
    expect(nearest(word, candidates)).toBe(meant);
  });

  test.each([
    ["instanceType", ["size", "image", "keyName"]],
    ["x", ["y", "z"]],
    ["", ["a"]],
    ["backlog", ["cpu", "queue"]],
    ["anything", []],
  ])("guesses nothing for %s among %j", (word, candidates) => {
    expect(nearest(word, candidates)).toBeUndefined();
  });

  test("prefers the candidate with fewer edits, then the earlier one", () => {
    expect(nearest("cpus", ["cups", "cpu"])).toBe("cups");
    expect(nearest("cpux", ["cpuy", "cpu"])).toBe("cpuy");
    expect(nearest("desird", ["desires", "desired"])).toBe("desired");
  });

  test("answers in good time for words of any length", () => {
    expect(nearest("a".repeat(100_000), ["b".repeat(100_000), "max"])).toBeUndefined();
  });
});
