import fc from "fast-check";
import { describe as about, expect, test } from "vitest";
import { createSelector, follow, numberOf, parseDotPath, printDotPath, timeOf } from "./path.js";

about("dot paths", () => {
  test.each([
    ["queue.ready", ["queue", "ready"]],
    ["items.0.count", ["items", "0", "count"]],
    ["stats.v1\\.2", ["stats", "v1.2"]],
    ["a\\[0\\]", ["a[0]"]],
    ["back\\\\slash", ["back\\slash"]],
    ["with space.and-dash", ["with space", "and-dash"]],
    ["länge", ["länge"]],
  ])("%s", (written, steps) => {
    expect(parseDotPath(written)).toEqual(steps);
  });

  test.each(["items[0].count", "length(items)", "a | b", "a.*", "@", '"a b"', "a || b"])(
    "%s is left to JMESPath",
    (written) => {
      expect(parseDotPath(written)).toBeUndefined();
    },
  );

  test.each(["", ".", "a..b", ".a", "a."])("%j has an empty step, and is refused", (written) => {
    expect(() => parseDotPath(written)).toThrow("empty step");
  });

  test("whatever names are written, the path reads back, and leads to where it should", () => {
    const steps = fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(steps, fc.double(), (names, value) => {
        const parsed = parseDotPath(printDotPath(names));
        expect(parsed).toEqual(names);
        const document = names.reduceRight<unknown>(
          (inner, name) => Object.fromEntries([[name, inner]]),
          value,
        );
        expect(follow(document, parsed ?? []).value).toBe(value);
      }),
    );
  });

  test("only what the document itself has is found", () => {
    for (const path of ["constructor.name", "toString", "__proto__", "length"]) {
      expect(follow({}, parseDotPath(path) ?? []).value).toBeUndefined();
    }
    expect(follow([4, 5, 6], ["length"]).value).toBe(3);
    expect(follow([4, 5, 6], ["1"]).value).toBe(5);
    expect(follow([4, 5, 6], ["-1"]).value).toBeUndefined();
  });

  test("where a path ends too early, the note says what is there", () => {
    expect(follow({ queue: { ready: 1, unacked: 2 } }, ["queue", "redy"]).note).toBe(
      '"queue" is an object with ready, unacked',
    );
    expect(follow([1, 2], ["queue"]).note).toBe("the answer is a list of 2 items");
    expect(follow({ queue: null }, ["queue", "ready"]).note).toBe('"queue" is null');
  });
});

about("JMESPath", () => {
  test("is used where a path is more than a dot path", async () => {
    const select = await createSelector("queues[?name=='celery'].ready | [0]");
    expect(
      select({
        queues: [
          { name: "mail", ready: 1 },
          { name: "celery", ready: 8 },
        ],
      }).value,
    ).toBe(8);
  });

  test("that cannot be read is refused with its own complaint", async () => {
    await expect(createSelector("queues[?")).rejects.toThrow(/cannot be read as JMESPath/);
  });

  test("that fails on a document gives nothing, and a note", async () => {
    const select = await createSelector("abs(name)");
    expect(select({ name: "x" })).toMatchObject({
      value: undefined,
      note: expect.stringContaining("JMESPath says"),
    });
  });
});

about("numbers", () => {
  test.each([
    [12, 12],
    [-0.5, -0.5],
    ["12", 12],
    [" 12.50 ", 12.5],
    ["-1e3", -1000],
    [".5", 0.5],
    ["5.", 5],
  ])("%j is one", (written, number) => {
    expect(numberOf(written)).toBe(number);
  });

  test.each([
    true,
    false,
    null,
    undefined,
    "",
    " ",
    "0x10",
    "12 jobs",
    "NaN",
    "Infinity",
    "1e999",
    [],
    [1],
    {},
    "1,5",
    "١",
  ])("%j is none", (written) => {
    expect(numberOf(written)).toBeUndefined();
  });
});

about("times", () => {
  const atMs = Date.UTC(2026, 10, 22, 1, 2, 3);
  test.each([
    ["2026-11-22T01:02:03Z", atMs],
    ["2026-11-22T02:02:03+01:00", atMs],
    [atMs, atMs],
    [atMs / 1_000, atMs],
    [String(atMs / 1_000), atMs],
  ])("%j", (written, ms) => {
    expect(timeOf(written)).toBe(ms);
  });

  test.each(["2026-11-22T01:02:03", "yesterday", null, true, {}])("%j is none", (written) => {
    expect(timeOf(written)).toBeUndefined();
  });
});
