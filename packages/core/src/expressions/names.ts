import { nearest } from "../nearest.js";
import type { Expression, FunctionName } from "./ast.js";
import { operandsOf } from "./ast.js";
import type { ExpressionFault } from "./fault.js";

/** The functions an expression may call. */
export const FUNCTION_NAMES: readonly FunctionName[] = [
  "min",
  "max",
  "sum",
  "avg",
  "abs",
  "round",
  "floor",
  "ceil",
];

/** What every expression knows of its group: instances in service, capacities wanted and pending, bounds. */
export const GROUP_NAMES: readonly string[] = ["instances", "desired", "pending", "min", "max"];

/** The words that are operators. */
export const KEYWORDS: readonly string[] = ["and", "or", "not", "if", "else"];

/** Words of Python and YAML that mean something else to most readers than a metric, with what to write. */
export const REFUSED_WORDS: ReadonlyMap<string, string> = new Map([
  ["True", "write 1"],
  ["False", "write 0"],
  ["true", "write 1"],
  ["false", "write 0"],
  ["None", "a missing value makes the whole expression unavailable by itself"],
  ["null", "a missing value makes the whole expression unavailable by itself"],
  ["is", "use == to compare"],
  ["in", "write a == 1 or a == 2"],
  ["lambda", "there are no functions of one's own; give the part a name under signals"],
]);

/** No metric or signal may have one of these names: keywords, functions, the group's own names. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  ...KEYWORDS,
  ...FUNCTION_NAMES,
  ...GROUP_NAMES,
  ...REFUSED_WORDS.keys(),
]);

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether a word has the shape of a name (letters, digits, `_`, no digit first); it may still be reserved. */
export function isExpressionName(word: string): boolean {
  return NAME.test(word);
}

/** One use of a name in an expression. */
export interface NameUse {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

/** Every use of a name in an expression, in the order of the source; a name used twice is there twice. */
export function freeNames(ast: Expression): NameUse[] {
  if (ast.kind === "name") return [{ name: ast.name, offset: ast.offset, length: ast.length }];
  return operandsOf(ast).flatMap(freeNames);
}

/** More names than this are cut short in a hint: it should stay one line. */
const NAMES_IN_HINT = 20;

/**
 * Finds the names that nothing answers to.
 * @param known the names that have a value here, in the order in which a hint lists them
 * @returns one fault for each use of an unknown name; empty if all are known
 */
export function checkNames(ast: Expression, known: Iterable<string>): ExpressionFault[] {
  const names = [...new Set(known)];
  const isKnown = new Set(names);
  return freeNames(ast)
    .filter(({ name }) => !isKnown.has(name))
    .map(({ name, offset, length }) => ({
      message: `unknown name "${name}" in an expression`,
      hint: hintFor(name, names),
      offset,
      length,
    }));
}

function hintFor(name: string, known: readonly string[]): string {
  if (known.length === 0) return "no name is known here";
  const rest = known.length - NAMES_IN_HINT;
  const listed = known.slice(0, NAMES_IN_HINT).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  const near = nearest(name, known);
  return near === undefined ? `known here: ${listed}` : `did you mean "${near}"? Known here: ${listed}`;
}
