/** What a policy of AWS is made from, checked and in AWS's words. Pure. */
import type { PutScalingPolicyType, PutScheduledUpdateGroupActionType } from "@aws-sdk/client-auto-scaling";
import {
  type Adjust,
  ConfigError,
  type PolicySpec,
  policySpecSchema,
  type SimpleAdjust,
  UnsupportedError,
} from "@bellows/core";
import { adjustFaults, amountOf } from "./policy-adjust.js";
import { type NativeOf, policyNameFaults, readPolicyNative, type Sort, sortOf } from "./policy-native.js";
import { notScheduled, scheduleFaults, scheduleInput } from "./policy-schedule.js";
import { endFaults, intervalsOf, stepAdjustments } from "./policy-steps.js";
import { predictiveConfiguration, targetConfiguration, targetFaults } from "./policy-target.js";

/** A policy in AWS's words: a scaling policy, or a scheduled action. */
export type PolicyInput =
  | { kind: "policy"; input: PutScalingPolicyType }
  | { kind: "schedule"; input: PutScheduledUpdateGroupActionType };

/** Words that only Bellows understands, with what AWS has instead. */
const ONLY_HERE: readonly (readonly [keyof PolicySpec, string])[] = [
  ["when", "AWS knows no expressions: an alarm executes the policy"],
  ["forMs", "AWS waits in the alarm that executes the policy"],
  ["signal", "AWS's steps count from an alarm's threshold, and a target's metric stands under native"],
  ["webhooks", "AWS's policies have none"],
  ["keepMs", "AWS keeps no floor"],
  ["onMissing", "AWS says that in the alarm that executes the policy"],
  ["metadata", "AWS's policies take no labels"],
];

/** Faults by what they mean. */
export interface PolicyFaults {
  /** What is wrong wherever it is kept. */
  wrong: string[];
  /** What Bellows could keep, and AWS can't. */
  notHere: string[];
}

/**
 * Checks a policy, all of it at once, and puts it in AWS's words.
 * @param group - name of its group.
 * @param nowMs - milliseconds since the epoch.
 * @param operation - for the errors.
 * @throws ConfigError that lists every fault. @throws UnsupportedError when only Bellows could keep it.
 */
export function policyInput(group: string, spec: PolicySpec, nowMs: number, operation: string): PolicyInput {
  const faults: PolicyFaults = { wrong: [], notHere: [] };
  const input = readPolicy(group, spec, nowMs, faults);
  if (input === undefined || faults.wrong.length > 0 || faults.notHere.length > 0)
    throw refusal(spec, operation, faults);
  return input;
}

/** A policy in AWS's words; undefined where it can't be read. @param faults - takes all that is wrong. */
export function readPolicy(
  group: string,
  spec: PolicySpec,
  nowMs: number,
  faults: PolicyFaults,
): PolicyInput | undefined {
  const parsed = policySpecSchema.safeParse(spec);
  if (!parsed.success) {
    faults.wrong.push(
      ...parsed.error.issues.map(({ path, message }) => `${path.join(".") || "policy"}: ${message}`),
    );
    return undefined;
  }
  faults.wrong.push(...policyNameFaults(spec.name));
  faults.notHere.push(...foreignFaults(spec));
  return inputOf(group, spec, nowMs, faults);
}

function foreignFaults(spec: PolicySpec): string[] {
  return [
    ...(spec.engine === "bellows" ? ["engine: bellows is not AWS's"] : []),
    ...ONLY_HERE.filter(([word]) => spec[word] !== undefined).map(([word, why]) => `${word}: ${why}`),
    ...(spec.rounding === undefined || spec.rounding === "aws" ? [] : ["rounding: AWS has its own"]),
  ];
}

function refusal(
  spec: PolicySpec,
  operation: string,
  { wrong, notHere }: PolicyFaults,
): ConfigError | UnsupportedError {
  const FaultError = wrong.length > 0 ? ConfigError : UnsupportedError;
  const name = String(spec.name);
  return new FaultError(`policy ${name} cannot be kept by AWS: ${[...wrong, ...notHere].join("; ")}`, {
    operation,
    resource: name,
    ...(notHere.length > 0 ? { hint: "with engine: bellows, Bellows keeps and evaluates it" } : {}),
  });
}

/** The rest of a policy by its sort; undefined where `native` can't be read. */
function inputOf(
  group: string,
  spec: PolicySpec,
  nowMs: number,
  faults: PolicyFaults,
): PolicyInput | undefined {
  const sort = sortOf(spec);
  if (sort === "schedule") return scheduledInput(group, spec, nowMs, faults);
  faults.wrong.push(...fieldFaults(spec, sort));
  const fields = MAKE[sort](spec, faults);
  if (fields === undefined) return undefined;
  return {
    kind: "policy",
    input: { AutoScalingGroupName: group, PolicyName: spec.name, ...fields },
  };
}

