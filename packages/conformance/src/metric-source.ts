import assert from "node:assert/strict";
import {
  deepFreeze,
  type MetricQuery,
  type MetricSource,
  type ProviderDrivers,
  type ReadOptions,
  type Sample,
  sampleSchema,
  systemClock,
} from "@bellows/core";
import { checked, checkPlain, settledWithin } from "./checks.js";
import { deadlineTests } from "./metric-source-deadlines.js";
import { type Add, type Parts, type ReportOptions, registerSuite, type Tests } from "./tests.js";

/** A source, and how to end what it was asked about. */
export interface OpenedSource<P> {
  source: MetricSource<P>;
  cleanup?: () => Promise<void> | void;
}

/** A question that has a number for an answer. */
export interface GoodQuery<P> extends MetricQuery<P> {
  /** The number, or a test of it. Without it any finite number will do. */
  expect?: number | ((value: number) => boolean);
}

/** A question that has no number for an answer. */
export interface BadQuery<P> extends MetricQuery<P> {
  /** What the reason must say. */
  why?: RegExp;
}

/** What a metric source needs to be put to the proof. */
export interface MetricSourceSuiteOptions<P = unknown> extends ReportOptions {
  /** Opens the source; called once a test. */
  create: () => Promise<OpenedSource<P> | MetricSource<P>> | OpenedSource<P> | MetricSource<P>;
  /** At least two, with different answers if the source can give them. */
  good: readonly GoodQuery<P>[];
  /** Questions without an answer: what is not there, what is no number. Empty for a source that always has one. */
  bad: readonly BadQuery<P>[];
  /** Questions whose answer never comes (a server that is silent). Without them the deadline is exercised only in part. */
  silent?: readonly MetricQuery<P>[];
  /** Secrets that the source was given: no reason may hold one. */
  secrets?: readonly string[];
  /** The drivers of the bound provider, for sources that need them. */
  provider?: ProviderDrivers;
  /** Time for an ordinary read, in milliseconds (default 10,000). */
  deadlineMs?: number;
  /** How late after its deadline, or after it was given up, a read may return, in milliseconds (default 3,000). */
  graceMs?: number;
}

/** What the tests of a source work with. */
export interface SourceBench<P> {
  options: MetricSourceSuiteOptions<P>;
  parts: Parts;
  graceMs: number;
  /** Opens a source, hands it over, closes it. */
  withSource(run: (source: MetricSource<P>) => Promise<void>): () => Promise<void>;
  /** Reads with the usual deadline; every sample is checked against the contract. */
  read(
    source: MetricSource<P>,
    queries: readonly MetricQuery<P>[],
    options?: Partial<ReadOptions>,
  ): Promise<Sample[]>;
}

/**
 * Puts a metric source to the proof: one sample a query, in order, in time, and a reason where there is no number.
 * @param tests - the caller's test functions.
 */
export function metricSourceSuite<P>(tests: Tests, options: MetricSourceSuiteOptions<P>): void {
  registerSuite(tests, "a metric source", options, (section, parts) => {
    const bench = benchOf(options, parts);
    section("samples", (add) => sampleTests(add, bench));
    section("deadlines", (add) => deadlineTests(add, bench));
    section("the past", (add) => rangeTests(add, bench));
  });
}

function benchOf<P>(options: MetricSourceSuiteOptions<P>, parts: Parts): SourceBench<P> {
  return {
    options,
    parts,
    graceMs: options.graceMs ?? 3_000,
    withSource: (run) => async () => {
      const made = await options.create();
      const { source, cleanup } = "source" in made ? made : { source: made, cleanup: undefined };
      try {
        await run(source);
      } finally {
        await source.close?.();
        await cleanup?.();
      }
    },
    async read(source, queries, readOptions = {}) {
      const asked = deepFreeze(
        structuredClone(
          queries.map(({ params, group, service }) => ({
            params,
            ...(group && { group }),
            ...(service && { service }),
          })),
        ),
      );
      const samples = await source.read(asked as MetricQuery<P>[], {
        deadlineMs: options.deadlineMs ?? 10_000,
        ...(options.provider && { provider: options.provider }),
        ...readOptions,
      });
      assert.equal(samples.length, queries.length, `${queries.length} queries got ${samples.length} samples`);
      for (const [index, sample] of samples.entries())
        checkSample(sample, `sample ${index}`, options.secrets);
      return samples;
    },
  };
}

/** Checks one sample against the contract, and its reason for secrets. */
export function checkSample(sample: Sample, what: string, secrets: readonly string[] = []): void {
  checkPlain(sample, what, false);
  checked(sampleSchema, sample, what, false);
  if ("value" in sample) {
    assert.ok(Number.isFinite(sample.observedAtMs), `${what}: observedAtMs is ${sample.observedAtMs}`);
    return;
  }
  assert.ok(!sample.unavailable.includes("\n"), `${what}: its reason has several lines`);
  for (const secret of secrets)
    assert.ok(!sample.unavailable.includes(secret), `${what}: its reason tells a secret`);
}

function checkGood<P>({ expect, params }: GoodQuery<P>, sample: Sample | undefined): void {
  const asked = JSON.stringify(params);
  assert.ok(sample !== undefined && "value" in sample, `${asked} has no value: ${JSON.stringify(sample)}`);
  if (typeof expect === "number") assert.equal(sample.value, expect, asked);
  if (typeof expect === "function") assert.ok(expect(sample.value), `${asked} gives ${sample.value}`);
}

