/**
 * Counts and latencies over a sliding window, without a clock of its own: every call is told the time.
 *
 * Latencies go to geometric buckets, four to an octave from 0.05 ms, so a percentile is exact to about 9 %.
 * One slot holds one second; a slot is reused when its second has left the window.
 */

/** Longest window that can be asked for. */
export const WINDOW_SECONDS = 60;
const FIRST_BUCKET_MS = 0.05;
const BUCKETS_PER_OCTAVE = 4;
/** 24 octaves: up to about 14 minutes; longer ones share the last bucket. */
const BUCKETS = 24 * BUCKETS_PER_OCTAVE;

interface Slot {
  second: number;
  requests: number;
  failures: number;
  serverErrors: number;
  latencySumMs: number;
  timed: number;
  readonly buckets: Uint32Array;
}

/** The live counters of one member, pool or balancer. Written by this file's functions alone. */
export interface Counters {
  requests: number;
  failures: number;
  serverErrors: number;
  bytesIn: number;
  bytesOut: number;
  readonly slots: (Slot | undefined)[];
}

/** How one request (or TCP connection) ended. */
export interface Outcome {
  /** Milliseconds from its arrival to the last byte of its answer; leave out for what should not be averaged. */
  readonly latencyMs?: number;
  /** True when the balancer could not get a whole answer. */
  readonly failed?: boolean;
  /** True when the answer's status was 500 or above. */
  readonly serverError?: boolean;
}

/** A summary of {@link Counters}, ready to be sent as JSON. */
export interface Summary {
  /** Requests since the balancer's start. */
  requests: number;
  /** Requests since the start that got no whole answer. */
  failures: number;
  /** Answers since the start with status 500 or above. */
  serverErrors: number;
  /** Bytes of request bodies (TCP: from clients) since the start. */
  bytesIn: number;
  /** Bytes of response bodies (TCP: to clients) since the start. */
  bytesOut: number;
  /** The same counts over the last `seconds`; latencies in milliseconds, absent when nothing was measured. */
  window: {
    seconds: number;
    requests: number;
    failures: number;
    serverErrors: number;
    requestsPerSecond: number;
    latencyMs?: { mean: number; p50: number; p95: number };
  };
}

/** Counters at zero. */
export function createCounters(): Counters {
  return { requests: 0, failures: 0, serverErrors: 0, bytesIn: 0, bytesOut: 0, slots: [] };
}

/** The bucket that a latency falls into. */
export function bucketOf(latencyMs: number): number {
  if (!(latencyMs > FIRST_BUCKET_MS)) return 0;
  const index = 1 + Math.floor(Math.log2(latencyMs / FIRST_BUCKET_MS) * BUCKETS_PER_OCTAVE);
  return Math.min(index, BUCKETS - 1);
}

/** The latency that stands for a bucket: the geometric middle of its bounds. */
export function latencyOf(bucket: number): number {
  return bucket === 0 ? FIRST_BUCKET_MS : FIRST_BUCKET_MS * 2 ** ((bucket - 0.5) / BUCKETS_PER_OCTAVE);
}

function slotAt(counters: Counters, second: number): Slot {
  const index = second % WINDOW_SECONDS;
  const slot = counters.slots[index];
  if (slot?.second === second) return slot;
  const buckets = slot?.buckets.fill(0) ?? new Uint32Array(BUCKETS);
  const fresh = { second, requests: 0, failures: 0, serverErrors: 0, latencySumMs: 0, timed: 0, buckets };
  counters.slots[index] = fresh;
  return fresh;
}

/**
 * Counts one finished request.
 * @param atMs - monotonic milliseconds, 0 or more.
 */
export function record(counters: Counters, atMs: number, outcome: Outcome): void {
  const slot = slotAt(counters, Math.floor(atMs / 1_000));
  counters.requests += 1;
  slot.requests += 1;
  if (outcome.failed === true) {
    counters.failures += 1;
    slot.failures += 1;
  }
  if (outcome.serverError === true) {
    counters.serverErrors += 1;
    slot.serverErrors += 1;
  }
  if (outcome.latencyMs === undefined) return;
  slot.timed += 1;
  slot.latencySumMs += outcome.latencyMs;
  const bucket = bucketOf(outcome.latencyMs);
  slot.buckets[bucket] = (slot.buckets[bucket] ?? 0) + 1;
}

function percentile(buckets: Uint32Array, count: number, fraction: number): number {
  const rank = Math.max(1, Math.ceil(count * fraction));
  let seen = 0;
  for (const [bucket, hits] of buckets.entries()) {
    seen += hits;
    if (seen >= rank) return latencyOf(bucket);
  }
  return latencyOf(BUCKETS - 1);
}

/**
 * Sums up since the start and over the last `seconds`, the running second included.
 * @param nowMs - monotonic milliseconds, on the same scale as {@link record}.
 * @param seconds - length of the window, 1 to {@link WINDOW_SECONDS}.
 */
export function summarize(counters: Counters, nowMs: number, seconds: number): Summary {
  const length = Math.min(Math.max(1, Math.floor(seconds)), WINDOW_SECONDS);
  const now = Math.floor(nowMs / 1_000);
  const window: Summary["window"] = {
    seconds: length,
    requests: 0,
    failures: 0,
    serverErrors: 0,
    requestsPerSecond: 0,
  };
  const buckets = new Uint32Array(BUCKETS);
  let timed = 0;
  let latencySumMs = 0;
  for (const slot of counters.slots) {
    if (slot === undefined || slot.second <= now - length || slot.second > now) continue;
    window.requests += slot.requests;
    window.failures += slot.failures;
    window.serverErrors += slot.serverErrors;
    timed += slot.timed;
    latencySumMs += slot.latencySumMs;
    for (const [bucket, hits] of slot.buckets.entries()) buckets[bucket] = (buckets[bucket] ?? 0) + hits;
  }
  window.requestsPerSecond = window.requests / length;
  if (timed > 0) {
    const p50 = percentile(buckets, timed, 0.5);
    window.latencyMs = { mean: latencySumMs / timed, p50, p95: percentile(buckets, timed, 0.95) };
  }
  const { requests, failures, serverErrors, bytesIn, bytesOut } = counters;
  return { requests, failures, serverErrors, bytesIn, bytesOut, window };
}

/** Sums several counters into new ones; the originals stay as they are. */
export function mergeCounters(parts: readonly Counters[]): Counters {
  const sum = createCounters();
  for (const part of parts) {
    for (const key of ["requests", "failures", "serverErrors", "bytesIn", "bytesOut"] as const)
      sum[key] += part[key];
    for (const slot of part.slots) if (slot !== undefined) mergeSlot(sum, slot);
  }
  return sum;
}

function mergeSlot(sum: Counters, from: Slot): void {
  const present = sum.slots[from.second % WINDOW_SECONDS];
  // Of two seconds that share a slot only the later can lie in the window.
  if (present !== undefined && present.second > from.second) return;
  const into = slotAt(sum, from.second);
  for (const key of ["requests", "failures", "serverErrors", "latencySumMs", "timed"] as const)
    into[key] += from[key];
  for (const [bucket, hits] of from.buckets.entries())
    into.buckets[bucket] = (into.buckets[bucket] ?? 0) + hits;
}
