import { finite, floorDivide, modulo, power } from "./arithmetic.js";
import type {
  ArithmeticNode,
  CallNode,
  ComparisonNode,
  ConditionalNode,
  Expression,
  LogicalNode,
  UnaryNode,
} from "./ast.js";
import { COMPARISON } from "./comparison.js";
import { listFunction, valueFunction } from "./functions.js";
import { freeNames } from "./names.js";
import type { ExpressionValues } from "./values.js";
import { numberOf } from "./values.js";

/** Answers a finite number, or NaN for "no value". */
type Closure = (values: ExpressionValues) => number;

/** An expression made ready to be evaluated many times. */
export interface CompiledExpression {
  readonly ast: Expression;
  /** The names it uses, each once, in the order of the source. */
  readonly names: readonly string[];
  /**
   * The bare arithmetic, for the hottest loops: a finite number, or NaN where `evaluate` gives a reason. A zero may
   * be negative.
   */
  readonly run: (values: ExpressionValues) => number;
}

/**
 * Makes an expression ready: a tree of closures, no generated code. Names are looked up when evaluated, and only if
 * needed.
 */
export function compileExpression(ast: Expression): CompiledExpression {
  const names = [...new Set(freeNames(ast).map(({ name }) => name))];
  return { ast, names, run: compile(ast) };
}

function compile(node: Expression): Closure {
  switch (node.kind) {
    case "number": {
      const { value } = node;
      return () => value;
    }
    case "name":
      return compileName(node.name);
    case "unary":
      return compileUnary(node);
    case "arithmetic":
      return compileArithmetic(node);
    case "comparison":
      return compileComparison(node);
    case "logical":
      return compileLogical(node);
    case "conditional":
      return compileConditional(node);
    case "call":
      return compileCall(node);
  }
}

function compileName(name: string): Closure {
  return (values) => {
    const input = values.get(name);
    return typeof input === "number" && input - input === 0 ? input : numberOf(input);
  };
}

function compileUnary({ operator, operand }: UnaryNode): Closure {
  const inner = compile(operand);
  if (operator === "+") return inner;
  if (operator === "-") return (values) => -inner(values);
  return (values) => {
    const value = inner(values);
    return value === 0 ? 1 : value - value; // 0 for a number, NaN for none
  };
}

// One closure per operator, rather than one that looks the operator up: it is twice as fast.
function compileArithmetic({ operator, left: leftNode, right: rightNode }: ArithmeticNode): Closure {
  const left = compile(leftNode);
  const right = compile(rightNode);
  switch (operator) {
    case "+":
      return (values) => finite(left(values) + right(values));
    case "-":
      return (values) => finite(left(values) - right(values));
    case "*":
      return (values) => finite(left(values) * right(values));
    case "/":
      return (values) => finite(left(values) / right(values));
    case "//":
      return (values) => floorDivide(left(values), right(values));
    case "%":
      return (values) => modulo(left(values), right(values));
    case "**":
      return (values) => power(left(values), right(values));
  }
}

function compileComparison({ first, rest }: ComparisonNode): Closure {
  const start = compile(first);
  const links = rest.map(({ operator, operand }) => ({
    compare: COMPARISON[operator],
    next: compile(operand),
  }));
  const [link] = links;
  if (links.length === 1 && link !== undefined) {
    const { compare, next } = link;
    return (values) => compare(start(values), next(values));
  }
  return (values) => {
    let left = start(values);
    for (const { compare, next } of links) {
      const right = next(values);
      const holds = compare(left, right);
      if (holds !== 1) return holds;
      left = right;
    }
    return 1;
  };
}

function compileLogical({ operator, left: leftNode, right: rightNode }: LogicalNode): Closure {
  const left = compile(leftNode);
  const right = compile(rightNode);
  if (operator === "and") {
    return (values) => {
      const value = left(values);
      return value === 0 || Number.isNaN(value) ? value : right(values);
    };
  }
  return (values) => {
    const value = left(values);
    return value === 0 ? right(values) : value;
  };
}

function compileConditional(node: ConditionalNode): Closure {
  const condition = compile(node.condition);
  const whenTrue = compile(node.whenTrue);
  const whenFalse = compile(node.whenFalse);
  return (values) => {
    const holds = condition(values);
    if (holds === 0) return whenFalse(values);
    return Number.isNaN(holds) ? holds : whenTrue(values);
  };
}

function compileCall(call: CallNode): Closure {
  const inputs = call.values.map(compile);
  const [first, second] = inputs;
  if (first !== undefined && second === undefined && !call.list) {
    const apply = valueFunction(call);
    return (values) => apply(first(values));
  }
  if (first !== undefined && second !== undefined && inputs.length === 2) {
    if (call.function === "max") return (values) => Math.max(first(values), second(values));
    if (call.function === "min") return (values) => Math.min(first(values), second(values));
  }
  const apply = listFunction(call);
  return (values) => apply(inputs.map((input) => input(values)));
}
