import { createRequire } from "node:module";

const load = createRequire(import.meta.url);
const library = (): typeof import("yaml") => load("yaml") as typeof import("yaml");

/** Reads YAML. The library is loaded by whoever uses it first: seventy files that most commands do not need. */
export function parse(text: string): unknown {
  return library().parse(text);
}

/** Writes YAML. Loaded as {@link parse}. */
export const stringify: typeof import("yaml")["stringify"] = (...args: unknown[]) =>
  Reflect.apply(library().stringify, undefined, args) as string;
