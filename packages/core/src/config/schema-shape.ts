import type { z } from "zod";
import type { PathStep } from "./source-node.js";

/** The few facts of a zod schema that advice about keys needs; plugins' schemas are walked the same way as ours. */
interface Definition {
  readonly type: string;
  readonly shape?: Record<string, z.ZodType>;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly getter?: () => z.ZodType;
  readonly left?: z.ZodType;
  readonly right?: z.ZodType;
}

function definition(schema: z.ZodType): Definition {
  return schema.def as unknown as Definition;
}

/** Takes off what only wraps: optional, default, pipe, lazy and their like. Unions and intersections fan out. */
function unwrapped(schema: z.ZodType, depth = 0): z.ZodType[] {
  const def = definition(schema);
  if (depth > 16) return [];
  const inner = def.innerType ?? def.in ?? def.getter?.();
  if (inner !== undefined) return unwrapped(inner, depth + 1);
  const several = def.options ?? (def.left && def.right ? [def.left, def.right] : undefined);
  return several === undefined ? [schema] : several.flatMap((option) => unwrapped(option, depth + 1));
}

function step(schema: z.ZodType, key: PathStep): z.ZodType[] {
  const def = definition(schema);
  const next = def.shape?.[String(key)] ?? def.element ?? def.valueType;
  return next === undefined ? [] : unwrapped(next);
}

/** The keys that a schema knows at a path; empty where it takes any. */
export function knownKeys(schema: z.ZodType, path: readonly PathStep[]): string[] {
  let here = unwrapped(schema);
  for (const key of path) here = here.flatMap((one) => step(one, key));
  return [...new Set(here.flatMap((one) => possibleKeys(definition(one).shape ?? {})))];
}

/** Keys that a plugin lists only to refuse them with a word of its own are no advice. */
function possibleKeys(shape: Record<string, z.ZodType>): string[] {
  return Object.entries(shape)
    .filter(([, schema]) => unwrapped(schema).some((one) => definition(one).type !== "never"))
    .map(([key]) => key);
}
