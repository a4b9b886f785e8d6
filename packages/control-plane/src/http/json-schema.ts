import { z } from "@bellows/core";
import type { FastifyInstance, FastifySchema } from "fastify";

/**
 * Has a scope's schemas be zod's: bodies and queries are checked by them, the document shows them as JSON Schema.
 * @param refuse - makes the error of a request that does not fit.
 */
export function useZod(
  scope: FastifyInstance,
  refuse: (error: z.ZodError, part: string, data: unknown) => Error,
): void {
  scope.setValidatorCompiler(({ schema, httpPart = "" }) => (data: unknown) => {
    if (!isZod(schema)) return { value: data };
    const read = schema.safeParse(data);
    return read.success ? { value: read.data } : { error: refuse(read.error, httpPart, data) };
  });
  // Answers are what the handlers say, not what a schema leaves of them.
  scope.setSerializerCompiler(() => (data) => JSON.stringify(data));
}

const isZod = (schema: unknown): schema is z.ZodType =>
  typeof schema === "object" && schema !== null && "_zod" in schema;

/** Puts JSON Schema in the place of zod's schemas, for the document. */
export function inJsonSchema(schema: FastifySchema): FastifySchema {
  const shown = { ...schema } as Record<string, unknown>;
  for (const part of ["body", "querystring", "params"]) {
    if (isZod(shown[part])) shown[part] = jsonOf(shown[part], "input");
  }
  const response = Object.entries((shown.response ?? {}) as Record<string, unknown>);
  if (response.length > 0) {
    shown.response = Object.fromEntries(
      response.map(([status, answer]) => [status, isZod(answer) ? jsonOf(answer, "output") : answer]),
    );
  }
  return shown as FastifySchema;
}

function jsonOf(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: "any", reused: "inline" });
  return json;
}