function checkBad<P>({ why, params }: BadQuery<P>, sample: Sample | undefined): void {
  const asked = JSON.stringify(params);
  assert.ok(
    sample !== undefined && "unavailable" in sample,
    `${asked} has a value: ${JSON.stringify(sample)}`,
  );
  if (why) assert.match(sample.unavailable, why);
}

function sampleTests<P>(add: Add, { options, parts, withSource, read }: SourceBench<P>): void {
  const { good, bad } = options;
  const mixed = interleaved(good, bad);
  const checkMixed = (samples: readonly Sample[], asked: readonly (GoodQuery<P> | BadQuery<P>)[]): void => {
    for (const [index, query] of asked.entries())
      if (bad.includes(query)) checkBad(query, samples[index]);
      else checkGood(query, samples[index]);
  };

  add(
    "every good question has a finite number, and the time when it was true",
    withSource(async (source) => {
      for (const query of good) checkGood(query, (await read(source, [query]))[0]);
      parts.exercised("values");
    }),
  );

  add(
    "every bad question has a reason in one line, and no exception",
    withSource(async (source) => {
      if (bad.length === 0) return parts.absent("questions without an answer");
      for (const query of bad) checkBad(query, (await read(source, [query]))[0]);
      parts.exercised("reasons");
      if (options.secrets?.length) parts.exercised("secrets");
    }),
  );

  add(
    "all questions at once have one sample each, in their order, and a bad one spoils no good one",
    withSource(async (source) => {
      checkMixed(await read(source, mixed), mixed);
      const reversed = [...mixed].reverse();
      checkMixed(await read(source, reversed), reversed);
      parts.exercised("batches");
    }),
  );

  add(
    "the same question twice has an answer twice",
    withSource(async (source) => {
      for (const query of good.slice(0, 1))
        for (const sample of await read(source, [query, query])) checkGood(query, sample);
    }),
  );

  add(
    "no question has no answer",
    withSource(async (source) => assert.deepEqual(await read(source, []), [])),
  );

  add(
    "two hundred questions are answered as one is",
    withSource(async (source) => {
      const many = Array.from({ length: 200 }, (_, index) => good[index % good.length] as GoodQuery<P>);
      checkMixed(await read(source, many), many);
    }),
  );

  add(
    "it can be read again, and twice at once",
    withSource(async (source) => {
      await read(source, good);
      const [one, other] = await Promise.all([read(source, mixed), read(source, good)]);
      checkMixed(one, mixed);
      checkMixed(other, good);
    }),
  );

  add(
    "who asks for early answers hears each at most once, while the read lasts, and as it stands in the end",
    withSource(async (source) => {
      const early = new Map<number, Sample>();
      let over = false;
      const onSample = (index: number, sample: Sample): void => {
        assert.ok(!over, "an answer came after the read was over");
        assert.ok(index in mixed, `there is no question ${index}`);
        assert.ok(!early.has(index), `question ${index} was answered twice`);
        early.set(index, structuredClone(sample));
      };
      const samples = await read(source, mixed, { onSample });
      over = true;
      for (const [index, sample] of early) assert.deepEqual(sample, samples[index], `question ${index}`);
      if (early.size > 0) parts.exercised("early answers");
      else parts.absent("early answers");
    }),
  );
}

function interleaved<P>(
  good: readonly GoodQuery<P>[],
  bad: readonly BadQuery<P>[],
): (GoodQuery<P> | BadQuery<P>)[] {
  return Array.from({ length: Math.max(good.length, bad.length) }, (_, index) => [good[index], bad[index]])
    .flat()
    .filter((query) => query !== undefined);
}

/** A span of the past that every source should have something to say about, or say that it has not. */
const SPAN_MS = 60_000;
const STEP_MS = 10_000;

function rangeTests<P>(add: Add, { options, parts, withSource, graceMs }: SourceBench<P>): void {
  add(
    "what it tells of the past is one list a question, in order of time, within the span asked for",
    withSource(async (source) => {
      if (source.readRange === undefined) return parts.absent("the past");
      const toMs = systemClock.now();
      const range = { fromMs: toMs - SPAN_MS, toMs, stepMs: STEP_MS };
      const queries = [...options.good, ...options.bad].map(({ params }) => ({ params }));
      const deadlineMs = options.deadlineMs ?? 10_000;
      const read = source.readRange(queries, range, {
        deadlineMs,
        ...(options.provider && { provider: options.provider }),
      });
      const all = await settledWithin(read, deadlineMs + graceMs, "the read of the past");
      assert.equal(all.length, queries.length);
      for (const [index, points] of all.entries()) checkPoints(points, index, range, options.secrets);
      parts.exercised("the past");
    }),
  );
}

function checkPoints(
  points: readonly Sample[],
  index: number,
  range: { fromMs: number; toMs: number },
  secrets: readonly string[] | undefined,
): void {
  let beforeMs = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    checkSample(point, `a point of question ${index}`, secrets);
    if (!("value" in point)) continue;
    const { observedAtMs } = point;
    assert.ok(observedAtMs > beforeMs, `question ${index}: its points are not in order of time`);
    assert.ok(
      observedAtMs >= range.fromMs && observedAtMs < range.toMs,
      `question ${index}: a point lies outside the span`,
    );
    beforeMs = observedAtMs;
  }
}
