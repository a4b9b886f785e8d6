/**
 * What an alarm is made from, checked and in the words of Cloud Monitoring. Pure.
 *
 * Note [Words]: `metric.namespace` is the type of a check (`agent.cpu`, `remote.http`), `metric.name` one of its metrics
 * (`usage_average`). There are no metrics of a whole group: an alarm watches each server of the groups whose policies it
 * executes, and of the one that `metric.dimensions.group` names (`scope: instance`), or the one entity that
 * `metric.dimensions.entity` names by its id.
 */
import {
  type AlarmSpec,
  alarmSpecSchema,
  ConfigError,
  formatDuration,
  UnsupportedError,
} from "@bellows/core";
import { type AlarmNative, alarmNativeSchema, BOUNDS, type Bound, COMPARISONS } from "./alarm-native.js";

/** Periods of checks. @see docs.rackspace.com, Rackspace Monitoring, Checks */
const PERIOD_MS = { least: 30_000, most: 1_800_000 } as const;
/** @see docs.rackspace.com, Rackspace Monitoring, Alarm language: consecutiveCount */
const MOST_PERIODS = 5;
/** Time for one look where nobody says, in milliseconds. */
const TIMEOUT_MS = 10_000;
const LONGEST_NAME = 200;
/** Longest text of a status. @see docs.rackspace.com, Rackspace Monitoring, Alarm language */
const LONGEST_SAYING = 128;

/** An alarm, checked. */
export interface WantedAlarm {
  spec: AlarmSpec;
  native: AlarmNative;
  /** What its checks are made from. */
  check: CheckWords;
  criteria: string;
  /** Id of the one entity that it watches; absent: each server of its groups. */
  entity?: string;
  /** Groups whose servers it watches. */
  groups: string[];
}

/** What a check is made from, in Cloud Monitoring's words; spans in seconds. */
export interface CheckWords {
  type: string;
  period: number;
  timeout: number;
  details?: object;
  monitoring_zones_poll?: string[];
  target_alias?: string;
  target_hostname?: string;
}

interface Faults {
  wrong: string[];
  notHere: string[];
}

/**
 * Checks an alarm, all of it at once, and puts it in the words of Cloud Monitoring.
 * @throws ConfigError that lists every fault. @throws UnsupportedError when only Cloud Monitoring can't do it.
 */
export function readAlarm(spec: AlarmSpec, operation: string): WantedAlarm {
  const faults: Faults = { wrong: [], notHere: [] };
  const wanted = wantedAlarm(spec, faults);
  if (wanted !== undefined && faults.wrong.length + faults.notHere.length === 0) return wanted;
  const FaultError = faults.wrong.length > 0 ? ConfigError : UnsupportedError;
  const name = String(spec.name);
  throw new FaultError(`alarm ${name} cannot be made: ${[...faults.wrong, ...faults.notHere].join("; ")}`, {
    operation,
    resource: name,
  });
}

function wantedAlarm(spec: AlarmSpec, faults: Faults): WantedAlarm | undefined {
  const common = alarmSpecSchema.safeParse(spec);
  const own = alarmNativeSchema.safeParse(spec.native ?? {});
  const add = (at: string[], issues: readonly { path: PropertyKey[]; message: string }[]): void =>
    void faults.wrong.push(
      ...issues.map(({ path, message }) => `${[...at, ...path].join(".") || "alarm"}: ${message}`),
    );
  if (!common.success) add([], common.error.issues);
  if (!own.success) add(["native"], own.error.issues);
  if (!common.success || !own.success) return undefined;
  const { entity, group, ...otherDimensions } = spec.metric.dimensions ?? {};
  const executed = (spec.executes ?? []).map((one) => one.group);
  const groups = [...new Set([...executed, ...(group === undefined ? [] : [group])])];
  faults.wrong.push(
    ...(spec.name.length > LONGEST_NAME ? [`name: has at most ${LONGEST_NAME} characters`] : []),
    ...(/\p{Cc}/u.test(spec.name) ? ["name: must have no control characters"] : []),
    ...boundFaults(spec),
    ...periodFaults(spec, own.data),
    ...metricFaults(spec),
    ...scopeFaults(spec, groups, own.data),
  );
  faults.notHere.push(...missingHere(spec, otherDimensions));
  return {
    spec,
    native: own.data,
    check: checkWords(spec, own.data),
    criteria: criteriaOf(spec, own.data),
    groups,
    ...(entity === undefined ? {} : { entity }),
  };
}

function boundFaults(spec: AlarmSpec): string[] {
  const given = BOUNDS.filter((bound) => spec[bound] !== undefined);
  if (given.length === 1) return [];
  return given.length === 0
    ? ["needs one bound: above, atLeast, below or atMost"]
    : [`${given.join(" and ")}: an alarm has one bound`];
}

