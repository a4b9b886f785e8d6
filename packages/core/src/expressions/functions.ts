import { finite, roundHalfEven, roundTo } from "./arithmetic.js";
import type { CallNode } from "./ast.js";

type ListFunction = (values: readonly number[]) => number;
type ValueFunction = (value: number) => number;

/**
 * The function of a call over all its values. A value may be NaN (no value); so may the answer.
 * Sums go from left to right, so that `sum([a, b])` and `a + b` never differ in the last bit.
 */
export function listFunction(call: CallNode): ListFunction {
  switch (call.function) {
    case "min":
      return (values) => Math.min(...values);
    case "max":
      return (values) => Math.max(...values);
    case "sum":
      return total;
    case "avg":
      return (values) => total(values) / values.length;
    default: {
      const apply = valueFunction(call);
      return (values) => apply(values[0] ?? Number.NaN);
    }
  }
}

function total(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return finite(sum);
}

/** The function of a call that takes one value. */
export function valueFunction(call: CallNode): ValueFunction {
  const { digits } = call;
  switch (call.function) {
    case "abs":
      return Math.abs;
    case "floor":
      return Math.floor;
    case "ceil":
      return Math.ceil;
    case "round":
      return digits === undefined ? roundHalfEven : (value) => roundTo(value, digits);
    default:
      throw new TypeError(`${call.function} takes a list`);
  }
}
