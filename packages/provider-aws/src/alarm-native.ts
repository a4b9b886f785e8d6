/** What only AWS has on alarms, under `native`. */
import { z } from "@bellows/core";
import { querySchema } from "./alarm-query.js";

/** Most actions of one state. @see docs.aws.amazon.com, CloudWatch API, PutMetricAlarm */
const MOST_ACTIONS = 5;

const actionsSchema = z.array(z.string().startsWith("arn:", "must be an ARN")).max(MOST_ACTIONS).optional();

/** What only AWS has on alarms. */
export const alarmNativeSchema = z
  .strictObject({
    description: z.string().max(1024).optional(),
    /** What it does beside executing policies: ARNs of topics, functions and the like. */
    actions: actionsSchema,
    okActions: actionsSchema,
    insufficientDataActions: actionsSchema,
    /** For percentiles of few samples: look all the same, or leave the state alone. */
    lowSamples: z.enum(["evaluate", "ignore"]).optional(),
    /** Metric math: several queries, of which the one that `metric.name` names is watched. */
    metrics: z.array(querySchema).min(1).max(20).optional(),
    /** In place of a bound: where the metric lies to a band of anomaly detection. */
    comparison: z
      .enum([
        "GreaterThanUpperThreshold",
        "LessThanLowerThreshold",
        "LessThanLowerOrGreaterThanUpperThreshold",
      ])
      .optional(),
    /** Id of the query that is the band. */
    thresholdMetricId: z.string().optional(),
  })
  .refine(
    ({ comparison, thresholdMetricId }) => (comparison === undefined) === (thresholdMetricId === undefined),
    "comparison and thresholdMetricId go together",
  );
/** What only AWS has on alarms. */
export type AlarmNative = z.infer<typeof alarmNativeSchema>;

/** A bound of an alarm, and CloudWatch's word for it. */
export const COMPARISONS = {
  above: "GreaterThanThreshold",
  atLeast: "GreaterThanOrEqualToThreshold",
  below: "LessThanThreshold",
  atMost: "LessThanOrEqualToThreshold",
} as const;
/** Which bound an alarm has. */
export type Bound = keyof typeof COMPARISONS;
/** The bounds that an alarm can have. */
export const BOUNDS = Object.keys(COMPARISONS) as Bound[];

/** How missing data counts, and CloudWatch's word for it. */
export const MISSING = {
  ignore: "ignore",
  breaching: "breaching",
  "not-breaching": "notBreaching",
  missing: "missing",
} as const;
