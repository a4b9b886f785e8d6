import type { CompiledExpression } from "./compile.js";
import { explainMissing } from "./reason.js";
import type { Evaluation, ExpressionValues } from "./values.js";

/**
 * Computes an expression, as Python computes it with floats: comparisons and `not` give 1 or 0, `and` and `or` give
 * one of their operands, anything but 0 is true.
 * @param values by name; what a short circuit or an untaken branch does not need may be missing or unavailable
 * @returns never throws; unavailable with the reason if a value that is needed is, or on division by zero, overflow,
 *   or a negative number to a fractional power
 */
export function evaluate(compiled: CompiledExpression, values: ExpressionValues): Evaluation {
  const value = compiled.run(values);
  // Adding 0 turns -0 into 0, which nobody wants to read.
  return Number.isNaN(value) ? { unavailable: explainMissing(compiled.ast, values) } : { value: value + 0 };
}
