import type { MetricQuery } from "../contracts/metric.js";
import type { Capabilities, ProviderDrivers } from "../contracts/provider.js";
import type { MetricSpec, ScalingSpec } from "../contracts/scaling.js";
import type { CustomPolicy } from "./compiled.js";

/** A group as the line runs it. */
export interface GroupRuntime {
  spec: ScalingSpec;
  drivers: ProviderDrivers;
  capabilities: Capabilities;
  /** Policies of policy plugins, beside those of the definition. */
  custom?: readonly CustomPolicy[];
  /** True while a batch of a rollout is under way. */
  rolling?: boolean;
}

/** One look at all groups of a provider that are due. */
export interface Look {
  kind: "look";
  provider: string;
  refs: string[];
  /** Longest that any of its groups waits. */
  timeoutMs: number;
}

/** One read of a source, for the groups of one provider. */
export interface Read {
  kind: "read";
  /** What may have only one read in flight: the source, or for `group` and `service` the provider. */
  lane: string;
  source: string;
  provider: string;
  queries: MetricQuery[];
  timeoutMs: number;
}

/** What has to be asked in a round. */
export type Ask = Look | Read;

/** Where one of a group's inputs comes from: a place in the answer to an {@link Ask}. */
export interface Input {
  /** Index in `asks`. */
  ask: number;
  position: number;
  timeoutMs: number;
}

/** A group in a round and its inputs: the look first, then its metrics in the order of its definition. */
export interface DueGroup {
  name: string;
  spec: ScalingSpec;
  inputs: Input[];
}

/** Everything that one round asks, and who waits for which part of it. */
export interface RoundPlan {
  /** Drawn before anything was asked; see own-writes.ts. */
  ticket: number;
  groups: readonly DueGroup[];
  asks: readonly Ask[];
  /** Who waits for what: by ask and position, pairs of a group's index and the index of its input. */
  waiting: readonly (readonly (readonly number[])[])[];
}

/** Longest wait for an input unless a metric says otherwise, in milliseconds. */
const LONGEST_WAIT_MS = 10_000;

/** Least wait for a look at a group: a cloud may take longer than half of a very short round. */
const LEAST_LOOK_MS = 5_000;

/** How long a group waits for a metric: the metric's own time, else half a round, at most 10 s. */
export function metricTimeoutMs(
  { everyMs }: Pick<ScalingSpec, "everyMs">,
  { timeoutMs }: MetricSpec,
): number {
  return timeoutMs ?? Math.min(everyMs / 2, LONGEST_WAIT_MS);
}

/** How long a group waits for a look at it: half a round, at least 5 s, at most 10 s. */
export function lookTimeoutMs({ everyMs }: Pick<ScalingSpec, "everyMs">): number {
  return Math.min(Math.max(everyMs / 2, LEAST_LOOK_MS), LONGEST_WAIT_MS);
}

/**
 * Plans a round: one look a provider, one read a source and provider, equal queries once. Pure.
 */
export function planRound(due: readonly Pick<GroupRuntime, "spec">[], ticket: number): RoundPlan {
  const groups: DueGroup[] = [];
  const asks: Ask[] = [];
  const indexes = new Map<string, number>();
  const positions = new Map<string, number>();
  for (const { spec } of due) {
    const inputs = [lookInput(asks, indexes, spec)];
    for (const metric of spec.metrics) inputs.push(readInput(asks, indexes, positions, spec, metric));
    groups.push({ name: spec.name, spec, inputs });
  }
  return { ticket, groups, asks, waiting: whoWaits(groups, asks) };
}

function whoWaits(groups: readonly DueGroup[], asks: readonly Ask[]): number[][][] {
  const waiting = asks.map((ask) =>
    Array.from({ length: ask.kind === "look" ? ask.refs.length : ask.queries.length }, (): number[] => []),
  );
  for (const [index, { inputs }] of groups.entries()) {
    for (const [at, { ask, position }] of inputs.entries()) waiting[ask]?.[position]?.push(index, at);
  }
  return waiting;
}

/** How many plans are kept: groups with a few different periods become due in a few different sets. */
const KEPT_PLANS = 8;

/**
 * Plans rounds, and remembers plans: as long as no definition changes, the same groups ask the same things.
 */
export function createPlanner(): (due: readonly Pick<GroupRuntime, "spec">[], ticket: number) => RoundPlan {
  let kept: RoundPlan[] = [];
  return (due, ticket) => {
    const known = kept.find(
      ({ groups }) =>
        groups.length === due.length && groups.every(({ spec }, index) => spec === due[index]?.spec),
    );
    if (known !== undefined) return { ...known, ticket };
    const plan = planRound(due, ticket);
    kept = [plan, ...kept].slice(0, KEPT_PLANS);
    return plan;
  };
}

function askAt<A extends Ask>(
  asks: Ask[],
  indexes: Map<string, number>,
  key: string,
  make: () => A,
): [number, A] {
  let index = indexes.get(key);
  if (index === undefined) {
    index = asks.push(make()) - 1;
    indexes.set(key, index);
  }
  return [index, asks[index] as A];
}

function lookInput(asks: Ask[], indexes: Map<string, number>, spec: ScalingSpec): Input {
  const { provider } = spec;
  const timeoutMs = lookTimeoutMs(spec);
  const [ask, look] = askAt<Look>(asks, indexes, `look\0${provider}`, () => ({
    kind: "look",
    provider,
    refs: [],
    timeoutMs,
  }));
  look.timeoutMs = Math.max(look.timeoutMs, timeoutMs);
  return { ask, position: look.refs.push(spec.ref) - 1, timeoutMs };
}

function readInput(
  asks: Ask[],
  indexes: Map<string, number>,
  positions: Map<string, number>,
  spec: ScalingSpec,
  metric: MetricSpec,
): Input {
  const { source } = metric;
  const { provider } = spec;
  const timeoutMs = metricTimeoutMs(spec, metric);
  const isBound = isGroupBound(source);
  const lane = isBound ? `metrics of ${provider}` : source;
  const [ask, read] = askAt<Read>(asks, indexes, `${source}\0${provider}`, () => ({
    kind: "read",
    lane,
    source,
    provider,
    queries: [],
    timeoutMs,
  }));
  read.timeoutMs = Math.max(read.timeoutMs, timeoutMs);
  const key = `${ask}\0${isBound ? spec.ref : ""}\0${paramsKey(metric.params)}`;
  let position = positions.get(key);
  if (position === undefined) {
    position = read.queries.push(queryOf(spec, metric)) - 1;
    positions.set(key, position);
  }
  return { ask, position, timeoutMs };
}

/** Whether a source answers about the group that asks, through the group's own provider. */
export function isGroupBound(source: string): source is "group" | "service" {
  return source === "group" || source === "service";
}

function queryOf(spec: ScalingSpec, { source, params }: MetricSpec): MetricQuery {
  if (source === "group") return { params, group: spec.ref };
  if (source !== "service") return { params };
  const [cluster = "", ...service] = spec.ref.split("/");
  return { params, group: spec.ref, service: { cluster, service: service.join("/") } };
}

/** Definitions live as long as their file does: each is turned into a key once. */
const keys = new WeakMap<object, string>();

function paramsKey(params: unknown): string {
  if (typeof params !== "object" || params === null) return JSON.stringify(params) ?? "";
  let key = keys.get(params);
  if (key === undefined) {
    key = JSON.stringify(params, sortedKeys);
    keys.set(params, key);
  }
  return key;
}

/** Makes `{ a, b }` and `{ b, a }` the same question. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
