/** Helpers of the tests of config files: files in a temporary folder, and plugins that are there without being installed. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "../src/config/config.js";
import type { Fault } from "../src/config/fault.js";
import type { Loaded } from "../src/config/load.js";
import { loadConfig } from "../src/config/load.js";
import { duration, text } from "../src/config/values.js";
import { launchWords } from "../src/contracts/launch.js";
import { ConfigError } from "../src/errors.js";
import { defineMetricSource, defineProvider } from "../src/plugins/define.js";
import type { PluginKinds, PluginLoader } from "../src/plugins/load.js";

/** A cloud that takes a few words, and has a key of its own. */
export const cloud = defineProvider({
  name: "cloud",
  contract: 1,
  options: z.strictObject({
    region: text().optional(),
    tries: z.number().int().optional(),
    debug: z.boolean().optional(),
  }),
  launch: z.strictObject({
    image: launchWords.shape.image,
    size: launchWords.shape.size,
    metadata: launchWords.shape.metadata,
    cloud: z.strictObject({ rack: z.number() }).optional(),
  }),
  native: z.strictObject({ grace: duration() }),
  drivers: [],
  create: () => ({ close: async () => undefined }),
});

/** A source that asks for a path, and one that cannot do without options. */
const http = defineMetricSource({
  name: "http",
  contract: 1,
  options: z.strictObject({}),
  query: z.strictObject({
    url: z.string(),
    select: z.string().optional(),
    timeout: duration().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  create: () => ({ read: async () => [] }),
});
const rabbit = defineMetricSource({
  name: "rabbitmq",
  contract: 1,
  options: z.strictObject({ url: text(), user: text().optional(), password: text().optional() }),
  query: z.strictObject({ queue: text() }),
  create: () => ({ read: async () => [] }),
});

const PLUGINS = new Map<string, unknown>([
  ["provider cloud", cloud],
  ["provider other", { ...cloud, name: "other", native: undefined }],
  ["metric-source http", http],
  ["metric-source rabbitmq", rabbit],
]);

/** Finds the plugins above, and says of all others that they are not installed. */
export const stubLoader: PluginLoader = {
  load<K extends keyof PluginKinds>(kind: K, use: string): Promise<PluginKinds[K]> {
    const plugin = PLUGINS.get(`${kind} ${use}`);
    if (plugin !== undefined) return Promise.resolve(plugin as PluginKinds[K]);
    return Promise.reject(new ConfigError(`${use} is not installed`, { hint: `npm install ${use}` }));
  },
};

/** Writes a config (and files beside it) into a folder of its own. */
export function writeConfig(content: string | Uint8Array, beside: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "bellows-config-"));
  for (const [name, text] of Object.entries(beside)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "bellows.yaml"), content);
  return folder;
}

/** Reads a config text with the stub plugins. */
export async function load(
  content: string | Uint8Array,
  options: { env?: Record<string, string>; beside?: Record<string, string> } = {},
): Promise<Loaded> {
  const cwd = writeConfig(content, options.beside);
  return loadConfig("bellows.yaml", { cwd, env: options.env ?? {}, loader: stubLoader });
}

/** The config of a text that must have no fault. */
export async function configOf(
  content: string,
  options: { env?: Record<string, string>; beside?: Record<string, string> } = {},
): Promise<Config> {
  const loaded = await load(content, options);
  if ("faults" in loaded) throw new Error(`unexpected faults: ${said(loaded.faults).join("; ")}`);
  return loaded.config;
}

/** The faults of a text, as `LINE:COLUMN message (hint)`. */
export async function faultsOf(
  content: string | Uint8Array,
  options: { env?: Record<string, string>; beside?: Record<string, string> } = {},
): Promise<string[]> {
  const loaded = await load(content, options);
  return "faults" in loaded ? said(loaded.faults) : [];
}

/** The warnings of a text, as `LINE:COLUMN message (hint)`. */
export async function warningsOf(content: string): Promise<string[]> {
  const loaded = await load(content);
  if ("faults" in loaded) throw new Error(`unexpected faults: ${said(loaded.faults).join("; ")}`);
  return said(loaded.warnings);
}

function said(faults: readonly Fault[]): string[] {
  return faults.map(
    ({ line, column, message, hint }) =>
      `${line}:${column} ${message}${hint === undefined ? "" : ` (${hint})`}`,
  );
}
