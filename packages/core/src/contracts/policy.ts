import { z } from "zod";
import type { AlarmSpec } from "./alarm.js";
import type { CallOptions, Ref } from "./common.js";
import { countSchema, nameSchema, spanMsSchema } from "./common.js";

/**
 * How a percentage becomes whole instances. Base is the current desired count `n`, `d` the exact change `n * p / 100`.
 * - `aws`: |d| > 1 truncates toward zero, 0 < |d| < 1 becomes one. @see docs.aws.amazon.com, "Step and simple scaling policies"
 * - `otter`: d rounds away from zero, the percentage taken as the exact expansion of its double.
 * - `nomad`: the result rounds up.
 * - `cf`: the result rounds half up, and differs by at least one.
 * - `hpa`: growth rounds up, shrinking truncates the remaining count (so that it takes more).
 */
export const roundingSchema = z.enum(["aws", "otter", "nomad", "cf", "hpa"]);
/** How a percentage becomes whole instances. */
export type Rounding = z.infer<typeof roundingSchema>;

/** Relative by a number of instances. */
export const changeSchema = z.strictObject({
  change: z
    .number()
    .int()
    .refine((n) => n !== 0, "must not be 0"),
});
/** Relative by a percentage of the desired count. */
export const percentSchema = z.strictObject({
  percent: z.number().refine((n) => n !== 0 && Number.isFinite(n), "must not be 0"),
});
/** Absolute. */
export const desiredSchema = z.strictObject({ desired: countSchema });
/** The adjustments that need no signal: an order can carry them. */
export const simpleAdjustSchema = z.union([changeSchema, percentSchema, desiredSchema]);
/** The adjustments that need no signal: an order can carry them. */
export type SimpleAdjust = z.infer<typeof simpleAdjustSchema>;

/** One step: it holds where `atLeast <= value <= atMost`; the bound farthest from the rest wins (see policies/steps.ts). */
export const stepSchema = z.strictObject({
  atLeast: z.number().optional(),
  atMost: z.number().optional(),
  adjust: simpleAdjustSchema,
});
/** One step of a step policy. */
export type Step = z.infer<typeof stepSchema>;

/** Adjusts by where a signal lies. */
export const stepsSchema = z.strictObject({ steps: z.array(stepSchema).min(1).max(20) });

/** Keeps a signal at a value (a ratio, as HPA), or gives each instance its share (`perInstance`, works from zero). */
export const targetSchema = z.strictObject({
  target: z
    .strictObject({
      value: z.number().positive().optional(),
      perInstance: z.number().positive().optional(),
      /** Fraction of the target within which nothing changes (default 0.1 for `value`, 0 for `perInstance`). */
      tolerance: z.number().min(0).max(1).optional(),
    })
    .refine(
      (t) => (t.value === undefined) !== (t.perInstance === undefined),
      "needs either value or perInstance",
    ),
});

/** How much to change. */
export const adjustSchema = z.union([changeSchema, percentSchema, desiredSchema, stepsSchema, targetSchema]);
/** How much to change. */
export type Adjust = z.infer<typeof adjustSchema>;

/** When a schedule fires: by cron (five fields) in a time zone, or once. */
export const scheduleSchema = z.union([
  z.strictObject({ cron: z.string().min(1), timezone: z.string().min(1).optional() }),
  z.strictObject({ atMs: z.number().int() }),
]);
/** When a schedule fires. */
export type Schedule = z.infer<typeof scheduleSchema>;

/** What a policy (or a whole group) does while data is missing. Every chain ends in `hold`. */
export type OnMissing =
  | { kind: "hold" }
  | { kind: "breach" }
  | { kind: "last-known"; forMs: number; next: OnMissing }
  | { kind: "at-least"; count: number };
/** Schema of {@link OnMissing}. */
export const onMissingSchema: z.ZodType<OnMissing> = z.lazy(() =>
  z.union([
    z.strictObject({ kind: z.literal("hold") }),
    z.strictObject({ kind: z.literal("breach") }),
    z.strictObject({ kind: z.literal("last-known"), forMs: spanMsSchema, next: onMissingSchema }),
    z.strictObject({ kind: z.literal("at-least"), count: countSchema }),
  ]),
);

/**
 * When and how much to change a group. Which fields are there says what sort it is: `when` a threshold, `adjust.steps`
 * steps over `signal`, `adjust.target` a target for `signal`, `schedule` a schedule; with none of these it only takes
 * orders (by hand, webhook or alarm).
 *
 * A cloud knows no expressions. A policy that it keeps has no `when` and `signal`: the bounds of its steps count from
 * the threshold of the alarm that orders it, and what a target looks at stands under `native`.
 */
