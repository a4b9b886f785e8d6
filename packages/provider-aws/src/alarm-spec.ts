/** What an alarm is made from, checked and in CloudWatch's words. Pure. */
import type { PutMetricAlarmInput, StandardUnit } from "@aws-sdk/client-cloudwatch";
import {
  type AlarmSpec,
  alarmSpecSchema,
  ConfigError,
  formatDuration,
  UnsupportedError,
} from "@bellows/core";
import {
  type AlarmNative,
  alarmNativeSchema,
  BOUNDS,
  type Bound,
  COMPARISONS,
  MISSING,
} from "./alarm-native.js";
import { alarmOwnerFaults, describeWithOwner } from "./alarm-owner.js";
import {
  dimensionList,
  isPlainStat,
  lookedAt,
  plainMetricSchema,
  queryFaults,
  queryInputs,
} from "./alarm-query.js";

const SHORT_PERIODS_MS: readonly number[] = [10_000, 20_000, 30_000];
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** How far an alarm looks back: a day, or with periods of an hour and more seven of them. */
const LOOKS_BACK_MS = { short: DAY_MS, long: 7 * DAY_MS } as const;
/** Most actions of one state. */
const MOST_ACTIONS = 5;

/** Faults of a spec: what is wrong, and what AWS's alarms can't do. */
export interface AlarmFaults {
  wrong: string[];
  notHere: string[];
}

/**
 * Checks an alarm, all of it at once, and puts it in CloudWatch's words.
 * @throws ConfigError that lists every fault. @throws UnsupportedError when only AWS can't do it.
 */
export function alarmInput(spec: AlarmSpec, operation: string): PutMetricAlarmInput {
  const faults: AlarmFaults = { wrong: [], notHere: [] };
  const input = readAlarm(spec, faults);
  if (input !== undefined && faults.wrong.length + faults.notHere.length === 0) return input;
  const FaultError = faults.wrong.length > 0 ? ConfigError : UnsupportedError;
  const name = String(spec.name);
  throw new FaultError(`alarm ${name} cannot be made: ${[...faults.wrong, ...faults.notHere].join("; ")}`, {
    operation,
    resource: name,
  });
}

/**
 * An alarm in CloudWatch's words, without the policies that it executes: their ARNs have to be asked for.
 * @returns undefined where it can't be read; `faults` says why.
 */
export function readAlarm(spec: AlarmSpec, faults: AlarmFaults): PutMetricAlarmInput | undefined {
  const common = alarmSpecSchema.safeParse(spec);
  const own = alarmNativeSchema.safeParse(spec.native ?? {});
  const add = (at: string[], issues: readonly { path: PropertyKey[]; message: string }[]): void =>
    void faults.wrong.push(
      ...issues.map(({ path, message }) => `${[...at, ...path].join(".") || "alarm"}: ${message}`),
    );
  if (!common.success) add([], common.error.issues);
  if (!own.success) add(["native"], own.error.issues);
  if (!common.success || !own.success) return undefined;
  const native = own.data;
  const bound = BOUNDS.find((word) => spec[word] !== undefined);
  faults.wrong.push(
    ...nameFaults(spec.name),
    ...boundFaults(spec, native),
    ...periodFaults(spec),
    ...actionFaults(spec, native),
    ...(native.metrics === undefined ? metricFaults(spec) : mathFaults(spec, native.metrics)),
    ...alarmOwnerFaults(native.description, spec.owner),
  );
  if (spec.scope === "instance")
    faults.notHere.push("scope: AWS's alarms watch one metric, so name the instance in metric.dimensions");
  return inputOf(spec, native, bound);
}

function inputOf(spec: AlarmSpec, native: AlarmNative, bound: Bound | undefined): PutMetricAlarmInput {
  const description = describeWithOwner(native.description, spec.owner);
  const { missing = "missing" } = spec;
  return {
    AlarmName: spec.name,
    ...(description === undefined ? {} : { AlarmDescription: description }),
    ...(native.metrics === undefined
      ? metricInput(spec)
      : { Metrics: queryInputs(native.metrics, spec.periodMs) }),
    EvaluationPeriods: spec.periods,
    ...(spec.periodsToAlarm === undefined ? {} : { DatapointsToAlarm: spec.periodsToAlarm }),
    ...(bound === undefined
      ? { ComparisonOperator: native.comparison, ThresholdMetricId: native.thresholdMetricId }
      : { ComparisonOperator: COMPARISONS[bound], Threshold: spec[bound] }),
    TreatMissingData: MISSING[missing],
    ...(native.lowSamples === undefined ? {} : { EvaluateLowSampleCountPercentile: native.lowSamples }),
    AlarmActions: [...(native.actions ?? [])],
    OKActions: [...(native.okActions ?? [])],
    InsufficientDataActions: [...(native.insufficientDataActions ?? [])],
  };
}

