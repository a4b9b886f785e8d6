import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  compileExpression,
  type Evaluation,
  type ExpressionInput,
  evaluate,
  MAX_EXPRESSION_LENGTH,
  parseExpression,
  printExpression,
} from "../src/expressions/index.js";
import { expressionArbitrary, RANDOM_NAMES, valuesArbitrary } from "../test/expression-arbitrary.js";

type Numbers = Record<string, number | null>;
type Case = readonly [source: string, numbers: Numbers];
type Outcome =
  | readonly ["refused" | "unavailable" | "unsteady" | "too-big"]
  | readonly ["value", number, exact: boolean];

/** The same expressions in every run; a failure prints the expression itself. */
const SEED = 20_260_101;
const SCRIPT = fileURLToPath(new URL("./expressions-python.py", import.meta.url));

const python = spawnSync("python3", ["--version"], { encoding: "utf8" });
const missing = python.status !== 0;
if (missing && process.env.CI !== "true") {
  console.warn("SKIPPED: expressions were not compared with Python, for there is no python3 on the PATH");
}

function askPython(cases: readonly Case[]): Outcome[][] {
  const answer = spawnSync("python3", ["-W", "ignore", SCRIPT], {
    input: JSON.stringify(cases),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (answer.status !== 0) throw new Error(`python3 failed: ${answer.stderr || String(answer.error)}`);
  return JSON.parse(answer.stdout) as Outcome[][];
}

function askBellows([source, numbers]: Case): Evaluation | "refused" {
  const parsed = parseExpression(source);
  if (!parsed.ok) return "refused";
  const inputs = Object.entries(numbers).map(([name, value]): [string, ExpressionInput] => [
    name,
    value ?? { unavailable: "not read" },
  ]);
  return evaluate(compileExpression(parsed.ast), new Map(inputs));
}

/** undefined if both say the same, else what each says. */
function disagreement(ours: Evaluation | "refused", theirs: Outcome): string | undefined {
  if (theirs[0] === "unsteady" || theirs[0] === "too-big") return undefined;
  const mine = ours === "refused" ? "refused" : "value" in ours ? ours.value : "unavailable";
  if (theirs[0] !== "value") return mine === theirs[0] ? undefined : `here ${mine}, Python ${theirs[0]}`;
  const [, value, exact] = theirs;
  const same = typeof mine === "number" && (exact ? mine === value : isClose(mine, value));
  return same ? undefined : `here ${mine}, Python ${value}`;
}

function isClose(left: number, right: number): boolean {
  return left === right || Math.abs(left - right) <= 1e-9 * Math.max(Math.abs(left), Math.abs(right));
}

function disagreements(cases: readonly Case[], answers: readonly Outcome[][]): string[] {
  return cases.flatMap((one, index) => {
    const ours = askBellows(one);
    return (answers[index] ?? []).flatMap((theirs) => {
      const found = disagreement(ours, theirs);
      return found === undefined ? [] : [`${one[0]} with ${JSON.stringify(one[1])}: ${found}`];
    });
  });
}

function count(answers: readonly Outcome[][], kind: Outcome[0]): number {
  return answers.flat().filter(([outcome]) => outcome === kind).length;
}

describe.skipIf(missing && process.env.CI !== "true")("compared with Python", () => {
  beforeAll(() => {
    if (missing) throw new Error("python3 is needed to compare expressions with it; install it in CI");
  });

  test("8,000 random expressions have the same value, or none in both", () => {
    const arbitrary = fc
      .tuple(expressionArbitrary, valuesArbitrary)
      .map(([ast, numbers]): Case => [printExpression(ast), numbers])
      // Single numbers and names would be most of the sample, and show little.
      .filter(([source]) => source.length > 8 && source.length <= MAX_EXPRESSION_LENGTH);
    const cases = fc.sample(arbitrary, { numRuns: 8_000, seed: SEED });
    const answers = askPython(cases);
    expect(disagreements(cases, answers)).toEqual([]);
    // What could not be compared stays a small part, and both kinds of outcome are well represented.
    expect(count(answers, "refused")).toBe(0);
    expect(count(answers, "unsteady") + count(answers, "too-big")).toBeLessThan(1_600);
    expect(count(answers, "value")).toBeGreaterThan(8_000);
    expect(count(answers, "unavailable")).toBeGreaterThan(1_000);
  });

  test("8,000 random rows of words and signs are accepted by both, and mean the same, or refused by both", () => {
    const operand = fc.constantFrom("1", "2", "0.5", "3", ...RANDOM_NAMES);
    const operator = fc.constantFrom(
      ...["+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!=", "and", "or", "**", "-"],
    );
    const prefix = fc.oneof(
      { weight: 9, arbitrary: fc.constant("") },
      fc.constantFrom("-", "+", "not", "- -"),
    );
    const tail = fc.oneof(
      { weight: 19, arbitrary: fc.constant("") },
      fc.constantFrom("if", "else", "(", ")", "not"),
    );
    const step = fc.tuple(prefix, operand, operator, tail).map((words) => words.join(" "));
    const ternary = fc
      .tuple(step, step, step)
      .map(([whenTrue, condition, whenFalse]) => `${whenTrue} 1 if ${condition} 2 else ${whenFalse}`);
    const row = fc
      .tuple(
        fc.array(fc.oneof({ weight: 5, arbitrary: step }, ternary), { minLength: 1, maxLength: 4 }),
        operand,
      )
      .map(([steps, last]) => `${steps.join(" ")} ${last}`.replace(/ +/g, " ").trim());
    const cases = fc.sample(
      fc.tuple(row, valuesArbitrary).map(([source, numbers]): Case => [source, numbers]),
      { numRuns: 8_000, seed: SEED },
    );
    const answers = askPython(cases);
    expect(disagreements(cases, answers)).toEqual([]);
    expect(count(answers, "refused")).toBeGreaterThan(1_000);
    expect(count(answers, "value")).toBeGreaterThan(3_000);
  });
});
