import type { CallNode, Expression } from "./ast.js";
import { ARITHMETIC_PRECEDENCE, PRECEDENCE } from "./ast.js";

/**
 * Writes an expression in its plainest form: single spaces, no bracket that is not needed. Parsing the result gives
 * the same tree again (positions aside).
 */
export function printExpression(ast: Expression): string {
  return print(ast, PRECEDENCE.conditional);
}

/** With brackets if the node binds less tightly than its place demands. */
function print(node: Expression, tightest: number): string {
  const text = printBare(node);
  return precedenceOf(node) < tightest ? `(${text})` : text;
}

function precedenceOf(node: Expression): number {
  switch (node.kind) {
    case "conditional":
      return PRECEDENCE.conditional;
    case "logical":
      return PRECEDENCE[node.operator];
    case "comparison":
      return PRECEDENCE.comparison;
    case "unary":
      return node.operator === "not" ? PRECEDENCE.not : PRECEDENCE.sign;
    case "arithmetic":
      return ARITHMETIC_PRECEDENCE[node.operator];
    default:
      return PRECEDENCE.atom;
  }
}

function printBare(node: Expression): string {
  switch (node.kind) {
    case "number":
      return String(node.value);
    case "name":
      return node.name;
    case "unary":
      return node.operator === "not"
        ? `not ${print(node.operand, PRECEDENCE.not)}`
        : `${node.operator}${print(node.operand, PRECEDENCE.sign)}`;
    case "arithmetic": {
      const own = ARITHMETIC_PRECEDENCE[node.operator];
      const [left, right] = node.operator === "**" ? [PRECEDENCE.atom, PRECEDENCE.sign] : [own, own + 1];
      return `${print(node.left, left)} ${node.operator} ${print(node.right, right)}`;
    }
    case "comparison": {
      const links = node.rest.map(
        ({ operator, operand }) => ` ${operator} ${print(operand, PRECEDENCE.sum)}`,
      );
      return print(node.first, PRECEDENCE.sum) + links.join("");
    }
    case "logical": {
      const own = PRECEDENCE[node.operator];
      return `${print(node.left, own)} ${node.operator} ${print(node.right, own + 1)}`;
    }
    case "conditional": {
      const whenTrue = print(node.whenTrue, PRECEDENCE.or);
      const condition = print(node.condition, PRECEDENCE.or);
      return `${whenTrue} if ${condition} else ${print(node.whenFalse, PRECEDENCE.conditional)}`;
    }
    case "call":
      return printCall(node);
  }
}

function printCall(call: CallNode): string {
  const values = call.values.map(printExpression).join(", ");
  const digits = call.digits === undefined ? "" : `, ${call.digits}`;
  return `${call.function}(${call.list ? `[${values}]` : values}${digits})`;
}
