/** Checks of bodies, put together from small ones; each says all that is wrong, with paths. */
import { isObject, type Json } from "./json.js";

/** @returns what is wrong with a value; undefined values are absent ones. */
export type Check = (value: Json | undefined, path: string) => string[];

/** A field that may be left out. */
export function optional(check: Check): Check {
  return (value, path) => (value === undefined ? [] : check(value, path));
}

/** A value that may be null or left out. */
export function nullable(check: Check): Check {
  return (value, path) => (value === undefined || value === null ? [] : check(value, path));
}

/** An object with these fields. @param isOpen - whether it may have others */
export function object(fields: Readonly<Record<string, Check>>, isOpen = false): Check {
  return (value, path) => {
    if (!isObject(value)) return [`${path} is not an object`];
    const known = Object.entries(fields).flatMap(([key, check]) => check(value[key], `${path}.${key}`));
    const others = isOpen ? [] : Object.keys(value).filter((key) => !(key in fields));
    return [...known, ...others.map((key) => `${path}.${key} is not known`)];
  };
}

/** An object whose values are all alike, and whose keys fit a pattern. */
export function map(keys: RegExp, check: Check): Check {
  return (value, path) => {
    if (!isObject(value)) return [`${path} is not an object`];
    return Object.entries(value).flatMap(([key, one]) => [
      ...(keys.test(key) ? [] : [`${path} has the key ${key}`]),
      ...check(one, `${path}.${key}`),
    ]);
  };
}

/** A list. */
export function list(check: Check, { least = 0, most }: { least?: number; most: number }): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return [`${path} is not a list`];
    const size = value.length < least || value.length > most ? [`${path} has ${value.length} items`] : [];
    return [...size, ...value.flatMap((one, index) => check(one, `${path}[${index}]`))];
  };
}

/** A string. @param pattern - what it must fit (default: anything) */
export function text(pattern = /^/, most = Number.POSITIVE_INFINITY): Check {
  return (value, path) => {
    if (typeof value !== "string") return [`${path} is not a string`];
    return pattern.test(value) && value.length <= most ? [] : [`${path} cannot be ${JSON.stringify(value)}`];
  };
}

/** A number in a range. */
export function number(least: number, most: number): Check {
  return (value, path) =>
    typeof value === "number" && value >= least && value <= most
      ? []
      : [`${path} is not a number from ${least} to ${most}`];
}

/** An integer in a range. */
export function integer(least: number, most: number): Check {
  const inRange = number(least, most);
  return (value, path) => [
    ...inRange(value, path),
    ...(Number.isInteger(value) ? [] : [`${path} is not an integer`]),
  ];
}

/** One of these values. */
export function oneOf(...values: readonly Json[]): Check {
  return (value, path) =>
    value !== undefined && values.includes(value) ? [] : [`${path} is none of ${values.join(", ")}`];
}

/** Whichever of these says nothing, or all that they say. */
export function either(...checks: readonly Check[]): Check {
  return (value, path) => {
    const said = checks.map((check) => check(value, path));
    return said.some((faults) => faults.length === 0) ? [] : said.flat();
  };
}

/** All of these. */
export function all(...checks: readonly Check[]): Check {
  return (value, path) => checks.flatMap((check) => check(value, path));
}

/** Whether something holds. @param fault - what is said when it does not */
export function holds(isSo: (value: Json | undefined) => boolean, fault: string): Check {
  return (value, path) => (isSo(value) ? [] : [`${path}: ${fault}`]);
}
