import assert from "node:assert/strict";
import type { Sample } from "@bellows/core";
import { settledWithin } from "./checks.js";
import { checkSample, type SourceBench } from "./metric-source-bench.js";
import type { Add } from "./tests.js";

/** Time that a read gets for a question whose answer never comes. */
const SHORT_MS = 400;

/** Reads that run out of time, and reads that are given up. */
export function deadlineTests<P>(
  add: Add,
  { options, parts, withSource, read, graceMs }: SourceBench<P>,
): void {
  const { good, silent = [] } = options;

  add(
    "a read that has next to no time returns all the same, with a sample for each question",
    withSource(async (source) => {
      await settledWithin(read(source, good, { deadlineMs: 1 }), graceMs, "a read of one millisecond");
    }),
  );

  add(
    "a read that is given up before it begins does not hang",
    withSource(async (source) => {
      const reading = read(source, [...good, ...silent], {
        signal: AbortSignal.abort(),
        deadlineMs: 600_000,
      });
      await settledWithin(
        reading.then(undefined, () => undefined),
        graceMs,
        "a read that was given up",
      );
    }),
  );

  if (silent.length === 0) {
    add("it has no question whose answer never comes", async () => parts.absent("silent servers"));
    return;
  }

  add(
    "what has not answered by the deadline is unavailable, and the others have their values",
    withSource(async (source) => {
      const reading = read(source, [...silent, ...good], { deadlineMs: SHORT_MS });
      const samples = await settledWithin(reading, SHORT_MS + graceMs, "a read past its deadline");
      for (const [index, sample] of samples.entries())
        assert.equal(
          "value" in sample,
          index >= silent.length,
          `question ${index}: ${JSON.stringify(sample)}`,
        );
      parts.exercised("silent servers");
    }),
  );

  add(
    "a read that is given up while it waits ends, with what it has or with an error",
    withSource(async (source) => {
      const giveUp = new AbortController();
      const reading = source.read([...silent, ...good], {
        deadlineMs: 600_000,
        signal: giveUp.signal,
        ...(options.provider && { provider: options.provider }),
        onSample: () => giveUp.abort(),
      });
      const ended = reading.then(
        (samples) => samples,
        () => undefined,
      );
      setImmediate(() => giveUp.abort());
      const samples: Sample[] | undefined = await settledWithin(ended, graceMs, "a read that was given up");
      for (const [index, sample] of (samples ?? []).entries())
        checkSample(sample, `sample ${index}`, options.secrets);
    }),
  );
}
