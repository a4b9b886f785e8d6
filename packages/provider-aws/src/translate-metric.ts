/** Metrics of a file as AWS's alarms and targets can see them. Pure. */
import {
  type Expression,
  formatDuration,
  GROUP_NAMES,
  type GroupMetricParams,
  groupMetricSchema,
  parseExpression,
  type TranslatableMetric,
  z,
} from "@bellows/core";
import { dimensionsSchema, type PlainMetric, type PlainStat, statSchema } from "./alarm-query.js";

/** The period of metrics that name none, in milliseconds. */
export const USUAL_PERIOD_MS = 60_000;

/** A metric that AWS can watch itself. */
export type Watched = { periodMs: number } & (
  | { metric: PlainMetric }
  /** A query of Metrics Insights, which alarms can watch and targets can't. */
  | { select: string }
);

const CPU_STATS = { mean: "Average", max: "Maximum", min: "Minimum" } as const;

/**
 * What AWS measures of a group's instances together, by the neutral name, as the provider's own metrics read it
 * (metric-groups.ts). The first statistic is the default.
 */
const OF_GROUP: Readonly<
  Record<string, { name: string; periodMs: number; stats: Readonly<Partial<Record<Stat, PlainStat>>> }>
> = {
  cpuPercent: { name: "CPUUtilization", periodMs: USUAL_PERIOD_MS, stats: CPU_STATS },
  networkInBytes: { name: "NetworkIn", periodMs: 300_000, stats: { sum: "Sum" } },
  networkOutBytes: { name: "NetworkOut", periodMs: 300_000, stats: { sum: "Sum" } },
};

type Stat = NonNullable<GroupMetricParams["stat"]>;

/** The words of a query with `source: cloudwatch`, as far as they matter here. */
const cloudwatchSchema = z.looseObject({
  namespace: z.string().optional(),
  metric: z.string().optional(),
  stat: statSchema.optional(),
  /** In milliseconds. */
  period: z.number().positive().optional(),
  dimensions: dimensionsSchema.optional(),
  expression: z.string().optional(),
  region: z.string().optional(),
  /** In milliseconds. */
  offset: z.number().optional(),
});

/**
 * The metric that an expression names, as AWS can watch it.
 * @param expression - of a `signal`, or of one side of a `when`.
 * @param reasons - takes why it can't.
 */
export function watchedBy(
  expression: Expression,
  group: string,
  metrics: Readonly<Record<string, TranslatableMetric>>,
  reasons: string[],
): Watched | undefined {
  if (expression.kind !== "name") {
    reasons.push("AWS watches a metric as it is: there is no arithmetic and no number in its place");
    return undefined;
  }
  const { name } = expression;
  const found = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
  if (found === undefined) {
    reasons.push(
      GROUP_NAMES.includes(name)
        ? `${name} is known to Bellows only`
        : `${name} is a signal, which only Bellows computes: AWS can watch a metric`,
    );
    return undefined;
  }
  return watchedMetric(name, group, found, reasons);
}

/** Reads an expression. @param reasons - takes why it can't be read. */
export function readExpression(text: string, reasons: string[]): Expression | undefined {
  const parsed = parseExpression(text);
  if (parsed.ok) return parsed.ast;
  reasons.push(`${JSON.stringify(text)} cannot be read: ${parsed.fault.message}`);
  return undefined;
}

function watchedMetric(
  name: string,
  group: string,
  { source, params }: TranslatableMetric,
  reasons: string[],
): Watched | undefined {
  if (source === "group") {
    const read = groupMetricSchema.safeParse(params);
    return read.success ? ofGroup(name, group, read.data, reasons) : unreadable(name, reasons);
  }
  if (source === "cloudwatch") {
    const read = cloudwatchSchema.safeParse(params);
    return read.success ? ofCloudWatch(name, read.data, reasons) : unreadable(name, reasons);
  }
  reasons.push(`metric ${name} comes from ${source}, which AWS can't see`);
  return undefined;
}

function unreadable(name: string, reasons: string[]): undefined {
  reasons.push(`metric ${name} is none that AWS has`);
  return undefined;
}

function ofGroup(
  name: string,
  group: string,
  { metric, stat, periodMs }: GroupMetricParams,
  reasons: string[],
): Watched | undefined {
  const known = Object.hasOwn(OF_GROUP, metric) ? OF_GROUP[metric] : undefined;
  if (known === undefined) {
    const names = Object.keys(OF_GROUP).join(", ");
    reasons.push(`metric ${name}: of ${metric} AWS keeps nothing for a group (it does of ${names})`);
    return undefined;
  }
  const chosen = stat === undefined ? Object.values(known.stats)[0] : known.stats[stat];
  if (chosen === undefined) {
    reasons.push(
      `metric ${name}: ${metric} has no ${stat} on AWS, but ${Object.keys(known.stats).join(", ")}`,
    );
    return undefined;
  }
  return {
    periodMs: periodMs ?? known.periodMs,
    metric: {
      namespace: "AWS/EC2",
      name: known.name,
      stat: chosen,
      dimensions: { AutoScalingGroupName: group },
    },
  };
}

function ofCloudWatch(
  name: string,
  params: z.infer<typeof cloudwatchSchema>,
  reasons: string[],
): Watched | undefined {
  const { namespace, metric, stat = "Average", dimensions, expression, region, offset = 0 } = params;
  const periodMs = params.period ?? USUAL_PERIOD_MS;
  const before = reasons.length;
  if (region !== undefined)
    reasons.push(`metric ${name}: an alarm sees its own region, so region can't be named`);
  if (offset !== 0)
    reasons.push(`metric ${name}: an alarm looks at the newest data, not ${formatDuration(offset)} back`);
  if (expression !== undefined && !/^\s*SELECT\s/i.test(expression))
    reasons.push(
      `metric ${name}: AWS's alarms take metrics and SELECT, and no math without metrics of its own`,
    );
  if (reasons.length > before) return undefined;
  if (expression !== undefined) return { periodMs, select: expression.trim() };
  if (namespace === undefined || metric === undefined) return unreadable(name, reasons);
  return {
    periodMs,
    metric: { namespace, name: metric, stat, ...(dimensions === undefined ? {} : { dimensions }) },
  };
}
