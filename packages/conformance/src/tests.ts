import assert from "node:assert/strict";

/**
 * The test functions of whoever calls a suite: those of vitest, of `node:test`, of jest, or one's own. A suite that
 * waits for slow clouds needs a runner with patience: `{ test: (name, run) => test(name, run, 120_000) }`.
 */
export interface Tests {
  /** Registers one test. */
  test(name: string, run: () => Promise<void>): unknown;
  /** Groups tests under a heading; without it the heading is put before each name. */
  describe?(name: string, body: () => void): unknown;
}

/** What came of the parts of a suite, for its last test. */
export interface Parts {
  /** Notes that a part was put to the proof. */
  exercised(part: string): void;
  /** Notes that the backend does not have it, and says so. */
  absent(part: string): void;
}

/** Options of every suite. */
export interface ReportOptions {
  /** Parts that must have been put to the proof, so that none of them gets lost unnoticed. */
  parts?: readonly string[];
  /** Takes the line that says what was exercised (default: `console.log`). */
  report?: (line: string) => void;
}

/** Registers a test of a suite; its name is a sentence about what a user would notice. */
export type Add = (name: string, run: () => Promise<void>) => void;

/**
 * Registers a suite and, at its end, the test that says which parts were exercised.
 * @param what - its heading: `a state store`.
 */
export function registerSuite(
  tests: Tests,
  what: string,
  options: ReportOptions,
  body: (section: (name: string, tests: (add: Add) => void) => void, parts: Parts) => void,
): void {
  const seen = new Map<string, "exercised" | "absent">();
  const parts: Parts = {
    exercised: (part) => void seen.set(part, "exercised"),
    absent: (part) => void (seen.has(part) || seen.set(part, "absent")),
  };
  const section =
    (prefix: string) =>
    (name: string, register: (add: Add) => void): void =>
      heading(tests, prefix, name, (add) => register(add));
  heading(tests, "", what, (add, prefix) => {
    body(section(prefix), parts);
    add("says which parts were exercised", async () => sayWhatWasExercised(what, seen, options));
  });
}

function heading(tests: Tests, prefix: string, name: string, body: (add: Add, prefix: string) => void): void {
  if (tests.describe) {
    tests.describe(name, () => body((test, run) => void tests.test(test, run), ""));
    return;
  }
  const path = `${prefix}${name}: `;
  body((test, run) => void tests.test(path + test, run), path);
}

function sayWhatWasExercised(
  what: string,
  seen: ReadonlyMap<string, "exercised" | "absent">,
  options: ReportOptions,
): void {
  const of = (fate: string): string[] => [...seen].filter(([, was]) => was === fate).map(([part]) => part);
  const [exercised, absent] = [of("exercised"), of("absent")];
  const line = `${what}: exercised ${exercised.join(", ") || "nothing"}`;
  (options.report ?? console.log)(absent.length === 0 ? line : `${line}; it has no ${absent.join(", ")}`);
  assert.ok(exercised.length > 0, "no part was exercised");
  const missing = (options.parts ?? []).filter((part) => !exercised.includes(part));
  assert.deepEqual(missing, [], "parts that should have been exercised");
}
