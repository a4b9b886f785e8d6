import type { Cursor } from "./cursor.js";
import { refuse } from "./fault.js";
import { KEYWORDS, REFUSED_WORDS } from "./names.js";
import type { Token } from "./tokens.js";

/**
 * Says what is wrong where a value had to stand.
 * @throws {ExpressionRefusal} always
 */
export function refuseMissingValue(cursor: Cursor): never {
  const next = cursor.peek();
  const before = cursor.previous();
  if (before === undefined && next.kind === "end") {
    refuse(
      next,
      "the expression is empty",
      "write a number, a name, or a formula such as queue / max([instances, 1])",
    );
  }
  if (next.text === "[") refuse(next, "a list can stand only in min, max, sum and avg", "write max([a, b])");
  if (next.text === "if") refuse(next, '"if" stands after its value', "write a if condition else b");
  if (before?.text === "%")
    refuse(before, 'a value is missing after "%"', "there is no percent sign; write 70, or 0.7");
  if (next.kind === "end" && before !== undefined)
    refuse(before, `a value is missing after "${before.text}"`);
  if (next.text === ")" && before?.text === "(") refuse(next, "there is nothing between these brackets");
  const place =
    before === undefined ? `before "${next.text}"` : `between "${before.text}" and "${next.text}"`;
  return refuse(next, `a value is missing ${place}`);
}

/**
 * Says what is wrong where an operator, a closing bracket or the end had to stand.
 * @param open the bracket that is still open, if one is
 * @throws {ExpressionRefusal} always
 */
export function refuseLeftover(cursor: Cursor, open?: Token): never {
  const next = cursor.peek();
  if (next.kind === "end") refuse(open ?? next, `"${open?.text ?? "("}" is never closed`);
  if (next.kind === "word") return refuseWord(next);
  if (next.kind === "number") {
    refuse(
      next,
      `an operator is missing before "${next.text}"`,
      "write + - * / or a comparison between two values",
    );
  }
  if (next.text === ")" || next.text === "]") {
    const message = open === undefined ? "closes nothing" : `does not close the "${open.text}" before it`;
    refuse(next, `"${next.text}" ${message}`);
  }
  if (next.text === "[") refuse(next, "an expression has no indexing", "give the signal a name of its own");
  if (next.text === "(") refuse(next, 'an operator is missing before "("', "to multiply, write *");
  if (next.text === ",") {
    refuse(next, "a comma can stand only between the values of a function or a list", "write max([a, b])");
  }
  return refuse(next, `"${next.text}" cannot stand here`);
}

function refuseWord(word: Token): never {
  const lower = word.text.toLowerCase();
  if (word.text === "else") refuse(word, '"else" has no "if" before it', "write a if condition else b");
  if (word.text === "if") {
    refuse(
      word,
      'a second "if" before the "else" of the first',
      "put brackets around the inner a if condition else b",
    );
  }
  if (word.text === "not") refuse(word, '"not" cannot stand here', "write not (a == b), or a != b");
  const hint = REFUSED_WORDS.get(word.text);
  if (hint !== undefined) refuse(word, `"${word.text}" is not known in an expression`, hint);
  if (KEYWORDS.includes(lower))
    refuse(word, `an operator is missing before "${word.text}"`, `write ${lower}`);
  if (lower === "then") refuse(word, '"then" is not known in an expression', "write a if condition else b");
  if (lower === "x") refuse(word, `an operator is missing before "${word.text}"`, "to multiply, write *");
  return refuse(
    word,
    `an operator is missing before "${word.text}"`,
    "write + - * / or a comparison between two values; a name has no spaces",
  );
}
