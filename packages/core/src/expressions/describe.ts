import type { Expression } from "./ast.js";
import { printExpression } from "./print.js";
import { walk } from "./reason.js";
import type { ExpressionValues } from "./values.js";
import { numberOf } from "./values.js";

/** Shown in place of a name that has no value. */
const MISSING = "?";

/** Digits shown of a fraction: enough that 69.9999999 is not shown as 70, few enough to be read. */
const SHOWN_DIGITS = 9;

/**
 * The formula, the formula with its numbers, and the outcome, on one line:
 * `queue / max([instances, 1]) = 120 / max([3, 1]) = 40`. A condition reads `backlog > 5: 40 > 5 is true`, and one
 * without a value `queue / instances = 120 / 0: unavailable (division by zero in queue / instances)`.
 */
export function describeEvaluation(ast: Expression, values: ExpressionValues): string {
  const formula = printExpression(ast);
  const numbers = printExpression(substitute(ast, values));
  const outcome = walk(ast, values);
  const condition = isCondition(ast);
  const steps = numbers === formula ? [formula] : [formula, numbers];
  const shown = steps.join(condition ? ": " : " = ");
  if (typeof outcome === "string") return `${shown}: unavailable (${outcome})`;
  if (condition) return `${shown} is ${outcome === 0 ? "false" : "true"}`;
  const result = formatNumber(outcome);
  return steps.at(-1) === result ? shown : `${shown} = ${result}`;
}

/** Whether the outcome is a yes or no rather than a quantity. */
function isCondition(node: Expression): boolean {
  if (node.kind === "logical") return isCondition(node.left) && isCondition(node.right);
  return node.kind === "comparison" || (node.kind === "unary" && node.operator === "not");
}

/** A number as it is shown: whole numbers in full, fractions to nine digits, never `-0`. */
function formatNumber(value: number): string {
  return String(Number.isInteger(value) ? value + 0 : Number(value.toPrecision(SHOWN_DIGITS)));
}

function substitute(node: Expression, values: ExpressionValues): Expression {
  switch (node.kind) {
    case "number":
      return node;
    case "name":
      return numeral(node, numberOf(values.get(node.name)));
    case "unary":
      return { ...node, operand: substitute(node.operand, values) };
    case "arithmetic":
    case "logical":
      return { ...node, left: substitute(node.left, values), right: substitute(node.right, values) };
    case "comparison": {
      const rest = node.rest.map(({ operator, operand }) => ({
        operator,
        operand: substitute(operand, values),
      }));
      return { ...node, first: substitute(node.first, values), rest };
    }
    case "conditional":
      return {
        ...node,
        condition: substitute(node.condition, values),
        whenTrue: substitute(node.whenTrue, values),
        whenFalse: substitute(node.whenFalse, values),
      };
    case "call":
      return { ...node, values: node.values.map((value) => substitute(value, values)) };
  }
}

/** A negative number becomes a sign and a number, so that it is printed with brackets where it needs them. */
function numeral(place: Expression, value: number): Expression {
  const { offset, length } = place;
  if (Number.isNaN(value)) return { kind: "name", name: MISSING, offset, length };
  const shown = Number(formatNumber(value));
  const magnitude: Expression = { kind: "number", value: Math.abs(shown), offset, length };
  return shown < 0 ? { kind: "unary", operator: "-", operand: magnitude, offset, length } : magnitude;
}
