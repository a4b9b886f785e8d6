/** Where something stands in the source of an expression, in UTF-16 code units. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Two numbers to one number, left to right except `**`. */
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

/** May be chained: `0 < a <= 10` means `0 < a and a <= 10`. */
export type ComparisonOperator = "<" | "<=" | ">" | ">=" | "==" | "!=";

/** The functions an expression may call. `min max sum avg` take a list, the others one value. */
export type FunctionName = "min" | "max" | "sum" | "avg" | "abs" | "round" | "floor" | "ceil";

/** A number as written: zero or more, finite (a sign is a `unary` around it). */
export interface NumberNode extends Span {
  readonly kind: "number";
  readonly value: number;
}

/** A metric, a signal, or one of the group's own numbers. */
export interface NameNode extends Span {
  readonly kind: "name";
  readonly name: string;
}

/** A sign or a negation. */
export interface UnaryNode extends Span {
  readonly kind: "unary";
  readonly operator: "-" | "+" | "not";
  readonly operand: Expression;
}

/** Arithmetic on two operands. */
export interface ArithmeticNode extends Span {
  readonly kind: "arithmetic";
  readonly operator: ArithmeticOperator;
  readonly left: Expression;
  readonly right: Expression;
}

/** A comparison, or a chain of them: `first` and then one `rest` entry or more. */
export interface ComparisonNode extends Span {
  readonly kind: "comparison";
  readonly first: Expression;
  readonly rest: ReadonlyArray<{ readonly operator: ComparisonOperator; readonly operand: Expression }>;
}

/** `and`, `or`: the right operand is looked at only if the left one does not settle it. */
export interface LogicalNode extends Span {
  readonly kind: "logical";
  readonly operator: "and" | "or";
  readonly left: Expression;
  readonly right: Expression;
}

/** `whenTrue if condition else whenFalse`: only the branch that is taken is looked at. */
export interface ConditionalNode extends Span {
  readonly kind: "conditional";
  readonly condition: Expression;
  readonly whenTrue: Expression;
  readonly whenFalse: Expression;
}

/** A call of one of the known functions. */
export interface CallNode extends Span {
  readonly kind: "call";
  readonly function: FunctionName;
  readonly values: readonly Expression[];
  /** Whether the values stood in one list: `max([a, b])` rather than `max(a, b)`. */
  readonly list: boolean;
  /** Only for `round`: decimals to keep, a whole number from -20 to 20; absent means "to a whole number". */
  readonly digits?: number;
}

/** A parsed expression. Plain data: may be stored, compared and printed. */
export type Expression =
  | NumberNode
  | NameNode
  | UnaryNode
  | ArithmeticNode
  | ComparisonNode
  | LogicalNode
  | ConditionalNode
  | CallNode;

/** The operands of one node, in the order in which they stand in the source. */
export function operandsOf(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case "number":
    case "name":
      return [];
    case "unary":
      return [node.operand];
    case "arithmetic":
    case "logical":
      return [node.left, node.right];
    case "comparison":
      return [node.first, ...node.rest.map(({ operand }) => operand)];
    case "conditional":
      return [node.whenTrue, node.condition, node.whenFalse];
    case "call":
      return node.values;
  }
}

/**
 * How tightly an operator binds, as in Python: a larger number binds tighter.
 * @see https://docs.python.org/3/reference/expressions.html#operator-precedence
 */
export const PRECEDENCE = {
  conditional: 1,
  or: 2,
  and: 3,
  not: 4,
  comparison: 5,
  sum: 6,
  product: 7,
  sign: 8,
  power: 9,
  atom: 10,
} as const;

/** The precedence of each arithmetic operator. */
export const ARITHMETIC_PRECEDENCE: Readonly<Record<ArithmeticOperator, number>> = {
  "+": PRECEDENCE.sum,
  "-": PRECEDENCE.sum,
  "*": PRECEDENCE.product,
  "/": PRECEDENCE.product,
  "//": PRECEDENCE.product,
  "%": PRECEDENCE.product,
  "**": PRECEDENCE.power,
};
