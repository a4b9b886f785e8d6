/**
 * Metrics of Cloud Monitoring: a group's own under their neutral names, from the agents on its servers, and any other in
 * Cloud Monitoring's words.
 *
 * Note [Which servers count]: a server without the check, or without a point in the time that is looked at, has not told
 * anything, and the others speak for the group; when nobody has, the metric is unavailable. A sample is as old as the
 * oldest of the points in it.
 */
import {
  formatDuration,
  type MetricQuery,
  type MetricsDriver,
  type ReadOptions,
  type Sample,
  type TimeRange,
} from "@bellows/core";
import { entityOf } from "./alarm-map.js";
import type { Point, Series, Span } from "./metric-plots.js";
import {
  combined,
  GROUP_METRICS,
  groupQuestion,
  type Question,
  RESOLUTIONS,
  type Resolution,
  readQuestion,
} from "./metric-question.js";
import { type Look, type MetricParts, readAll } from "./metric-read.js";
import type { EntityView } from "./monitoring.js";

/** The driver of metrics: all that the contract has. */
export type RackspaceMetrics = Required<MetricsDriver>;

/** Longest distance of points that is bridged: a check runs every 30 minutes at least. */
const LOOKS_BACK_MS = 1_800_000;

/** Makes the driver. `cpuPercent` and `memoryPercent` (0 to 100) and `memoryBytes` come from the agents of a group's servers. */
export function createMetrics(parts: MetricParts): RackspaceMetrics {
  const { host } = parts;
  const unavailable = (reason: string): Sample => ({ unavailable: reason });
  const newest = (
    operation: string,
    queries: readonly MetricQuery[],
    questionOf: (query: MetricQuery) => Question | string,
    options: ReadOptions,
  ): Promise<Sample[]> =>
    readAll(parts, operation, queries, options, {
      none: unavailable,
      ...(options.onSample && { told: options.onSample }),
      ask: async (look, query) => {
        const question = questionOf(query);
        return typeof question === "string"
          ? unavailable(question)
          : newestSample(look, question, query, host.clock.now());
      },
    });
  return {
    names: GROUP_METRICS,
    ownSource: "rackspace-monitoring",
    read: (queries, options) =>
      newest("metrics.read", queries, ({ params }) => groupQuestion(params as never), options),
    readOwn: (queries, options) =>
      newest("metrics.readOwn", queries, ({ params }) => readQuestion(params), options),
    readOwnRange: (queries, range, options) =>
      readAll<Sample[]>(parts, "metrics.readOwnRange", queries, options, {
        none: (reason) => [unavailable(reason)],
        ask: async (look, query) => {
          const question = readQuestion(query.params);
          return typeof question === "string"
            ? [unavailable(question)]
            : pastOf(look, question, query, range, host.clock.now());
        },
      }),
  };
}

/** What is looked at of one instance: its series, in the order of the question's metrics. */
interface Target {
  name: string;
  series: Series[];
}

/** Whose points a question wants; a text says why there are none. */
async function targetsOf(
  look: Look,
  question: Question,
  group: string | undefined,
): Promise<Target[] | string> {
  const views = await look.views();
  const found = await entitiesOf(look, question, group, views);
  if (typeof found === "string") return found;
  const targets = found.flatMap((view) => {
    const check = checkOf(view, question.check);
    if (check === undefined) return [];
    const entity = view.entity.id;
    const series = question.metrics.map((metric) => ({ entity, check, metric }));
    return [{ name: view.entity.label, series }];
  });
  return targets.length > 0
    ? targets
    : `there is no check ${question.check} on ${namesOf(found)}: bellows alarms create makes one, and its agent must run`;
}

function namesOf(views: readonly EntityView[]): string {
  return views.length === 1 ? (views[0]?.entity.label ?? "it") : `any of ${views.length} entities`;
}

async function entitiesOf(
  look: Look,
  { entity, server }: Question,
  group: string | undefined,
  views: readonly EntityView[],
): Promise<EntityView[] | string> {
  if (entity !== undefined) {
    const found =
      views.find((view) => view.entity.id === entity) ?? views.find((view) => view.entity.label === entity);
    return found === undefined ? `there is no entity ${entity}` : [found];
  }
  if (server === undefined && group === undefined)
    return "it is about a group, an entity or a server, and none is named";
  const ids = server === undefined ? (await look.membersOf(group ?? "")).map(({ id }) => id) : [server];
  const found = ids.flatMap((id) => entityOf(id, views) ?? []);
  if (found.length > 0) return found;
  return ids.length === 0 ? `group ${group} has no servers` : "none of its servers is monitored";
}

