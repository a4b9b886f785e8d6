/** JSON, as it stands in bodies. */

/** Any JSON, as it stands in a body. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
/** An object of JSON; what it has not is undefined. */
export type JsonObject = { [key: string]: Json };

/** Whether a value is an object, neither a list nor null. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
