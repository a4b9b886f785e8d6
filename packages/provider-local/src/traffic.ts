import type { BalancerStats, LiveSummary } from "./balancer/client.js";
import { combine } from "./usage.js";

/** Requests of a group, from the statistics of the balancers in front of it. */
export interface Traffic {
  requests: number;
  /** Requests without a whole answer, and answers with status 500 or above. */
  errors: number;
  requestsPerSecond: number;
  /** Sum of the latencies of those requests that were timed. */
  latencySumMs: number;
  timed: number;
  /** Under way, or waiting for a member. */
  active: number;
}

/** What the metrics of requests are called, and how each is told from one {@link Traffic}. */
export const TRAFFIC_METRICS: Record<string, (traffic: Traffic) => number | undefined> = {
  requestCount: ({ requests }) => requests,
  requestRate: ({ requestsPerSecond }) => requestsPerSecond,
  errorRate: ({ errors, requests }) => (requests === 0 ? 0 : Math.min(1, errors / requests)),
  latencyMs: ({ latencySumMs, timed }) => (timed === 0 ? undefined : latencySumMs / timed),
  activeRequests: ({ active }) => active,
};

/** Traffic of a group as a whole, and of each of its instances. */
export interface GroupTraffic {
  total: Traffic;
  instances: Traffic[];
}

const NONE: Traffic = { requests: 0, errors: 0, requestsPerSecond: 0, latencySumMs: 0, timed: 0, active: 0 };

/**
 * Picks a group's part out of the balancers' statistics.
 *
 * A pool that serves this group alone counts whole: with what its former members have answered, and what waits for a
 * member. Of a shared pool, the group's members count.
 * @returns undefined when no balancer has a member of the group.
 */
export function trafficOf(
  ids: ReadonlySet<string>,
  balancers: readonly BalancerStats[],
): GroupTraffic | undefined {
  const totals: Traffic[] = [];
  const instances: Traffic[] = [];
  for (const pool of balancers.flatMap((stats) => Object.values(stats.pools))) {
    const members = Object.entries(pool.members);
    const own = members.filter(([id]) => ids.has(id)).map(([, summary]) => read(summary));
    if (own.length === 0) continue;
    instances.push(...own);
    if (own.length < members.length) totals.push(...own);
    else totals.push({ ...read(pool), active: pool.active + pool.waiting });
  }
  return instances.length === 0 ? undefined : { total: totals.reduce(add, NONE), instances };
}

function read({ window, active }: LiveSummary): Traffic {
  const timed = window.latencyMs === undefined ? 0 : window.requests;
  return {
    requests: window.requests,
    errors: window.failures + window.serverErrors,
    requestsPerSecond: window.requestsPerSecond,
    latencySumMs: (window.latencyMs?.mean ?? 0) * timed,
    timed,
    active,
  };
}

function add(a: Traffic, b: Traffic): Traffic {
  return {
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    requestsPerSecond: a.requestsPerSecond + b.requestsPerSecond,
    latencySumMs: a.latencySumMs + b.latencySumMs,
    timed: a.timed + b.timed,
    active: a.active + b.active,
  };
}

/** One metric of a group's traffic. @param stat - how instances become one number; absent: the group as a whole. */
export function measure(
  metric: string,
  traffic: GroupTraffic,
  stat: "mean" | "max" | "min" | "sum" | undefined,
): number | undefined {
  const of = TRAFFIC_METRICS[metric];
  if (of === undefined || stat === undefined) return of?.(traffic.total);
  const values = traffic.instances.flatMap((each) => of(each) ?? []);
  return values.length === 0 ? undefined : combine(values, stat);
}
