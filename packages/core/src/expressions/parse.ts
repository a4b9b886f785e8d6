import type { ArithmeticOperator, ComparisonNode, ComparisonOperator, Expression } from "./ast.js";
import { ARITHMETIC_PRECEDENCE, PRECEDENCE } from "./ast.js";
import { refuseLeftover, refuseMissingValue } from "./complaints.js";
import { Cursor, spanOver } from "./cursor.js";
import type { ExpressionFault } from "./fault.js";
import { ExpressionRefusal, refuse } from "./fault.js";
import { KEYWORDS, REFUSED_WORDS } from "./names.js";
import { isFunctionName, parseCall } from "./parse-call.js";
import type { Token } from "./tokens.js";

/** Longer expressions, in UTF-16 code units, are refused unread; people's fit on a line. */
export const MAX_EXPRESSION_LENGTH = 2_000;

/** An expression, or the first thing that is wrong with it. */
export type ParsedExpression =
  | { readonly ok: true; readonly ast: Expression }
  | { readonly ok: false; readonly fault: ExpressionFault };

/**
 * Reads an expression: numbers, names, `+ - * / // % **`, comparisons, `and or not`, `a if c else b`, and calls of
 * `min max sum avg abs round floor ceil`, with Python's precedence. Whether its names mean anything is another
 * question: `checkNames`.
 * @param source at most `MAX_EXPRESSION_LENGTH` characters, nested at most `MAX_EXPRESSION_DEPTH` levels deep
 * @returns never throws, whatever the source
 */
export function parseExpression(source: string): ParsedExpression {
  try {
    return { ok: true, ast: parseWhole(source) };
  } catch (error) {
    if (error instanceof ExpressionRefusal) return { ok: false, fault: error.fault };
    throw error;
  }
}

function parseWhole(source: string): Expression {
  if (source.length > MAX_EXPRESSION_LENGTH) {
    const rest = { offset: MAX_EXPRESSION_LENGTH, length: source.length - MAX_EXPRESSION_LENGTH };
    const message = `this expression has ${source.length} characters, more than ${MAX_EXPRESSION_LENGTH}`;
    refuse(rest, message, "give parts of it names of their own under signals");
  }
  const cursor = new Cursor(source);
  const ast = parseValue(cursor);
  if (cursor.peek().kind !== "end") refuseLeftover(cursor);
  return ast;
}

function parseValue(cursor: Cursor): Expression {
  return parseFrom(cursor, PRECEDENCE.conditional);
}

/** Reads one operand and every operator after it that binds at least as tightly as `loosest`. */
function parseFrom(cursor: Cursor, loosest: number): Expression {
  let left = parseOperand(cursor, loosest);
  for (;;) {
    const operator = cursor.peek();
    const precedence = precedenceOf(operator);
    if (precedence === undefined || precedence < loosest) return left;
    left = parseAfter(cursor, left, operator, precedence);
  }
}

const COMPARISONS: ReadonlySet<string> = new Set<ComparisonOperator>(["<", "<=", ">", ">=", "==", "!="]);

function precedenceOf({ kind, text }: Token): number | undefined {
  if (kind === "sign") {
    if (COMPARISONS.has(text)) return PRECEDENCE.comparison;
    return Object.hasOwn(ARITHMETIC_PRECEDENCE, text)
      ? ARITHMETIC_PRECEDENCE[text as ArithmeticOperator]
      : undefined;
  }
  if (kind !== "word") return undefined;
  if (text === "and") return PRECEDENCE.and;
  if (text === "or") return PRECEDENCE.or;
  return text === "if" ? PRECEDENCE.conditional : undefined;
}

