import type { Span } from "./ast.js";
import { refuse } from "./fault.js";
import { foreignSignAt } from "./foreign.js";

/** A number, a word, a sign, or the end of the source. */
export interface Token extends Span {
  readonly kind: "number" | "word" | "sign" | "end";
  /** As written; empty at the end. */
  readonly text: string;
}

const SPACE = /\s*/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const SIGN = /\*\*|\/\/|[<>=!]=|[-+*/%<>()[\],]/y;
/** What may follow a number only by mistake: letters, digits, `_` and further points. */
const STUCK = /[\w.]+/y;
const UNIT = /^(?:ns|us|ms|s|m|h|d|w|[KMGT]i?B?|B)$/i;

/**
 * Cuts an expression into tokens; the last one is the end.
 * @throws {ExpressionRefusal} at the first character that cannot belong to an expression
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let offset = skipSpace(source, 0);
  while (offset < source.length) {
    const token = tokenAt(source, offset);
    tokens.push(token);
    offset = skipSpace(source, offset + token.length);
  }
  tokens.push({ kind: "end", text: "", offset: source.length, length: 0 });
  return tokens;
}

function tokenAt(source: string, offset: number): Token {
  const number = matchAt(NUMBER, source, offset);
  if (number !== undefined) return numberToken(source, number, offset);
  const word = matchAt(WORD, source, offset);
  if (word !== undefined) return { kind: "word", text: word, offset, length: word.length };
  const foreign = foreignSignAt(source, offset);
  const sign = matchAt(SIGN, source, offset);
  // "===" begins with "==" and "**=" with "**": the longer reading is what was meant.
  if (foreign !== undefined && foreign.sign.length > (sign?.length ?? 0)) {
    refuse({ offset, length: foreign.sign.length }, foreign.message, foreign.hint);
  }
  if (sign !== undefined) return { kind: "sign", text: sign, offset, length: sign.length };
  const character = String.fromCodePoint(source.codePointAt(offset) ?? 0);
  return refuse(
    { offset, length: character.length },
    `${JSON.stringify(character)} is not known in an expression`,
    "names are of the letters a to z, digits and _",
  );
}

function numberToken(source: string, text: string, offset: number): Token {
  const stuck = matchAt(STUCK, source, offset + text.length);
  const span = { offset, length: text.length + (stuck?.length ?? 0) };
  if (stuck !== undefined) refuse(span, `"${text}${stuck}" is not a number`, hintForStuck(text, stuck));
  if (/^0\d/.test(text))
    refuse(span, `"${text}" begins with a zero`, `write ${text.replace(/^0+(?=\d)/, "")}`);
  if (!Number.isFinite(Number(text)))
    refuse(span, `"${text}" is too large`, "numbers go up to about 1.8e308");
  return { kind: "number", text, ...span };
}

function hintForStuck(text: string, stuck: string): string {
  if (UNIT.test(stuck)) return `an expression has no units; write ${text}`;
  if (/^[\d_]+$/.test(stuck)) return `write ${text}${stuck.replaceAll("_", "")}`;
  if (text === "0" && Number.isFinite(Number(text + stuck))) return `write ${Number(text + stuck)}`;
  if (/^[A-Za-z_]\w*$/.test(stuck) && !/^e\d*$/i.test(stuck)) return `write ${text} * ${stuck}`;
  return "write a number as 12, 0.5 or 1e6";
}

function skipSpace(source: string, offset: number): number {
  return offset + (matchAt(SPACE, source, offset)?.length ?? 0);
}

function matchAt(pattern: RegExp, source: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(source)?.[0];
}
