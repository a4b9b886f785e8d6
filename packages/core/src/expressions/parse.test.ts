import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expressionArbitrary } from "../../test/expression-arbitrary.js";
import type { Expression } from "./ast.js";
import { MAX_EXPRESSION_DEPTH } from "./cursor.js";
import type { ExpressionFault } from "./fault.js";
import { checkNames, freeNames, isExpressionName, RESERVED_NAMES } from "./names.js";
import { MAX_EXPRESSION_LENGTH, parseExpression } from "./parse.js";
import { printExpression } from "./print.js";

function parse(source: string): Expression {
  const parsed = parseExpression(source);
  if (!parsed.ok) throw new Error(`${source}: ${parsed.fault.message}`);
  return parsed.ast;
}

function faultOf(source: string): ExpressionFault {
  const parsed = parseExpression(source);
  if (parsed.ok) throw new Error(`${source} was accepted`);
  return parsed.fault;
}

/** The source as a reader sees the fault: the part under the caret, the message, the hint. */
function complaint(source: string): string[] {
  const { offset, length, message, hint } = faultOf(source);
  return [source.slice(offset, offset + length), message, ...(hint === undefined ? [] : [hint])];
}

function withoutPositions(node: Expression): unknown {
  return JSON.parse(
    JSON.stringify(node, (key, value: unknown) => (key === "offset" || key === "length" ? undefined : value)),
  );
}

describe("an expression is read with Python's precedence", () => {
  test.each([
    ["-2**2", "-(2 ** 2)"],
    ["2**-1", "2 ** (-1)"],
    ["2**3**2", "2 ** (3 ** 2)"],
    ["a-b-c", "(a - b) - c"],
    ["a/b*c", "(a / b) * c"],
    ["a+b*c", "a + (b * c)"],
    ["-a % b", "(-a) % b"],
    ["not a == b", "not (a == b)"],
    ["not a and b", "(not a) and b"],
    ["a or b and c", "a or (b and c)"],
    ["1 + a if c else b", "(1 + a) if c else b"],
    ["a if b else c if d else e", "a if b else (c if d else e)"],
    ["a and b if c or d else e", "(a and b) if (c or d) else e"],
    ["a + b < c - d", "(a + b) < (c - d)"],
  ])("%s means %s", (source, meaning) => {
    expect(withoutPositions(parse(source))).toEqual(withoutPositions(parse(meaning)));
  });

  test("a chain of comparisons is one node, a comparison in brackets is not", () => {
    expect(parse("0 < a <= 10")).toMatchObject({ kind: "comparison", rest: { length: 2 } });
    expect(parse("(0 < a) <= 10")).toMatchObject({ kind: "comparison", rest: { length: 1 } });
  });

  test.each(["1", "0", "0.5", ".5", "5.", "1e3", "1E-3", "2.5e+10", "0.0"])("%s is a number", (source) => {
    expect(parse(source)).toMatchObject({ kind: "number", value: Number(source) });
  });

  test("min and max are the group's bounds without brackets and functions with them", () => {
    expect(printExpression(parse("max - max([min, 1])+max (min,2)"))).toBe(
      "max - max([min, 1]) + max(min, 2)",
    );
  });

  test("spaces and line ends may stand anywhere between the parts", () => {
    expect(printExpression(parse(" queue\n  /  max ( [ instances ,1 ] )\t"))).toBe(
      "queue / max([instances, 1])",
    );
  });
});

