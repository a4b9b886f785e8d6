import { totalmem } from "node:os";
import type { GroupMetricParams, MetricQuery, MetricsDriver, ReadOptions, Sample } from "@bellows/core";
import { errorLine } from "@bellows/core";
import type { BalancerStats } from "./balancer/client.js";
import { adoptBalancer } from "./balancer/client.js";
import type { BalancerFolders } from "./balancer-folders.js";
import type { LocalContext } from "./context.js";
import { pause } from "./context.js";
import type { ProcessUse } from "./processes.js";
import { listProcesses } from "./processes.js";
import type { ServerEntry } from "./records.js";
import { GROUP_LABEL } from "./servers.js";
import { standingOf } from "./standing.js";
import type { GroupTraffic } from "./traffic.js";
import { measure, TRAFFIC_METRICS, trafficOf } from "./traffic.js";
import type { ServerUse, UsePoint } from "./usage.js";
import { addPoint, CPU_WINDOW_MS, combine, cpuPercentOf, useOf } from "./usage.js";

/** Balancers remember a minute. */
const LONGEST_WINDOW_S = 60;
/** Of a process older than this, its whole life says too little about now; then a short look is worth its wait. */
const STALE_LIFE_MS = 10_000;
const SHORT_LOOK_MS = 200;
/** Instances in standby are out of service. */
const STANDBY_LABEL = "bellows:standby";

/** What the processes use, by metric: the default way to make one number, and one instance's own. */
const USE_METRICS: Record<
  string,
  { stat: "mean" | "sum"; of: (use: MeasuredUse, windowMs: number) => number }
> = {
  cpuPercent: { stat: "mean", of: (use, windowMs) => cpuPercentOf(use.points, use, use.nowMs, windowMs) },
  memoryBytes: { stat: "sum", of: ({ memoryBytes }) => memoryBytes },
  memoryPercent: { stat: "mean", of: ({ memoryBytes }) => (memoryBytes / machineMemory()) * 100 },
};

interface MeasuredUse extends ServerUse {
  points: readonly UsePoint[];
  nowMs: number;
}

type Query = MetricQuery<GroupMetricParams>;

/**
 * Metrics of groups: processor and memory of their processes, requests as the balancers in front count them.
 * Processor: 100 is one processor kept busy by one instance. Requests: the last minute, or `periodMs` of it;
 * `errorRate` is a share (0 to 1). A group without instances in service has no load (unavailable) and no requests (0).
 */
export function createMetrics(context: LocalContext, balancers: BalancerFolders): MetricsDriver {
  const histories = new Map<string, UsePoint[]>();
  const names = [...Object.keys(USE_METRICS), ...Object.keys(TRAFFIC_METRICS)];

  const look = (entries: readonly ServerEntry[]): Map<string, MeasuredUse> => {
    const byServer = new Map<string, MeasuredUse>();
    const nowMs = context.clock.monotonic();
    const processes = byGroup(listProcesses());
    for (const entry of entries) {
      const use = useOf(entry, processes.get(entry.process?.pid ?? 0) ?? []);
      if (use === undefined) continue;
      const points = addPoint(histories.get(entry.record.id) ?? [], use, nowMs);
      histories.set(entry.record.id, points);
      byServer.set(entry.record.id, { ...use, points, nowMs });
    }
    return byServer;
  };

  /** As {@link look}; looks twice when some process is old and was never looked at. */
  const lookWell = async (entries: readonly ServerEntry[]): Promise<Map<string, MeasuredUse>> => {
    for (const id of histories.keys()) if (context.folders.read(id) === undefined) histories.delete(id);
    const unseen = entries.filter(({ record }) => !histories.has(record.id)).map(({ record }) => record.id);
    const first = look(entries);
    const old = unseen.filter((id) => (first.get(id)?.ageMs ?? 0) > STALE_LIFE_MS);
    if (old.length === 0) return first;
    for (const id of old) histories.set(id, (histories.get(id) ?? []).slice(1));
    await pause(context.clock, SHORT_LOOK_MS);
    return look(entries);
  };

  return {
    names,
    async read(queries, options) {
      const members = membersOf(context, queries);
      const wantsUse = queries.some(({ params }) => Object.hasOwn(USE_METRICS, params.metric));
      const use = wantsUse ? await lookWell([...members.values()].flat()) : new Map<string, MeasuredUse>();
      const stats = await statsFor(queries, balancers, options);
      return queries.map((query, index) => {
        const read = answer(query, { members: members.get(query.group ?? "") ?? [], use, stats, names });
        const sample = typeof read === "number" ? { value: read, observedAtMs: context.clock.now() } : read;
        options.onSample?.(index, sample);
        return sample;
      });
    },
  };
}

