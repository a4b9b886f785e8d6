import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expressionArbitrary, valuesArbitrary } from "../../test/expression-arbitrary.js";
import type { Expression } from "./ast.js";
import { compileExpression } from "./compile.js";
import { describeEvaluation } from "./describe.js";
import { evaluate } from "./evaluate.js";
import { parseExpression } from "./parse.js";
import { walk } from "./reason.js";
import type { Evaluation, ExpressionInput } from "./values.js";

const VALUES = new Map<string, ExpressionInput>(
  Object.entries({
    queue: 120,
    instances: 3,
    cpu: 82.5,
    mem: 40,
    zero: 0,
    minus: -2,
    third: 1 / 3,
    huge: 1e308,
    backlog: { value: 40 },
    gone: { unavailable: "connection refused" },
    nan: Number.NaN,
    endless: Number.POSITIVE_INFINITY,
  }),
);

function read(source: string): Expression {
  const parsed = parseExpression(source);
  if (!parsed.ok) throw new Error(`${source}: ${parsed.fault.message}`);
  return parsed.ast;
}

function compute(source: string): Evaluation {
  return evaluate(compileExpression(read(source)), VALUES);
}

describe("an expression computes as in Python", () => {
  test.each([
    ["-2**2", -4],
    ["2**-1", 0.5],
    ["2**3**2", 512],
    ["10**-5", 0.00001],
    ["(-2)**3", -8],
    ["(-8)**-1", -0.125],
    ["1.1**2", 1.2100000000000002],
    ["9**0.5", 3],
    ["0**0", 1],
    ["7//2", 3],
    ["-7//2", -4],
    ["7//-2", -4],
    ["1//0.1", 9],
    ["2659770//0.083", 32045421],
    ["-7%3", 2],
    ["7%-3", -2],
    ["-6%3", 0],
    ["1e300%7", 1],
    ["0.1+0.2", 0.30000000000000004],
    ["cpu ** 2 - 0.5 * mem + max([cpu, mem])", 82.5 ** 2 - 20 + 82.5],
    ["(1<2)+(2<3)", 2],
    ["1<2<3", 1],
    ["3>2>2", 0],
    ["1==1.0!=2", 1],
    ["0 or 5", 5],
    ["3 or gone", 3],
    ["0 and gone", 0],
    ["2 and 7", 7],
    ["not 0", 1],
    ["not 0.1", 0],
    ["1 if queue > 100 else gone", 1],
    ["gone if zero else 2", 2],
    ["1 > 2 > gone", 0],
    ["round(0.5)", 0],
    ["round(1.5)", 2],
    ["round(2.5)", 2],
    ["round(-2.5)", -2],
    ["round(-0.4)", 0],
    ["round(0.49999999999999994)", 0],
    ["round(2.675, 2)", 2.67],
    ["round(0.125, 2)", 0.12],
    ["round(0.375, 2)", 0.38],
    ["round(-0.125, 2)", -0.12],
    ["round(5e15 + 0.5, 1)", 5e15],
    ["round(250, -2)", 200],
    ["round(350, -2)", 400],
    ["round(-1234.5, -1)", -1230],
    ["round(1e22, -20)", 1e22],
    ["round(2.5, 0)", 2],
    ["floor(-1.5)", -2],
    ["ceil(1.2)", 2],
    ["abs(-3)", 3],
    ["sum([])", 0],
    ["sum([1, 2, 3.5])", 6.5],
    ["avg([1, 2, 6])", 3],
    ["min(3, 1, 2)", 1],
    ["max([minus])", -2],
    ["backlog + 1", 41],
  ])("%s is %d", (source, value) => {
    expect(compute(source)).toEqual({ value });
  });

  test("zero never has a sign", () => {
    expect(Object.is((compute("0 * minus") as { value: number }).value, 0)).toBe(true);
  });
});

