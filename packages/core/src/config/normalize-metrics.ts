import { z } from "zod";
import type { GroupMetricParams } from "../contracts/metric.js";
import { NEUTRAL_METRICS } from "../contracts/metric.js";
import type { MetricSpec, SignalSpec } from "../contracts/scaling.js";
import { readDuration } from "../duration.js";
import type { Expression } from "../expressions/index.js";
import { nearest } from "../nearest.js";
import type { Context } from "./context.js";
import { compact } from "./context.js";
import { DEFAULTS } from "./defaults.js";
import { checkCircles, checkExpression, checkSignalName, knownNames } from "./expressions-in-file.js";
import { read, readFields } from "./read.js";
import { metricFile } from "./schema-group.js";
import type { Entry, MapNode, SourceNode } from "./source-node.js";
import { childOf, isNull, isPoisoned } from "./source-node.js";
import { described, duration, text } from "./values.js";
import { warnOfDivision } from "./warnings.js";

/** A metric with `source: group` or `source: service`. */
const ownMetricFile = z.strictObject({
  metric: described(text(), "A neutral name, such as cpuPercent, or one of the provider's own."),
  stat: described(z.enum(["mean", "max", "min", "sum"]), "How instances become one number.").optional(),
  period: described(
    duration({ min: 1 }),
    "How far it looks back, where the provider lets one choose.",
  ).optional(),
});

/** Sources that the group's own provider answers. */
export const OWN_SOURCES: readonly string[] = ["group", "service"];

const MAX_AGE_MS = Number(readDuration(DEFAULTS.maxAge));

/** The entries of a map that is a record of named things; what is none is reported. */
export function entriesOf(context: Context, node: SourceNode | undefined, key: string): readonly Entry[] {
  if (node === undefined || isNull(node) || (node.kind === "scalar" && node.poisoned)) return [];
  if (node.kind === "map") return node.entries;
  context.report.fault(node, `${key} must be a map of names`, `${key}: { NAME: … }`);
  return [];
}

/** What a group's (or service's) expressions can name, read and checked. */
export interface Readings {
  readonly metrics: MetricSpec[];
  readonly signals: SignalSpec[];
  readonly known: readonly string[];
}

/** Reads `metrics` and `signals` of a group. */
export function normalizeReadings(
  context: Context,
  where: string,
  nodes: { metrics?: SourceNode; signals?: SourceNode },
  options: { inCluster: boolean; min?: number },
): Readings {
  const metricEntries = entriesOf(context, nodes.metrics, "metrics");
  const signalEntries = entriesOf(context, nodes.signals, "signals");
  for (const entry of [...metricEntries, ...signalEntries]) checkSignalName(context.report, entry);
  for (const { key, keyRange } of signalEntries) {
    if (metricEntries.some((metric) => metric.key === key)) {
      context.report.fault(
        keyRange,
        `signal ${JSON.stringify(key)} has the name of a metric`,
        "give it another name",
      );
    }
  }
  const known = knownNames(
    metricEntries.map(({ key }) => key),
    signalEntries.map(({ key }) => key),
  );
  const metrics = metricEntries.flatMap(
    (entry) => normalizeMetric(context, where, entry, options.inCluster) ?? [],
  );
  return { metrics, signals: normalizeSignals(context, signalEntries, known, options.min), known };
}

function normalizeSignals(
  context: Context,
  entries: readonly Entry[],
  known: readonly string[],
  min?: number,
): SignalSpec[] {
  const parsed = new Map<string, { node: SourceNode; ast: Expression }>();
  const signals: SignalSpec[] = [];
  for (const { key, value: node } of entries) {
    if (node.kind !== "scalar" || isNull(node)) {
      if (!isPoisoned(node))
        context.report.fault(
          node,
          `signal ${key} must be an expression`,
          "such as queue / max([instances, 1])",
        );
      continue;
    }
    const ast = checkExpression(context.report, node, known);
    if (ast === undefined) continue;
    parsed.set(key, { node, ast });
    warnOfDivision(context.report, node, ast, min);
    signals.push({ name: key, expression: node.text.trim() });
  }
  checkCircles(context.report, parsed);
  return signals;
}

function normalizeMetric(
  context: Context,
  group: string,
  entry: Entry,
  inCluster: boolean,
): MetricSpec | undefined {
  const { report } = context;
  const where = `${group}.metrics.${entry.key}`;
  const fields = readFields(
    {
      report,
      node: entry.value,
      schema: metricFile,
      where,
      key: entry.key,
      keyRange: entry.keyRange,
      foreign: "metric",
    },
    { extra: () => true },
  );
  const source = fields?.values.source;
  if (fields === undefined || source === undefined || entry.value.kind !== "map") return undefined;
  const params = OWN_SOURCES.includes(source)
    ? ownParams(context, where, entry, source, inCluster)
    : sourceParams(context, where, entry, source, fields.at.source?.node ?? entry.value);
  if (params === undefined) return undefined;
  return compact({
    name: entry.key,
    source,
    params: params.value,
    maxAgeMs: fields.values.maxAge ?? MAX_AGE_MS,
    timeoutMs: fields.values.timeout,
  });
}

function without(map: MapNode, keys: readonly string[]): MapNode {
  return { ...map, entries: map.entries.filter(({ key }) => !keys.includes(key)) };
}

function ownParams(
  context: Context,
  where: string,
  entry: Entry,
  source: string,
  inCluster: boolean,
): { value: GroupMetricParams } | undefined {
  const { report } = context;
  if (source === "service" && !inCluster) {
    report.fault(
      childOf(entry.value, "source") ?? entry.value,
      "source: service answers in the services of a cluster",
      "write source: group",
    );
    return undefined;
  }
  const node = without(entry.value as MapNode, ["source", "maxAge", "timeout"]);
  const got = read({
    report,
    node,
    schema: ownMetricFile,
    where,
    key: entry.key,
    keyRange: entry.keyRange,
    foreign: "metric",
  });
  if (got === undefined) return undefined;
  const { metric, stat, period } = got.value;
  const neutral: readonly string[] = NEUTRAL_METRICS;
  const near = neutral.includes(metric) ? undefined : nearest(metric, neutral);
  const at = childOf(node, "metric");
  if (near !== undefined && at)
    report.warn(
      at,
      `metric ${JSON.stringify(metric)} is none of the names that every provider knows`,
      `did you mean ${near}?`,
    );
  return { value: compact({ metric, stat, periodMs: period }) };
}

function sourceParams(
  context: Context,
  where: string,
  entry: Entry,
  key: string,
  at: SourceNode,
): { value: unknown } | undefined {
  const { report, sources } = context;
  const source = sources.get(key);
  if (source === undefined) {
    const near = nearest(key, [...context.sourceKeys, ...OWN_SOURCES]);
    report.fault(
      at,
      `unknown source ${JSON.stringify(key)}`,
      near === undefined ? undefined : `did you mean "${near}"?`,
    );
    return undefined;
  }
  if (source === "broken") return undefined;
  // Some sources take their own `timeout`; for the others it is the round's.
  const takesTimeout = "timeout" in ((source.plugin.query as { shape?: object }).shape ?? {});
  const node = without(entry.value as MapNode, ["source", "maxAge", ...(takesTimeout ? [] : ["timeout"])]);
  return read({
    report,
    node,
    schema: source.plugin.query,
    where,
    key: entry.key,
    keyRange: entry.keyRange,
    foreign: "metric",
  });
}
