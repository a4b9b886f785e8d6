/** Metrics of checks, as they were found or summed up. @see facts/rackspace-api.md, section 5.5 */
import { listed, refused } from "./monitoring-form.js";
import { objectOf } from "./monitoring-objects.js";
import type { Observation } from "./monitoring-state.js";
import { type Answer, type Call, paramOf, type Route, type Shown } from "./wire.js";
import type { World } from "./world.js";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Most points of an answer. */
const MOST_POINTS = 1_440;

/** How far apart points are (0: as they were found), for how long they are kept, and from how many points on they are taken. */
const RESOLUTIONS = [
  { name: "FULL", stepMs: 0, keptMs: 2 * DAY_MS, fromPoints: 3_168 },
  { name: "MIN5", stepMs: 5 * MINUTE_MS, keptMs: 10 * DAY_MS, fromPoints: 360 },
  { name: "MIN20", stepMs: 20 * MINUTE_MS, keptMs: 20 * DAY_MS, fromPoints: 96 },
  { name: "MIN60", stepMs: 60 * MINUTE_MS, keptMs: 155 * DAY_MS, fromPoints: 30 },
  { name: "MIN240", stepMs: 240 * MINUTE_MS, keptMs: 300 * DAY_MS, fromPoints: 7 },
  { name: "MIN1440", stepMs: 1_440 * MINUTE_MS, keptMs: 1_825 * DAY_MS, fromPoints: 0 },
] as const;

type Resolution = (typeof RESOLUTIONS)[number];

const SELECTS = ["average", "variance", "min", "max"] as const;

/** A time of the query: milliseconds since the epoch; fractions are answered with 408, as they were there. */
function timeIn({ query }: Call, key: string): number {
  const written = query.get(key);
  if (written === null) throw refused("requiredNotFoundError", `Missing required key (${key})`);
  if (!/^\d+$/.test(written)) throw refused("requestTimeout", `Validation error for key '${key}'`);
  return Number(written);
}

function resolutionIn({ query }: Call): Resolution {
  const [name, points] = [query.get("resolution"), query.get("points")];
  if ((name === null) === (points === null))
    throw refused("badRequest", "either points or resolution must be given");
  const found = RESOLUTIONS.find((one) =>
    name === null ? Number(points) >= one.fromPoints : one.name === name.toUpperCase(),
  );
  if (found === undefined) throw refused("badRequest", "Validation error for key 'resolution'");
  return found;
}

function selectsIn({ query }: Call): (typeof SELECTS)[number][] {
  const asked = query.getAll("select");
  return asked.length === 0 ? ["average"] : SELECTS.filter((one) => asked.includes(one));
}

function statistic(kind: (typeof SELECTS)[number], values: readonly number[]): number {
  const average = values.reduce((sum, one) => sum + one, 0) / values.length;
  switch (kind) {
    case "average":
      return average;
    case "min":
      return Math.min(...values);
    case "max":
      return Math.max(...values);
    case "variance":
      return values.reduce((sum, one) => sum + (one - average) ** 2, 0) / values.length;
  }
}

/** What was found of one metric, put into the steps of a resolution. */
function steps(seen: readonly Observation[], metric: string, { stepMs }: Resolution): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const { atMs, values } of seen) {
    const value = values[metric];
    if (typeof value !== "number") continue;
    const startMs = stepMs === 0 ? atMs : atMs - (atMs % stepMs);
    found.set(startMs, [...(found.get(startMs) ?? []), value]);
  }
  return found;
}

function plot(world: World, call: Call): Answer {
  const check = checkIn(world, call);
  const [fromMs, toMs] = [timeIn(call, "from"), timeIn(call, "to")];
  const resolution = resolutionIn(call);
  const oldestMs = Math.max(fromMs, world.now() - resolution.keptMs);
  const seen = (world.monitoring.observations[check] ?? []).filter(
    ({ atMs }) => atMs >= oldestMs && atMs <= toMs,
  );
  const selects = selectsIn(call);
  const values = [...steps(seen, paramOf(call, "metric"), resolution)].map(([timestamp, numbers]) => ({
    numPoints: numbers.length,
    timestamp,
    ...Object.fromEntries(selects.map((kind) => [kind, statistic(kind, numbers)])),
  }));
  if (values.length > MOST_POINTS)
    throw refused("badRequest", `more than ${MOST_POINTS} points were asked for`);
  const metadata = { count: values.length, limit: null, marker: null, next_marker: null, next_href: null };
  return { status: 200, body: { values, metadata } };
}

function checkIn(world: World, call: Call): string {
  objectOf(world, "entity", paramOf(call, "entity"), true);
  return objectOf(world, "check", paramOf(call, "check")).id;
}

function metricsOf(world: World, call: Call): Answer {
  const seen = world.monitoring.observations[checkIn(world, call)] ?? [];
  const found = new Map(seen.flatMap(({ values }) => Object.entries(values)));
  const show = ([name, value]: [string, unknown]): Shown => ({
    name,
    unit: "unknown",
    type: typeof value === "number" ? "n" : "s",
  });
  return listed(call, { items: [...found], id: ([name]) => name, show });
}

const METRICS = "/monitoring/v1.0/:tenant/entities/:entity/checks/:check/metrics";

/** Requests about metrics. */
export const monitoringMetrics: readonly Route[] = [
  {
    operation: "ListMetrics",
    method: "GET",
    path: METRICS,
    answer: ({ world }, call) => metricsOf(world, call),
  },
  {
    operation: "GetMetricPlot",
    method: "GET",
    path: `${METRICS}/:metric/plot`,
    answer: ({ world }, call) => plot(world, call),
  },
];
