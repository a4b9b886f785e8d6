import { describe, expect, it } from "vitest";
import { expectationOf } from "./docs/expectation.js";
import { readPage } from "./docs/page.js";
import { wholeFile } from "./docs/part.js";

const FENCE = "```";

describe("a page", () => {
  it("has a fault where a block says not what it is", () => {
    const page = readPage("page.md", `# Title\n\n${FENCE}sh\nrm -r x\n${FENCE}\n`);
    expect(page.faults).toEqual(["page.md:3: a block without a mark before it"]);
    expect(page.steps).toEqual([]);
  });

  it("has a fault where a mark stands before no block", () => {
    expect(readPage("page.md", "<!-- run -->\n\nprose\n").faults).toEqual([
      "page.md:1: no block follows this mark",
    ]);
  });

  it("has its steps in order, hidden commands among them", () => {
    const text = `<!-- run\nmake ready\n-->\n<!-- config: a.yaml -->\n${FENCE}yaml\nversion: 1\n${FENCE}\n`;
    expect(readPage("page.md", text).steps).toEqual([
      { kind: "run", argument: "", text: "make ready", line: 1 },
      { kind: "config", argument: "a.yaml", text: "version: 1", line: 6 },
    ]);
  });
});

describe("a shown output", () => {
  it.each([
    ["web: hold at 2, 24s left", "web: hold at 2, 7s left\n", true],
    ["web: hold at 2, 24s left", "web: hold at 3, 24s left\n", false],
    ["at 2026-11-22 01:25:12Z", "at 2027-01-02 03:04:05Z\n", true],
    ["at 2026-11-22 01:25:12Z", "at noon\n", false],
    ["a\n…\nz", "a\nb\nc\nz\n", true],
    ["a\n…\nz", "a\nb\nc\n", false],
    ["id …, well", "id 4f-22, well\n", true],
    ["one line", "one line\nand another\n", false],
  ])("%j against %j: %s", (shown, printed, fits) => {
    expect(expectationOf(shown).test(printed)).toBe(fits);
  });
});

describe("a part of a file", () => {
  it("gets around it what it does not say itself", () => {
    const whole = wholeFile("group", "min: 3\npolicies: { up: { change: +1 } }");
    expect(whole).toContain("    min: 3\n");
    expect(whole).toContain("    max: 10\n");
    expect(whole).not.toContain("min: 1");
  });
});
