import { readFileSync } from "node:fs";
import { readDuration, type SimpleAdjust } from "@bellows/core";
import { type Command, InvalidArgumentError } from "commander";
import { toNumber } from "../whole-number.js";
import { parse } from "../yaml.js";

/** Most instances that a count may name. */
const MOST = 100_000;

/** Reads a count of instances. */
export const toCount = toNumber(0, MOST);

/** Gathers an option that may be given again and again. */
export function toList(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/** Gathers `key=value`s. */
export function toPairs(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("write KEY=VALUE.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Reads a duration; @returns milliseconds. */
export function toSpan(text: string): number {
  const read = readDuration(text);
  if (typeof read === "number") return read;
  throw new InvalidArgumentError(`${read.hint}.`);
}

/** Reads any number. */
export function toAnyNumber(text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number)) return number;
  throw new InvalidArgumentError("write a number.");
}

/** Reads a relative change: `+2`, `-1`. */
export function toChange(text: string): number {
  const number = Number(text);
  if (/^[+-]?\d+$/.test(text.trim()) && number !== 0) return number;
  throw new InvalidArgumentError("write +1 or -2.");
}

/** Reads a percentage: `50`, `-25%`. */
export function toPercent(text: string): number {
  const match = /^([+-]?\d+(?:\.\d+)?)%?$/.exec(text.trim());
  const number = Number(match?.[1]);
  if (match !== null && number !== 0) return number;
  throw new InvalidArgumentError("write +50 or -25.");
}

/** Reads a moment in ISO 8601; @returns milliseconds since the epoch. */
export function toInstant(text: string): number {
  const atMs = Date.parse(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(atMs)) return atMs;
  throw new InvalidArgumentError("write 2026-01-31T22:00:00Z.");
}

/** Reads YAML or JSON written on the command line. */
export function toData(text: string): unknown {
  try {
    return parse(text);
  } catch {
    throw new InvalidArgumentError("write YAML or JSON.");
  }
}

/** Reads YAML or JSON that must be an object. */
export function toObject(text: string): Record<string, unknown> {
  const data = toData(text);
  if (typeof data === "object" && data !== null && !Array.isArray(data))
    return data as Record<string, unknown>;
  throw new InvalidArgumentError("write an object, such as '{ key: value }'.");
}

/** Reads a file's text. */
export function toText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new InvalidArgumentError("this file cannot be read.");
  }
}

/** The options of an adjustment that needs no signal. */
export interface AdjustOptions {
  change?: number;
  percent?: number;
  desired?: number;
}

/** The adjustment among the options, if there is one. */
export function adjustOf({ change, percent, desired }: AdjustOptions): SimpleAdjust | undefined {
  if (change !== undefined) return { change };
  if (percent !== undefined) return { percent };
  return desired === undefined ? undefined : { desired };
}

/** Leaves out what is `undefined`. */
export function given<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** `--dry-run`, for what writes. */
export function writes(command: Command): Command {
  return command.option("--dry-run", "only say what would be asked of the provider");
}

/** `--dry-run` and `--yes`, for what destroys. */
export function destroys(command: Command): Command {
  return writes(command).option("-y, --yes", "do not ask");
}

/** `--wait`, `--no-wait` and `--timeout`, for what takes time. */
export function waits(command: Command): Command {
  return command
    .option("--wait", "return when it is done (default on a terminal)")
    .option("--no-wait", "return when it is accepted")
    .option("--timeout <duration>", "longest wait (default: 10m)", toSpan);
}