function metricInput({ metric, periodMs }: AlarmSpec): Partial<PutMetricAlarmInput> {
  const { namespace, name, stat = "Average", dimensions, unit } = metric;
  return {
    Namespace: namespace,
    MetricName: name,
    ...(isPlainStat(stat) ? { Statistic: stat } : { ExtendedStatistic: stat }),
    Dimensions: dimensionList(dimensions),
    Period: periodMs / 1_000,
    ...(unit === undefined ? {} : { Unit: unit as StandardUnit }),
  };
}

/** Names that CloudWatch takes. @see docs.aws.amazon.com, CloudWatch API, PutMetricAlarm */
function nameFaults(name: string): string[] {
  return /^[^\p{Cc}\p{Cs}]+$/u.test(name) ? [] : ["name: must have no control characters"];
}

function boundFaults(spec: AlarmSpec, { comparison }: AlarmNative): string[] {
  const given = BOUNDS.filter((bound) => spec[bound] !== undefined);
  if (given.length + (comparison === undefined ? 0 : 1) === 1) return [];
  return given.length > 1
    ? [`${given.join(" and ")}: an alarm has one bound`]
    : ["needs one bound: above, atLeast, below or atMost, or a comparison under native"];
}

function periodFaults({ periodMs, periods, periodsToAlarm }: AlarmSpec): string[] {
  const known = SHORT_PERIODS_MS.includes(periodMs) || (periodMs > 0 && periodMs % MINUTE_MS === 0);
  const longestMs = periodMs < HOUR_MS ? LOOKS_BACK_MS.short : LOOKS_BACK_MS.long;
  return [
    ...(known
      ? []
      : [`periodMs: must be 10, 20 or 30 seconds, or whole minutes, not ${formatDuration(periodMs)}`]),
    ...(periodMs * periods > longestMs
      ? [`periods: ${periods} of ${formatDuration(periodMs)} are more than ${formatDuration(longestMs)}`]
      : []),
    ...(periodsToAlarm !== undefined && periodsToAlarm > periods
      ? [`periodsToAlarm: ${periodsToAlarm} of ${periods} periods`]
      : []),
  ];
}

function actionFaults({ executes = [] }: AlarmSpec, { actions = [], comparison }: AlarmNative): string[] {
  return [
    ...(executes.length + actions.length > MOST_ACTIONS
      ? [`executes: an alarm has at most ${MOST_ACTIONS} actions, not ${executes.length + actions.length}`]
      : []),
    ...(executes.length > 0 && comparison !== undefined
      ? ["executes: AWS has no scaling on a band of anomaly detection"]
      : []),
  ];
}

function metricFaults({ metric }: AlarmSpec): string[] {
  const read = plainMetricSchema.safeParse(metric);
  if (read.success) return [];
  return read.error.issues.map(({ path, message }) =>
    path[0] === "namespace" && metric.namespace === undefined
      ? "metric.namespace: is missing, such as AWS/EC2"
      : `${["metric", ...path].join(".")}: ${message}`,
  );
}

function mathFaults({ metric }: AlarmSpec, metrics: NonNullable<AlarmNative["metrics"]>): string[] {
  const watched = lookedAt(metrics)?.id;
  const others = Object.entries(metric).filter(([word, value]) => word !== "name" && value !== undefined);
  return [
    ...queryFaults(metrics).map((fault) => `native.metrics: ${fault}`),
    ...others.map(([word]) => `metric.${word}: stands in native.metrics`),
    ...(watched !== undefined && metric.name !== watched
      ? [`metric.name: must be the id of the query that is watched, ${watched}`]
      : []),
  ];
}
