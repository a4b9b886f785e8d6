import type { z } from "zod";
import { nearest } from "../nearest.js";
import type { ForeignPart } from "./foreign-words.js";
import { foreignHint } from "./foreign-words.js";
import type { Report } from "./report.js";
import { knownKeys } from "./schema-shape.js";
import type { PathStep, Range, SourceNode } from "./source-node.js";
import { entryOf, isPoisoned, nearestNodeAt, nodeAt } from "./source-node.js";
import type { IssueParams } from "./values.js";

/** What a schema is being held against. */
export interface Subject {
  readonly report: Report;
  readonly node: SourceNode;
  readonly schema: z.ZodType;
  /** What people call the node: `groups.web`, `launch`. */
  readonly where: string;
  /** Key under which the node stands, for messages about the node itself. */
  readonly key?: string;
  /** Range of that key, for what is missing inside. */
  readonly keyRange?: Range;
  readonly foreign?: ForeignPart;
  /** Other words for a key that this schema does not know. */
  readonly unknown?: (key: string) => { message: string; hint?: string } | undefined;
}

/** The parts of zod's issues that are read here. */
export interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly expected?: string;
  readonly keys?: readonly string[];
  readonly values?: readonly unknown[];
  readonly errors?: readonly (readonly Issue[])[];
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly inclusive?: boolean;
  readonly origin?: string;
  readonly format?: string;
  readonly params?: IssueParams;
  readonly issues?: readonly Issue[];
}

/** Puts one issue of a schema into the report, in words and at its place. */
export function reportIssue(subject: Subject, issue: Issue, base: readonly PathStep[] = []): void {
  const path = [...base, ...stepsOf(issue.path)];
  if (issue.code === "invalid_union" && issue.errors !== undefined && issue.errors.length > 0) {
    return reportUnion(subject, issue, path);
  }
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys ?? []) reportUnknownKey(subject, path, key);
    return;
  }
  const node = nodeAt(subject.node, path);
  if (node === undefined) return reportMissing(subject, path);
  if (isPoisoned(node)) return;
  const key = nameOf(subject, path);
  const { message, hint } = words(issue, key, node);
  subject.report.fault(node, message, hint);
}

/** Unknown keys, with the word that is meant here. */
export function reportUnknownKey(
  subject: Subject,
  path: readonly PathStep[],
  key: string,
): string | undefined {
  const map = nearestNodeAt(subject.node, path);
  const entry = entryOf(map, key);
  const known = knownKeys(subject.schema, path);
  const value = entry?.value.kind === "scalar" && !entry.value.interpolated ? entry.value.text : undefined;
  const foreign = subject.foreign === undefined ? undefined : foreignHint(subject.foreign, key, value, known);
  const near = nearest(key, known);
  const listed = known.length > 0 && known.length <= 24 ? `known here: ${known.join(", ")}` : undefined;
  const hint = foreign ?? (near === undefined ? listed : `did you mean "${near}"?`);
  const where = [subject.where, ...path].filter((step) => step !== "").join(".");
  const inside = where === "" ? "" : ` in ${where}`;
  const special = path.length === 0 ? subject.unknown?.(key) : undefined;
  if (special !== undefined) {
    subject.report.fault(entry?.keyRange ?? map, special.message, special.hint);
    return undefined;
  }
  subject.report.fault(entry?.keyRange ?? map, `unknown key ${JSON.stringify(key)}${inside}`, hint);
  return foreign === undefined ? near : undefined;
}

function reportMissing(subject: Subject, path: readonly PathStep[]): void {
  const parentPath = path.slice(0, -1);
  const parent = nearestNodeAt(subject.node, parentPath);
  const where = [subject.where, ...parentPath].filter((step) => step !== "").join(".");
  const name = String(path.at(-1) ?? subject.key ?? "a value");
  const range =
    parentPath.length === 0 ? (subject.keyRange ?? firstLine(parent)) : keyRangeAt(subject, parentPath);
  subject.report.fault(
    range ?? firstLine(parent),
    `${where === "" ? "the file" : where} needs ${JSON.stringify(name)}`,
  );
}

function keyRangeAt(subject: Subject, path: readonly PathStep[]): Range | undefined {
  const last = path.at(-1);
  if (typeof last !== "string") return nodeAt(subject.node, path);
  return entryOf(nearestNodeAt(subject.node, path.slice(0, -1)), last)?.keyRange;
}

function firstLine(node: SourceNode): Range {
  return { start: node.start, end: node.start + 1 };
}

/** Of a union's branches, the one that got furthest speaks; if none got past the type, all of them do. */
function reportUnion(subject: Subject, issue: Issue, path: readonly PathStep[]): void {
  const node = nodeAt(subject.node, path);
  if (node === undefined) return reportMissing(subject, path);
  if (isPoisoned(node)) return;
  const branches = issue.errors ?? [];
  const inner = branches
    .filter((errors) => errors.every((error) => !isWrongKind(error)))
    .map((errors) => withoutEchoes(node, errors));
  const best = [...inner].sort((a, b) => a.length - b.length)[0];
  if (best !== undefined) {
    for (const error of best) reportIssue(subject, error, path);
    return;
  }
  const options = [
    ...new Set(branches.flatMap((errors) => errors.filter(isWrongKind).flatMap(expectations))),
  ];
  subject.report.fault(node, `${nameOf(subject, path)} must be ${list(options)}`);
}

