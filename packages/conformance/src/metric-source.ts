import assert from "node:assert/strict";
import { type Sample, systemClock } from "@bellows/core";
import { settledWithin } from "./checks.js";
import {
  type BadQuery,
  benchOf,
  checkSample,
  type GoodQuery,
  type MetricSourceSuiteOptions,
  type SourceBench,
} from "./metric-source-bench.js";
import { deadlineTests } from "./metric-source-deadlines.js";
import { type Add, registerSuite, type Tests } from "./tests.js";

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
