import { ARITHMETIC } from "./arithmetic.js";
import type { ArithmeticNode, CallNode, ComparisonNode, Expression } from "./ast.js";
import { COMPARISON } from "./comparison.js";
import { listFunction } from "./functions.js";
import { printExpression } from "./print.js";
import type { ExpressionValues } from "./values.js";
import { numberOf, reasonOf } from "./values.js";

/** A number, or the reason why there is none. */
type Outcome = number | string;

/** A formula quoted in a reason is cut at this many characters. */
const LONGEST_QUOTE = 120;

/**
 * Says why an expression has no value. The compiled closures only carry NaN, which costs nothing where all is well;
 * here the tree is walked once more, in the same order, and the first cause is put in words.
 */
export function explainMissing(ast: Expression, values: ExpressionValues): string {
  const outcome = walk(ast, values);
  return typeof outcome === "string" ? outcome : "no value";
}

/** The same arithmetic as the compiled expression, slower, with reasons; a test holds the two together. */
export function walk(node: Expression, values: ExpressionValues): Outcome {
  switch (node.kind) {
    case "number":
      return node.value;
    case "name": {
      const input = values.get(node.name);
      return reasonOf(node.name, input) ?? numberOf(input);
    }
    case "unary": {
      const operand = walk(node.operand, values);
      if (typeof operand === "string" || node.operator === "+") return operand;
      return node.operator === "-" ? -operand : Number(operand === 0);
    }
    case "arithmetic":
      return walkArithmetic(node, values);
    case "comparison":
      return walkComparison(node, values);
    case "logical": {
      const left = walk(node.left, values);
      const settled = node.operator === "and" ? left === 0 : left !== 0;
      return settled || typeof left === "string" ? left : walk(node.right, values);
    }
    case "conditional": {
      const condition = walk(node.condition, values);
      if (typeof condition === "string") return condition;
      return walk(condition === 0 ? node.whenFalse : node.whenTrue, values);
    }
    case "call":
      return walkCall(node, values);
  }
}

function walkArithmetic(node: ArithmeticNode, values: ExpressionValues): Outcome {
  const left = walk(node.left, values);
  if (typeof left === "string") return left;
  const right = walk(node.right, values);
  if (typeof right === "string") return right;
  const value = ARITHMETIC[node.operator](left, right);
  return Number.isNaN(value) ? `${arithmeticReason(node, left, right)} in ${quote(node)}` : value;
}

function arithmeticReason({ operator }: ArithmeticNode, left: number, right: number): string {
  const divides = operator === "/" || operator === "//" || operator === "%";
  if (divides && right === 0) return "division by zero";
  if (operator === "**" && left === 0 && right < 0) return "division by zero";
  if (operator === "**" && left < 0 && !Number.isInteger(right))
    return "a negative number to a fractional power";
  return "a result too large for a number";
}

function walkComparison(node: ComparisonNode, values: ExpressionValues): Outcome {
  let left = walk(node.first, values);
  for (const { operator, operand } of node.rest) {
    if (typeof left === "string") return left;
    const right = walk(operand, values);
    if (typeof right === "string") return right;
    if (COMPARISON[operator](left, right) === 0) return 0;
    left = right;
  }
  return 1;
}

function walkCall(call: CallNode, values: ExpressionValues): Outcome {
  const inputs: number[] = [];
  for (const operand of call.values) {
    const input = walk(operand, values);
    if (typeof input === "string") return input;
    inputs.push(input);
  }
  const value = listFunction(call)(inputs);
  return Number.isNaN(value) ? `a result too large for a number in ${quote(call)}` : value;
}

function quote(node: Expression): string {
  const text = printExpression(node);
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE - 1)}…` : text;
}
