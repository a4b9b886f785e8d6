/** The reader of files is loaded when the first file is read: whoever only calls a cloud does not pay for it. */
import type { Loaded, LoadOptions } from "./load.js";

/**
 * Reads and checks a config file.
 * @param file absolute, or meant from `options.cwd`
 * @returns the config, or every fault of the file with its place; warnings either way. Never throws for what a file
 *   contains
 */
export async function loadConfig(file: string, options: LoadOptions): Promise<Loaded> {
  const reader = await import("./load.js");
  return reader.loadConfig(file, options);
}

/**
 * The schema of config files as JSON Schema (draft 2020-12); the package ships it as `schema/bellows.schema.json`.
 * @see https://json-schema.org/draft/2020-12
 */
export async function configJsonSchema(): Promise<Record<string, unknown>> {
  const { configJsonSchema } = await import("./json-schema.js");
  return configJsonSchema();
}
