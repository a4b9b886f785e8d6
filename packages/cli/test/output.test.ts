import {
  AuthenticationError,
  BellowsError,
  ConfigError,
  CooldownError,
  type ErrorCode,
  NotFoundError,
  TimeoutError,
} from "@bellows/core";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readTime } from "../src/commands/explain.js";
import { exitCodeOf } from "../src/exit-codes.js";
import { printRows, printThing } from "../src/output.js";
import { reportError } from "../src/report-error.js";
import { fakeContext } from "./harness.js";

const ROWS = [
  { name: "web", size: 10, madeAtMs: 1_700_000_000_000 },
  { name: "api", size: 9 },
];
const COLUMNS = [
  ["NAME", (row: { name: string }) => row.name],
  ["SIZE", (row: { size: number }) => row.size],
] as const;

function printed(options: object): string {
  const context = fakeContext();
  printRows(context, options, ROWS, COLUMNS);
  return context.out();
}

describe("rows", () => {
  it("are a table for people", () => {
    const lines = printed({}).trimEnd().split("\n");
    expect(lines.map((line) => line.trim().split(/\s+/))).toEqual([
      ["NAME", "SIZE"],
      ["web", "10"],
      ["api", "9"],
    ]);
  });

  it("are sorted as numbers where they are numbers", () => {
    expect(printed({ sort: "size" }).match(/web|api/g)).toEqual(["api", "web"]);
  });

  it("show the columns asked for, in that order", () => {
    expect(printed({ columns: "size,name" }).trim().split(/\s+/).slice(0, 2)).toEqual(["SIZE", "NAME"]);
  });

  it("name the columns there are when one is not", () => {
    expect(() => printed({ columns: "sice" })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('"sice"'), hint: "columns: NAME, SIZE" }),
    );
  });

  it("are one JSON document, with times in ISO 8601", () => {
    expect(JSON.parse(printed({ json: true }))).toEqual([
      { name: "web", size: 10, madeAt: "2023-11-14T22:13:20.000Z" },
      { name: "api", size: 9 },
    ]);
  });

  it("are YAML", () => {
    expect(parse(printed({ output: "yaml" }))).toEqual(JSON.parse(printed({ output: "json" })));
  });
});

it("one thing is YAML for people and JSON for programs", () => {
  const context = fakeContext();
  printThing(context, {}, { atMs: 0, spanMs: 5 });
  expect(context.out()).toBe("at: 1970-01-01T00:00:00.000Z\nspanMs: 5\n");
});

it("nothing shows a secret of the config, in whichever form", () => {
  const context = fakeContext({ secrets: new Set(['pass"word', "hunter22"]) });
  printThing(context, { json: true }, { key: 'a pass"word b', list: ["hunter22"] });
  printThing(context, {}, { key: "hunter22" });
  expect(context.out()).not.toMatch(/hunter22|pass.{1,2}word/);
  expect(context.out()).toContain('{"key":"a [secret] b","list":["[secret]"]}');
});

describe("errors", () => {
  it.each<[ErrorCode, number]>([
    ["config", 2],
    ["not-found", 3],
    ["already-exists", 4],
    ["conflict", 4],
    ["cooldown", 4],
    ["limit", 4],
    ["refused", 4],
    ["unsupported", 4],
    ["throttled", 5],
    ["unavailable", 5],
    ["capacity", 5],
    ["authentication", 6],
    ["permission", 6],
    ["timeout", 7],
    ["internal", 1],
  ])("of class %s exit with %i", (code, exit) => {
    expect(exitCodeOf(new BellowsError(code, "x"))).toBe(exit);
  });

  it("that are not ours exit with 1", () => {
    expect(exitCodeOf(new Error("x"))).toBe(1);
  });

  function told(error: unknown, options = { verbose: false, json: false }): { out: string; err: string } {
    const context = fakeContext();
    reportError(context, error, options);
    return { out: context.out(), err: context.err() };
  }

  it("say what failed and what to do, without a stack", () => {
    const { err, out } = told(new NotFoundError("there is no group web", { hint: "bellows groups list" }));
    expect(err).toBe("error: there is no group web\n  hint: bellows groups list\n");
    expect(out).toBe("");
  });

  it("tell causes and request ids with --verbose alone", () => {
    const error = new TimeoutError("too slow", { requestId: "r-17", cause: new Error("socket hang up") });
    expect(told(error).err).not.toMatch(/r-17|socket/);
    const { err } = told(error, { verbose: true, json: false });
    expect(err).toContain("request r-17");
    expect(err).toContain("socket hang up");
  });

  it("are a document under --json", () => {
    const { out } = told(new CooldownError("resting", { retryAfterMs: 3_000 }), {
      verbose: false,
      json: true,
    });
    expect(JSON.parse(out)).toEqual({ error: { code: "cooldown", message: "resting", retryAfterMs: 3_000 } });
  });

  it("exit with 130 where somebody stopped waiting", () => {
    const context = fakeContext({ signal: AbortSignal.abort("SIGINT") });
    expect(reportError(context, new ConfigError("x"), { verbose: false, json: false })).toBe(130);
    expect(context.err()).toContain("goes on");
    expect(exitCodeOf(new AuthenticationError("x"))).toBe(6);
  });
});

describe("times on the command line", () => {
  const nowMs = Date.parse("2026-03-10T12:00:00Z");

  it("2h is two hours ago", () => {
    expect(readTime("2h", nowMs, "--since")).toBe(nowMs - 7_200_000);
  });

  it("ISO 8601 is itself", () => {
    expect(readTime("2026-03-09T08:30:00Z", nowMs, "--since")).toBe(Date.parse("2026-03-09T08:30:00Z"));
  });

  it("a time of day is the last time it was so", () => {
    const read = readTime("22:00", nowMs, "--since");
    expect(read).toBeLessThanOrEqual(nowMs);
    expect(nowMs - read).toBeLessThan(86_400_000);
    expect(new Date(read).getHours()).toBe(22);
  });

  it("anything else is an error that shows how", () => {
    expect(() => readTime("noonish", nowMs, "--since")).toThrow(/--since.*noonish/);
  });
});
