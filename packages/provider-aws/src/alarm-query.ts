/**
 * Metrics in CloudWatch's words, and metric math as alarms and target tracking have it: several queries, of which one
 * is looked at. Pure.
 * @see docs.aws.amazon.com, CloudWatch API, MetricDataQuery
 */
import type { StandardUnit } from "@aws-sdk/client-cloudwatch";
import { spanMsSchema, z } from "@bellows/core";

/** Statistics that CloudWatch keeps as such; every other one is an extended statistic. */
const PLAIN_STATS = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"] as const;
/** A statistic that CloudWatch keeps as such. */
export type PlainStat = (typeof PLAIN_STATS)[number];

const EXTENDED_STAT =
  /^(IQM|(p|tm|wm|tc|ts)(\d{1,2}(\.\d{1,10})?|100)|(TM|WM|TC|TS|PR)\([\d.]*%?:[\d.]*%?\))$/;
const UNIT =
  /^((Bits|Bytes|(Kilo|Mega|Giga|Tera)(bits|bytes)|Count)(\/Second)?|Seconds|Microseconds|Milliseconds|Percent|None)$/;

/** Whether CloudWatch keeps a statistic as such. */
export function isPlainStat(stat: string): stat is PlainStat {
  return (PLAIN_STATS as readonly string[]).includes(stat);
}

/** A statistic: one of {@link PLAIN_STATS}, a percentile (`p99.9`), or a trimmed one (`tm90`, `TM(2%:98%)`). */
export const statSchema = z
  .string()
  .refine(
    (stat) => isPlainStat(stat) || EXTENDED_STAT.test(stat),
    `must be ${PLAIN_STATS.join(", ")}, a percentile such as p90, or a trimmed statistic such as tm90`,
  );

/** A unit. */
export const unitSchema = z
  .string()
  .regex(UNIT, "must be a unit of CloudWatch, such as Percent, Count or Bytes/Second");

/** Most dimensions of a metric. @see docs.aws.amazon.com, CloudWatch API, Metric */
const MOST_DIMENSIONS = 30;

/** Dimensions of a metric. */
export const dimensionsSchema = z
  .record(z.string().min(1).max(255), z.string().min(1).max(1024))
  .refine(
    (dimensions) => Object.keys(dimensions).length <= MOST_DIMENSIONS,
    `must be at most ${MOST_DIMENSIONS}`,
  );

/** One metric. */
export const plainMetricSchema = z.strictObject({
  namespace: z.string().min(1).max(255),
  name: z.string().min(1).max(255),
  /** Default Average. */
  stat: statSchema.optional(),
  dimensions: dimensionsSchema.optional(),
  unit: unitSchema.optional(),
});
/** One metric. */
export type PlainMetric = z.infer<typeof plainMetricSchema>;

/** One query: a metric, or an expression over the others' ids. */
export const querySchema = z
  .strictObject({
    id: z.string().regex(/^[a-z]\w{0,254}$/, "must begin with a small letter, then letters, digits and _"),
    expression: z.string().min(1).max(2048).optional(),
    metric: plainMetricSchema.optional(),
    /** Default: the alarm's, or a minute. */
    periodMs: spanMsSchema.optional(),
    label: z.string().optional(),
    /** Whether it is the one that is looked at. */
    returns: z.boolean().optional(),
    /** Account that has the metric, where that is another. */
    account: z.string().optional(),
  })
  .refine(
    ({ expression, metric }) => (expression === undefined) !== (metric === undefined),
    "needs either expression or metric",
  );
/** One query. */
type Query = z.infer<typeof querySchema>;

/** The query that is looked at: the one that says so, or the only one. */
export function lookedAt(queries: readonly Query[]): Query | undefined {
  return queries.length === 1 ? queries[0] : queries.find(({ returns }) => returns === true);
}

/** What AWS would refuse in several queries together. */
export function queryFaults(queries: readonly Query[]): string[] {
  const ids = queries.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  const returning = queries.filter(({ returns }) => returns === true).length;
  return [
    ...[...new Set(twice)].map((id) => `two queries have the id ${id}`),
    ...(queries.length > 1 && returning !== 1 ? ["exactly one query must have returns: true"] : []),
    ...(queries.length === 1 && queries[0]?.returns === false ? ["the only query must be looked at"] : []),
  ];
}

/** Dimensions in CloudWatch's words, sorted, so that equal ones have equal lists. */
export function dimensionList(
  dimensions: Readonly<Record<string, string>> = {},
): { Name: string; Value: string }[] {
  return Object.entries(dimensions)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([Name, Value]) => ({ Name, Value }));
}

