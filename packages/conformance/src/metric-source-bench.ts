import assert from "node:assert/strict";
import {
  deepFreeze,
  type MetricQuery,
  type MetricSource,
  type ProviderDrivers,
  type ReadOptions,
  type Sample,
  sampleSchema,
} from "@bellows/core";
import { checked, checkPlain } from "./checks.js";
import type { Parts, ReportOptions } from "./tests.js";

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

/** Makes the bench of a suite. */
export function benchOf<P>(options: MetricSourceSuiteOptions<P>, parts: Parts): SourceBench<P> {
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