export const policySpecSchema = z
  .strictObject({
    name: nameSchema,
    /** `bellows`: evaluated here (default); `native`: kept and evaluated by the cloud. */
    engine: z.enum(["bellows", "native"]).optional(),
    adjust: adjustSchema,
    /** Threshold: an expression over the group's signals. */
    when: z.string().optional(),
    /** How long `when`, or a step's bounds, must hold. */
    forMs: spanMsSchema.optional(),
    /** Expression or name that `steps` and `target` look at. */
    signal: z.string().optional(),
    schedule: scheduleSchema.optional(),
    /** Names of the webhooks that order it. */
    webhooks: z.array(nameSchema).optional(),
    cooldownMs: spanMsSchema.optional(),
    /** How long the result of an order is a floor. */
    keepMs: spanMsSchema.optional(),
    /** Default: the provider's own. */
    rounding: roundingSchema.optional(),
    /** A percentage changes at least this many instances. */
    minMagnitude: z.number().int().min(1).optional(),
    onMissing: onMissingSchema.optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    /** Label `bellows:owner`, when a file makes a native policy; where policies take no labels, their group keeps it. */
    owner: z.string().optional(),
    /** What only one provider has, under its own name; checked by that provider. Not for `engine: bellows`. */
    native: z.record(z.string(), z.unknown()).optional(),
  })
  .refine((p) => p.when === undefined || p.schedule === undefined, "has both when and schedule")
  .refine(
    (p) => p.native === undefined || p.engine !== "bellows",
    "has native, which is for the cloud, and engine bellows",
  )
  .refine(
    (p) =>
      !("steps" in p.adjust || "target" in p.adjust) ||
      p.signal !== undefined ||
      p.native !== undefined ||
      p.engine === "native",
    "steps and target need a signal",
  );
/** What a new policy is made from. */
export type PolicySpec = z.infer<typeof policySpecSchema>;

/** A policy as it is kept, here (`bellows`) or by the cloud (`native`). */
export type Policy = Omit<PolicySpec, "engine"> & {
  engine: "bellows" | "native";
  /** Name of its group. */
  group: string;
  id: string;
  /** The cloud's own handle (ARN), for native ones. */
  providerId?: string;
};

/** The sort of a policy, told from its fields. */
export type PolicyKind = "threshold" | "steps" | "target" | "schedule" | "order";

/** Tells the sort of a policy from its fields; see {@link policySpecSchema}. */
export function policyKind(policy: Pick<PolicySpec, "adjust" | "when" | "schedule">): PolicyKind {
  if ("target" in policy.adjust) return "target";
  if ("steps" in policy.adjust) return "steps";
  if (policy.when !== undefined) return "threshold";
  return policy.schedule === undefined ? "order" : "schedule";
}

/** What became of the execution of a policy. */
export interface ExecutionOutcome {
  result: "executed" | "unchanged" | "cooldown" | "paused" | "refused" | "accepted";
  from?: number;
  to?: number;
  /** For people: why nothing changed. */
  text?: string;
}

/** A metric that a policy of a file looks at. */
export interface TranslatableMetric {
  /** `group`, or the name of the source's plugin (`cloudwatch`), whatever the file calls the source. */
  source: string;
  /** As the source's `query` schema gives them. */
  params: unknown;
}

/**
 * What a cloud keeps in place of one policy of a file. Both are in the form in which `get` gives them, so that whoever
 * holds them against the world finds no difference where there is none.
 */
export interface NativePlan {
  /** All of `engine: native`, with the `owner` of what they stand for. Empty when nothing is to be kept any more: a moment that is over. */
  policies: readonly PolicySpec[];
  /** Alarms that execute them; their names begin with `bellows/GROUP/`. */
  alarms: readonly AlarmSpec[];
}

/** Policies of a group. */
export interface PoliciesDriver {
  list(group: Ref, options?: CallOptions): AsyncIterable<Policy>;
  get(group: Ref, policy: Ref, options?: CallOptions): Promise<Policy>;
  /** Returned: completed. @throws AlreadyExistsError @throws ConfigError @throws UnsupportedError for what can't be kept here. */
  create(group: Ref, spec: PolicySpec, options?: CallOptions): Promise<Policy>;
  update(group: Ref, policy: Ref, patch: Partial<PolicySpec>, options?: CallOptions): Promise<Policy>;
  delete(group: Ref, policy: Ref, options?: CallOptions): Promise<void>;
  /**
   * Executes it now. Returned: accepted; the outcome says what was set going.
   * @param options.metricValue - for native step policies: the value to look up.
   */
  execute(
    group: Ref,
    policy: Ref,
    options?: CallOptions & { honorCooldown?: boolean; metricValue?: number; breachThreshold?: number },
  ): Promise<ExecutionOutcome>;
  /**
   * What the cloud must keep so that it does what a policy of a file says (`when`, `for`, `steps`, `target`,
   * `schedule`). Asks nothing of the cloud and changes nothing there. Policies come before the alarms that execute them,
   * and go after them.
   * @param metrics - those of the policy's group in the file, by name.
   * @returns `refused`, for people, where the cloud can't do that; it lists every reason.
   */
  translate?(
    group: Ref,
    spec: PolicySpec,
    metrics: Readonly<Record<string, TranslatableMetric>>,
  ): NativePlan | { refused: string };
}
