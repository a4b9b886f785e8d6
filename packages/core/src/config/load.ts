/**
 * From a file to a {@link Config}: read → parse → fill in → plugins → normalize, each step adding what it finds to
 * one report, so that a person sees every fault at once.
 */
import { basename, dirname, relative, resolve } from "node:path";
import { readDuration } from "../duration.js";
import type { PluginLoader } from "../plugins/load.js";
import type { Config } from "./config.js";
import type { Context, CronCheck } from "./context.js";
import { compact } from "./context.js";
import { DEFAULTS } from "./defaults.js";
import type { Fault } from "./fault.js";
import { interpolate } from "./interpolate.js";
import { normalizeBalancer } from "./normalize-balancer.js";
import { normalizeCluster, normalizeGroup } from "./normalize-group.js";
import { entriesOf } from "./normalize-metrics.js";
import { normalizeServer } from "./normalize-server.js";
import { parseSource, reportNothing } from "./parse.js";
import { directSources, loadDirectSources, loadProviders, loadSources } from "./plugins-of-file.js";
import type { Fields } from "./read.js";
import { readFields } from "./read.js";
import { Report } from "./report.js";
import { configFile } from "./schema.js";
import { defaultsFile } from "./schema-group.js";
import { readSource } from "./source-file.js";
import type { Entry, SourceNode } from "./source-node.js";
import { childOf, isNull } from "./source-node.js";

/** What a file is read with. */
export interface LoadOptions {
  loader: PluginLoader;
  /** For `${env:NAME}`. Default: the environment of this process. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Where `file` is meant from, and how messages shorten it. */
  cwd: string;
  /** The text itself; `file` is then only what messages call it. */
  text?: string;
}

/** What became of a file. Warnings are of what is legal and unwise; `secrets` must appear in no log. */
export type Loaded =
  | { config: Config; warnings: Fault[]; secrets: string[] }
  | { faults: Fault[]; warnings: Fault[]; secrets: string[] };

/**
 * Reads and checks a config file.
 * @returns the config, or every fault of the file with its place; never throws for what a file contains
 */
export async function loadConfig(file: string, options: LoadOptions): Promise<Loaded> {
  const path = resolve(options.cwd, file);
  const shown = shownName(options.cwd, path);
  const source = options.text === undefined ? await readSource(path, shown) : { text: options.text };
  if ("fault" in source) return { faults: [source.fault], warnings: [], secrets: [] };
  return loadText(source.text, { path, shown, ...options });
}

function shownName(cwd: string, path: string): string {
  const near = relative(cwd, path);
  return near === "" || near.startsWith("..") ? path : near;
}

async function loadText(
  text: string,
  options: LoadOptions & { path: string; shown: string },
): Promise<Loaded> {
  const report = new Report(options.shown, text.replace(/^\uFEFF/, ""));
  const root = await parseSource(report);
  const config = root === undefined ? undefined : await readConfig(report, root, options);
  const warnings = report.sorted(report.warnings);
  const { secrets } = report;
  if (report.faults.length > 0 || config === undefined)
    return { faults: report.sorted(report.faults), warnings, secrets };
  return { config, warnings, secrets };
}

type TopFields = Fields<typeof configFile.shape>;

async function readConfig(
  report: Report,
  root: SourceNode,
  options: LoadOptions & { path: string },
): Promise<Config | undefined> {
  if (root.kind !== "map") {
    if (isNull(root)) reportNothing(report);
    else report.fault(root, "the file must be a map of keys and values", "it begins with version: 1");
    return undefined;
  }
  const baseFolder = dirname(options.path);
  interpolate(root, report, { env: options.env ?? process.env, folder: baseFolder });
  const later = [
    "version",
    "providers",
    "sources",
    "loadBalancers",
    "groups",
    "clusters",
    "server",
    "defaults",
  ];
  const fields = readFields(
    { report, node: root, schema: configFile, where: "" },
    { later, extra: (key) => key.startsWith("x-") },
  );
  if (fields === undefined) return undefined;
  checkVersion(report, fields);
  const context = await makeContext(report, root, fields, options, baseFolder);
  return assemble(context, fields, { file: options.path, baseFolder });
}

function checkVersion(report: Report, { at }: TopFields): void {
  const node = at.version?.node;
  if (node === undefined || (node.kind === "scalar" && (node.value === 1 || node.poisoned))) return;
  const written = node.kind === "scalar" ? node.text : "…";
  const newer = node.kind === "scalar" && typeof node.value === "number" && node.value > 1;
  report.fault(
    node,
    `version ${written} is not known: this reads version 1`,
    newer ? "upgrade Bellows" : "write version: 1",
  );
}

