/** The `when` of a file as the bound of an alarm. Pure. */
import type { ComparisonOperator, Expression } from "@bellows/core";
import type { Bound } from "./alarm-native.js";
import { readExpression } from "./translate-metric.js";

/** A comparison of one thing with a number. */
export interface Condition {
  signal: Expression;
  bound: Bound;
  threshold: number;
}

const BOUNDS: Readonly<Partial<Record<ComparisonOperator, Bound>>> = {
  ">": "above",
  ">=": "atLeast",
  "<": "below",
  "<=": "atMost",
};

/** What a comparison says when its sides change places. */
const MIRRORED: Readonly<Record<Bound, Bound>> = {
  above: "below",
  atLeast: "atMost",
  below: "above",
  atMost: "atLeast",
};

/**
 * Reads a condition of which AWS has the like: `cpu > 70`, or `70 < cpu`.
 * @param reasons - takes why it is none.
 */
export function readCondition(text: string, reasons: string[]): Condition | undefined {
  const condition = readExpression(text, reasons);
  if (condition === undefined) return undefined;
  if (condition.kind !== "comparison") return refuse(reasons, WORDS[condition.kind] ?? "has to compare");
  const [last, more] = condition.rest;
  const bound = last && BOUNDS[last.operator];
  if (last === undefined || more !== undefined) return refuse(reasons, "has one bound for AWS, not two");
  if (bound === undefined) return refuse(reasons, `has no ${last.operator} for AWS`);
  const [left, right] = [numberOf(condition.first), numberOf(last.operand)];
  if (right !== undefined) return { signal: condition.first, bound, threshold: right };
  if (left !== undefined) return { signal: last.operand, bound: MIRRORED[bound], threshold: left };
  return refuse(reasons, "has to compare with a number");
}

const WORDS: Readonly<Partial<Record<Expression["kind"], string>>> = {
  logical: "has one comparison for AWS: and, or join several",
  unary: "has one comparison for AWS, and no not",
};

function refuse(reasons: string[], why: string): undefined {
  reasons.push(`when: ${why}`);
  return undefined;
}

/** A number as written, with its sign. */
function numberOf(expression: Expression): number | undefined {
  if (expression.kind === "number") return expression.value;
  if (expression.kind !== "unary" || expression.operator === "not") return undefined;
  const value = numberOf(expression.operand);
  return value === undefined || expression.operator === "+" ? value : -value;
}
