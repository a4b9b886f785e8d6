/** The outcome of an expression: a finite number, or why there is none. */
export type Evaluation = { readonly value: number } | { readonly unavailable: string };

/**
 * What one name stands for: a number, or the outcome of a read or of another expression. NaN and the infinities count
 * as unavailable.
 */
export type ExpressionInput = number | Evaluation;

/** The values of names, by name; a name that is absent is unavailable. */
export type ExpressionValues = ReadonlyMap<string, ExpressionInput>;

/** The finite number that a name stands for, or NaN. */
export function numberOf(input: ExpressionInput | undefined): number {
  if (typeof input === "number") return input - input === 0 ? input : Number.NaN;
  if (input === undefined || !("value" in input)) return Number.NaN;
  return input.value - input.value === 0 ? input.value : Number.NaN;
}

/** Why a name has no finite number; undefined if it has one. */
export function reasonOf(name: string, input: ExpressionInput | undefined): string | undefined {
  if (input === undefined) return `${name} has no value`;
  if (typeof input !== "number" && "unavailable" in input) return `${name}: ${input.unavailable}`;
  const value = typeof input === "number" ? input : input.value;
  if (Number.isFinite(value)) return undefined;
  return `${name} is ${Number.isNaN(value) ? "not a number" : "infinite"}`;
}