async function makeContext(
  report: Report,
  root: SourceNode,
  fields: TopFields,
  options: LoadOptions,
  baseFolder: string,
): Promise<Context> {
  const { values, at } = fields;
  const none = { report } as Context;
  const providerEntries = entriesOf(none, at.providers?.node, "providers");
  const sourceEntries = entriesOf(none, at.sources?.node, "sources");
  const sourceKeys = sourceEntries.map(({ key }) => key);
  const [providers, named, direct, cron] = await Promise.all([
    loadProviders(report, options.loader, providerEntries),
    loadSources(report, options.loader, sourceEntries),
    loadDirectSources(report, options.loader, directSources(root, sourceKeys), sourceKeys),
    cronCheck(report.text),
  ]);
  return {
    report,
    project: values.name ?? projectName(baseFolder),
    everyMs: values.every ?? Number(readDuration(DEFAULTS.every)),
    ...readDefaults(report, fields),
    providers,
    sources: new Map([...named, ...direct]),
    sourceKeys,
    balancers: new Map(
      entriesOf(none, at.loadBalancers?.node, "loadBalancers").map((entry) => [
        entry.key,
        balancerProvider(entry, [...providers.keys()]),
      ]),
    ),
    cron,
  };
}

function projectName(folder: string): string {
  return basename(folder) || "bellows";
}

function balancerProvider({ value }: Entry, providers: readonly string[]): string | undefined {
  const named = childOf(value, "provider");
  return named?.kind === "scalar" ? named.text : providers.length === 1 ? providers[0] : undefined;
}

function readDefaults(report: Report, { at }: TopFields): Pick<Context, "defaults" | "defaultsAt"> {
  const field = at.defaults;
  if (field === undefined) return { defaults: {}, defaultsAt: {} };
  const read = readFields({
    report,
    node: field.node,
    schema: defaultsFile,
    where: "defaults",
    key: "defaults",
    keyRange: field.keyRange,
    foreign: "group",
  });
  return {
    defaults: read?.values ?? {},
    defaultsAt: compact({ min: read?.at.min?.node, max: read?.at.max?.node }),
  };
}

/** The cron library is loaded only for files that may have a schedule. */
async function cronCheck(text: string): Promise<CronCheck> {
  if (!text.includes("schedule")) return () => ({});
  const { Cron } = await import("croner");
  return (pattern, timezone) => {
    try {
      const job = new Cron(pattern, { paused: true, timezone, mode: "5-part" });
      return { never: job.nextRun() === null };
    } catch (error) {
      return {
        fault:
          error instanceof Error
            ? error.message.replace(/^CronPattern: /, "").replace(/\.$/, "")
            : "it is none",
      };
    }
  };
}

function assemble(context: Context, fields: TopFields, file: { file: string; baseFolder: string }): Config {
  const { values, at } = fields;
  const balancers = entriesOf(context, at.loadBalancers?.node, "loadBalancers");
  const groups = entriesOf(context, at.groups?.node, "groups");
  const clusters = entriesOf(context, at.clusters?.node, "clusters");
  checkNames(context, groups, clusters);
  if (groups.length === 0 && clusters.length === 0) warnOfNothing(context, fields);
  return {
    ...file,
    name: context.project,
    everyMs: context.everyMs,
    providers: usable(context.providers),
    sources: usable(context.sources),
    loadBalancers: keyed(balancers.map((entry) => normalizeBalancer(context, entry))),
    groups: keyed(groups.map((entry) => normalizeGroup(context, entry))),
    clusters: keyed(clusters.map((entry) => normalizeCluster(context, entry))),
    store: {
      url: values.store?.url ?? DEFAULTS.storeUrl,
      keepMs: values.store?.keep ?? Number(readDuration(DEFAULTS.storeKeep)),
    },
    server: normalizeServer(context, at.server),
  };
}

function warnOfNothing({ report }: Context, { at }: TopFields): void {
  const place = at.groups ?? at.version;
  if (place)
    report.warn(
      place.keyRange,
      "the file has no group: there is nothing to scale",
      "groups: { web: { min: 1, max: 4, … } }",
    );
}

/** Groups, clusters and services share one space of names: decisions are kept under them. */
function checkNames(context: Context, groups: readonly Entry[], clusters: readonly Entry[]): void {
  for (const { key, keyRange } of clusters) {
    const group = groups.find((entry) => entry.key === key);
    if (group === undefined) continue;
    const place = context.report.place(group.keyRange.start);
    context.report.fault(
      keyRange,
      `cluster ${JSON.stringify(key)} has the name of a group (${place})`,
      "rename one of them",
    );
  }
}

function usable<T extends { key: string }>(all: ReadonlyMap<string, T | "broken">): Record<string, T> {
  return keyed([...all.values()].map((one) => (one === "broken" ? undefined : one)));
}

/** A key such as `__proto__` is a name like any other. */
function keyed<T extends { key: string }>(all: readonly (T | undefined)[]): Record<string, T> {
  return Object.fromEntries(all.filter((one) => one !== undefined).map((one) => [one.key, one]));
}
