/**
 * Policies of a file that AWS is to evaluate: what it must keep, so that it does what the file says. Pure.
 *
 * A `when` becomes a simple policy and an alarm that executes it, `steps` a step policy and an alarm for each direction,
 * a `target` a target tracking policy (which has its own alarms), a `schedule` a scheduled action.
 *
 * Note [Missing data]: an alarm without data leaves the group alone, which is `onMissing: hold`; with `ignore` it would
 * stay in alarm, and go on scaling.
 */
import type { AlarmSpec, NativePlan, OnMissing, PolicySpec, Step, TranslatableMetric } from "@bellows/core";
import { formatDuration, policyKind, stepDirection } from "@bellows/core";
import { alarmOf, specOf as alarmSpecOf } from "./alarm-map.js";
import type { Bound } from "./alarm-native.js";
import { type AlarmFaults, readAlarm } from "./alarm-spec.js";
import { madeOf, specOf } from "./policy-map.js";
import { type PolicyFaults, readPolicy } from "./policy-spec.js";
import { type Interval, intervalOf, intervalsOf, stepsOf } from "./policy-steps.js";
import { readCondition } from "./translate-condition.js";
import { readExpression, USUAL_PERIOD_MS, type Watched, watchedBy } from "./translate-metric.js";

/** What names of alarms begin with that stand for a file's policy. */
const ALARM_PREFIX = "bellows";
/** Id of the query in alarms on Metrics Insights. */
const QUERY = "q1";
/** Periods that targets can look at, in milliseconds. */
const TARGET_PERIODS_MS: readonly number[] = [10_000, 30_000, USUAL_PERIOD_MS];

/** What is translated, and where the reasons against it go. */
interface Job {
  group: string;
  spec: PolicySpec;
  metrics: Readonly<Record<string, TranslatableMetric>>;
  nowMs: number;
  reasons: string[];
}

/**
 * What AWS must keep in place of a policy.
 * @param spec - in the form that a file's policy has after it was read.
 * @param nowMs - milliseconds since the epoch.
 * @returns every reason, if it can't be.
 */
export function translatePolicy(
  group: string,
  spec: PolicySpec,
  metrics: Readonly<Record<string, TranslatableMetric>>,
  nowMs: number,
): NativePlan | { refused: string } {
  const job: Job = { group, spec, metrics, nowMs, reasons: onlyHere(spec) };
  const plan = MAKE[policyKind(spec)](job);
  return job.reasons.length === 0 ? plan : { refused: [...new Set(job.reasons)].join("; ") };
}

/** Words that only Bellows can follow, whatever the sort of policy. */
function onlyHere(spec: PolicySpec): string[] {
  const { rounding = "aws", webhooks = [], metadata = {}, onMissing } = spec;
  return [
    ...(webhooks.length > 0 ? ["webhooks: only Bellows has them"] : []),
    ...(spec.keepMs === undefined ? [] : ["keep: AWS keeps no floor"]),
    ...(Object.keys(metadata).length > 0 ? ["metadata: AWS's policies take no labels"] : []),
    ...(rounding === "aws" ? [] : [`rounding: AWS has its own, and not that of ${rounding}`]),
    ...(isHold(onMissing) ? [] : ["onMissing: without data AWS leaves the group alone, which is hold"]),
  ];
}

function isHold(onMissing: OnMissing | undefined): boolean {
  return onMissing === undefined || onMissing.kind === "hold";
}

const NOTHING: NativePlan = { policies: [], alarms: [] };

const MAKE: Readonly<Record<ReturnType<typeof policyKind>, (job: Job) => NativePlan>> = {
  order: (job) => ({ policies: simplePolicy(job), alarms: [] }),
  schedule(job) {
    const { schedule } = job.spec;
    // What is over was done, and AWS has forgotten it.
    if (schedule !== undefined && "atMs" in schedule && schedule.atMs <= job.nowMs) return NOTHING;
    const { name, adjust, cooldownMs } = job.spec;
    const cooldown = cooldownMs === undefined ? {} : { cooldownMs };
    return {
      policies: kept(job, { name, adjust, ...cooldown, ...(schedule === undefined ? {} : { schedule }) }),
      alarms: [],
    };
  },
  threshold(job) {
    const { when = "", name } = job.spec;
    const condition = readCondition(when, job.reasons);
    const watched = condition && watchedBy(condition.signal, job.group, job.metrics, job.reasons);
    const policies = simplePolicy(job);
    if (condition === undefined || watched === undefined) return NOTHING;
    return { policies, alarms: alarmFor(job, name, watched, { [condition.bound]: condition.threshold }) };
  },
  steps(job) {
    const { adjust, cooldownMs } = job.spec;
    if (cooldownMs !== undefined) job.reasons.push(NO_COOLDOWN);
    const watched = watchedSignal(job);
    const steps = "steps" in adjust ? adjust.steps : [];
    const [grow, shrink] = (["grow", "shrink"] as const).map((direction) =>
      steps.filter((step) => stepDirection(step) === direction),
    );
    const both = grow?.length !== 0 && shrink?.length !== 0;
    const plans = [
      stepPlan(job, grow ?? [], both ? `${job.spec.name}-grow` : job.spec.name, watched),
      stepPlan(job, shrink ?? [], both ? `${job.spec.name}-shrink` : job.spec.name, watched),
    ];
    return {
      policies: plans.flatMap(({ policies }) => policies),
      alarms: plans.flatMap(({ alarms }) => alarms),
    };
  },
  target(job) {
    const { name, adjust, cooldownMs } = job.spec;
    if (cooldownMs !== undefined) job.reasons.push(NO_COOLDOWN);
    const watched = watchedSignal(job);
    const native = watched && targetNative(job, watched);
    return native === undefined ? NOTHING : { policies: kept(job, { name, adjust, native }), alarms: [] };
  },
};

