import type { MetricQuery, MetricSource, ReadOptions, Sample } from "@bellows/core";
import { describe, expect, test } from "vitest";
import { metricSourceSuite } from "../src/index.js";
import { failureOfTest } from "./collect-tests.js";
import { memorySource, type Params, sourceOptions } from "./memory-source.js";

describe("the source in memory passes", () => metricSourceSuite({ describe, test }, sourceOptions));

type Read = MetricSource<Params>["read"];

/** A source whose answers are changed before they are given. */
const answers =
  (change: (samples: Sample[], queries: readonly MetricQuery<Params>[]) => Sample[]) =>
  (read: Read): Read =>
  async (queries, options) =>
    change(await read(queries, options), queries);

/** A source that is asked with other options than it was told. */
const asked =
  (change: (options: ReadOptions) => ReadOptions) =>
  (read: Read): Read =>
  (queries, options) =>
    read(queries, change(options));

/** Each sample with a value, changed. */
const values = (change: (sample: { value: number; observedAtMs: number }) => unknown) =>
  answers((samples) => samples.map((sample) => ("value" in sample ? (change(sample) as Sample) : sample)));

const never = <T>(): Promise<T> => new Promise(() => undefined);
const isSilent = ({ params }: MetricQuery<Params>): boolean => "silent" in params;

const ROWS: [fault: string, caughtBy: string, change: (read: Read) => Read][] = [
  [
    "a sample is missing",
    "all questions at once",
    answers((samples) => samples.slice(0, Math.max(1, samples.length - 1))),
  ],
  [
    "a sample too many",
    "no question has no answer",
    answers((samples) => [...samples, { unavailable: "?" }]),
  ],
  [
    "answers come in the order of arrival",
    "all questions at once",
    answers((samples) => [...samples].reverse()),
  ],
  [
    "equal questions are asked once and answered once",
    "the same question twice",
    answers((samples) => [
      ...new Map(samples.map((sample) => [JSON.stringify({ ...sample, observedAtMs: 0 }), sample])).values(),
    ]),
  ],
  ["only a hundred are asked at once", "two hundred questions", answers((samples) => samples.slice(0, 100))],
  [
    "a value is NaN",
    "every good question has a finite number",
    values((sample) => ({ ...sample, value: Number.NaN })),
  ],
  [
    "a value is infinite",
    "every good question has a finite number",
    values((sample) => ({ ...sample, value: Number.POSITIVE_INFINITY })),
  ],
  [
    "a value is a text",
    "every good question has a finite number",
    values((sample) => ({ ...sample, value: String(sample.value) })),
  ],
  ["a value has no time", "every good question has a finite number", values(({ value }) => ({ value }))],
  [
    "a time is NaN",
    "every good question has a finite number",
    values((sample) => ({ ...sample, observedAtMs: Number.NaN })),
  ],
  [
    "zero stands for no value",
    "every bad question has a reason",
    answers((samples) =>
      samples.map((sample) => ("value" in sample ? sample : { value: 0, observedAtMs: 1 })),
    ),
  ],
  [
    "a reason is empty",
    "every bad question has a reason",
    answers((samples) => samples.map((sample) => ("value" in sample ? sample : { unavailable: "" }))),
  ],
  [
    "a reason is a page",
    "every bad question has a reason",
    answers((samples) =>
      samples.map((sample) =>
        "value" in sample ? sample : { unavailable: `${sample.unavailable}\nat line 1` },
      ),
    ),
  ],
  [
    "a reason tells a secret",
    "every bad question has a reason",
    answers((samples) =>
      samples.map((sample) =>
        "value" in sample ? sample : { unavailable: `${sample.unavailable}: correct-horse` },
      ),
    ),
  ],
  [
    "one bad question is an exception",
    "every bad question has a reason",
    answers((samples) => {
      if (samples.some((sample) => "unavailable" in sample)) throw new Error("bad question");
      return samples;
    }),
  ],
  [
    "a bad question spoils the good ones",
    "all questions at once",
    answers((samples) =>
      samples.some((sample) => "unavailable" in sample)
        ? samples.map(() => ({ unavailable: "the read failed, queue" }))
        : samples,
    ),
  ],
  [
    "an early answer comes twice",
    "who asks for early answers",
    asked((options) => ({
      ...options,
      onSample: (index, sample) => {
        options.onSample?.(index, sample);
        options.onSample?.(index, sample);
      },
    })),
  ],
  [
    "an early answer is another",
    "who asks for early answers",
    asked((options) => ({
      ...options,
      onSample: (index) => options.onSample?.(index, { unavailable: "not yet" }),
    })),
  ],
  [
    "an early answer has another's number",
    "who asks for early answers",
    asked((options) => ({ ...options, onSample: (index, sample) => options.onSample?.(index + 1, sample) })),
  ],
  [
    "the deadline is ignored",
    "what has not answered by the deadline",
    (read) => (queries, options) => (queries.some(isSilent) ? never() : read(queries, options)),
  ],
  [
    "who is late takes the others along",
    "what has not answered by the deadline",
    answers((samples, queries) =>
      queries.some(isSilent) ? samples.map(() => ({ unavailable: "too late" })) : samples,
    ),
  ],
  [
    "being given up is ignored",
    "a read that is given up while it waits",
    asked(({ signal: _, ...options }) => options),
  ],
  [
    "being given up beforehand is ignored",
    "a read that is given up before it begins",
    asked(({ signal: _, ...options }) => options),
  ],
  [
    "no questions are a fault",
    "no question has no answer",
    (read) => async (queries, options) =>
      queries.length === 0 ? Promise.reject(new Error("no queries")) : read(queries, options),
  ],
  [
    "questions are changed while they are asked",
    "every good question has a finite number",
    (read) => (queries, options) => {
      for (const query of queries) Object.assign(query, { asked: true });
      return read(queries, options);
    },
  ],
  [
    "it can be read once",
    "it can be read again",
    (read) => {
      let reads = 0;
      return async (queries, options) =>
        reads++ === 0 ? read(queries, options) : queries.map(() => ({ unavailable: "closed" }));
    },
  ],
];

describe("a source that is broken fails the suite", () => {
  test.each(ROWS)("%s: caught by “%s”", async (_fault, caughtBy, change) => {
    const create = () => {
      const source = memorySource();
      return { ...source, read: change(source.read.bind(source)) };
    };
    const failure = await failureOfTest(
      (tests) => metricSourceSuite(tests, { ...sourceOptions, create }),
      caughtBy,
    );
    expect(failure).toBeInstanceOf(Error);
  });

  test.each<[fault: string, change: (points: Sample[]) => Sample[]]>([
    ["backwards", (points) => [...points].reverse()],
    [
      "an hour early",
      (points) =>
        points.map((point) =>
          "value" in point ? { ...point, observedAtMs: point.observedAtMs - 3_600_000 } : point,
        ),
    ],
    ["twice", (points) => [...points, ...points]],
  ])("its past is told %s", async (_fault, change) => {
    const create = () => {
      const source = memorySource();
      return {
        ...source,
        readRange: async (...args: Parameters<typeof source.readRange>) =>
          (await source.readRange(...args)).map(change),
      };
    };
    const failure = await failureOfTest(
      (tests) => metricSourceSuite(tests, { ...sourceOptions, create }),
      "what it tells of the past",
    );
    expect(failure).toBeInstanceOf(Error);
  });
});
