import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { MetricSourcePlugin, PolicyPlugin, ProviderPlugin } from "../contracts/provider.js";
import { CONTRACT_VERSION } from "../contracts/provider.js";
import { ConfigError, isBellowsError } from "../errors.js";

/** The sorts of plugins, and what the default export of each is. */
export interface PluginKinds {
  provider: ProviderPlugin;
  "metric-source": MetricSourcePlugin;
  policy: PolicyPlugin;
}

/** Finds plugins by the names that files use, and loads each once. */
export interface PluginLoader {
  /**
   * @param use a short name (`aws`), a package (`bellows-provider-x`, `@you/x`), or a path (`./x.js`)
   * @throws ConfigError when it is not installed, broken, of another kind or of another contract; the hint says what
   *   to do
   */
  load<K extends keyof PluginKinds>(kind: K, use: string): Promise<PluginKinds[K]>;
}

/** Where plugins are looked for. */
export interface LoaderOptions {
  /** Folders in order: the config file's, the current one, the command's own. Paths are meant from the first. */
  from: readonly string[];
}

const SOURCES_PACKAGE = "@bellows/metrics-sources";

/** The kinds of metric sources that come with Bellows. */
export const BUILT_IN_SOURCES: readonly string[] = [
  "http",
  "prometheus",
  "exposition",
  "host",
  "replay",
  "constant",
  "rabbitmq",
  "cloudwatch",
  "rackspace-monitoring",
];

const WORDS: Record<keyof PluginKinds, string> = {
  provider: "provider",
  "metric-source": "metric source",
  policy: "policy",
};

/** Makes a loader. Nothing is looked for before it is asked. */
export function createPluginLoader(options: LoaderOptions): PluginLoader {
  const loaded = new Map<string, Promise<unknown>>();
  return {
    load<K extends keyof PluginKinds>(kind: K, use: string): Promise<PluginKinds[K]> {
      const key = `${kind} ${use}`;
      const before = loaded.get(key);
      if (before !== undefined) return before as Promise<PluginKinds[K]>;
      const plugin = loadPlugin(kind, use, options.from);
      loaded.set(key, plugin);
      return plugin;
    },
  };
}

/** The packages that a name may mean, likeliest first. */
export function pluginCandidates(kind: keyof PluginKinds, use: string): string[] {
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(use)) return [use];
  const known = { provider: "provider", "metric-source": "source", policy: "policy" }[kind];
  if (use.startsWith(`bellows-${known}-`)) return [use];
  const candidates = kind === "policy" ? [] : [`@bellows/${known}-${use}`];
  if (kind === "metric-source") candidates.unshift(`${SOURCES_PACKAGE}/${use}`);
  return [...candidates, `bellows-${known}-${use}`];
}