const NO_COOLDOWN =
  "cooldown: AWS has none for steps and targets, where new instances warm up (instanceWarmup of the group)";

function watchedSignal(job: Job): Watched | undefined {
  const signal = readExpression(job.spec.signal ?? "", job.reasons);
  return signal && watchedBy(signal, job.group, job.metrics, job.reasons);
}

function simplePolicy(job: Job): PolicySpec[] {
  const { name, adjust, cooldownMs, minMagnitude } = job.spec;
  return kept(job, {
    name,
    adjust,
    ...(cooldownMs === undefined ? {} : { cooldownMs }),
    ...(minMagnitude === undefined ? {} : { minMagnitude }),
  });
}

/** A policy in the form in which AWS gives it back; none where AWS would refuse it. */
function kept({ group, spec: { owner }, nowMs, reasons }: Job, spec: PolicySpec): PolicySpec[] {
  const faults: PolicyFaults = { wrong: [], notHere: [] };
  const input = readPolicy(group, { ...spec, engine: "native" }, nowMs, faults);
  reasons.push(...faults.wrong, ...faults.notHere);
  if (input === undefined) return [];
  return [{ ...specOf(madeOf(input)), ...(owner === undefined ? {} : { owner }) }];
}

/** The policy and the alarm for the steps that pull in one direction, counted from where they begin. */
function stepPlan(job: Job, steps: readonly Step[], name: string, watched: Watched | undefined): NativePlan {
  if (steps.length === 0) return NOTHING;
  const intervals = intervalsOf(steps, job.reasons);
  const start = startOf(intervals, job.reasons);
  if (start === undefined || watched === undefined) return NOTHING;
  const { minMagnitude } = job.spec;
  const counted = intervals.map(({ from, to, adjust }) =>
    intervalOf(minus(from, start.threshold), minus(to, start.threshold), adjust),
  );
  const own = minMagnitude === undefined ? {} : { minMagnitude };
  return {
    policies: kept(job, { name, adjust: { steps: stepsOf(counted) }, ...own }),
    alarms: alarmFor(job, name, watched, { [start.bound]: start.threshold }),
  };
}

/** Where the steps of one direction begin: they go on for ever to one side of it. */
function startOf(
  intervals: readonly Interval[],
  reasons: string[],
): { bound: Bound; threshold: number } | undefined {
  const [lowest, highest] = [intervals[0], intervals.at(-1)];
  const [up, down] = [highest?.to === undefined, lowest?.from === undefined];
  if (up && !down) return { bound: "atLeast", threshold: lowest?.from ?? 0 };
  if (down && !up) return { bound: "atMost", threshold: highest?.to ?? 0 };
  reasons.push(
    up
      ? "steps: those of one direction lie on both sides, and an alarm has one bound"
      : "steps: AWS's farthest step goes on for ever: leave its far bound out",
  );
  return undefined;
}

/** Twelve digits: what the subtraction of doubles leaves behind is cut off. */
function minus(bound: number | undefined, threshold: number): number | undefined {
  return bound === undefined ? undefined : Number((bound - threshold).toPrecision(12));
}

/** The alarm that executes a policy, in the form in which AWS gives it back; none where AWS would refuse it. */
function alarmFor(
  { group, spec, reasons }: Job,
  policy: string,
  watched: Watched,
  bound: Partial<Record<Bound, number>>,
): AlarmSpec[] {
  const { periodMs } = watched;
  const { forMs = 0, owner } = spec;
  const periods = Math.max(1, forMs / periodMs);
  if (!Number.isInteger(periods) || (forMs > 0 && forMs < periodMs)) {
    const [held, one] = [formatDuration(forMs), formatDuration(periodMs)];
    reasons.push(`for: AWS counts periods of the metric, and ${held} are no whole number of ${one}`);
    return [];
  }
  const faults: AlarmFaults = { wrong: [], notHere: [] };
  const input = readAlarm(
    {
      name: `${ALARM_PREFIX}/${group}/${policy}`,
      ...watching(watched),
      ...bound,
      periodMs,
      periods,
      ...(owner === undefined ? {} : { owner }),
    },
    faults,
  );
  reasons.push(...[...faults.wrong, ...faults.notHere].map((fault) => `its alarm's ${fault}`));
  return input === undefined ? [] : [{ ...alarmSpecOf(alarmOf(input)), executes: [{ group, policy }] }];
}

function watching(watched: Watched): Pick<AlarmSpec, "metric" | "native"> {
  if ("metric" in watched) return { metric: watched.metric };
  const { select: expression, periodMs } = watched;
  return { metric: { name: QUERY }, native: { metrics: [{ id: QUERY, expression, periodMs }] } };
}

/** What a target looks at; AWS has the mean CPU of a group ready. */
function targetNative({ group, reasons }: Job, watched: Watched): Record<string, unknown> | undefined {
  if (!("metric" in watched)) {
    reasons.push("target: AWS keeps no SELECT at a value");
    return undefined;
  }
  const { metric, periodMs } = watched;
  if (!TARGET_PERIODS_MS.includes(periodMs)) {
    reasons.push(`target: AWS looks at periods of 10, 30 or 60 seconds, not ${formatDuration(periodMs)}`);
    return undefined;
  }
  const { namespace, name, stat, dimensions = {} } = metric;
  const isMeanCpu =
    namespace === "AWS/EC2" &&
    name === "CPUUtilization" &&
    stat === "Average" &&
    dimensions.AutoScalingGroupName === group &&
    Object.keys(dimensions).length === 1;
  if (isMeanCpu && periodMs === USUAL_PERIOD_MS) return { predefined: "ASGAverageCPUUtilization" };
  return { metric: { ...metric, periodMs } };
}