/** Dimensions by name; undefined when there are none. */
export function dimensionsOf(
  list: readonly { Name?: string | undefined; Value?: string | undefined }[] = [],
): Record<string, string> | undefined {
  if (list.length === 0) return undefined;
  return Object.fromEntries(list.map(({ Name = "", Value = "" }) => [Name, Value]));
}

/** A query in CloudWatch's words; those of target tracking are the same but for the account. */
interface QueryInput {
  Id: string;
  Expression?: string;
  MetricStat?: {
    Metric: { Namespace: string; MetricName: string; Dimensions?: { Name: string; Value: string }[] };
    Stat: string;
    Period: number;
    Unit?: StandardUnit;
  };
  Label?: string;
  Period?: number;
  ReturnData?: boolean;
  AccountId?: string;
}

/** Queries in CloudWatch's words. @param periodMs - for metrics that name none. */
export function queryInputs(queries: readonly Query[], periodMs: number): QueryInput[] {
  const returning = lookedAt(queries);
  return queries.map((query) => {
    const { id, expression, metric, label, account } = query;
    return {
      Id: id,
      ...(expression === undefined ? {} : { Expression: expression }),
      ...(metric === undefined ? {} : { MetricStat: metricStat(metric, query.periodMs ?? periodMs) }),
      ...(label === undefined ? {} : { Label: label }),
      ...(expression === undefined || query.periodMs === undefined ? {} : { Period: query.periodMs / 1_000 }),
      ReturnData: query === returning,
      ...(account === undefined ? {} : { AccountId: account }),
    };
  });
}

function metricStat({ namespace, name, stat = "Average", dimensions, unit }: PlainMetric, periodMs: number) {
  return {
    Metric: {
      Namespace: namespace,
      MetricName: name,
      ...(dimensions === undefined ? {} : { Dimensions: dimensionList(dimensions) }),
    },
    Stat: stat,
    Period: periodMs / 1_000,
    ...(unit === undefined ? {} : { Unit: unit as StandardUnit }),
  };
}

/** What a query of an answer has. */
interface QueryOutput {
  Id?: string | undefined;
  Expression?: string | undefined;
  MetricStat?:
    | {
        Metric?:
          | {
              Namespace?: string | undefined;
              MetricName?: string | undefined;
              Dimensions?: { Name?: string | undefined; Value?: string | undefined }[] | undefined;
            }
          | undefined;
        Stat?: string | undefined;
        Period?: number | undefined;
        Unit?: string | undefined;
      }
    | undefined;
  Label?: string | undefined;
  Period?: number | undefined;
  ReturnData?: boolean | undefined;
  AccountId?: string | undefined;
}

/** The period of a query of an answer, in milliseconds. */
export function periodOf({ Period, MetricStat }: QueryOutput): number | undefined {
  const seconds = Period ?? MetricStat?.Period;
  return seconds === undefined ? undefined : seconds * 1_000;
}

/** The query of an answer that is looked at. */
export function returning<Q extends QueryOutput>(queries: readonly Q[]): Q | undefined {
  return queries.find(({ ReturnData }) => ReturnData === true) ?? queries.at(-1);
}

/** Queries of an answer in the words of `native`. @param periodMs - a metric's period is left out where it is this. */
export function queriesOf(outputs: readonly QueryOutput[], periodMs: number): Query[] {
  const shown = returning(outputs);
  return outputs.map((output) => {
    const { Id = "", Expression, MetricStat, Label, AccountId } = output;
    const ownMs = periodOf(output);
    const period = MetricStat === undefined || ownMs !== periodMs ? ownMs : undefined;
    return {
      id: Id,
      ...(Expression === undefined ? {} : { expression: Expression }),
      ...(MetricStat === undefined ? {} : { metric: plainMetricOf(MetricStat) }),
      ...(period === undefined ? {} : { periodMs: period }),
      ...(Label === undefined ? {} : { label: Label }),
      ...(outputs.length > 1 && output === shown ? { returns: true } : {}),
      ...(AccountId === undefined ? {} : { account: AccountId }),
    };
  });
}

/** The metric of a query of an answer. */
export function plainMetricOf({ Metric, Stat, Unit }: NonNullable<QueryOutput["MetricStat"]>): PlainMetric {
  const dimensions = dimensionsOf(Metric?.Dimensions);
  return {
    namespace: Metric?.Namespace ?? "",
    name: Metric?.MetricName ?? "",
    ...(Stat === undefined ? {} : { stat: Stat }),
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(Unit === undefined ? {} : { unit: Unit }),
  };
}
