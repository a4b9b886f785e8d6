import { nearest } from "../nearest.js";
import type { CallNode, Expression, FunctionName } from "./ast.js";
import { refuseLeftover } from "./complaints.js";
import type { Cursor } from "./cursor.js";
import { refuse } from "./fault.js";
import { FOREIGN_FUNCTIONS } from "./foreign.js";
import { FUNCTION_NAMES } from "./names.js";
import type { Token } from "./tokens.js";

/** Beyond this many decimals a double has nothing left to round. */
const MOST_DIGITS = 20;

type ParseValue = (cursor: Cursor) => Expression;

interface ArgumentsNode {
  readonly values: readonly Expression[];
  readonly list: boolean;
  readonly digits?: number;
}

/** Whether a word is one of the functions. */
export function isFunctionName(word: string): word is FunctionName {
  return (FUNCTION_NAMES as readonly string[]).includes(word);
}

/**
 * Parses a call whose name has just been taken; the next token is its opening bracket.
 * @param parseValue parses one whole expression
 * @throws {ExpressionRefusal} for an unknown function, or values that it does not take
 */
export function parseCall(cursor: Cursor, name: Token, parseValue: ParseValue): CallNode {
  const called = name.text;
  if (!isFunctionName(called)) return refuseFunction(name);
  const open = cursor.take();
  const taken = cursor.nested(() => parseArguments(cursor, called, parseValue));
  if (!cursor.skip(")")) refuseLeftover(cursor, open);
  const node: CallNode = { kind: "call", function: called, ...taken, ...cursor.spanFrom(name) };
  checkCount(node);
  return node;
}

function refuseFunction(name: Token): never {
  const near = nearest(name.text, FUNCTION_NAMES);
  const hint =
    FOREIGN_FUNCTIONS.get(name.text) ?? (near === undefined ? undefined : `did you mean "${near}"?`);
  const known = `known functions: ${FUNCTION_NAMES.join(" ")}`;
  return refuse(name, `unknown function "${name.text}" in an expression`, hint ?? known);
}

function parseArguments(cursor: Cursor, called: FunctionName, parseValue: ParseValue): ArgumentsNode {
  if (cursor.sees("[") && takesList(called)) return { values: parseList(cursor, parseValue), list: true };
  if (cursor.sees(")")) return { values: [], list: false };
  const values = [parseValue(cursor)];
  while (cursor.skip(",")) {
    if (called === "round" && values.length === 1)
      return { values, list: false, digits: parseDigits(cursor) };
    values.push(parseValue(cursor));
  }
  return { values, list: false };
}

function parseList(cursor: Cursor, parseValue: ParseValue): Expression[] {
  const open = cursor.take();
  const values: Expression[] = [];
  if (!cursor.sees("]")) {
    do values.push(parseValue(cursor));
    while (cursor.skip(","));
  }
  if (!cursor.skip("]")) refuseLeftover(cursor, open);
  return values;
}

function parseDigits(cursor: Cursor): number {
  const sign = cursor.skip("-") ? -1 : 1;
  const token = cursor.take();
  const digits = sign * Number(token.text);
  if (token.kind !== "number" || !/^\d+$/.test(token.text) || Math.abs(digits) > MOST_DIGITS) {
    refuse(
      token,
      `the decimals of round must be a whole number from -${MOST_DIGITS} to ${MOST_DIGITS}, written out`,
      "write round(a, 2)",
    );
  }
  return digits === 0 ? 0 : digits;
}

function takesList(called: FunctionName): boolean {
  return called === "min" || called === "max" || called === "sum" || called === "avg";
}

function checkCount(call: CallNode): void {
  const { function: called, values, list } = call;
  if (!takesList(called)) {
    const example = called === "round" ? "write round(a), or round(a, 2)" : `write ${called}(a)`;
    if (values.length !== 1) refuse(call, `${called} takes one value, not ${values.length}`, example);
    return;
  }
  const example = `write ${called}([a, b])`;
  if (list && values.length === 0 && called !== "sum")
    refuse(call, `${called} of an empty list has no value`, example);
  if (list) return;
  if (called === "sum" || called === "avg") refuse(call, `${called} takes one list`, example);
  if (values.length < 2) refuse(call, `${called} takes one list, or two values and more`, example);
}
