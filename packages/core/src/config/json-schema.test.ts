import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { configJsonSchema } from "./json-schema.js";

const file = new URL("../../schema/bellows.schema.json", import.meta.url);
const examples = new URL("../../../../examples/configs/", import.meta.url);

interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  const?: unknown;
  enum?: unknown[];
  pattern?: string;
  description?: string;
  default?: unknown;
  $defs?: Record<string, Schema>;
  [keyword: string]: unknown;
}

/** UPDATE_SCHEMA=1 writes the file anew. */
if (process.env.UPDATE_SCHEMA !== undefined || !existsSync(file)) {
  writeFileSync(file, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
}
const schema = JSON.parse(readFileSync(file, "utf8")) as Schema;

/** As much of JSON Schema as this one uses. */
function problems(value: unknown, here: Schema, path = ""): string[] {
  if (here.$ref !== undefined) return problems(value, resolved(here.$ref), path);
  if (here.anyOf !== undefined) {
    const branches = here.anyOf.map((branch) => problems(value, branch, path));
    return branches.some((found) => found.length === 0) ? [] : (branches[0] ?? []);
  }
  const found: string[] = [];
  const types = here.type === undefined ? undefined : [here.type].flat();
  if (types !== undefined && !types.some((type) => isOfType(value, type)))
    return [`${path}: ${typeof value} is not ${types.join("|")}`];
  if ("const" in here && value !== here.const) found.push(`${path}: not ${String(here.const)}`);
  if (here.enum !== undefined && !here.enum.includes(value))
    found.push(`${path}: not one of ${here.enum.join(", ")}`);
  if (here.pattern !== undefined && typeof value === "string" && !new RegExp(here.pattern).test(value))
    found.push(`${path}: ${value} does not match ${here.pattern}`);
  if (Array.isArray(value))
    return [
      ...found,
      ...value.flatMap((item, index) => problems(item, here.items ?? {}, `${path}/${index}`)),
    ];
  if (typeof value === "object" && value !== null)
    found.push(...objectProblems(value as Record<string, unknown>, here, path));
  return found;
}

function objectProblems(value: Record<string, unknown>, here: Schema, path: string): string[] {
  const missing = (here.required ?? [])
    .filter((key) => !(key in value))
    .map((key) => `${path}: lacks ${key}`);
  const inside = Object.entries(value).flatMap(([key, inner]) => {
    const pattern = Object.entries(here.patternProperties ?? {}).find(([source]) =>
      new RegExp(source).test(key),
    );
    const rule = here.properties?.[key] ?? pattern?.[1] ?? here.additionalProperties ?? {};
    if (rule === false) return [`${path}: unknown ${key}`];
    return rule === true ? [] : problems(inner, rule, `${path}/${key}`);
  });
  return [...missing, ...inside];
}

function resolved(ref: string): Schema {
  if (ref === "#") return schema;
  const found = schema.$defs?.[ref.replace("#/$defs/", "")];
  if (found === undefined) throw new Error(`nothing at ${ref}`);
  return found;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

/** Every key of the schema, with what stands there. */
function keys(here: Schema, path = "", seen = new Set<Schema>()): [string, Schema][] {
  if (seen.has(here)) return [];
  seen.add(here);
  const own = Object.entries(here.properties ?? {}).flatMap(([key, inner]): [string, Schema][] => [
    [`${path}/${key}`, inner],
    ...keys(inner, `${path}/${key}`, seen),
  ]);
  const more = [
    here.items,
    here.additionalProperties,
    ...(here.anyOf ?? []),
    ...Object.values(here.$defs ?? {}),
  ];
  return [
    ...own,
    ...more.flatMap((inner) => (typeof inner === "object" ? keys(inner, `${path}/*`, seen) : [])),
  ];
}

describe("the published schema", () => {
  it("is what the files are checked with (UPDATE_SCHEMA=1 writes it anew)", () => {
    expect(schema).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
  });

  it("describes every key", () => {
    const silent = keys(schema).filter(([, { description }]) => description === undefined);
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  it("shows defaults as a person would write them", () => {
    const all = Object.fromEntries(keys(schema).map(([path, { default: fallback }]) => [path, fallback]));
    expect(all).toMatchObject({
      "/every": "10s",
      "/groups/*/cooldown": "60s",
      "/groups/*/mode": "act",
      "/store/keep": "30d",
      "/server/listen": "127.0.0.1:7070",
    });
  });

  it.each(readdirSync(examples))("accepts %s", (name) => {
    expect(problems(parse(readFileSync(new URL(name, examples), "utf8")), schema)).toEqual([]);
  });

  it.each([
    ["an unknown key", { version: 1, groups: { web: { polices: {} } } }, "/groups/web: unknown polices"],
    ["a time without a unit", { version: 1, every: "10" }, "/every: 10 does not match"],
    ["another version", { version: 2 }, "/version: not 1"],
    ["a missing version", {}, ": lacks version"],
  ])("refuses %s", (_what, value, problem) => {
    expect(problems(value, schema).join()).toContain(problem);
  });
});
