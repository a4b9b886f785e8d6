import type { Tree } from "./wire.js";

/** A refusal, in AWS's own words. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
    this.name = "AwsError";
  }
}

/** What Auto Scaling and load balancing answer to values that cannot be. */
export function invalid(message: string): AwsError {
  return new AwsError("ValidationError", message);
}

/** Reads a call's parameters, whose values are strings in a form and typed in JSON. */
export class Input {
  constructor(readonly tree: { readonly [key: string]: Tree }) {}

  has(key: string): boolean {
    return this.tree[key] !== undefined && this.tree[key] !== null;
  }

  text(key: string): string | undefined {
    const value = this.tree[key];
    return value === undefined || value === null || typeof value === "object" ? undefined : String(value);
  }

  /** @throws AwsError when it is missing or empty. */
  required(key: string): string {
    const value = this.text(key);
    if (value === undefined || value === "")
      throw invalid(`1 validation error detected: Value at '${key}' failed: must not be null`);
    return value;
  }

  /** @throws AwsError when it is no number. */
  number(key: string): number | undefined {
    const value = this.text(key);
    if (value === undefined || value === "") return undefined;
    if (!Number.isFinite(Number(value))) throw invalid(`Value '${value}' at '${key}' must be a number`);
    return Number(value);
  }

  flag(key: string): boolean | undefined {
    const value = this.text(key);
    return value === undefined ? undefined : value === "true";
  }

  /** A time as milliseconds since the epoch: seconds in JSON, ISO 8601 in forms. */
  time(key: string): number | undefined {
    const value = this.tree[key];
    if (typeof value === "number") return Math.round(value * 1_000);
    return typeof value === "string" && value !== "" ? Date.parse(value) : undefined;
  }

  /** A list; what is missing or empty is the empty one. */
  texts(key: string): string[] {
    return this.list(key).map(String);
  }

  /** A list of structures. */
  inputs(key: string): Input[] {
    return this.list(key).flatMap((one) => (isRecord(one) ? [new Input(one)] : []));
  }

  numbers(key: string): number[] {
    return this.list(key).map(Number);
  }

  /** A structure. */
  input(key: string): Input | undefined {
    const value = this.tree[key];
    return isRecord(value) ? new Input(value) : undefined;
  }

  private list(key: string): Tree[] {
    const value = this.tree[key];
    return Array.isArray(value) ? value : [];
  }
}

function isRecord(tree: Tree | undefined): tree is { [key: string]: Tree } {
  return typeof tree === "object" && tree !== null && !Array.isArray(tree);
}

/** How a list is cut into pages. */
export interface Paging<T> {
  /** Unique among the items. */
  key: (item: T) => string;
  /** Name of the parameter that says how many are wanted. */
  size: string;
  /** Items on a page when nobody says how many, and at most. */
  usual: number;
  most: number;
  /** Name of the parameter that has the token (default `NextToken`). */
  token?: string;
}

/**
 * One page of `items`, and the token of the next.
 * @throws AwsError for a token that nobody was given, and for a page longer than AWS has them.
 */
export function pageOf<T>(
  items: readonly T[],
  input: Input,
  { key, size, usual, most, token = "NextToken" }: Paging<T>,
): { page: T[]; next: string | undefined } {
  const wanted = input.number(size) ?? usual;
  if (wanted < 1 || wanted > most)
    throw invalid(
      `1 validation error detected: Value '${wanted}' at '${size}' failed to satisfy constraint: Member must have value less than or equal to ${most}`,
    );
  const after = input.text(token);
  let start = 0;
  if (after !== undefined && after !== "") {
    const last = Buffer.from(after, "base64url").toString();
    start = items.findIndex((item) => key(item) === last) + 1;
    if (start === 0) throw new AwsError("InvalidNextToken", "The NextToken value is not valid.");
  }
  const page = items.slice(start, start + wanted);
  const last = page.at(-1);
  const isMore = last !== undefined && start + wanted < items.length;
  return { page, next: isMore ? Buffer.from(key(last)).toString("base64url") : undefined };
}

/** Turns `*` and `?` of a filter's value into a test. */
export function fits(pattern: string, value: string): boolean {
  const words = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${words}$`, "s").test(value);
}
