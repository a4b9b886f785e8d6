/**
 * The neutral metrics of a group in the words of CloudWatch. Pure.
 *
 * Note [Zero and missing]: a balancer reports what it counts only when there is something to count, so that a period
 * without requests has no data point, as one whose data are late has none. It reports the number of its healthy
 * instances always. So where that is there and the other is not, nothing was counted.
 * @see docs.aws.amazon.com, CloudWatch metrics for your Classic (and Application) Load Balancer, "Reporting criteria"
 */

import { formatDuration, type GroupMetricParams, type Sample } from "@bellows/core";
import { type Answer, onlySeries } from "./metric-answer.js";
import { type Statistic, type Unit, unitOf } from "./metric-query.js";
import { isPeriod, newestSpan, type Span } from "./metric-window.js";

/** What stands in front of a group, as the dimensions of its metrics name it. */
export interface Ties {
  /** Names of classic balancers. */
  classic: readonly string[];
  /** Target groups of application balancers. */
  targets: readonly { targetGroup: string; loadBalancer: string }[];
  /** Names of target groups that have no requests: of network balancers, or of none. */
  without: readonly string[];
}

/** How a group's number comes about. */
export interface Recipe {
  units: readonly Unit[];
  span: Span;
  /** The number, from the values that each unit has in one period; undefined: not by these. */
  combine(values: readonly (number | undefined)[]): number | undefined;
  /** What is missing when no period has one. */
  missing: string;
}

/**
 * Time for data to arrive: a minute of which only some instances or zones have reported would read as less load.
 * @see docs.aws.amazon.com, both services send each minute, within about that time
 */
const LATE_MS = 60_000;
const MINUTE_MS = 60_000;
/** Period of basic monitoring: a sum over less would miss all instances, or count five minutes as one. */
const BASIC_MS = 300_000;

type Stat = NonNullable<GroupMetricParams["stat"]>;

interface Kind {
  periodMs: number;
  /** The first is the default. */
  stats: readonly Stat[];
  make(stat: Stat, about: About): Omit<Recipe, "span">;
}

interface About {
  group: string;
  periodMs: number;
  ties: Ties | undefined;
}

/** What AWS does not measure, and the way out. */
const WITHOUT: Readonly<Record<string, string>> = {
  memoryPercent:
    "AWS does not see into instances: install the CloudWatch agent, let it append AutoScalingGroupName, and read CWAgent mem_used_percent with source: cloudwatch",
  memoryBytes:
    "AWS does not see into instances: install the CloudWatch agent, let it append AutoScalingGroupName, and read CWAgent mem_used with source: cloudwatch",
  activeRequests:
    "AWS counts connections, not requests under way: read AWS/ApplicationELB ActiveConnectionCount (or AWS/ELB SurgeQueueLength) with source: cloudwatch",
};

const KINDS: Readonly<Record<string, Kind>> = {
  cpuPercent: { periodMs: MINUTE_MS, stats: ["mean", "max", "min"], make: ofInstances("CPUUtilization") },
  networkInBytes: { periodMs: BASIC_MS, stats: ["sum"], make: ofInstances("NetworkIn") },
  networkOutBytes: { periodMs: BASIC_MS, stats: ["sum"], make: ofInstances("NetworkOut") },
  requestCount: {
    periodMs: MINUTE_MS,
    stats: ["sum"],
    make: ofBalancers(["requests", "healthy"], countOf),
  },
  requestRate: {
    periodMs: MINUTE_MS,
    stats: ["sum"],
    make: ofBalancers(["requests", "healthy"], (fronts, { periodMs }) =>
      divided(countOf(fronts), periodMs / 1_000),
    ),
  },
  errorRate: {
    periodMs: MINUTE_MS,
    stats: ["mean"],
    make: ofBalancers(["requests", "healthy", "errors"], (fronts) => {
      const requests = countOf(fronts);
      if (requests === 0) return 0;
      return divided(total(fronts.map(({ errors = 0 }) => errors)), requests, 1);
    }),
  },
  latencyMs: {
    periodMs: MINUTE_MS,
    stats: ["mean", "max", "min"],
    make: (stat, about) => LATENCIES[stat](stat, about),
  },
};