describe("a fault says where and what to write instead", () => {
  test.each([
    ["a = 3", "=", "use == to compare"],
    ["a && b", "&&", "write and"],
    ["a || b", "||", "write or"],
    ["a ^ 2", "^", "write **"],
    ["!a", "!", "write not"],
    ["a === b", "===", "write =="],
    ["a => b", "=>", "write >="],
    ["a ? b : c", "?", "write a if condition else b"],
    ["a ≥ b", "≥", "write >="],
    ["a AND b", "AND", "write and"],
    ["cpu > 30s", "30s", "an expression has no units; write 30"],
    ["1_000", "1_000", "write 1000"],
    ["0x1F", "0x1F", "write 31"],
    ["010", "010", "write 10"],
    ["2x", "2x", "write 2 * x"],
    ["cpu > 70%", "%", "there is no percent sign; write 70, or 0.7"],
    ["mean([a, b])", "mean", "write avg([a, b])"],
    ["cel(a)", "cel", 'did you mean "ceil"?'],
    ["sqrt(a)", "sqrt", "write a ** 0.5"],
    ["sum(a, b)", "sum(a, b)", "write sum([a, b])"],
    ["max(a)", "max(a)", "write max([a, b])"],
    ["max[a, b]", "max", "write max([a, b])"],
    ["sum > 3", "sum", "write sum([a, b])"],
    ["[a, b]", "[", "write max([a, b])"],
    ["round(a, b)", "b", "write round(a, 2)"],
    ["a == not b", "not", "write (not a)"],
    ["True", "True", "write 1"],
    ["if a then b", "if", "write a if condition else b"],
    ["a if b", "if", "write a if condition else b"],
    ["a then b", "then", "write a if condition else b"],
    ["a else b", "else", "write a if condition else b"],
    ["a if b if c else d", "if", "put brackets around the inner a if condition else b"],
    ["a not in b", "not", "write not (a == b), or a != b"],
    ["a in b", "in", "write a == 1 or a == 2"],
    ["a x 2", "x", "to multiply, write *"],
    ["2 (a)", "(", "to multiply, write *"],
    ["2 3", "3", "write + - * / or a comparison between two values"],
    ["queue depth", "depth", "write + - * / or a comparison between two values; a name has no spaces"],
    ["foo(a)", "foo", "known functions: min max sum avg abs round floor ceil"],
    ["a * é", "é", "names are of the letters a to z, digits and _"],
  ])("%s: the caret is under %s, the hint is: %s", (source, under, hint) => {
    const [caret, , said] = complaint(source);
    expect([caret, said]).toEqual([under, hint]);
  });

  test.each([
    ["x.y > 3", [".", "an expression has no property access", "give the signal a name of its own"]],
    ["(a + b", ["(", '"(" is never closed']],
    ["a + b)", [")", '")" closes nothing']],
    ["max([a, b)", [")", '")" does not close the "[" before it', undefined]],
    ["a + * b", ["*", 'a value is missing between "+" and "*"']],
    ["a +", ["+", 'a value is missing after "+"']],
    ["a, b", [",", "a comma can stand only between the values of a function or a list", "write max([a, b])"]],
    ["a[0]", ["[", "an expression has no indexing", "give the signal a name of its own"]],
    ["'high'", ["'", "there is no text in an expression", "write names without quotes, and numbers"]],
    ["abs(a, b)", ["abs(a, b)", "abs takes one value, not 2", "write abs(a)"]],
    ["avg([])", ["avg([])", "avg of an empty list has no value", "write avg([a, b])"]],
    ["1e999", ["1e999", '"1e999" is too large', "numbers go up to about 1.8e308"]],
  ])("%s", (source, expected) => {
    expect(complaint(source)).toEqual(expected.filter((part) => part !== undefined));
  });

  test("an empty expression is a fault too", () => {
    expect(faultOf("  ").message).toBe("the expression is empty");
  });

  test.each([
    "lambda x: x",
    "__import__('os')",
    "a.constructor",
    "a; b",
    "a := 3",
    "f(a)(b)",
    "{a}",
    "a @ b",
    "`a`",
  ])("%s is refused", (source) => {
    expect(parseExpression(source).ok).toBe(false);
  });
});

