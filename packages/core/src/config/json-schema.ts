import { z } from "zod";
import { configFile, loadBalancerFile } from "./schema.js";
import { groupFile } from "./schema-group.js";

/** A name, not a place: the file ships with this package, as `schema/bellows.schema.json`. */
const ID = "urn:bellows:config:1";

type Json = Record<string, unknown>;

/**
 * The schema of config files as JSON Schema (draft 2020-12), made from the very schemas that files are checked
 * with: every key with its description, and its default where it has one.
 */
export function configJsonSchema(): Json {
  const description =
    "What a bellows.yaml may say. Any value may be filled in from the environment or a file.";
  const made = z.toJSONSchema(configFile, {
    io: "input",
    target: "draft-2020-12",
    reused: "inline",
    override: adjust,
  }) as Json;
  const { $schema, ...rest } = made;
  return {
    $schema,
    $id: ID,
    title: "Bellows",
    description,
    ...rest,
    patternProperties: { "^x-": { description: "Your own: a place for YAML anchors." } },
  };
}

/** Providers of this project; an editor cannot know of others. The provider's own schema checks what stands there. */
const NATIVE = ["aws", "local", "rackspace"];

function addNative(jsonSchema: Json): void {
  const properties = jsonSchema.properties as Json;
  for (const name of NATIVE) {
    properties[name] = {
      type: "object",
      description: `What only provider ${name} has; checked by that provider.`,
    };
  }
}

function adjust({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: Json }): void {
  const meta = (z.globalRegistry.get(zodSchema) ?? {}) as Json;
  if (zodSchema === groupFile || zodSchema === loadBalancerFile) addNative(jsonSchema);
  if (meta.default !== undefined) jsonSchema.default = meta.default;
  delete jsonSchema.bellows;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  allowFilledIn(zodSchema, jsonSchema, meta);
}

/** YAML makes numbers of `1.10` and `+1`, and anything may be filled in: both are right in a file. */
function allowFilledIn(zodSchema: z.core.$ZodTypes, jsonSchema: Json, meta: Json): void {
  const { type } = zodSchema._zod.def;
  if (jsonSchema.type === "string" && type === "string" && jsonSchema.enum === undefined) {
    if (meta.bellows === "change") jsonSchema.type = ["string", "integer"];
    if (meta.bellows === "share") jsonSchema.type = ["string", "integer"];
    if (meta.bellows === "text" || meta.bellows === undefined)
      jsonSchema.type = ["string", "number", "boolean"];
  } else if (type === "number") {
    jsonSchema.type = [jsonSchema.type as string, "string"];
    jsonSchema.pattern = "^\\$\\{.+\\}$";
  }
}