/** Names that a group's metrics have on AWS. */
export const GROUP_METRICS: readonly string[] = Object.keys(KINDS);

/** Whether a metric is one of the balancers in front of a group. */
export function isOfBalancers(metric: string): boolean {
  return ["requestCount", "requestRate", "errorRate", "latencyMs"].includes(metric);
}

/**
 * How a query about a group is answered.
 * @param ties - needed by metrics that {@link isOfBalancers}.
 * @returns a text when it cannot be, with the way out.
 */
export function recipeOf(
  { metric, stat, periodMs }: GroupMetricParams,
  group: string,
  ties: Ties | undefined,
  nowMs: number,
): Recipe | string {
  const kind = Object.hasOwn(KINDS, metric) ? KINDS[metric] : undefined;
  if (kind === undefined)
    return Object.hasOwn(WITHOUT, metric)
      ? `${metric}: ${WITHOUT[metric]}`
      : `"${metric}" is no metric of a group on AWS; there are: ${GROUP_METRICS.join(", ")}`;
  const length = periodMs ?? kind.periodMs;
  if (!isPeriod(length) || length < MINUTE_MS)
    return `${metric} has no period of ${formatDuration(length)}: write a multiple of 1m`;
  const chosen = stat ?? kind.stats[0] ?? "mean";
  if (!kind.stats.includes(chosen))
    return `${metric} has no ${chosen} on AWS, but ${kind.stats.join(", ")}; source: cloudwatch reads any statistic`;
  const fault = isOfBalancers(metric) ? faultOf(metric, group, ties) : undefined;
  if (fault !== undefined) return fault;
  return {
    ...kind.make(chosen, { group, periodMs: length, ties }),
    span: newestSpan(length, nowMs, LATE_MS),
  };
}

function faultOf(metric: string, group: string, ties: Ties | undefined): string | undefined {
  if (ties === undefined) return `there is no group "${group}"`;
  if (ties.classic.length + ties.targets.length > 0) return undefined;
  return ties.without.length === 0
    ? `${metric} is counted by load balancers, and ${group} has none: tie it to one`
    : `${metric} is counted by classic and application balancers, and ${ties.without.join(", ")} belongs to none: read AWS/NetworkELB with source: cloudwatch`;
}

/** The newest period that gives a number, true at its end. */
export function sampleOf({ units, span, combine, missing }: Recipe, answers: readonly Answer[]): Sample {
  const columns: Map<number, number>[] = [];
  for (const answer of answers) {
    const points = onlySeries(answer);
    if ("unavailable" in points) return points;
    columns.push(new Map(points.map(({ startMs, value }) => [startMs, value])));
  }
  const periodMs = units[0]?.periodMs ?? MINUTE_MS;
  for (let startMs = span.endMs - periodMs; startMs >= span.startMs; startMs -= periodMs) {
    const value = combine(columns.map((column) => column.get(startMs)));
    if (value !== undefined && Number.isFinite(value)) return { value, observedAtMs: startMs + periodMs };
  }
  return { unavailable: `${missing} in ${formatDuration(span.endMs - span.startMs)}` };
}

const STATS: Readonly<Record<Stat, string>> = {
  mean: "Average",
  max: "Maximum",
  min: "Minimum",
  sum: "Sum",
};

/** What the instances of a group report. */
function ofInstances(metric: string): Kind["make"] {
  return (stat, { group, periodMs }) => ({
    units: [
      unitOf(
        {
          namespace: "AWS/EC2",
          metric,
          stat: STATS[stat],
          dimensions: { AutoScalingGroupName: group },
        },
        periodMs,
      ),
    ],
    combine: ([value]) => value,
    missing: `AWS/EC2 has no ${metric} of group ${group}`,
  });
}

