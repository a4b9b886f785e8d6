/**
 * As much of CloudWatch's metric math as tests need: numbers, ids, `+ - * /`, brackets, FILL, IF, SUM, AVG, MIN, MAX,
 * METRICS() and SEARCH. What is a list of series comes out as several. @see docs.aws.amazon.com, Using metric math
 */
import { invalidParameter, type Series } from "./cloud-watch-data.js";

/** What a part of an expression is: a number, a series, or several. */
export type Value = number | Series | Series[];

/** Where an expression finds what it names. */
export interface Names {
  /** The series of a query. @throws AwsError when there is none. */
  id(name: string): Value;
  /** All metrics of the call. */
  metrics(): Series[];
  /** The metrics that a search finds. */
  search(text: string, stat: string, periodSeconds: number): Series[];
}

type Token = { kind: "number" | "name" | "text" | "sign"; text: string };

const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|'([^']*)'|"([^"]*)"|(>=|<=|==|!=|[-+*/(),<>[\]]))/y;

function tokensOf(expression: string): Token[] {
  const tokens: Token[] = [];
  const text = expression.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const found = TOKEN.exec(text);
    if (found === null) throw invalidParameter(`Error in expression: ${expression}`);
    const [, number, name, single, double, sign] = found;
    if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (name !== undefined) tokens.push({ kind: "name", text: name });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
    else tokens.push({ kind: "text", text: single ?? double ?? "" });
  }
  return tokens;
}

const LEVELS = [
  ["<", ">", "<=", ">=", "==", "!="],
  ["+", "-"],
  ["*", "/"],
];

/** Works an expression out. @throws AwsError for what it cannot read, as CloudWatch does. */
export function evaluate(expression: string, names: Names): Value {
  const tokens = tokensOf(expression);
  let at = 0;
  const next = (text: string): boolean => {
    const isIt = tokens[at]?.kind === "sign" && tokens[at]?.text === text;
    if (isIt) at++;
    return isIt;
  };
  const expect = (text: string): void => {
    if (!next(text)) throw invalidParameter(`Error in expression: ${expression}`);
  };
  const level = (index: number): Value => {
    const signs = LEVELS[index];
    if (signs === undefined) return part();
    let left = level(index + 1);
    for (let sign = signs.find(next); sign !== undefined; sign = signs.find(next))
      left = combine(left, level(index + 1), sign);
    return left;
  };
  const list = (end: string): (Value | string)[] => {
    const items: (Value | string)[] = [];
    while (!next(end)) {
      if (items.length > 0) expect(",");
      const token = tokens[at];
      if (token?.kind === "text" || (token?.kind === "name" && token.text === "REPEAT")) {
        items.push(token.text);
        at++;
      } else items.push(level(0));
    }
    return items;
  };
  const part = (): Value => {
    if (next("-")) return combine(0, part(), "-");
    if (next("(")) {
      const inner = level(0);
      expect(")");
      return inner;
    }
    if (next("[")) return list("]").flatMap((one) => seriesIn(one));
    const token = tokens[at++];
    if (token?.kind === "number") return Number(token.text);
    if (token?.kind !== "name") throw invalidParameter(`Error in expression: ${expression}`);
    return next("(") ? apply(token.text, list(")"), names) : names.id(token.text);
  };
  const value = level(0);
  if (at < tokens.length) throw invalidParameter(`Error in expression: ${expression}`);
  return value;
}

/** The series in a value; a number and a text have none. */
export function seriesIn(value: Value | string): Series[] {
  if (Array.isArray(value)) return value;
  return value instanceof Map ? [value] : [];
}

function calculate(a: number, b: number, sign: string): number {
  const results: Record<string, number> = {
    "+": a + b,
    "-": a - b,
    "*": a * b,
    "/": a / b,
    "<": Number(a < b),
    ">": Number(a > b),
    "<=": Number(a <= b),
    ">=": Number(a >= b),
    "==": Number(a === b),
    "!=": Number(a !== b),
  };
  return results[sign] ?? Number.NaN;
}

/** Two series have a value where both have one; a division by nothing has none. */
function combine(left: Value, right: Value, sign: string): Value {
  if (Array.isArray(left)) return left.flatMap((one) => seriesIn(combine(one, right, sign)));
  if (Array.isArray(right)) return right.flatMap((one) => seriesIn(combine(left, one, sign)));
  if (typeof left === "number" && typeof right === "number") return calculate(left, right, sign);
  const times = left instanceof Map ? left.keys() : right instanceof Map ? right.keys() : [];
  const series: Series = new Map();
  for (const time of times) {
    const [a, b] = [left, right].map((one) => (one instanceof Map ? one.get(time) : one));
    const result = a === undefined || b === undefined ? Number.NaN : calculate(a, b, sign);
    if (Number.isFinite(result)) series.set(time, result);
  }
  return series;
}

/** Joins series to one, period by period. */
function fold(all: readonly Series[], join: (values: number[]) => number): Series {
  const times = [...new Set(all.flatMap((one) => [...one.keys()]))].sort((a, b) => a - b);
  return new Map(times.map((time) => [time, join(all.flatMap((one) => one.get(time) ?? []))]));
}

const sum = (values: number[]): number => values.reduce((total, one) => total + one, 0);
const FOLDS: Readonly<Record<string, (values: number[]) => number>> = {
  SUM: sum,
  AVG: (values) => sum(values) / values.length,
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
};

function apply(name: string, args: readonly (Value | string)[], names: Names): Value {
  const [first = 0, second = 0, third = 0] = args;
  const join = FOLDS[name];
  if (join !== undefined && typeof first !== "string") {
    // Of one series it is a number, which lasts all the time; of several it is one series.
    return first instanceof Map
      ? new Map([...first.keys()].map((time) => [time, join([...first.values()])]))
      : fold(seriesIn(first), join);
  }
  if (name === "METRICS") return names.metrics();
  if (name === "SEARCH") return names.search(String(first), String(second), Number(third) || 300);
  if (name === "FILL" && first instanceof Map) return fill(first, second, names);
  if (name === "IF" && first instanceof Map && typeof second !== "string" && typeof third !== "string")
    return choose(first, second, third);
  throw invalidParameter(`Unsupported function ${name}`);
}

/** Gaps between the ends of what the call's metrics cover are filled. */
function fill(series: Series, value: Value | string, names: Names): Series {
  const times = [...new Set([series, ...names.metrics()].flatMap((one) => [...one.keys()]))].sort(
    (a, b) => a - b,
  );
  let last: number | undefined;
  const filled: Series = new Map();
  for (const time of times) {
    last = series.get(time) ?? last;
    const own =
      series.get(time) ?? (value === "REPEAT" ? last : typeof value === "number" ? value : undefined);
    if (own !== undefined) filled.set(time, own);
  }
  return filled;
}

function choose(condition: Series, yes: Value, no: Value): Series {
  const chosen: Series = new Map();
  for (const [time, holds] of condition) {
    const from = holds === 0 ? no : yes;
    const value = from instanceof Map ? from.get(time) : typeof from === "number" ? from : undefined;
    if (value !== undefined) chosen.set(time, value);
  }
  return chosen;
}