function scheduledInput(
  group: string,
  spec: PolicySpec,
  nowMs: number,
  faults: PolicyFaults,
): PolicyInput | undefined {
  const { name, schedule, adjust } = spec;
  if (schedule === undefined) return undefined;
  faults.wrong.push(...scheduleFaults(schedule, nowMs));
  faults.notHere.push(...notScheduled(spec));
  const native = readPolicyNative("schedule", spec.native, faults.wrong);
  if (native === undefined || !("desired" in adjust)) return undefined;
  const { min = 0, max = Number.POSITIVE_INFINITY } = native;
  if (adjust.desired < min || adjust.desired > max)
    faults.wrong.push("adjust.desired: lies outside native.min and native.max");
  return {
    kind: "schedule",
    input: scheduleInput(group, { name, schedule, desired: adjust.desired }, native),
  };
}

/** Fields beside `adjust` that a sort of policy has not. */
function fieldFaults({ adjust, cooldownMs, minMagnitude }: PolicySpec, sort: Sort): string[] {
  const faults: string[] = [];
  if (cooldownMs !== undefined && sort !== "simple")
    faults.push(
      "cooldownMs: AWS has none for steps and targets, where new instances warm up: native.warmupMs",
    );
  else if (cooldownMs !== undefined && cooldownMs % 1_000 !== 0)
    faults.push("cooldownMs: must be whole seconds");
  if (minMagnitude !== undefined && !adjustsOf(adjust).some((one) => "percent" in one))
    faults.push("minMagnitude: goes with percentages");
  return faults;
}

function adjustsOf(adjust: Adjust): SimpleAdjust[] {
  if ("steps" in adjust) return adjust.steps.map((step) => step.adjust);
  return "target" in adjust ? [] : [adjust];
}

type Fields = Omit<PutScalingPolicyType, "AutoScalingGroupName" | "PolicyName">;

const MAKE: {
  readonly [S in Exclude<Sort, "schedule">]: (spec: PolicySpec, faults: PolicyFaults) => Fields | undefined;
} = {
  simple({ adjust, cooldownMs, minMagnitude, native }, { wrong }) {
    const own = readPolicyNative("simple", native, wrong);
    const [simple] = adjustsOf(adjust);
    if (own === undefined || simple === undefined) return undefined;
    wrong.push(...adjustFaults([simple], () => "adjust"));
    const { type, amount } = amountOf(simple);
    return {
      PolicyType: "SimpleScaling",
      AdjustmentType: type,
      ScalingAdjustment: amount,
      ...(cooldownMs === undefined ? {} : { Cooldown: cooldownMs / 1_000 }),
      ...(minMagnitude === undefined ? {} : { MinAdjustmentMagnitude: minMagnitude }),
      ...enabled(own),
    };
  },
  steps({ adjust, minMagnitude, native }, { wrong }) {
    const own = readPolicyNative("steps", native, wrong);
    if (own === undefined || !("steps" in adjust)) return undefined;
    const intervals = intervalsOf(adjust.steps, wrong);
    wrong.push(...endFaults(intervals));
    const [first] = adjustsOf(adjust);
    return {
      PolicyType: "StepScaling",
      ...(first === undefined ? {} : { AdjustmentType: amountOf(first).type }),
      StepAdjustments: stepAdjustments(intervals),
      ...(minMagnitude === undefined ? {} : { MinAdjustmentMagnitude: minMagnitude }),
      ...(own.aggregation === undefined ? {} : { MetricAggregationType: own.aggregation }),
      ...warmup(own.warmupMs),
      ...enabled(own),
    };
  },
  target({ adjust, native }, faults) {
    const value = targetValue(adjust, faults);
    const own = readPolicyNative("target", native, faults.wrong);
    if (own === undefined || value === undefined) return undefined;
    faults.wrong.push(...targetFaults(own));
    return {
      PolicyType: "TargetTrackingScaling",
      TargetTrackingConfiguration: targetConfiguration(value, own),
      ...warmup(own.warmupMs),
      ...enabled(own),
    };
  },
  predictive({ adjust, native }, faults) {
    const value = targetValue(adjust, faults);
    const own = readPolicyNative("predictive", native, faults.wrong);
    if (own === undefined || value === undefined) return undefined;
    return {
      PolicyType: "PredictiveScaling",
      PredictiveScalingConfiguration: predictiveConfiguration(value, own.predictive),
      ...enabled(own),
    };
  },
};

/** What a target aims at; AWS has its own tolerance, and no shares. */
function targetValue(adjust: Adjust, { notHere }: PolicyFaults): number | undefined {
  if (!("target" in adjust)) return undefined;
  const { value, perInstance, tolerance } = adjust.target;
  if (perInstance !== undefined)
    notHere.push("adjust.target.perInstance: AWS keeps a value, and gives no shares");
  if (tolerance !== undefined) notHere.push("adjust.target.tolerance: AWS has its own");
  return value;
}

function enabled({ enabled: is }: NativeOf<"simple">): Pick<Fields, "Enabled"> {
  return is === undefined ? {} : { Enabled: is };
}

function warmup(ms: number | undefined): Pick<Fields, "EstimatedInstanceWarmup"> {
  return ms === undefined ? {} : { EstimatedInstanceWarmup: ms / 1_000 };
}