/** A mistyped key makes two issues, one that it is unknown and one that the right one is missing: one is enough. */
export function withoutEchoes(node: SourceNode, issues: readonly Issue[]): readonly Issue[] {
  const strangers = issues.filter((issue) => issue.code === "unrecognized_keys");
  return issues.filter((issue) => {
    const missing = issue.path.at(-1);
    if (typeof missing !== "string" || nodeAt(node, stepsOf(issue.path)) !== undefined) return true;
    const beside = strangers.filter(
      (stranger) => stranger.path.join("/") === issue.path.slice(0, -1).join("/"),
    );
    return !beside.some((stranger) => stranger.keys?.some((key) => nearest(key, [missing]) !== undefined));
  });
}

function stepsOf(path: readonly PropertyKey[]): PathStep[] {
  return path.map((step) => (typeof step === "symbol" ? String(step) : step));
}

function isWrongKind(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");
}

function nameOf(subject: Subject, path: readonly PathStep[]): string {
  const named = [...path].reverse().find((step) => typeof step === "string");
  return named === undefined ? (subject.key ?? subject.where) : String(named);
}

function words(issue: Issue, key: string, node: SourceNode): { message: string; hint?: string } {
  const params = issue.params ?? {};
  const hint = params.hint === undefined ? {} : { hint: params.hint };
  if (issue.code !== "custom" && isAuthored(issue)) return authored(issue.message, key);
  switch (issue.code) {
    case "invalid_type":
      return wrongType(issue, key, node);
    case "invalid_value":
      return wrongValue(issue, key, node);
    case "too_small":
    case "too_big":
      return { message: `${key} must ${limit(issue)}` };
    case "custom":
      return {
        message: params.subject ? `${key} ${issue.message}` : subjectless(issue.message, key),
        ...hint,
      };
    case "invalid_format":
      return { message: `${key}: ${plainMessage(issue)}` };
    case "invalid_key":
      return { message: `this name cannot be used: ${issue.issues?.[0]?.message ?? issue.message}` };
    default:
      return { message: `${key}: ${plainMessage(issue)}`, ...hint };
  }
}

/** A schema that says only what to write has given the advice, not the fault. */
function authored(message: string, key: string): { message: string; hint?: string } {
  return /^write /.test(message)
    ? { message: `${key} cannot be read`, hint: message }
    : { message: subjectless(message, key) };
}

/** Whether the schema's author wrote the message; the library's own are said better here. */
function isAuthored(issue: Issue): boolean {
  return !/^(Invalid|Too (small|big)|Unrecognized|Unable)/.test(issue.message);
}

/** "must not be 0" needs the key in front; "needs either value or perInstance" reads better with it, too. */
function subjectless(message: string, key: string): string {
  return /^(must|needs?|has|is|cannot|takes?) /.test(message) ? `${key} ${message}` : message;
}

function plainMessage(issue: Issue): string {
  return issue.message
    .replace(/^Invalid (input|string): /, "")
    .replace(/^must match pattern .*$/, "has characters that cannot stand here");
}

const KINDS: Record<string, string> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map of keys and values",
  record: "a map of keys and values",
  array: "a list",
  null: "empty",
};

function expectation(issue: Issue): string {
  return list(expectations(issue));
}

function expectations(issue: Issue): string[] {
  if (issue.code === "invalid_value") return (issue.values ?? []).map(String);
  return [KINDS[issue.expected ?? ""] ?? issue.expected ?? "something else"];
}

function list(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function wrongType(issue: Issue, key: string, node: SourceNode): { message: string; hint?: string } {
  if (node.kind === "scalar" && node.value === null && node.text === "")
    return { message: `${key} has no value`, hint: `it must be ${expectation(issue)}` };
  const message = `${key} must be ${expectation(issue)}`;
  const written = node.kind === "scalar" ? node.text : "";
  if (issue.expected === "boolean" && /^(yes|on|y)$/i.test(written))
    return { message, hint: `YAML reads ${written} as a text: write true` };
  if (issue.expected === "boolean" && /^(no|off|n)$/i.test(written))
    return { message, hint: `YAML reads ${written} as a text: write false` };
  if (issue.expected === "array" && node.kind === "scalar") return { message, hint: `write [${written}]` };
  if (
    node.kind === "scalar" &&
    node.style === "quoted" &&
    /^[+-]?\d+(\.\d+)?$/.test(written) &&
    /number|int/.test(issue.expected ?? "")
  ) {
    return { message, hint: `write ${written} without quotes` };
  }
  return { message };
}

function wrongValue(issue: Issue, key: string, node: SourceNode): { message: string; hint?: string } {
  const options = (issue.values ?? []).map(String);
  const near = node.kind === "scalar" ? nearest(node.text, options) : undefined;
  return {
    message: `${key} must be ${list(options)}`,
    ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
  };
}

function limit(issue: Issue): string {
  const isMin = issue.code === "too_small";
  const bound = String(isMin ? issue.minimum : issue.maximum);
  if (issue.origin === "string") return isMin ? "not be empty" : `have at most ${bound} characters`;
  if (issue.origin === "array" || issue.origin === "set") {
    return isMin
      ? bound === "1"
        ? "not be empty"
        : `have at least ${bound} entries`
      : `have at most ${bound} entries`;
  }
  if (isMin) return issue.inclusive === false ? `be more than ${bound}` : `be at least ${bound}`;
  return issue.inclusive === false ? `be less than ${bound}` : `be at most ${bound}`;
}