function periodFaults({ periodMs, periods, periodsToAlarm }: AlarmSpec, { check }: AlarmNative): string[] {
  const isKnown = periodMs >= PERIOD_MS.least && periodMs <= PERIOD_MS.most && periodMs % 1_000 === 0;
  return [
    ...(isKnown ? [] : [`periodMs: is 30s to 30m, in whole seconds, not ${formatDuration(periodMs)}`]),
    ...(periods > MOST_PERIODS ? [`periods: at most ${MOST_PERIODS} in a row`] : []),
    ...(periodsToAlarm !== undefined && periodsToAlarm > periods
      ? [`periodsToAlarm: ${periodsToAlarm} of ${periods} periods`]
      : []),
    ...(check?.timeoutMs !== undefined && check.timeoutMs >= periodMs
      ? ["native.check.timeoutMs: must be less than the period"]
      : []),
  ];
}

function metricFaults({ metric }: AlarmSpec): string[] {
  return [
    ...(metric.namespace === undefined
      ? ["metric.namespace: is missing: the type of a check, such as agent.cpu"]
      : /^(agent|remote)\.[a-z0-9_.-]+$/i.test(metric.namespace)
        ? []
        : [
            "metric.namespace: must be the type of a check: agent.cpu, agent.memory, remote.http or the like",
          ]),
    ...(/['\\\n]/.test(metric.name) ? ["metric.name: must have no quotes and no backslashes"] : []),
  ];
}

function scopeFaults(spec: AlarmSpec, groups: readonly string[], native: AlarmNative): string[] {
  const { scope, executes = [], metric } = spec;
  const { entity, group } = metric.dimensions ?? {};
  const rules: [boolean, string][] = [
    [
      scope === "instance" && entity !== undefined,
      "metric.dimensions.entity: is for scope group; each instance has its own",
    ],
    [entity !== undefined && group !== undefined, "metric.dimensions: has both entity and group"],
    [
      entity === undefined && groups.length === 0,
      "metric.dimensions.group: is missing: whose servers are to be watched?",
    ],
    [
      executes.length + (native.urls?.length ?? 0) === 0,
      "executes: an alarm that tells nobody is of no use; name policies, or native.urls",
    ],
    [
      metric.namespace?.startsWith("remote.") === true && native.check?.zones === undefined,
      "native.check.zones: is missing: from where is it looked at, such as [mzdfw, mzord, mziad]?",
    ],
  ];
  return rules.flatMap(([isWrong, fault]) => (isWrong ? [fault] : []));
}

function missingHere(spec: AlarmSpec, otherDimensions: Record<string, string>): string[] {
  const { metric, scope, missing, periods, periodsToAlarm = periods } = spec;
  const entity = metric.dimensions?.entity;
  const rules: [boolean, string][] = [
    [
      scope !== "instance" && entity === undefined,
      "scope: there are no metrics of a whole group; write scope: instance, or name one entity in metric.dimensions.entity",
    ],
    [
      metric.stat !== undefined && metric.stat.toLowerCase() !== "average",
      "metric.stat: the check's own value is looked at",
    ],
    [metric.unit !== undefined, "metric.unit: the check's own unit counts"],
    [
      Object.keys(otherDimensions).length > 0,
      `metric.dimensions.${Object.keys(otherDimensions)[0]}: there are entity and group`,
    ],
    [periodsToAlarm < periods, "periodsToAlarm: all periods in a row must breach"],
    [
      missing !== undefined && missing !== "breaching",
      "missing: a check that can't run is an alarm here: leave it out, or write breaching",
    ],
  ];
  return rules.flatMap(([isSo, fault]) => (isSo ? [fault] : []));
}

function checkWords({ metric, periodMs }: AlarmSpec, { check = {} }: AlarmNative): CheckWords {
  const { details, zones, targetAlias, targetHostname, timeoutMs } = check;
  return {
    type: metric.namespace ?? "",
    period: periodMs / 1_000,
    timeout: Math.floor((timeoutMs ?? Math.min(TIMEOUT_MS, periodMs - 1_000)) / 1_000),
    ...(details === undefined ? {} : { details }),
    ...(zones === undefined ? {} : { monitoring_zones_poll: zones }),
    ...(targetAlias === undefined ? {} : { target_alias: targetAlias }),
    ...(targetHostname === undefined ? {} : { target_hostname: targetHostname }),
  };
}

/** The alarm in its language. @see docs.rackspace.com, Rackspace Monitoring, Alarm language */
function criteriaOf(spec: AlarmSpec, { consistency }: AlarmNative): string {
  const bound: Bound = BOUNDS.find((word) => spec[word] !== undefined) ?? "above";
  const { name } = spec.metric;
  const sign = COMPARISONS[bound];
  const limit = String(spec[bound]);
  const said = `#{${name}} ${sign} ${limit}`;
  return [
    ...(consistency === undefined ? [] : [`:set consistencyLevel=${consistency.toUpperCase()}`]),
    ...(spec.periods === 1 ? [] : [`:set consecutiveCount=${spec.periods}`]),
    `if (metric['${name}'] ${sign} ${limit}) {`,
    `  return new AlarmStatus(CRITICAL, '${said.length > LONGEST_SAYING ? "in alarm" : said}');`,
    "}",
    "return new AlarmStatus(OK);",
  ].join("\n");
}
