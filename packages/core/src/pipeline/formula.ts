import type { Expression, ExpressionValues } from "../expressions/index.js";
import { printExpression } from "../expressions/index.js";
import { formatNumber } from "../reasons.js";

/**
 * A formula cut at its names, so that showing it with numbers is a few concatenations: `parts[i]` stands before the
 * value of `names[i]`, the last part at the end.
 */
export interface FormulaTemplate {
  readonly parts: readonly string[];
  readonly names: readonly string[];
}

/** Stands around a name while it is cut out; no source text may contain it. */
const MARK = "\u0000";

/** Cuts a formula at its names. */
export function formulaTemplate(ast: Expression): FormulaTemplate {
  const pieces = printExpression(marked(ast) as Expression).split(MARK);
  return { parts: pieces.filter((_, i) => i % 2 === 0), names: pieces.filter((_, i) => i % 2 === 1) };
}

function marked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(marked);
  if (typeof value !== "object" || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, marked(part)]));
  return copy.kind === "name" ? { ...copy, name: `${MARK}${String(copy.name)}${MARK}` } : copy;
}

/** The formula with its numbers: `3.2 > 5`; a name without a value is `?`. */
export function fillFormula({ parts, names }: FormulaTemplate, values: ExpressionValues): string {
  let text = parts[0] ?? "";
  for (let i = 0; i < names.length; i++) {
    const input = values.get(names[i] ?? "");
    const number = typeof input === "number" ? input : Number.NaN;
    const shown = Number.isFinite(number) ? formatNumber(number) : "?";
    text += (number < 0 ? `(${shown})` : shown) + (parts[i + 1] ?? "");
  }
  return text;
}
