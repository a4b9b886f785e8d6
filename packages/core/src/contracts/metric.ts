import { z } from "zod";
import type { CallOptions, Ref } from "./common.js";
import type { ProviderDrivers } from "./provider.js";

/** A number and when it was true, or why there is none. A failed read is a value, not an exception. */
export type Sample = { value: number; observedAtMs: number } | { unavailable: string };
/** Schema of {@link Sample}. */
export const sampleSchema = z.union([
  z.strictObject({ value: z.number(), observedAtMs: z.number() }),
  z.strictObject({ unavailable: z.string().min(1) }),
]);

/** One question to a metric source; `params` has passed the source's `query` schema. */
export interface MetricQuery<P = unknown> {
  params: P;
  /** The group it is about, for sources that answer about groups. */
  group?: Ref;
  /** The service it is about, in clusters. */
  service?: { cluster: string; service: string };
}

/** What a source may use while reading. */
export interface ReadOptions extends CallOptions {
  /** Time for the whole read, in milliseconds; what has not answered by then is `unavailable`. */
  deadlineMs: number;
  /** The drivers of the bound provider, for sources that use its account or its metrics. */
  provider?: ProviderDrivers;
  /** Called as soon as one query has its answer, so that a slow neighbour delays nobody. Optional to use. */
  onSample?: (index: number, sample: Sample) => void;
}

/** A span of the past, for {@link MetricSource.readRange}. */
export interface TimeRange {
  fromMs: number;
  /** Exclusive. */
  toMs: number;
  /** Distance of the points wanted. */
  stepMs: number;
}

/** A metric source, ready to read. */
export interface MetricSource<P = unknown> {
  /**
   * Answers all queries of a round in as few calls as its API allows.
   * @returns one sample a query, in the queries' order. Never throws for one query; throws only when nothing at all
   *   can be read (the caller then makes each one `unavailable`).
   */
  read(queries: readonly MetricQuery<P>[], options: ReadOptions): Promise<Sample[]>;
  /** The past of each query: points in order of time, in the queries' order. */
  readRange?(queries: readonly MetricQuery<P>[], range: TimeRange, options: ReadOptions): Promise<Sample[][]>;
  close?(): Promise<void>;
}

/** Names that `source: group` understands on every provider (a provider may answer more). */
export const NEUTRAL_METRICS = [
  "cpuPercent",
  "memoryPercent",
  "memoryBytes",
  "networkInBytes",
  "networkOutBytes",
  "requestCount",
  "requestRate",
  "errorRate",
  "latencyMs",
  "activeRequests",
] as const;

/** A provider's own metrics: it answers `source: group` (and `source: service`). */
export interface MetricsDriver {
  /** Names it answers, beyond or among {@link NEUTRAL_METRICS}. */
  readonly names: readonly string[];
  /** As {@link MetricSource.read}; `params` are `{ metric, stat?, periodMs? }`. */
  read(queries: readonly MetricQuery<GroupMetricParams>[], options: ReadOptions): Promise<Sample[]>;
  /** Name of the source whose words `readOwn` and `readOwnRange` take, such as `cloudwatch`. */
  readonly ownSource?: string;
  /**
   * As {@link MetricSource.read}, in the words of the cloud's own metric service: the source that belongs to it
   * (`cloudwatch` to AWS) checks the queries and hands them on, so that they use the provider's account and throttle.
   */
  readOwn?(queries: readonly MetricQuery[], options: ReadOptions): Promise<Sample[]>;
  /** As {@link MetricSource.readRange}, likewise. */
  readOwnRange?(queries: readonly MetricQuery[], range: TimeRange, options: ReadOptions): Promise<Sample[][]>;
}

/** Schema of a query with `source: group`. */
export const groupMetricSchema = z.strictObject({
  metric: z.string().min(1),
  /** How instances become one number (default: the metric's own, mean for percentages, sum for counts). */
  stat: z.enum(["mean", "max", "min", "sum"]).optional(),
  /** Window that it looks back over, where the provider lets one choose. */
  periodMs: z.number().int().positive().optional(),
});
/** A query with `source: group`. */
export type GroupMetricParams = z.infer<typeof groupMetricSchema>;