describe("size is bounded", () => {
  test("the longest expression is read, one character more is refused", () => {
    const longest = `1${"+1".repeat(MAX_EXPRESSION_LENGTH)}`.slice(0, MAX_EXPRESSION_LENGTH - 1);
    expect(parseExpression(longest).ok).toBe(true);
    expect(faultOf(" ".repeat(MAX_EXPRESSION_LENGTH + 1)).message).toBe(
      "this expression has 2001 characters, more than 2000",
    );
  });

  test.each([
    ["brackets", (depth: number) => `${"(".repeat(depth)}1${")".repeat(depth)}`],
    ["signs", (depth: number) => `${"-".repeat(depth)}1`],
    ["not", (depth: number) => `${"not ".repeat(depth)}1`],
    ["powers", (depth: number) => `1${"**1".repeat(depth)}`],
    ["if … else", (depth: number) => `${"1 if 1 else ".repeat(depth)}1`],
    ["calls", (depth: number) => `${"abs(".repeat(depth)}1${")".repeat(depth)}`],
  ])("nesting of %s is read to the limit and refused beyond it", (_, nest) => {
    expect(parseExpression(nest(MAX_EXPRESSION_DEPTH)).ok).toBe(true);
    expect(faultOf(nest(MAX_EXPRESSION_DEPTH + 1)).message).toBe(
      "this expression is nested more than 64 levels deep",
    );
  });
});

describe("names", () => {
  test("every use is found in the order of the source, where it stands", () => {
    const source = "a if b > (a) else max([c, min])";
    const uses = freeNames(parse(source));
    expect(uses.map(({ name }) => name)).toEqual(["a", "b", "a", "c", "min"]);
    for (const { name, offset, length } of uses) expect(source.slice(offset, offset + length)).toBe(name);
  });

  test("an unknown name is reported with the nearest known one and the whole list", () => {
    const known = ["queue", "cpu", "instances", "desired", "pending", "min", "max"];
    expect(checkNames(parse("cpu > 5 and queu / max > 5"), known)).toEqual([
      {
        message: 'unknown name "queu" in an expression',
        hint: 'did you mean "queue"? Known here: queue, cpu, instances, desired, pending, min, max',
        offset: 12,
        length: 4,
      },
    ]);
  });

  test("a name unlike any other gets the list alone", () => {
    expect(checkNames(parse("backlog"), ["cpu", "mem"])[0]?.hint).toBe("known here: cpu, mem");
  });

  test("a long list of names is cut, an empty one is said to be empty", () => {
    const many = Array.from({ length: 23 }, (_, index) => `signal${index}`);
    expect(checkNames(parse("other"), many)[0]?.hint).toMatch(
      /^known here: signal0, .* signal19 and 3 more$/,
    );
    expect(checkNames(parse("other"), [])[0]?.hint).toBe("no name is known here");
  });

  test("every unknown name is reported, known ones are not", () => {
    expect(checkNames(parse("x + cpu + y + x"), ["cpu"]).map(({ offset }) => offset)).toEqual([0, 10, 14]);
  });

  test("what may name a metric and what may not", () => {
    for (const word of ["queue", "_q1", "CPU"])
      expect([isExpressionName(word), RESERVED_NAMES.has(word)]).toEqual([true, false]);
    for (const word of ["queue-depth", "1st", "a.b", "", "é"]) expect(isExpressionName(word)).toBe(false);
    for (const word of ["and", "if", "max", "sum", "instances", "True"])
      expect(RESERVED_NAMES.has(word)).toBe(true);
  });
});

describe("for any expression", () => {
  test("what is printed reads back as the same tree", () => {
    fc.assert(
      fc.property(expressionArbitrary, (ast) => {
        const source = printExpression(ast);
        fc.pre(source.length <= MAX_EXPRESSION_LENGTH);
        expect(withoutPositions(parse(source))).toEqual(withoutPositions(ast));
        expect(printExpression(parse(source))).toBe(source);
      }),
      { numRuns: 500 },
    );
  });

  test("any text is either read or refused with a caret inside it", () => {
    const pieces = [
      "a",
      "max",
      "(",
      ")",
      "[",
      "]",
      ",",
      " ",
      "+",
      "-",
      "**",
      "<",
      "==",
      "not",
      "if",
      "else",
      "1",
      ".",
      "e",
      "é",
      '"',
    ];
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 2_100 }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (source) => {
        const parsed = parseExpression(source);
        if (parsed.ok) return;
        const { offset, length, message } = parsed.fault;
        expect(message).not.toBe("");
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset + length).toBeLessThanOrEqual(source.length);
      }),
      { numRuns: 2_000 },
    );
  });
});
