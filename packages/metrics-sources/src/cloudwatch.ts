import { defineMetricSource, duration, formatDuration, text, z } from "@bellows/core";

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

const options = z.strictObject({
  /** Region to ask (default: the provider's). */
  region: text().optional(),
});
const query = z
  .strictObject({
    namespace: text().optional(),
    metric: text().optional(),
    /** Average, Sum, Minimum, Maximum, SampleCount, a percentile (`p90`, `p99.9`) or a trimmed statistic (`tm90`). */
    stat: z
      .string()
      .regex(STATISTIC, {
        error:
          "is no statistic of CloudWatch: write Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p90",
      })
      .optional(),
    /** Length of one data point (default 1m): a multiple of 1m, or 1, 5, 10, 20 or 30 s. */
    period: period.optional(),
    dimensions: z.record(z.string(), z.string()).optional(),
    /** Metric math, SEARCH or SELECT, in place of namespace and metric. */
    expression: text().optional(),
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
      return;
    }
    for (const key of ["namespace", "metric", "stat", "dimensions"] as const) {
      if (params[key] === undefined) continue;
      const hint = "leave one of them out";
      ctx.addIssue({ code: "custom", path: [key], message: `${key} beside expression`, params: { hint } });
    }
  });

const WITHOUT_DRIVERS =
  "the cloudwatch source needs the drivers of the AWS provider, which are not part of this version";

/**
 * Amazon CloudWatch. This version checks what a file says about it, and answers every query with `unavailable`:
 * reading needs the drivers of the AWS provider, which are not part of this version.
 */
export default defineMetricSource({
  name: "cloudwatch",
  contract: 1,
  options,
  query,
  create: () => ({
    async read(queries, { onSample }) {
      return queries.map((_query, index) => {
        const sample = { unavailable: WITHOUT_DRIVERS };
        onSample?.(index, sample);
        return sample;
      });
    },
  }),
});
