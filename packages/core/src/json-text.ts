import { ConfigError } from "./errors.js";

/**
 * A value as JSON, for stores.
 * @param what - names the value in the error: `document "memory"`.
 * @throws ConfigError when it cannot be written as JSON: a function, a bigint, a circle, nothing at all.
 */
export function jsonText(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw notJson(what, error);
  }
  if (text === undefined) throw notJson(what);
  return text;
}

function notJson(what: string, cause?: unknown): ConfigError {
  return new ConfigError(`${what} cannot be written as JSON`, {
    operation: "store.commit",
    hint: "store plain objects, arrays, texts, numbers, true, false and null",
    ...(cause === undefined ? {} : { cause }),
  });
}
