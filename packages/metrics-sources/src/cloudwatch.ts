import {
  defineMetricSource,
  duration,
  formatDuration,
  type MetricQuery,
  type MetricsDriver,
  type ReadOptions,
  type Sample,
  text,
  z,
} from "@bellows/core";

const SHORT_PERIODS_MS = [1_000, 5_000, 10_000, 20_000, 30_000];
const STATISTIC =
  /^(Average|Sum|Minimum|Maximum|SampleCount|IQM|(p|tm|wm|tc|ts)(\d{1,2}(\.\d{1,10})?|100)|(TM|WM|TC|TS|PR)\([^()]*\))$/;

const period = duration({ min: 1_000 }).refine((ms) => SHORT_PERIODS_MS.includes(ms) || ms % 60_000 === 0, {
  error: (issue) => `is no period that CloudWatch knows: ${formatDuration(issue.input as number)}`,
  params: {
    subject: true,
    hint: "write a multiple of 1m, or 1s, 5s, 10s, 20s or 30s for high-resolution metrics",
  },
});

const statistic = z.string().regex(STATISTIC, {
  error:
    "is no statistic of CloudWatch: write Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p90",
});
const dimensions = z.record(z.string(), z.string());

/** A metric that an expression calls by name. */
const used = z.strictObject({
  namespace: text(),
  metric: text(),
  stat: statistic.optional(),
  dimensions: dimensions.optional(),
});

const options = z.strictObject({
  /** Region to ask (default: the provider's). */
  region: text().optional(),
});
const query = z
  .strictObject({
    namespace: text().optional(),
    metric: text().optional(),
    /**
     * Average (default), Sum, Minimum, Maximum, SampleCount, a percentile (`p90`, `p99.9`) or a trimmed statistic
     * (`tm90`).
     */
    stat: statistic.optional(),
    /** Length of one data point (default 1m): a multiple of 1m, or 1, 5, 10, 20 or 30 s. */
    period: period.optional(),
    dimensions: dimensions.optional(),
    /** Metric math, SEARCH or SELECT, in place of namespace and metric. */
    expression: text().optional(),
    /** The metrics that metric math calls by name, each with namespace, metric, stat and dimensions. */
    using: z
      .record(
        z.string().regex(/^[a-z][a-zA-Z0-9_]*$/, "must be letters and digits, the first one small"),
        used,
      )
      .optional(),
    region: text().optional(),
    /** How far before now the newest point wanted ends: some metrics arrive late. */
    offset: duration().optional(),
  })
  .superRefine((params, ctx) => {
    if (params.expression === undefined) {
      for (const key of ["namespace", "metric"] as const) {
        if (params[key] !== undefined) continue;
        const hint = "name both namespace and metric, or write an expression";
        ctx.addIssue({ code: "custom", message: `${key} is missing`, params: { hint } });
      }
      if (params.using === undefined) return;
      const hint = "write the expression that uses them";
      ctx.addIssue({
        code: "custom",
        path: ["using"],
        message: "using without expression",
        params: { hint },
      });
      return;
    }
    for (const key of ["namespace", "metric", "stat", "dimensions"] as const) {
      if (params[key] === undefined) continue;
      const hint = "leave one of them out";
      ctx.addIssue({ code: "custom", path: [key], message: `${key} beside expression`, params: { hint } });
    }
  });
type Params = z.infer<typeof query>;

/**
 * Amazon CloudWatch. It checks queries, and hands them to the AWS provider of the group that asks, whose account,
 * credentials and throttle they use: all of a round in as few calls as there are fives of hundreds. A sample's time is
 * the end of its data point's period.
 */
export default defineMetricSource({
  name: "cloudwatch",
  contract: 1,
  options,
  query,
  throughProvider: true,
  create({ region }: z.infer<typeof options>) {
    const inRegion = (queries: readonly MetricQuery<Params>[]): MetricQuery<Params>[] =>
      region === undefined
        ? [...queries]
        : queries.map((one) => ({ ...one, params: { region, ...one.params } }));
    return {
      async read(queries, readOptions) {
        const metrics = ownMetrics(readOptions);
        if (metrics?.readOwn !== undefined) return metrics.readOwn(inRegion(queries), readOptions);
        return queries.map((_query, index) => {
          const sample: Sample = { unavailable: without(readOptions) };
          readOptions.onSample?.(index, sample);
          return sample;
        });
      },
      async readRange(queries, range, readOptions) {
        const metrics = ownMetrics(readOptions);
        if (metrics?.readOwnRange !== undefined)
          return metrics.readOwnRange(inRegion(queries), range, readOptions);
        return queries.map((): Sample[] => [{ unavailable: without(readOptions) }]);
      },
    };
  },
});

/** The metrics of the bound provider, if CloudWatch is its own metric service. */
function ownMetrics({ provider }: ReadOptions): MetricsDriver | undefined {
  return provider?.metrics?.ownSource === "cloudwatch" ? provider.metrics : undefined;
}

function without({ provider }: ReadOptions): string {
  return provider === undefined
    ? "the cloudwatch source asks with the account of an AWS provider, and none is bound: name one (--provider aws)"
    : "the cloudwatch source asks with the account of the group's provider, which is not AWS: read the metric through a Prometheus exporter of CloudWatch, with source prometheus, or keep the group on AWS";
}
