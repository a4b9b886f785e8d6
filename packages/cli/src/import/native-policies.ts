import { type Alarm, formatDuration, type Policy, type SimpleAdjust, type Step } from "@bellows/core";

/** Words of a file, by key: a policy's or a metric's. */
export type Words = Record<string, unknown>;

/** The cloud's own policies in the file's words. */
export interface SaidPolicies {
  /** Metrics that the policies look at, by the name that they get. */
  metrics: Map<string, Words>;
  policies: Map<string, Words>;
  /** Alarms that these words stand for: `apply` makes its own. */
  alarms: string[];
  /** What no word of a file says, for people: one sentence each. */
  unsaid: string[];
}

/**
 * Turns what the cloud keeps into policies with `engine: native`; an alarm that executes one becomes its `when`.
 * @param known - metrics that have their names already
 */
export function sayPolicies(
  policies: readonly Policy[],
  alarms: readonly Alarm[],
  known: ReadonlyMap<string, Words>,
): SaidPolicies {
  const said: SaidPolicies = { metrics: new Map(known), policies: new Map(), alarms: [], unsaid: [] };
  for (const policy of policies) {
    const mine = alarms.filter((alarm) =>
      alarm.executes?.some((one) => one.policy === policy.name && one.group === policy.group),
    );
    try {
      said.policies.set(policy.name, sayPolicy(policy, mine, said.metrics));
      said.alarms.push(...mine.map(({ name }) => name));
    } catch (error) {
      if (!(error instanceof Unsayable)) throw error;
      said.unsaid.push(`policy ${policy.name}: ${error.message}`);
    }
  }
  return said;
}

/** Thrown where a file has no words for something; the message goes on after the policy's name. */
class Unsayable extends Error {}

function sayPolicy(policy: Policy, alarms: readonly Alarm[], metrics: Map<string, Words>): Words {
  const { adjust, schedule, cooldownMs, minMagnitude, native } = policy;
  const [alarm, ...others] = alarms;
  if (others.length > 0) throw new Unsayable(`${alarms.length} alarms execute it`);
  if ("target" in adjust) {
    const signal = nameMetric(metrics, sayTargetMetric(policy));
    return { engine: "native", target: { signal, value: adjust.target.value } };
  }
  if (native !== undefined) throw onlyThere(native);
  const rest = {
    ...(cooldownMs === undefined ? {} : { cooldown: formatDuration(cooldownMs) }),
    ...(minMagnitude === undefined ? {} : { minMagnitude }),
  };
  if (schedule !== undefined && !("steps" in adjust))
    return { engine: "native", ...sayWhen(schedule), ...sayAdjust(adjust), ...rest };
  if (alarm === undefined) throw new Unsayable("no alarm executes it");
  const { metric, bound, threshold, for: span } = sayAlarm(alarm, metrics);
  return "steps" in adjust
    ? { engine: "native", signal: metric, for: span, steps: saySteps(adjust.steps, threshold), ...rest }
    : { engine: "native", when: `${metric} ${bound} ${threshold}`, for: span, ...sayAdjust(adjust), ...rest };
}

const onlyThere = (native: Words): Unsayable =>
  new Unsayable(`AWS alone has its ${Object.keys(native).join(", ")}`);

/** What a target looks at: the mean CPU of the group, which AWS has ready, or one plain metric. */
function sayTargetMetric({ group, native = {} }: Policy): Words {
  const { predefined, metric, ...rest } = native;
  if (Object.keys(rest).length > 0) throw onlyThere(rest);
  if (predefined === "ASGAverageCPUUtilization")
    return { ...CPU, period: "1m", dimensions: { AutoScalingGroupName: group } };
  const { periodMs = 60_000, ...plain } = (metric ?? {}) as TargetMetric;
  const said = metric === undefined ? undefined : sayPlain(plain, periodMs);
  if (said === undefined) throw onlyThere(native);
  return said;
}

type TargetMetric = Alarm["metric"] & { periodMs?: number };

/** The mean CPU of a group's instances, but for its period and the group. */
export const CPU: Words = {
  source: "cloudwatch",
  namespace: "AWS/EC2",
  metric: "CPUUtilization",
  stat: "Average",
};

