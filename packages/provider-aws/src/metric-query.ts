/** What CloudWatch is asked, before it is known when and together with what. Pure. */

import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { z } from "@bellows/core";
import { isSelect, renamed, takesAll, unknownNames } from "./metric-expression.js";
import { isPeriod } from "./metric-window.js";
import { REGION } from "./options.js";

/** One statistic of one metric. */
export interface Statistic {
  namespace: string;
  metric: string;
  /** Average, Sum, Minimum, Maximum, SampleCount, `p90`, … */
  stat: string;
  /** All dimensions of the metric: CloudWatch takes metrics with others for other metrics. */
  dimensions: Readonly<Record<string, string>>;
}

/** Metric math, SEARCH or SELECT, and the metrics that it calls by name. */
export interface Formula {
  expression: string;
  using: Readonly<Record<string, Statistic>>;
}

/** One question to CloudWatch. */
export interface Unit {
  /** The same for the same question, however it was written. */
  key: string;
  /** Region to ask; undefined: the connection's. */
  region: string | undefined;
  /** Length of a data point. */
  periodMs: number;
  what: Statistic | Formula;
}

/** Most queries a call. @see docs.aws.amazon.com, GetMetricData */
export const MOST_QUERIES = 500;
const DEFAULT_PERIOD_MS = 60_000;
const DEFAULT_STAT = "Average";

const words = z.string().min(1);
const statistic = z.strictObject({
  namespace: words,
  metric: words,
  stat: words.default(DEFAULT_STAT),
  /** Thirty is the most that CloudWatch keeps. @see docs.aws.amazon.com, PutMetricData */
  dimensions: z
    .record(words, words)
    .refine((all) => Object.keys(all).length <= 30, "has more than 30 dimensions")
    .default({}),
});
const timing = {
  period: z
    .number()
    .refine(isPeriod, "must be a multiple of 60,000 ms, or 1, 5, 10, 20 or 30 s")
    .default(DEFAULT_PERIOD_MS),
  region: z.string().regex(REGION, "must be a region such as eu-west-1").optional(),
  offset: z.number().int().min(0).default(0),
};
const ofStatistic = z.strictObject({ ...statistic.shape, ...timing });
const ofFormula = z.strictObject({
  expression: words,
  using: z
    .record(z.string().regex(/^[a-z]\w*$/, "must begin with a small letter"), statistic)
    .refine((all) => Object.keys(all).length < MOST_QUERIES, `has more than ${MOST_QUERIES - 1} metrics`)
    .default({}),
  ...timing,
});

/** A question that was read, and how far before now its newest data point must have ended. */
export interface Question {
  unit: Unit;
  offsetMs: number;
}

/**
 * Reads a query in the words of the `cloudwatch` source, durations in milliseconds.
 * @param home - the connection's region: whoever names it asks what others ask who name none.
 * @returns a text when nothing can be asked with it: what CloudWatch refuses of one query spoils a whole call.
 */
export function readQuestion(params: unknown, home?: string): Question | string {
  const isFormula = typeof params === "object" && params !== null && "expression" in params;
  const read = isFormula ? ofFormula.safeParse(params) : ofStatistic.safeParse(params);
  if (!read.success)
    return read.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim()).join("; ");
  const { period, region, offset, ...what } = read.data;
  if ("expression" in what) {
    const unknown = unknownNames(what.expression, Object.keys(what.using));
    if (unknown.length > 0)
      return `the expression uses ${unknown.join(", ")}, which stands nowhere under using (names: ${Object.keys(what.using).join(", ") || "none"})`;
  }
  return { unit: unitOf(what, period, region === home ? undefined : region), offsetMs: offset };
}

/** Makes a question. */
export function unitOf(what: Statistic | Formula, periodMs: number, region?: string): Unit {
  return { key: JSON.stringify([region, periodMs, what], sortedKeys), region, periodMs, what };
}

/** How many of the call's places it takes. */
export function placesOf({ what }: Unit): number {
  return "expression" in what ? 1 + Object.keys(what.using).length : 1;
}

/** Whom a question may share a call with: a call takes one SELECT, and METRICS() means all that is in it. */
export function companyOf({ what }: Unit): "any" | "no-select" | "none" {
  if (!("expression" in what)) return "any";
  if (takesAll(what.expression)) return "none";
  return isSelect(what.expression) ? "no-select" : "any";
}

/**
 * The question as GetMetricData takes it.
 * @param id - of its answer; names that its expression uses become `ID_NAME`.
 */
export function entriesOf({ what, periodMs }: Unit, id: string): MetricDataQuery[] {
  if (!("expression" in what)) return [{ Id: id, ...statOf(what, periodMs) }];
  const names = Object.keys(what.using);
  const rename = (name: string): string => `${id}_${name}`;
  return [
    { Id: id, Expression: renamed(what.expression, names, rename), Period: periodMs / 1_000 },
    ...Object.entries(what.using).map(([name, stat]) => ({
      Id: rename(name),
      ReturnData: false,
      ...statOf(stat, periodMs),
    })),
  ];
}

function statOf(
  { namespace, metric, stat, dimensions }: Statistic,
  periodMs: number,
): Pick<MetricDataQuery, "MetricStat"> {
  return {
    MetricStat: {
      Metric: {
        Namespace: namespace,
        MetricName: metric,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: periodMs / 1_000,
      Stat: stat,
    },
  };
}

/** The question in a few words, for reasons. */
export function nameOf({ what }: Unit): string {
  if ("expression" in what) return "the expression";
  const dimensions = Object.entries(what.dimensions).map(([name, value]) => `${name}=${value}`);
  return `${what.namespace} ${what.metric}${dimensions.length === 0 ? "" : ` {${dimensions.join(", ")}}`}`;
}

/** Makes `{ a, b }` and `{ b, a }` the same question. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
