import { type Alarm, formatDuration, type Policy, type SimpleAdjust } from "@bellows/core";

/** Words of a file, by key: a policy's or a metric's. */
export type Words = Record<string, unknown>;

/** The cloud's own policies in the file's words. */
export interface SaidPolicies {
  /** Metrics that the policies look at, by the name that they get. */
  metrics: Map<string, Words>;
  policies: Map<string, Words>;
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
  const said: SaidPolicies = { metrics: new Map(known), policies: new Map(), unsaid: [] };
  for (const policy of policies) {
    const mine = alarms.filter((alarm) =>
      alarm.executes?.some((one) => one.policy === policy.name && one.group === policy.group),
    );
    try {
      said.policies.set(policy.name, sayPolicy(policy, mine, said.metrics));
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
  const { adjust, schedule, cooldownMs, minMagnitude } = policy;
  const [alarm, ...others] = alarms;
  if (others.length > 0) throw new Unsayable(`${alarms.length} alarms execute it`);
  const rest = {
    ...(cooldownMs === undefined ? {} : { cooldown: formatDuration(cooldownMs) }),
    ...(minMagnitude === undefined ? {} : { minMagnitude }),
  };
  if ("target" in adjust || "steps" in adjust)
    throw new Unsayable("what it looks at has no name in a file; AWS goes on with it");
  if (schedule !== undefined)
    return { engine: "native", ...sayWhen(schedule), ...sayAdjust(adjust), ...rest };
  if (alarm === undefined) throw new Unsayable("no alarm executes it");
  return { engine: "native", ...sayAlarm(alarm, metrics), ...sayAdjust(adjust), ...rest };
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

function sayAlarm(alarm: Alarm, metrics: Map<string, Words>): Words {
  const { periodMs, periods, periodsToAlarm = periods } = alarm;
  const metric = sayMetric(alarm);
  if (metric === undefined) throw new Unsayable(`alarm ${alarm.name} watches more than one plain metric`);
  if (periodsToAlarm !== periods)
    throw new Unsayable(`alarm ${alarm.name} needs ${periodsToAlarm} periods of ${periods}`);
  const name = nameMetric(metrics, metric);
  return { when: `${name} ${boundOf(alarm)}`, for: formatDuration(periodMs * periods) };
}

/** What an alarm watches, as a metric of a file; undefined where that is no plain metric. */
export function sayMetric({ metric, native, periodMs }: Alarm): Words | undefined {
  const { namespace, name, stat = "Average", unit, dimensions } = metric;
  if (native !== undefined || namespace === undefined || unit !== undefined) return undefined;
  return {
    source: "cloudwatch",
    namespace,
    metric: name,
    stat,
    period: formatDuration(periodMs),
    ...(dimensions === undefined ? {} : { dimensions }),
  };
}

function boundOf({ name, above, atLeast, below, atMost }: Alarm): string {
  if (above !== undefined) return `> ${above}`;
  if (atLeast !== undefined) return `>= ${atLeast}`;
  if (below !== undefined) return `< ${below}`;
  if (atMost !== undefined) return `<= ${atMost}`;
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
