import { join } from "node:path";
import {
  ConfigError,
  createHost,
  createRedaction,
  findConfig,
  type MetricSource,
  type ProviderDrivers,
  type Sample,
  type SourceConfig,
} from "@bellows/core";
import { type Context, say } from "../context.js";
import { EXIT } from "../exit-codes.js";
import type { Globals } from "../globals.js";
import { logger } from "../logger.js";
import { printDocument } from "../output.js";
import { awaited } from "../progress.js";
import { type LoadedConfig, loadedConfig, loaderFor, ownVersion, tryLoad } from "../workbench.js";
import { parse, stringify } from "../yaml.js";
import { withBoundProvider } from "./bound-provider.js";

interface QueryOptions extends Globals {
  param?: Record<string, string>;
  /** Longest wait, in milliseconds. */
  within?: number;
}

/** Longest wait for one answer where `--within` says nothing, in milliseconds. */
const USUAL_MS = 10_000;

/** `bellows metrics query SOURCE --KEY VALUE…`: asks once, prints the number. */
export async function query(
  context: Context,
  options: QueryOptions,
  name: string,
  words: string[],
): Promise<void> {
  const params = { ...readFlags(words), ...readParams(options.param ?? {}) };
  const { source, params: checked, secrets, baseFolder } = await prepare(context, options, name, params);
  const ask = async (provider?: ProviderDrivers): Promise<void> => {
    const startMs = context.clock.monotonic();
    const [sample] = await withSource(context, options, { source, secrets, baseFolder }, (opened) =>
      opened.read([{ params: checked }], {
        deadlineMs: options.within ?? USUAL_MS,
        signal: context.signal,
        ...(provider === undefined ? {} : { provider }),
      }),
    );
    const tookMs = Math.round(context.clock.monotonic() - startMs);
    printSample(context, options, name, sample ?? { unavailable: "it gave no answer" }, tookMs);
  };
  if (source.plugin.throughProvider === true)
    await withBoundProvider(context, options, source.plugin.name, ask);
  else await ask();
}

function printSample(context: Context, options: Globals, name: string, sample: Sample, tookMs: number): void {
  const missing = "unavailable" in sample;
  if (missing) context.exitCode = EXIT.unavailable;
  if (printDocument(context, options, { source: name, ...sample, tookMs })) return;
  say(context, missing ? `unavailable: ${sample.unavailable}` : String(sample.value));
}

/** `--url X --select y --flag`: keys in kebab case become those of files. */
function readFlags(words: readonly string[]): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (let at = 0; at < words.length; at += 1) {
    const match = /^--([a-z][\w-]*)(?:=(.*))?$/is.exec(words[at] ?? "");
    if (match?.[1] === undefined)
      throw new ConfigError(`cannot read ${JSON.stringify(words[at])}`, { hint: "write --KEY VALUE" });
    const key = match[1].replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
    const next = words[at + 1];
    if (match[2] !== undefined) params[key] = plainValue(match[2]);
    else if (next === undefined || next.startsWith("--")) params[key] = true;
    else {
      params[key] = plainValue(next);
      at += 1;
    }
  }
  return params;
}

/** Numbers and switches are what they are; all else is text. */
function plainValue(text: string): unknown {
  if (/^(true|false)$/.test(text)) return text === "true";
  return /^-?\d+(\.\d+)?$/.test(text) && String(Number(text)) === text ? Number(text) : text;
}

function readParams(pairs: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(pairs).map(([key, text]) => {
      try {
        return [key, parse(text) as unknown];
      } catch {
        throw new ConfigError(`--param ${key}: cannot read ${JSON.stringify(text)}`, {
          hint: "write YAML or JSON",
        });
      }
    }),
  );
}

interface Prepared {
  source: SourceConfig;
  /** Has passed the source's `query` schema. */
  params: unknown;
  secrets: readonly string[];
  baseFolder: string;
}