function parseAfter(cursor: Cursor, left: Expression, operator: Token, precedence: number): Expression {
  if (precedence === PRECEDENCE.comparison) return parseComparison(cursor, left);
  cursor.take();
  if (operator.text === "if") return parseConditional(cursor, left, operator);
  if (operator.text === "and" || operator.text === "or") {
    const right = parseFrom(cursor, precedence + 1);
    return { kind: "logical", operator: operator.text, left, right, ...spanOver(left, right) };
  }
  const right =
    operator.text === "**"
      ? // Python: 2 ** -1 is 0.5, and 2 ** 3 ** 2 is 2 ** 9.
        cursor.nested(() => parseFrom(cursor, PRECEDENCE.sign))
      : parseFrom(cursor, precedence + 1);
  const arithmetic = operator.text as ArithmeticOperator;
  return { kind: "arithmetic", operator: arithmetic, left, right, ...spanOver(left, right) };
}

function parseComparison(cursor: Cursor, first: Expression): ComparisonNode {
  const rest: Array<ComparisonNode["rest"][number]> = [];
  let last = first;
  while (COMPARISONS.has(cursor.peek().text)) {
    const operator = cursor.take().text as ComparisonOperator;
    last = parseFrom(cursor, PRECEDENCE.sum);
    rest.push({ operator, operand: last });
  }
  return { kind: "comparison", first, rest, ...spanOver(first, last) };
}

function parseConditional(cursor: Cursor, whenTrue: Expression, operator: Token): Expression {
  const condition = parseFrom(cursor, PRECEDENCE.or);
  if (!cursor.skip("else")) {
    const next = cursor.peek();
    if (next.kind === "end" || next.text === ")")
      refuse(operator, '"if" has no "else"', "write a if condition else b");
    refuseLeftover(cursor);
  }
  const whenFalse = cursor.nested(() => parseFrom(cursor, PRECEDENCE.conditional));
  return { kind: "conditional", condition, whenTrue, whenFalse, ...spanOver(whenTrue, whenFalse) };
}

function parseOperand(cursor: Cursor, loosest: number): Expression {
  const token = cursor.peek();
  if (token.kind === "number") {
    cursor.take();
    return { kind: "number", value: Number(token.text), offset: token.offset, length: token.length };
  }
  if (token.text === "-" || token.text === "+") {
    cursor.take();
    const operand = cursor.nested(() => parseFrom(cursor, PRECEDENCE.sign));
    return { kind: "unary", operator: token.text, operand, ...spanOver(token, operand) };
  }
  if (token.text === "(") return parseGroup(cursor);
  if (token.text === "not") return parseNot(cursor, token, loosest);
  if (token.kind === "word" && !KEYWORDS.includes(token.text)) return parseWord(cursor, token);
  return refuseMissingValue(cursor);
}

/** What stands in brackets has them in its span; a name has not, for carets point at names. */
function parseGroup(cursor: Cursor): Expression {
  const open = cursor.take();
  const inner = cursor.nested(() => parseValue(cursor));
  if (!cursor.skip(")")) refuseLeftover(cursor, open);
  return inner.kind === "name" ? inner : { ...inner, ...cursor.spanFrom(open) };
}

function parseNot(cursor: Cursor, token: Token, loosest: number): Expression {
  if (loosest > PRECEDENCE.not) refuse(token, '"not" needs brackets here', "write (not a)");
  cursor.take();
  const operand = cursor.nested(() => parseFrom(cursor, PRECEDENCE.not));
  return { kind: "unary", operator: "not", operand, ...spanOver(token, operand) };
}

function parseWord(cursor: Cursor, token: Token): Expression {
  const hint = REFUSED_WORDS.get(token.text);
  if (hint !== undefined) refuse(token, `"${token.text}" is not known in an expression`, hint);
  const after = cursor.peek(1);
  cursor.take();
  if (after.text === "(") return parseCall(cursor, token, parseValue);
  // min and max are also the group's bounds; the other functions are nothing without brackets.
  const bound = token.text === "min" || token.text === "max";
  if (isFunctionName(token.text) && (!bound || after.text === "[")) {
    refuse(token, `"${token.text}" is a function and needs brackets`, `write ${example(token.text)}`);
  }
  return { kind: "name", name: token.text, offset: token.offset, length: token.length };
}

function example(called: string): string {
  return ["min", "max", "sum", "avg"].includes(called) ? `${called}([a, b])` : `${called}(a)`;
}
