/**
 * Holds schemas against nodes.
 *
 * Note [Text or value]: YAML has made a number of `1.10` before any schema sees it, and an ordinary schema for a
 * text refuses numbers. So a refusal "expected a text" is answered with the text as written, and the schema asked
 * again; likewise numbers and switches that were filled in from the environment come as text and are converted
 * where the schema asks for it. This way any plugin's schema works, with no special types.
 */
import type { z } from "zod";
import type { Issue, Subject } from "./issues.js";
import { reportIssue, reportUnknownKey, withoutEchoes } from "./issues.js";
import type { Range, ScalarNode, SourceNode } from "./source-node.js";
import { isNull, isPoisoned, nodeAt, toPlain } from "./source-node.js";

/** Each round converts every scalar that is refused; unions may need a second and third look. */
const MOST_ROUNDS = 6;

/** What a schema made of a node; undefined if it was refused, and the report says why. */
export function read<T>(subject: Subject & { schema: z.ZodType<T> }): { value: T } | undefined {
  const instead = new Map<SourceNode, unknown>();
  for (let round = 0; ; round++) {
    const result = subject.schema.safeParse(toPlain(subject.node, instead));
    if (result.success) {
      refuseSurprise(subject, result.data);
      return isPoisoned(subject.node) ? undefined : { value: result.data };
    }
    const issues = result.error.issues as unknown as readonly Issue[];
    const changed =
      round < MOST_ROUNDS && issues.map((issue) => convert(subject.node, issue, [], instead)).some(Boolean);
    if (changed) continue;
    for (const issue of withoutEchoes(subject.node, issues)) reportIssue(subject, issue);
    return undefined;
  }
}

function convert(
  root: SourceNode,
  issue: Issue,
  base: readonly PropertyKey[],
  instead: Map<SourceNode, unknown>,
): boolean {
  const path = [...base, ...issue.path];
  if (issue.errors !== undefined) {
    return issue.errors
      .flat()
      .map((inner) => convert(root, inner, path, instead))
      .some(Boolean);
  }
  const node = nodeAt(root, path as (string | number)[]);
  if (node?.kind !== "scalar") return false;
  const wanted = conversion(issue, node);
  if (wanted === undefined || (instead.has(node) && instead.get(node) === wanted)) return false;
  if (instead.has(node)) return false;
  instead.set(node, wanted);
  return true;
}

function conversion(issue: Issue, node: ScalarNode): unknown {
  const isText = typeof node.value === "string";
  if (issue.code === "invalid_value" && !isText && node.value !== null) {
    return issue.values?.includes(node.text) ? node.text : undefined;
  }
  if (issue.code !== "invalid_type") return undefined;
  if (issue.expected === "string" && !isText && node.text !== "") return node.text;
  if (!node.interpolated || !isText) return undefined;
  if ((issue.expected === "number" || issue.expected === "int") && /^[+-]?\d+(\.\d+)?$/.test(node.text))
    return Number(node.text);
  if (issue.expected === "boolean" && /^(true|false)$/.test(node.text)) return node.text === "true";
  return undefined;
}

/** `010` is 10 here and was 8 in YAML 1.1: whoever wrote it may mean either. */
function refuseSurprise({ node, report }: Subject, value: unknown): void {
  if (node.kind !== "scalar" || node.style !== "plain" || typeof value !== "number") return;
  if (typeof node.value !== "number" || !/^[+-]?0\d+$/.test(node.text)) return;
  report.fault(node, `${node.text} can be read in two ways`, `write ${Number(node.text)}`);
}

/** What {@link readFields} found under a key. */
export interface Field {
  readonly node: SourceNode;
  readonly keyRange: Range;
}

/** The fields of a map that could be read, and where each stands. */
export interface Fields<S extends z.ZodRawShape> {
  readonly values: { [K in keyof S]?: z.output<S[K]> };
  readonly at: { [K in keyof S]?: Field };
  /** Entries with keys that the shape does not know and `extra` let pass. */
  readonly extra: ReadonlyMap<string, Field>;
}

/** How to read a map field by field. */
export interface FieldOptions {
  /** Fields whose content the caller reads by itself: only their place is noted. */
  readonly later?: readonly string[];
  /** Whether a key outside the shape is somebody else's business. */
  readonly extra?: (key: string) => boolean;
}

/**
 * Reads a map one field at a time, so that a fault in one hides nothing of the others. A mistyped key is reported,
 * and its content checked as what was meant.
 */
export function readFields<S extends z.ZodRawShape>(
  subject: Subject & { schema: z.ZodObject<S> },
  options: FieldOptions = {},
): Fields<S> | undefined {
  const { node, report, schema } = subject;
  const shape = schema.shape as unknown as Record<string, z.ZodType>;
  const fields: { values: Record<string, unknown>; at: Record<string, Field>; extra: Map<string, Field> } = {
    values: {},
    at: {},
    extra: new Map(),
  };
  if (node.kind !== "map") {
    if (isPoisoned(node)) return undefined;
    const name = subject.key ?? subject.where;
    if (isNull(node) && canBeEmpty(schema)) return fields as unknown as Fields<S>;
    report.fault(node, isNull(node) ? `${name} has no value` : `${name} must be a map of keys and values`);
    return undefined;
  }
  for (const entry of node.entries) {
    let key = entry.key;
    if (!Object.hasOwn(shape, key)) {
      if (options.extra?.(key)) {
        fields.extra.set(key, { node: entry.value, keyRange: entry.keyRange });
        continue;
      }
      const near = reportUnknownKey(subject, [], key);
      if (near === undefined || node.entries.some((other) => other.key === near)) continue;
      key = near;
    }
    fields.at[key] = { node: entry.value, keyRange: entry.keyRange };
    if (options.later?.includes(key)) continue;
    const where = subject.where === "" ? key : `${subject.where}.${key}`;
    const got = read({
      ...subject,
      schema: shape[key] as z.ZodType,
      node: entry.value,
      where,
      key,
      keyRange: entry.keyRange,
    });
    if (got !== undefined) fields.values[key] = got.value;
  }
  reportAbsent(subject, shape, fields.at);
  return fields as unknown as Fields<S>;
}

function canBeEmpty(schema: z.ZodType): boolean {
  return schema.safeParse({}).success;
}

function reportAbsent(subject: Subject, shape: Record<string, z.ZodType>, at: Record<string, Field>): void {
  for (const [key, schema] of Object.entries(shape)) {
    if (Object.hasOwn(at, key) || schema.safeParse(undefined).success) continue;
    const range = subject.keyRange ?? { start: subject.node.start, end: subject.node.start + 1 };
    subject.report.fault(
      range,
      `${subject.where === "" ? "the file" : subject.where} needs ${JSON.stringify(key)}`,
    );
  }
}