async function prepare(
  context: Context,
  options: QueryOptions,
  name: string,
  params: Record<string, unknown>,
): Promise<Prepared> {
  const loaded = await ownConfig(context, options);
  const source = loaded?.config.sources[name];
  if (loaded === undefined || source === undefined) return prepareKind(context, options, name, params);
  const read = source.plugin.query.safeParse(withRegion(options, source.plugin.query, params));
  if (!read.success) {
    const told = read.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim());
    throw refused(name, told, [...keysOf(source.plugin.query)]);
  }
  return { source, params: read.data, secrets: loaded.secrets, baseFolder: loaded.config.baseFolder };
}

async function ownConfig(context: Context, options: QueryOptions): Promise<LoadedConfig | undefined> {
  const none = options.config === undefined && findConfig(context.cwd, context.env) === undefined;
  return none ? undefined : loadedConfig(context, options);
}

/**
 * A source that no file declares, and the question to it: a small file is made up around them, so that `${env:…}` and
 * durations read as in a file.
 */
async function prepareKind(
  context: Context,
  options: Globals,
  name: string,
  params: Record<string, unknown>,
): Promise<Prepared> {
  const plugin = await loaderFor(context, context.cwd).load("metric-source", name);
  const isQuery = keysOf(plugin.query);
  const given = withRegion(options, plugin.query, params);
  const part = (ofQuery: boolean): object =>
    Object.fromEntries(Object.entries(given).filter(([key]) => isQuery.has(key) === ofQuery));
  const asks = { existing: "asked", mode: "off", min: 0, max: 0 };
  const text = stringify({
    version: 1,
    providers: { local: {} },
    sources: { asked: { use: name, ...part(false) } },
    groups: { asked: { ...asks, metrics: { value: { source: "asked", ...part(true) } } } },
  });
  const loaded = await tryLoad(context, join(context.cwd, "(no file)"), text);
  const faults = "faults" in loaded ? loaded.faults : [];
  const told = faults.map(({ message, hint }) => `${message}${hint === undefined ? "" : ` (${hint})`}`);
  const source = "config" in loaded ? loaded.config.sources.asked : undefined;
  const metric = "config" in loaded ? loaded.config.groups.asked?.scaling.metrics[0] : undefined;
  if (!("config" in loaded) || source === undefined || metric === undefined)
    throw refused(name, told, [...new Set([...isQuery, ...keysOf(plugin.options)])]);
  return { source, params: metric.params, secrets: loaded.secrets, baseFolder: context.cwd };
}

/** `--region` is every command's; a source that asks in regions means the same by it. */
function withRegion(
  { region }: Globals,
  query: unknown,
  params: Record<string, unknown>,
): Record<string, unknown> {
  return region === undefined || !keysOf(query).has("region") ? params : { region, ...params };
}

function refused(name: string, told: readonly string[], keys: readonly string[]): ConfigError {
  return new ConfigError(`metrics query ${name}: ${told.join("; ")}`, {
    hint: keys.length === 0 ? "see the source's documentation" : `keys it takes: ${keys.join(", ")}`,
  });
}

function keysOf(schema: unknown): Set<string> {
  return new Set(Object.keys((schema as { shape?: object }).shape ?? {}));
}

/** Opens a source for the length of `work`. */
export async function withSource<T>(
  context: Context,
  options: Globals,
  from: { source: SourceConfig; secrets: readonly string[]; baseFolder: string },
  work: (source: MetricSource) => Promise<T>,
): Promise<T> {
  const closing = new AbortController();
  const { source, secrets, baseFolder } = from;
  const host = createHost({
    key: source.key,
    clock: context.clock,
    logger: logger(context, options),
    signal: closing.signal,
    userAgent: `bellows/${ownVersion()}`,
    baseFolder,
    redaction: createRedaction(secrets),
  });
  const opened = await source.plugin.create(source.options as never, host);
  try {
    return await awaited(context, options, `asking ${source.key}`, work(opened));
  } finally {
    closing.abort();
    await opened.close?.();
  }
}