async function loadPlugin<K extends keyof PluginKinds>(
  kind: K,
  use: string,
  from: readonly string[],
): Promise<PluginKinds[K]> {
  const candidates = pluginCandidates(kind, use);
  const what = `${WORDS[kind]} ${JSON.stringify(use)}`;
  const file = find(candidates, from);
  if (file === undefined) throw notInstalled(what, kind, candidates, from);
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message.split("\n")[0]}` : String(error);
    throw new ConfigError(`${what} could not be loaded from ${file}: ${why}`, {
      hint: "the fault lies in the plugin: update it, or report it to its author",
      cause: error,
    });
  }
  return checked(kind, what, use, module.default);
}

function notInstalled(
  what: string,
  kind: keyof PluginKinds,
  candidates: readonly string[],
  from: readonly string[],
): ConfigError {
  const first = candidates[0] ?? "";
  const isPath = first.startsWith(".") || isAbsolute(first);
  const builtIn =
    kind === "metric-source" && BUILT_IN_SOURCES.some((name) => first === `${SOURCES_PACKAGE}/${name}`);
  // The package of the built-in sources is looked into first, and named only where it would help.
  const named =
    kind === "metric-source" && candidates.length > 1 && !builtIn ? candidates.slice(1) : candidates;
  const hint = isPath
    ? "the path is meant from the config file's folder"
    : `npm install ${packageOf(named[0] ?? first)}`;
  const looked =
    named.length > 1 ? `${named.slice(0, -1).join(", ")} and ${named.at(-1)}` : (named[0] ?? first);
  return new ConfigError(`${what} is not installed (looked for ${looked} from ${from[0] ?? "here"})`, {
    hint,
  });
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function find(candidates: readonly string[], from: readonly string[]): string | undefined {
  for (const folder of from) {
    for (const candidate of candidates) {
      const file = resolveFrom(candidate, folder);
      if (file !== undefined) return file;
    }
  }
  return undefined;
}

function resolveFrom(specifier: string, folder: string): string | undefined {
  const request = specifier.startsWith(".") ? resolve(folder, specifier) : specifier;
  try {
    return createRequire(join(resolve(folder), "bellows.yaml")).resolve(request);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_PACKAGE_PATH_NOT_EXPORTED") return resolveImportOnly(specifier, folder);
    return undefined;
  }
}

/** `require.resolve` does not see packages that export for `import` alone; their package.json says where to look. */
function resolveImportOnly(specifier: string, folder: string): string | undefined {
  const name = packageOf(specifier);
  const subpath = `.${specifier.slice(name.length)}`;
  for (let here = resolve(folder); ; here = dirname(here)) {
    const root = join(here, "node_modules", name);
    const target = exportedTarget(join(root, "package.json"), subpath);
    if (target !== undefined) return join(root, target);
    if (dirname(here) === here) return undefined;
  }
}

function exportedTarget(manifest: string, subpath: string): string | undefined {
  let exported: unknown;
  try {
    exported = (JSON.parse(readFileSync(manifest, "utf8")) as { exports?: unknown }).exports;
  } catch {
    return undefined;
  }
  const isMap =
    typeof exported === "object" &&
    exported !== null &&
    Object.keys(exported).some((key) => key.startsWith("."));
  return target(
    isMap ? (exported as Record<string, unknown>)[subpath] : subpath === "." ? exported : undefined,
  );
}

function target(exported: unknown): string | undefined {
  if (typeof exported === "string") return exported;
  if (Array.isArray(exported)) return exported.map(target).find((one) => one !== undefined);
  if (typeof exported !== "object" || exported === null) return undefined;
  for (const [condition, value] of Object.entries(exported)) {
    if (["node", "import", "module", "default"].includes(condition)) {
      const found = target(value);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function checked<K extends keyof PluginKinds>(
  kind: K,
  what: string,
  use: string,
  found: unknown,
): PluginKinds[K] {
  const plugin = found as Partial<PluginKinds[keyof PluginKinds]> | null | undefined;
  if (typeof plugin !== "object" || plugin === null || typeof plugin.kind !== "string") {
    const define = {
      provider: "defineProvider",
      "metric-source": "defineMetricSource",
      policy: "definePolicy",
    }[kind];
    throw new ConfigError(`${what} is no plugin: its default export is not made by ${define}`, {
      hint: "check the name under use",
    });
  }
  if (plugin.kind !== kind) {
    throw new ConfigError(
      `${JSON.stringify(use)} is a plugin of another kind: ${WORDS[plugin.kind] ?? plugin.kind}, not ${WORDS[kind]}`,
      {
        hint: "check the name under use",
      },
    );
  }
  if (plugin.contract !== CONTRACT_VERSION) throw otherContract(use, plugin.contract);
  const lacking = REQUIRED[kind].filter((part) => (plugin as Record<string, unknown>)[part] === undefined);
  if (lacking.length > 0) {
    throw new ConfigError(`${what} is incomplete: its default export lacks ${lacking.join(", ")}`, {
      hint: "report it to its author",
    });
  }
  return plugin as PluginKinds[K];
}

const REQUIRED: Record<keyof PluginKinds, readonly string[]> = {
  provider: ["name", "options", "launch", "capabilities", "drivers", "create"],
  "metric-source": ["name", "options", "query", "create"],
  policy: ["name", "options", "signals", "evaluate"],
};

function otherContract(use: string, contract: unknown): ConfigError {
  if (typeof contract === "number" && contract > CONTRACT_VERSION) {
    return new ConfigError(
      `${use} is written for contract ${contract}; this is ${CONTRACT_VERSION}: upgrade @bellows/core`,
      {
        hint: "npm install @bellows/core@latest",
      },
    );
  }
  return new ConfigError(
    `${use} is written for contract ${String(contract)}; this is ${CONTRACT_VERSION}: upgrade the plugin`,
    {
      hint: `npm install ${packageOf(use)}@latest`,
    },
  );
}

/** The words of an error of loading, for a report with positions. */
export function loadFault(error: unknown): { message: string; hint?: string } {
  if (isBellowsError(error))
    return { message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  return { message: error instanceof Error ? error.message : String(error) };
}