describe("where there is no number, there is a reason", () => {
  test.each([
    ["queue / zero", "division by zero in queue / zero"],
    ["queue // (zero * 2)", "division by zero in queue // (zero * 2)"],
    ["queue % zero", "division by zero in queue % zero"],
    ["0 / 0", "division by zero in 0 / 0"],
    ["0 ** -1", "division by zero in 0 ** -1"],
    ["minus ** 0.5", "a negative number to a fractional power in minus ** 0.5"],
    ["huge * 10", "a result too large for a number in huge * 10"],
    ["huge ** 2", "a result too large for a number in huge ** 2"],
    ["1 / (huge * 10)", "a result too large for a number in huge * 10"],
    ["min([1, huge + huge])", "a result too large for a number in huge + huge"],
    ["sum([huge, huge])", "a result too large for a number in sum([huge, huge])"],
    ["gone + queue / zero", "gone: connection refused"],
    ["gone and 0", "gone: connection refused"],
    ["gone or 1", "gone: connection refused"],
    ["1 if gone else 1", "gone: connection refused"],
    ["not gone", "gone: connection refused"],
    ["gone ** 0", "gone: connection refused"],
    ["gone == gone", "gone: connection refused"],
    ["gone != 1", "gone: connection refused"],
    ["max([1, gone])", "gone: connection refused"],
    ["round(gone, 2)", "gone: connection refused"],
    ["absent > 1", "absent has no value"],
    ["constructor", "constructor has no value"],
    ["nan < 1", "nan is not a number"],
    ["1 / endless", "endless is infinite"],
  ])("%s: %s", (source, unavailable) => {
    expect(compute(source)).toEqual({ unavailable });
  });

  test("a long formula is cut in the reason", () => {
    const result = compute(`1 / (${"zero + ".repeat(100)}zero)`);
    expect(result).toHaveProperty(
      "unavailable",
      expect.stringMatching(/^division by zero in 1 \/ \(zero.{100,130}…$/),
    );
  });
});

describe("a description shows the formula, its numbers and the outcome", () => {
  test.each([
    ["queue / max([instances, 1])", "queue / max([instances, 1]) = 120 / max([3, 1]) = 40"],
    ["backlog > 5", "backlog > 5: 40 > 5 is true"],
    ["not backlog > 5", "not backlog > 5: not 40 > 5 is false"],
    ["cpu > 50 and mem > 50", "cpu > 50 and mem > 50: 82.5 > 50 and 40 > 50 is false"],
    ["minus ** 2 - minus", "minus ** 2 - minus = (-2) ** 2 - -2 = 6"],
    ["third", "third = 0.333333333"],
    ["1 + 2", "1 + 2 = 3"],
    ["3", "3"],
    ["1 > 0", "1 > 0 is true"],
    ["0 * minus", "0 * minus = 0 * -2 = 0"],
    ["2 if zero else gone", "2 if zero else gone = 2 if 0 else ?: unavailable (gone: connection refused)"],
    ["queue / zero", "queue / zero = 120 / 0: unavailable (division by zero in queue / zero)"],
    ["huge * 10", "huge * 10 = 1e+308 * 10: unavailable (a result too large for a number in huge * 10)"],
  ])("%s", (source, line) => {
    expect(describeEvaluation(read(source), VALUES)).toBe(line);
  });
});

describe("for any expression and any values", () => {
  const inputs = valuesArbitrary.map(
    (values) =>
      new Map<string, ExpressionInput>(
        Object.entries(values).map(([name, value]) => [name, value ?? { unavailable: "not read" }]),
      ),
  );

  test("there is a finite number or a reason, and the two ways of computing agree", () => {
    fc.assert(
      fc.property(expressionArbitrary, inputs, (ast, values) => {
        const result = evaluate(compileExpression(ast), values);
        const outcome = walk(ast, values);
        if ("value" in result) {
          expect(Number.isFinite(result.value)).toBe(true);
          expect(outcome === result.value).toBe(true);
        } else {
          expect(outcome).toBe(result.unavailable);
          expect(result.unavailable).toMatch(/not read|division by zero|too large|fractional power/);
        }
        expect(describeEvaluation(ast, values)).not.toMatch(/undefined|NaN|Infinity|\[object/);
      }),
      { numRuns: 3_000 },
    );
  });

  test("the deepest and the longest are computed without exhausting the stack", () => {
    expect(compute(`${"(".repeat(64)}1${")".repeat(64)}`)).toEqual({ value: 1 });
    expect(compute(`1${"+1".repeat(999)}`)).toEqual({ value: 1_000 });
    expect(compute(`1${"<1".repeat(999)}`)).toEqual({ value: 0 });
    expect(compute(`0${"/1".repeat(999)}`)).toEqual({ value: 0 });
  });
});