interface Seen {
  members: readonly ServerEntry[];
  use: ReadonlyMap<string, MeasuredUse>;
  stats: ReadonlyMap<number, BalancerStats[] | string>;
  names: readonly string[];
}

function answer({ params, group }: Query, seen: Seen): number | Sample {
  if (group === undefined) return { unavailable: "it is about a group, and none is named" };
  const { metric, stat, periodMs } = params;
  const ofUse = Object.hasOwn(USE_METRICS, metric) ? USE_METRICS[metric] : undefined;
  if (ofUse !== undefined) {
    const values = seen.members.flatMap(({ record }) => {
      const use = seen.use.get(record.id);
      return use === undefined ? [] : [ofUse.of(use, periodMs ?? CPU_WINDOW_MS)];
    });
    return values.length === 0
      ? { unavailable: "no instance in service" }
      : combine(values, stat ?? ofUse.stat);
  }
  if (!Object.hasOwn(TRAFFIC_METRICS, metric)) {
    return { unavailable: `"${metric}" is not measured here; there are: ${seen.names.join(", ")}` };
  }
  return answerTraffic(params, seen);
}

function answerTraffic({ metric, stat, periodMs }: GroupMetricParams, seen: Seen): number | Sample {
  const seconds = windowSeconds(periodMs);
  const stats = seen.stats.get(seconds) ?? [];
  if (typeof stats === "string") return { unavailable: stats };
  const ids = new Set(seen.members.map(({ record }) => record.id));
  const traffic: GroupTraffic | undefined = trafficOf(ids, stats);
  if (traffic === undefined) {
    if (seen.members.length > 0) return { unavailable: "no load balancer has an instance of it" };
    return metric === "latencyMs" ? { unavailable: "no instance in service" } : 0;
  }
  return measure(metric, traffic, stat) ?? { unavailable: `no request in the last ${seconds} s` };
}

/** Instances in service of every group that is asked about. */
function membersOf({ folders }: LocalContext, queries: readonly Query[]): Map<string, ServerEntry[]> {
  const members = new Map<string, ServerEntry[]>(queries.map(({ group }) => [group ?? "", []]));
  for (const id of folders.ids()) {
    const entry = folders.read(id);
    const group = members.get(entry?.labels[GROUP_LABEL] ?? "");
    if (entry === undefined || group === undefined || !inService(entry)) continue;
    group.push(entry);
  }
  return members;
}

function inService(entry: ServerEntry): boolean {
  if (entry.deletion !== undefined || entry.ready === undefined || entry.labels[STANDBY_LABEL]) return false;
  return standingOf(entry) === "running";
}

/** Statistics of all balancers, once for each window that is asked for; a text says why there are none. */
async function statsFor(
  queries: readonly Query[],
  balancers: BalancerFolders,
  options: ReadOptions,
): Promise<Map<number, BalancerStats[] | string>> {
  const asked = queries.filter(({ params }) => Object.hasOwn(TRAFFIC_METRICS, params.metric));
  const windows = new Set(asked.map(({ params }) => windowSeconds(params.periodMs)));
  const call = {
    timeoutMs: options.deadlineMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  const read = async (seconds: number): Promise<[number, BalancerStats[] | string]> => {
    try {
      return [
        seconds,
        await Promise.all(
          balancers.names().map((name) => statsOf(balancers.path(name), name, seconds, call)),
        ),
      ];
    } catch (error) {
      return [seconds, errorLine(error)];
    }
  };
  return new Map(await Promise.all([...windows].map(read)));
}

async function statsOf(
  folder: string,
  name: string,
  seconds: number,
  call: { timeoutMs: number; signal?: AbortSignal },
): Promise<BalancerStats> {
  const balancer = await adoptBalancer(folder, call);
  if (balancer === null) throw new Error(`load balancer ${name} does not run`);
  return balancer.stats({ ...call, seconds });
}

function windowSeconds(periodMs = LONGEST_WINDOW_S * 1_000): number {
  return Math.min(LONGEST_WINDOW_S, Math.max(1, Math.round(periodMs / 1_000)));
}

/** By process group, and once more under their own pid those that lead none: a process that was taken in. */
function byGroup(processes: readonly ProcessUse[]): Map<number, ProcessUse[]> {
  const groups = new Map<number, ProcessUse[]>();
  for (const each of processes) {
    for (const number of new Set([each.group, each.pid])) {
      const group = groups.get(number);
      if (group === undefined) groups.set(number, [each]);
      else group.push(each);
    }
  }
  return groups;
}

/** What processes can use: the machine's memory, or less where a container is given less. */
function machineMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
