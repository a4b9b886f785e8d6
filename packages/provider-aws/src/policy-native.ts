/** What only AWS has on policies, under `native`, by the sort of policy. Spans are in milliseconds. */
import { countSchema, epochMsSchema, nameSchema, type PolicySpec, spanMsSchema, z } from "@bellows/core";
import { querySchema, statSchema, unitSchema } from "./alarm-query.js";

/** A span that AWS counts in whole seconds. */
const secondsSchema = spanMsSchema.refine((ms) => ms % 1_000 === 0, "must be whole seconds");

/** Periods that target tracking can look at, in milliseconds. @see docs.aws.amazon.com, CustomizedMetricSpecification */
const TARGET_PERIODS_MS: readonly number[] = [10_000, 30_000, 60_000];

const common = {
  /** AWS keeps a policy that is not enabled, and does nothing with it (default true). */
  enabled: z.boolean().optional(),
};

const simpleSchema = z.strictObject(common);

const stepsSchema = z.strictObject({
  ...common,
  /** How the values of one minute become one (default Average). */
  aggregation: z.enum(["Average", "Minimum", "Maximum"]).optional(),
  /** How long until a new instance counts (default: the group's). */
  warmupMs: secondsSchema.optional(),
});

/** A CloudWatch metric that a target looks at. */
const targetMetricSchema = z.strictObject({
  namespace: z.string().min(1),
  name: z.string().min(1),
  /** Default Average. */
  stat: statSchema.optional(),
  dimensions: z.record(z.string(), z.string()).optional(),
  unit: unitSchema.optional(),
  periodMs: z
    .number()
    .refine((ms) => TARGET_PERIODS_MS.includes(ms), "must be 10, 30 or 60 seconds")
    .optional(),
});
/** A CloudWatch metric that a target looks at. */
export type TargetMetric = z.infer<typeof targetMetricSchema>;

/** Words that say what a target looks at, of which there must be one. */
const LOOKS = ["predefined", "metric", "metrics"] as const;

const targetSchema = z
  .strictObject({
    ...common,
    warmupMs: secondsSchema.optional(),
    disableScaleIn: z.boolean().optional(),
    /** A metric of the group that AWS has ready. */
    predefined: z
      .enum([
        "ASGAverageCPUUtilization",
        "ASGAverageCPUUtilizationHighResolution",
        "ASGAverageNetworkIn",
        "ASGAverageNetworkOut",
        "ALBRequestCountPerTarget",
      ])
      .optional(),
    /** Balancer and target group, for `ALBRequestCountPerTarget`: `app/NAME/ID/targetgroup/NAME/ID`. */
    resourceLabel: z.string().optional(),
    metric: targetMetricSchema.optional(),
    /** Metric math. */
    metrics: z.array(querySchema).min(1).max(10).optional(),
  })
  .refine(
    (native) => LOOKS.filter((word) => native[word] !== undefined).length === 1,
    "needs one of predefined, metric and metrics: what the target looks at",
  )
  .refine(
    ({ predefined, resourceLabel }) =>
      (predefined === "ALBRequestCountPerTarget") === (resourceLabel !== undefined),
    { path: ["resourceLabel"], error: "goes with ALBRequestCountPerTarget, which needs it" },
  );
/** What only AWS has on target tracking policies. */
export type TargetNative = z.infer<typeof targetSchema>;

/** A forecast, as AWS has it. @see docs.aws.amazon.com, Auto Scaling API, PredictiveScalingConfiguration */
const predictiveSchema = z
  .strictObject({
    /** The pair of load and scaling metric that AWS has ready. */
    predefined: z.enum(["ASGCPUUtilization", "ASGNetworkIn", "ASGNetworkOut", "ALBRequestCount"]).optional(),
    resourceLabel: z.string().optional(),
    /** Metrics of one's own: a MetricSpecification in AWS's own words, without its TargetValue. */
    specification: z.record(z.string(), z.unknown()).optional(),
    /** Default ForecastOnly: it only shows what it would do. */
    mode: z.enum(["ForecastOnly", "ForecastAndScale"]).optional(),
    /** How long before they are needed instances are launched (default 5 minutes). */
    bufferMs: secondsSchema.max(3_599_000).optional(),
    /** The forecast may raise the group's max; so much room in percent it leaves above itself. */
    maxCapacityBuffer: z.number().int().min(0).max(100).optional(),
  })
  .refine(
    ({ predefined, specification }) => (predefined === undefined) !== (specification === undefined),
    "needs either predefined or specification",
  )
  .refine(
    ({ predefined, resourceLabel }) => (predefined === "ALBRequestCount") === (resourceLabel !== undefined),
    { path: ["resourceLabel"], error: "goes with ALBRequestCount, which needs it" },
  );
/** A forecast. */
export type Predictive = z.infer<typeof predictiveSchema>;

const forecastSchema = z.strictObject({ ...common, predictive: predictiveSchema });

const scheduleSchema = z
  .strictObject({
    /** Bounds that the group gets at that time. */
    min: countSchema.optional(),
    max: countSchema.optional(),
    /** When a repeated one begins and ends. */
    startMs: epochMsSchema.optional(),
    endMs: epochMsSchema.optional(),
  })
  .refine(({ min = 0, max = Number.POSITIVE_INFINITY }) => min <= max, {
    path: ["min"],
    error: "is greater than max",
  });

/** What only AWS has on each sort of policy. */
const policyNativeSchemas = {
  simple: simpleSchema,
  steps: stepsSchema,
  target: targetSchema,
  predictive: forecastSchema,
  schedule: scheduleSchema,
} as const;

/** The sorts of policies that AWS has. */
export type Sort = keyof typeof policyNativeSchemas;
/** What only AWS has on policies of a sort. */
export type NativeOf<S extends Sort> = z.infer<(typeof policyNativeSchemas)[S]>;

/** The sort of a policy, told from its fields. */
export function sortOf({
  adjust,
  schedule,
  native,
}: Pick<PolicySpec, "adjust" | "schedule" | "native">): Sort {
  if (schedule !== undefined) return "schedule";
  if ("steps" in adjust) return "steps";
  if ("target" in adjust) return native?.predictive === undefined ? "target" : "predictive";
  return "simple";
}

/** Reads `native`. @param faults - takes what is wrong, with its path. */
export function readPolicyNative<S extends Sort>(
  sort: S,
  native: Record<string, unknown> | undefined,
  faults: string[],
): NativeOf<S> | undefined {
  const read = policyNativeSchemas[sort].safeParse(native ?? {});
  if (read.success) return read.data as NativeOf<S>;
  faults.push(
    ...read.error.issues.map(({ path, message }) => `${["native", ...path].join(".")}: ${message}`),
  );
  return undefined;
}

/** Names that AWS takes for policies and scheduled actions. @see docs.aws.amazon.com, PutScalingPolicy */
export function policyNameFaults(name: string): string[] {
  if (!nameSchema.safeParse(name).success) return [];
  return /^[^:\p{Cc}\p{Cs}]+$/u.test(name) ? [] : ["name: must have no colon and no control characters"];
}
