import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Config,
  ConfigError,
  createPluginLoader,
  type Fault,
  findConfig,
  loadConfig,
  type PluginLoader,
} from "@bellows/core";
import type { Context } from "./context.js";
import type { Globals } from "./globals.js";

/** Version of the command, from its package. */
export function ownVersion(): string {
  const file = join(dirname(fileURLToPath(import.meta.url)), "..", "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** A config that could be used, with what it brought in from the environment. */
export interface LoadedConfig {
  config: Config;
  warnings: Fault[];
  secrets: string[];
}

/** A file's faults, rendered: what `validate` prints. */
export class FaultyConfigError extends ConfigError {
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[], rendered: string) {
    super(rendered);
    this.faults = faults;
  }
}

/** Where plugins are looked for: the file's folder, the current one, then where this command is installed. */
export function loaderFor(context: Context, baseFolder: string): PluginLoader {
  const own = dirname(fileURLToPath(import.meta.url));
  return createPluginLoader({ from: [baseFolder, context.cwd, own] });
}

/** The config file that a command means. @throws ConfigError when there is none. */
export function configFile(context: Context, globals: Globals): string {
  const [named, ...others] = globals.config ?? [];
  if (others.length > 0) throw new ConfigError("this takes one config file", { hint: "name one with -c" });
  if (named !== undefined) return resolve(context.cwd, named);
  const found = findConfig(context.cwd, context.env);
  if (found !== undefined) return found;
  throw new ConfigError("no bellows.yaml here, nor in the folders above", {
    hint: "bellows init writes one; -c names another; BELLOWS_CONFIG too",
  });
}

/** Loads the file that a command means. @throws FaultyConfigError with all faults rendered. */
export async function loadedConfig(context: Context, globals: Globals): Promise<LoadedConfig> {
  const loaded = await tryLoad(context, configFile(context, globals));
  if ("config" in loaded) return loaded;
  throw await faulty(loaded.faults);
}

/** Loads one file, or says what is wrong with it. */
export async function tryLoad(
  context: Context,
  file: string,
  text?: string,
): Promise<LoadedConfig | { faults: Fault[]; warnings: Fault[] }> {
  const loaded = await loadConfig(file, {
    env: context.env,
    cwd: context.cwd,
    loader: loaderFor(context, dirname(file)),
    ...(text === undefined ? {} : { text }),
  });
  for (const secret of loaded.secrets) context.secrets.add(secret);
  return loaded;
}

/** Faults as an error. */
export async function faulty(faults: readonly Fault[]): Promise<FaultyConfigError> {
  const { renderFaults } = await import("@bellows/core");
  return new FaultyConfigError(faults, renderFaults(faults));
}

/**
 * The config for commands that need none: the file if there is one (and it knows the provider asked for), else one
 * that declares just that provider.
 */
export async function configOrProvider(context: Context, globals: Globals): Promise<LoadedConfig> {
  const file = globals.config?.[0] ?? findConfig(context.cwd, context.env);
  if (file !== undefined) {
    const loaded = await loadedConfig(context, globals);
    if (globals.provider === undefined || globals.provider in loaded.config.providers) return loaded;
  }
  if (globals.provider === undefined) {
    throw new ConfigError("which provider?", {
      hint: "name one with --provider, or write a bellows.yaml (bellows init)",
    });
  }
  const options = globals.region === undefined ? {} : { region: globals.region };
  const text = JSON.stringify({
    version: 1,
    providers: { [globals.provider]: options },
    server: { listen: "127.0.0.1:0" },
  });
  const loaded = await tryLoad(context, join(context.cwd, "(no file)"), text);
  if ("config" in loaded) return loaded;
  throw new ConfigError(
    `provider ${globals.provider}: ${loaded.faults.map((fault) => fault.message).join("; ")}`,
    { hint: loaded.faults[0]?.hint ?? "write its options in a bellows.yaml" },
  );
}

/** The provider that a command means. @throws ConfigError listing them when there are several. */
export function providerKey(config: Config, globals: Globals): string {
  const keys = Object.keys(config.providers);
  if (globals.provider !== undefined) {
    if (keys.includes(globals.provider)) return globals.provider;
    throw new ConfigError(`no provider ${JSON.stringify(globals.provider)} in ${config.file}`, {
      hint: `providers there: ${keys.join(", ") || "none"}`,
    });
  }
  const [only, ...others] = keys;
  if (only !== undefined && others.length === 0) return only;
  throw new ConfigError(keys.length === 0 ? "no provider is declared" : "several providers are declared", {
    hint: `choose with --provider: ${keys.join(", ")}`,
  });
}
