import type { MetricSourcePlugin, ProviderPlugin } from "../contracts/provider.js";
import { nearest } from "../nearest.js";
import type { PluginKinds, PluginLoader } from "../plugins/load.js";
import { BUILT_IN_SOURCES, loadFault } from "../plugins/load.js";
import type { ProviderConfig, SourceConfig } from "./config.js";
import type { Broken } from "./context.js";
import { OWN_SOURCES } from "./normalize-metrics.js";
import { read, readFields } from "./read.js";
import type { Report } from "./report.js";
import { pluginEntryFile } from "./schema.js";
import type { Entry, MapNode, Range, SourceNode } from "./source-node.js";
import { childOf, isNull, isPoisoned } from "./source-node.js";

/** A provider or source of the file, or that it cannot be used. */
type Loaded<P> = { key: string; use: string; plugin: P; options: unknown } | Broken;

/** Loads what stands under `providers`, and checks its options. */
export function loadProviders(
  report: Report,
  loader: PluginLoader,
  entries: readonly Entry[],
): Promise<Map<string, ProviderConfig | Broken>> {
  return loadAll<ProviderPlugin, "provider">(report, loader, "provider", "providers", entries);
}

/** Loads what stands under `sources`, and checks its options. */
export function loadSources(
  report: Report,
  loader: PluginLoader,
  entries: readonly Entry[],
): Promise<Map<string, SourceConfig | Broken>> {
  return loadAll<MetricSourcePlugin, "metric-source">(report, loader, "metric-source", "sources", entries);
}

async function loadAll<P extends PluginKinds[K], K extends "provider" | "metric-source">(
  report: Report,
  loader: PluginLoader,
  kind: K,
  where: string,
  entries: readonly Entry[],
): Promise<Map<string, Loaded<P>>> {
  const loaded = entries.map(
    async (entry): Promise<[string, Loaded<P>]> => [
      entry.key,
      await loadOne<P, K>(report, loader, kind, where, entry),
    ],
  );
  return new Map(await Promise.all(loaded));
}

async function loadOne<P extends PluginKinds[K], K extends "provider" | "metric-source">(
  report: Report,
  loader: PluginLoader,
  kind: K,
  section: string,
  entry: Entry,
): Promise<Loaded<P>> {
  const { key, keyRange, value } = entry;
  const where = `${section}.${key}`;
  const fields = readFields(
    { report, node: value, schema: pluginEntryFile, where, key, keyRange },
    { extra: () => true },
  );
  if (kind === "metric-source" && OWN_SOURCES.includes(key)) {
    report.fault(
      keyRange,
      `${JSON.stringify(key)} is what the group's own provider answers`,
      "give the source another name",
    );
    return "broken";
  }
  if (fields === undefined || (fields.at.use !== undefined && fields.values.use === undefined))
    return "broken";
  const use = fields.values.use ?? key;
  const plugin = await loadReported<K>(report, loader, kind, use, fields.at.use?.node ?? keyRange);
  if (plugin === undefined) return "broken";
  const options: MapNode =
    value.kind === "map"
      ? { ...value, entries: value.entries.filter((field) => field.key !== "use") }
      : { kind: "map", start: keyRange.start, end: keyRange.end, entries: [] };
  const got = read({ report, node: options, schema: plugin.options, where, key, keyRange });
  // With wrong options nothing is ever connected, and yet the plugin can say what is wrong elsewhere.
  return { key, use, plugin: plugin as P, options: got?.value };
}

async function loadReported<K extends keyof PluginKinds>(
  report: Report,
  loader: PluginLoader,
  kind: K,
  use: string,
  at: Range,
): Promise<PluginKinds[K] | undefined> {
  try {
    return await loader.load(kind, use);
  } catch (error) {
    const { message, hint } = loadFault(error);
    report.fault(at, message, hint);
    return undefined;
  }
}

/** A kind of source that a metric names, and where it does so first. */
interface DirectUse {
  readonly kind: string;
  readonly at: SourceNode;
}

/** The kinds of sources that metrics name directly, each with its first place. */
export function directSources(root: SourceNode, named: readonly string[]): DirectUse[] {
  const found = new Map<string, SourceNode>();
  const groups = [...mapEntries(childOf(root, "groups")), ...mapEntries(childOf(root, "clusters"))];
  const services = groups.flatMap(({ value }) => mapEntries(childOf(value, "services")));
  for (const { value } of [...groups, ...services]) {
    for (const metric of mapEntries(childOf(value, "metrics"))) {
      const source = childOf(metric.value, "source");
      if (source?.kind !== "scalar" || isNull(source) || isPoisoned(source)) continue;
      const { text } = source;
      if (!named.includes(text) && !OWN_SOURCES.includes(text) && !found.has(text)) found.set(text, source);
    }
  }
  return [...found].map(([kind, at]) => ({ kind, at }));
}

function mapEntries(node: SourceNode | undefined): readonly Entry[] {
  return node?.kind === "map" ? node.entries : [];
}

/** Loads the kinds that metrics name directly; they get along without options, or must be named under `sources`. */
export async function loadDirectSources(
  report: Report,
  loader: PluginLoader,
  uses: readonly DirectUse[],
  named: readonly string[],
): Promise<Map<string, SourceConfig | Broken>> {
  const loaded = uses.map(async ({ kind, at }): Promise<[string, SourceConfig | Broken]> => {
    try {
      const plugin = await loader.load("metric-source", kind);
      const options = plugin.options.safeParse({});
      if (options.success) return [kind, { key: kind, use: kind, plugin, options: options.data }];
      report.fault(
        at,
        `source ${JSON.stringify(kind)} needs options`,
        `name it once: sources: { ${kind}1: { use: ${kind}, … } }, and write source: ${kind}1`,
      );
    } catch (error) {
      const near = nearest(kind, [...named, ...OWN_SOURCES, ...BUILT_IN_SOURCES]);
      if (near === undefined) {
        const { message, hint } = loadFault(error);
        report.fault(at, message, hint);
      } else report.fault(at, `unknown source ${JSON.stringify(kind)}`, `did you mean "${near}"?`);
    }
    return [kind, "broken"];
  });
  return new Map(await Promise.all(loaded));
}