/** What a balancer says about itself, under one name for both kinds: their metrics are named differently. */
type Part = "requests" | "healthy" | "errors" | "latencySum" | "latencyCount" | "latency";
type Front = Partial<Record<Part, number>>;

const PARTS: Readonly<Record<Part, { classic: string; target: string; stat: string }>> = {
  requests: { classic: "RequestCount", target: "RequestCount", stat: "Sum" },
  healthy: { classic: "HealthyHostCount", target: "HealthyHostCount", stat: "Average" },
  errors: { classic: "HTTPCode_Backend_5XX", target: "HTTPCode_Target_5XX_Count", stat: "Sum" },
  latencySum: { classic: "Latency", target: "TargetResponseTime", stat: "Sum" },
  latencyCount: { classic: "Latency", target: "TargetResponseTime", stat: "SampleCount" },
  latency: { classic: "Latency", target: "TargetResponseTime", stat: "" },
};

/** What the balancers in front of a group report: each part of each of them is a question. */
function ofBalancers(
  parts: readonly Part[],
  combine: (fronts: readonly Front[], about: About) => number | undefined,
): Kind["make"] {
  return (stat, about) => {
    const { group, periodMs, ties } = about;
    const { classic = [], targets = [] } = ties ?? {};
    const fronts: ((part: Part) => Statistic)[] = [
      ...classic.map((name) => (part: Part) => ({
        namespace: "AWS/ELB",
        metric: PARTS[part].classic,
        stat: PARTS[part].stat || STATS[stat],
        dimensions: { LoadBalancerName: name },
      })),
      ...targets.map(({ targetGroup, loadBalancer }) => (part: Part) => ({
        namespace: "AWS/ApplicationELB",
        metric: PARTS[part].target,
        stat: PARTS[part].stat || STATS[stat],
        dimensions: { TargetGroup: targetGroup, LoadBalancer: loadBalancer },
      })),
    ];
    return {
      units: fronts.flatMap((front) => parts.map((part) => unitOf(front(part), periodMs))),
      combine: (values) =>
        combine(
          fronts.map((_, at) =>
            Object.fromEntries(parts.map((part, index) => [part, values[at * parts.length + index]])),
          ),
          about,
        ),
      missing: `the load balancers of ${group} tell nothing about its requests`,
    };
  };
}

const LATENCIES: Readonly<Record<Stat, Kind["make"]>> = {
  mean: ofBalancers(["latencySum", "latencyCount"], (fronts) => {
    const count = total(fronts.map(({ latencyCount = 0 }) => latencyCount));
    const seconds = total(fronts.map(({ latencySum = 0 }) => latencySum));
    return count === 0 ? undefined : (seconds / count) * 1_000;
  }),
  max: ofBalancers(["latency"], (fronts) => extreme(fronts, Math.max)),
  min: ofBalancers(["latency"], (fronts) => extreme(fronts, Math.min)),
  sum: ofBalancers([], () => undefined),
};

function extreme(fronts: readonly Front[], choose: (...values: number[]) => number): number | undefined {
  const seconds = fronts.flatMap(({ latency }) => latency ?? []);
  return seconds.length === 0 ? undefined : choose(...seconds) * 1_000;
}

/** Requests of all balancers; undefined when one has told nothing; see Note [Zero and missing]. */
function countOf(fronts: readonly Front[]): number | undefined {
  const counts = fronts.map(({ requests, healthy }) => requests ?? (healthy === undefined ? undefined : 0));
  return counts.includes(undefined) ? undefined : total(counts.map((count) => count ?? 0));
}

function divided(
  a: number | undefined,
  b: number | undefined,
  most = Number.POSITIVE_INFINITY,
): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.min(most, a / b);
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
