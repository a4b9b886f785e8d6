/** Picking one value out of JSON: a dot path of our own, or JMESPath where that is not enough. */
import { ConfigError } from "@bellows/core";

/** What a path led to: a value (`undefined` where there is none), and where it stopped. */
export interface Found {
  value: unknown;
  /** What stands where the path ended, or where it could not go on; for reasons. */
  note?: string;
}

/** A path, ready to be followed in any number of documents. */
export type Selector = (document: unknown) => Found;

/** What means something in JMESPath; a path with one of these, not escaped, is no dot path. */
const JMESPATH_SIGN = /[[\](){}|&*"'`@,<>=!?]/;

/** Writes a dot path: steps joined by dots, with dots, backslashes and JMESPath's signs escaped. */
export function printDotPath(steps: readonly string[]): string {
  return steps.map((step) => step.replace(/[\\.[\](){}|&*"'`@,<>=!?]/g, "\\$&")).join(".");
}

/**
 * Reads a dot path such as `queue.ready`, `items.0.count` or `stats.v1\.2` (a backslash takes the meaning from the
 * character after it).
 * @returns its steps; undefined if it is no dot path but may be JMESPath.
 * @throws ConfigError when a step is empty.
 */
export function parseDotPath(path: string): string[] | undefined {
  const steps: string[] = [];
  let step = "";
  for (let at = 0; at < path.length; at++) {
    const sign = path[at] as string;
    if (sign === "\\" && at + 1 < path.length) {
      at += 1;
      step += path[at];
    } else if (sign === ".") {
      steps.push(step);
      step = "";
    } else if (JMESPATH_SIGN.test(sign)) return undefined;
    else step += sign;
  }
  steps.push(step);
  if (steps.includes("")) {
    throw new ConfigError(`the path ${JSON.stringify(path)} has an empty step`, {
      hint: "write names with one dot between them, such as queue.ready",
    });
  }
  return steps;
}

/** Follows a dot path. In a list, a step is an index or `length`. */
export function follow(document: unknown, steps: readonly string[]): Found {
  let here = document;
  for (const [at, step] of steps.entries()) {
    const next = child(here, step);
    if (next === undefined) {
      const place = at === 0 ? "the answer" : JSON.stringify(printDotPath(steps.slice(0, at)));
      return { value: undefined, note: `${place} is ${describe(here)}` };
    }
    here = next;
  }
  return { value: here };
}

function child(here: unknown, step: string): unknown {
  if (Array.isArray(here))
    return step === "length" ? here.length : /^\d+$/.test(step) ? here[Number(step)] : undefined;
  if (typeof here !== "object" || here === null || !Object.hasOwn(here, step)) return undefined;
  return (here as Record<string, unknown>)[step];
}

const SHOWN_KEYS = 8;
const SHOWN_CHARACTERS = 40;

/** Says what a value is in a few words, for reasons. */
export function describe(value: unknown): string {
  if (value === undefined) return "not there";
  if (value === null) return "null";
  if (Array.isArray(value))
    return value.length === 1 ? "a list of 1 item" : `a list of ${value.length} items`;
  if (typeof value === "object") return describeKeys(Object.keys(value));
  if (typeof value !== "string") return `${typeof value === "boolean" ? "the boolean " : ""}${String(value)}`;
  const shown = value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value;
  return `the text ${JSON.stringify(shown)}`;
}

function describeKeys(keys: readonly string[]): string {
  if (keys.length === 0) return "an empty object";
  const shown = keys.slice(0, SHOWN_KEYS).map((key) => key.slice(0, SHOWN_CHARACTERS));
  return `an object with ${shown.join(", ")}${keys.length > SHOWN_KEYS ? ` and ${keys.length - SHOWN_KEYS} more` : ""}`;
}

/**
 * Makes a selector of a dot path, or of JMESPath (whose package is loaded then, and only then).
 * @throws ConfigError when the path cannot be read, or JMESPath is not installed.
 */
export async function createSelector(path: string): Promise<Selector> {
  const steps = parseDotPath(path);
  if (steps !== undefined) return (document) => follow(document, steps);
  const { search, compile } = await loadJmesPath(path);
  try {
    compile(path);
  } catch (error) {
    throw new ConfigError(`${JSON.stringify(path)} cannot be read as JMESPath: ${messageOf(error)}`, {
      hint: "a dot in a name is written \\. in a plain path",
    });
  }
  return (document) => {
    try {
      return { value: search(document, path) };
    } catch (error) {
      return { value: undefined, note: `JMESPath says ${messageOf(error)}` };
    }
  };
}

/** What we use of the package jmespath; its types leave one of the two out. */
interface JmesPath {
  compile(path: string): unknown;
  search(document: unknown, path: string): unknown;
}

async function loadJmesPath(path: string): Promise<JmesPath> {
  try {
    const loaded = (await import("jmespath")) as unknown as { default: JmesPath };
    return loaded.default;
  } catch (error) {
    throw new ConfigError(`${JSON.stringify(path)} is JMESPath, and the package jmespath is not installed`, {
      hint: "npm install jmespath, or select by a plain path such as queue.ready",
      cause: error,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const DECIMAL = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$/;

/** A finite number, or a text that is one in decimal; anything else is undefined (booleans and hexadecimal too). */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && DECIMAL.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** Below this a number is seconds since the epoch, above it milliseconds: the year 5138, and March 1973. */
const SECONDS_END = 100_000_000_000;

/** A time as JSON has it: ISO 8601 with its offset, or seconds or milliseconds since the epoch. Gives milliseconds. */
export function timeOf(value: unknown): number | undefined {
  const number = numberOf(value);
  if (number !== undefined) return Math.round(Math.abs(number) < SECONDS_END ? number * 1_000 : number);
  if (
    typeof value !== "string" ||
    !/^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}.*([Zz]|[+-]\d{2}:?\d{2})$/.test(value)
  )
    return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}
