import fc from "fast-check";
import type { Expression } from "../src/expressions/ast.js";

/** The names that random expressions use; `min` and `max` are both names and functions. */
export const RANDOM_NAMES = ["queue", "cpu", "mem", "instances", "desired", "min", "max", "zero"];

const span = { offset: 0, length: 0 };

const literal = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 12 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 4000 }).map((thousandths) => thousandths / 1000) },
  { weight: 2, arbitrary: fc.constantFrom(0.5, 2.5, 0.1, 0.125, 100, 1e6) },
  { weight: 1, arbitrary: fc.constantFrom(1e300, 1e-300, 2 ** 53, 5e-324, 1e16) },
);

function tied<T>(depthIdentifier: fc.DepthIdentifier, leaf: fc.Arbitrary<T>, ...rest: fc.Arbitrary<T>[]) {
  return fc.oneof({ depthSize: "small", depthIdentifier, withCrossShrink: true, maxDepth: 6 }, leaf, ...rest);
}

/** A random tree that is within the grammar; positions are all zero. */
export const expressionArbitrary: fc.Arbitrary<Expression> = fc.letrec<{ node: Expression }>((tie) => {
  const node = tie("node");
  const depthIdentifier = fc.createDepthIdentifier();
  const leaf: fc.Arbitrary<Expression> = fc.oneof(
    literal.map((value): Expression => ({ kind: "number", value, ...span })),
    fc.constantFrom(...RANDOM_NAMES).map((name): Expression => ({ kind: "name", name, ...span })),
  );
  const unary = fc
    .record({ operator: fc.constantFrom("-" as const, "+" as const, "not" as const), operand: node })
    .map((parts): Expression => ({ kind: "unary", ...parts, ...span }));
  const arithmetic = fc
    .record({
      operator: fc.constantFrom(...(["+", "-", "*", "/", "//", "%", "**"] as const)),
      left: node,
      right: node,
    })
    .map((parts): Expression => ({ kind: "arithmetic", ...parts, ...span }));
  const link = fc.record({
    operator: fc.constantFrom(...(["<", "<=", ">", ">=", "==", "!="] as const)),
    operand: node,
  });
  const comparison = fc
    .record({ first: node, rest: fc.array(link, { minLength: 1, maxLength: 3 }) })
    .map((parts): Expression => ({ kind: "comparison", ...parts, ...span }));
  const logical = fc
    .record({ operator: fc.constantFrom("and" as const, "or" as const), left: node, right: node })
    .map((parts): Expression => ({ kind: "logical", ...parts, ...span }));
  const conditional = fc
    .record({ condition: node, whenTrue: node, whenFalse: node })
    .map((parts): Expression => ({ kind: "conditional", ...parts, ...span }));
  const call: fc.Arbitrary<Expression> = fc.oneof(
    fc
      .record({
        function: fc.constantFrom(...(["abs", "floor", "ceil", "round"] as const)),
        values: fc.tuple(node),
      })
      .map((parts): Expression => ({ kind: "call", list: false, ...parts, ...span })),
    fc
      .record({ values: fc.tuple(node), digits: fc.integer({ min: -3, max: 6 }) })
      .map((parts): Expression => ({ kind: "call", function: "round", list: false, ...parts, ...span })),
    fc
      .record({
        function: fc.constantFrom(...(["min", "max", "sum", "avg"] as const)),
        values: fc.array(node, { minLength: 1, maxLength: 3 }),
      })
      .map((parts): Expression => ({ kind: "call", list: true, ...parts, ...span })),
    fc
      .record({
        function: fc.constantFrom(...(["min", "max"] as const)),
        values: fc.array(node, { minLength: 2, maxLength: 3 }),
      })
      .map((parts): Expression => ({ kind: "call", list: false, ...parts, ...span })),
  );
  return {
    node: tied<Expression>(
      depthIdentifier,
      leaf,
      arithmetic,
      comparison,
      unary,
      call,
      logical,
      conditional,
      arithmetic,
    ),
  };
}).node;

/** One number per name, or null for a name without a value. */
export const valuesArbitrary: fc.Arbitrary<Record<string, number | null>> = fc
  .tuple(
    ...RANDOM_NAMES.map(() =>
      fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: -5, max: 120 }) },
        { weight: 5, arbitrary: fc.integer({ min: -9_999, max: 99_999 }).map((part) => part / 1000) },
        { weight: 2, arbitrary: fc.double({ min: -50, max: 200, noNaN: true }) },
        { weight: 2, arbitrary: fc.integer({ min: -9, max: 9 }).map((half) => half / 2) },
        { weight: 2, arbitrary: fc.constantFrom(0, 1e308, -1e200, 1e-200) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
    ),
  )
  .map((numbers) => ({
    ...Object.fromEntries(RANDOM_NAMES.map((name, index) => [name, numbers[index] ?? null])),
    zero: 0,
  }));