/** Steps of AWS count from the alarm's threshold, and lie side by side; a file's hold on and on, and the farthest wins. */
function saySteps(steps: readonly Step[], threshold: number): Words[] {
  return steps.filter(changesSomething).map(({ atLeast, atMost, adjust }) => ({
    ...(atLeast !== undefined && atLeast >= 0
      ? { atLeast: threshold + atLeast }
      : { atMost: threshold + (atMost ?? 0) }),
    ...sayAdjust(adjust),
  }));
}

/** AWS needs steps without a gap, so that some are there to do nothing. */
function changesSomething({ adjust }: Step): boolean {
  if ("change" in adjust) return adjust.change !== 0;
  return !("percent" in adjust) || adjust.percent !== 0;
}

function sayWhen(schedule: NonNullable<Policy["schedule"]>): Words {
  if ("atMs" in schedule) return { at: new Date(schedule.atMs).toISOString() };
  return {
    schedule: schedule.cron,
    ...(schedule.timezone === undefined ? {} : { timezone: schedule.timezone }),
  };
}

function sayAdjust(adjust: SimpleAdjust): Words {
  const signed = (n: number): string => `${n > 0 ? "+" : ""}${n}`;
  if ("change" in adjust) return { change: signed(adjust.change) };
  if ("percent" in adjust) return { change: `${signed(adjust.percent)}%` };
  return { desired: adjust.desired };
}

interface SaidAlarm {
  metric: string;
  /** `>`, `>=`, `<` or `<=`. */
  bound: string;
  threshold: number;
  for: string;
}

function sayAlarm(alarm: Alarm, metrics: Map<string, Words>): SaidAlarm {
  const { name, periodMs, periods, periodsToAlarm = periods, missing = "missing" } = alarm;
  const metric = sayMetric(alarm);
  if (metric === undefined) throw new Unsayable(`alarm ${name} watches more than one plain metric`);
  if (periodsToAlarm !== periods)
    throw new Unsayable(`alarm ${name} needs ${periodsToAlarm} periods of ${periods}`);
  if (missing !== "missing") throw new Unsayable(`alarm ${name} takes missing data for ${missing}`);
  const [bound, threshold] = boundOf(alarm);
  return { metric: nameMetric(metrics, metric), bound, threshold, for: formatDuration(periodMs * periods) };
}

/** What an alarm watches, as a metric of a file; undefined where that is no plain metric. */
export function sayMetric({ metric, native, periodMs }: Alarm): Words | undefined {
  return native === undefined ? sayPlain(metric, periodMs) : undefined;
}

function sayPlain(metric: Alarm["metric"], periodMs: number): Words | undefined {
  const { namespace, name, stat = "Average", unit, dimensions } = metric;
  if (namespace === undefined || unit !== undefined) return undefined;
  return {
    source: "cloudwatch",
    namespace,
    metric: name,
    stat,
    period: formatDuration(periodMs),
    ...(dimensions === undefined ? {} : { dimensions }),
  };
}

function boundOf({ name, above, atLeast, below, atMost }: Alarm): [bound: string, threshold: number] {
  if (above !== undefined) return [">", above];
  if (atLeast !== undefined) return [">=", atLeast];
  if (below !== undefined) return ["<", below];
  if (atMost !== undefined) return ["<=", atMost];
  throw new Unsayable(`alarm ${name} has no plain bound`);
}

/** The name of an equal metric, or a new one. */
function nameMetric(metrics: Map<string, Words>, wanted: Words): string {
  const text = JSON.stringify(wanted);
  const stem = wordOf(String(wanted.metric));
  for (let count = 1; ; count++) {
    const name = count === 1 ? stem : `${stem}${count}`;
    const there = metrics.get(name);
    if (there === undefined) metrics.set(name, wanted);
    if (there === undefined || JSON.stringify(there) === text) return name;
  }
}

/** `CPUUtilization` is `cpu`, as everywhere; any other name begins small, so that it reads well in an expression. */
function wordOf(metric: string): string {
  if (metric === "CPUUtilization") return "cpu";
  const letters = metric.replaceAll(/\W/g, "");
  const small = letters.charAt(0).toLowerCase() + letters.slice(1);
  return /^[a-z]/.test(small) ? small : "metric";
}