/** The check with that id, else with that label, else the first of that type. */
function checkOf({ checks }: EntityView, check: string): string | undefined {
  const usable = checks.filter(({ disabled }) => disabled !== true);
  return (
    usable.find(({ id }) => id === check) ??
    usable.find(({ label }) => label === check) ??
    usable.find(({ type }) => type === check)
  )?.id;
}

async function newestSample(
  look: Look,
  question: Question,
  query: MetricQuery,
  nowMs: number,
): Promise<Sample> {
  const targets = await targetsOf(look, question, query.group);
  if (typeof targets === "string") return { unavailable: targets };
  const { slotMs } = RESOLUTIONS[question.resolution];
  const untilMs = nowMs - question.offsetMs;
  const span = { fromMs: untilMs - Math.max(LOOKS_BACK_MS, 3 * slotMs), toMs: untilMs + 1 };
  const read = await Promise.all(
    targets.map(async ({ series }) => {
      const plots = await Promise.all(series.map((one) => look.plot(one, question, span, look.call)));
      const points = plots.flatMap((plot) => plot.at(-1) ?? []);
      return points.length < series.length ? [] : [pointOf(points, question)];
    }),
  );
  const points = read.flat();
  if (points.length === 0)
    return { unavailable: `no points within ${formatDuration(untilMs - span.fromMs)}` };
  return {
    value: combined(
      points.map(({ value }) => value),
      question.stat,
    ),
    observedAtMs: Math.min(...points.map(({ atMs }) => atMs)),
  };
}

/** One instance's number from the points of its metrics. */
function pointOf(points: readonly Point[], question: Question): Point {
  return {
    value: question.value(points.map(({ value }) => value)),
    atMs: Math.min(...points.map(({ atMs }) => atMs)),
  };
}

async function pastOf(
  look: Look,
  question: Question,
  query: MetricQuery,
  range: TimeRange,
  nowMs: number,
): Promise<Sample[]> {
  const targets = await targetsOf(look, question, query.group);
  if (typeof targets === "string") return [{ unavailable: targets }];
  const resolution = fittingResolution(question.resolution, range, nowMs);
  const { keptMs } = RESOLUTIONS[resolution];
  const span = {
    fromMs: Math.max(range.fromMs, nowMs - keptMs),
    toMs: Math.min(range.toMs, nowMs - question.offsetMs + 1),
  };
  if (span.fromMs >= span.toMs) return [];
  const each = await Promise.all(
    targets.map(({ series }) => stepsOf(look, { ...question, resolution }, series, span, range.stepMs)),
  );
  const steps = [...new Set(each.flatMap((one) => [...one.keys()]))].sort((a, b) => a - b);
  return steps.map((step) => {
    const points = each.flatMap((one) => one.get(step) ?? []);
    return {
      value: combined(
        points.map(({ value }) => value),
        question.stat,
      ),
      observedAtMs: Math.min(...points.map(({ atMs }) => atMs)),
    };
  });
}

/** The coarsest resolution that is no coarser than the steps, and kept for so long; never finer than was asked for. */
function fittingResolution(asked: Resolution, { fromMs, stepMs }: TimeRange, nowMs: number): Resolution {
  const names = Object.keys(RESOLUTIONS) as Resolution[];
  const from = names.indexOf(asked);
  const coarser = names.slice(from);
  const kept = coarser.filter((name) => nowMs - RESOLUTIONS[name].keptMs <= fromMs);
  const fitting = kept.filter((name) => RESOLUTIONS[name].slotMs <= stepMs);
  return fitting.at(-1) ?? kept[0] ?? "1d";
}

/** The last point of each step, of one instance. */
async function stepsOf(
  look: Look,
  question: Question,
  series: readonly Series[],
  span: Span,
  stepMs: number,
): Promise<Map<number, Point>> {
  const plots = await Promise.all(series.map((one) => look.plot(one, question, span, look.call)));
  const [first = [], ...others] = plots.map(
    (plot) => new Map(plot.map((point) => [Math.floor(point.atMs / stepMs), point] as const)),
  );
  const steps = new Map<number, Point>();
  for (const [step, point] of first) {
    const all = [point, ...others.flatMap((other) => other.get(step) ?? [])];
    if (all.length === series.length) steps.set(step, pointOf(all, question));
  }
  return steps;
}
