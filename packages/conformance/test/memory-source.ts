import type { MetricSource, Sample } from "@bellows/core";
import { systemClock } from "@bellows/core";
import type { MetricSourceSuiteOptions } from "../src/index.js";

/** What is asked of the source in memory: its own answer. */
export type Params = { value: number } | { reason: string } | { silent: true };

const SECRET = "correct-horse";

/** The unbroken source that broken ones are made from. */
export function memorySource(): MetricSource<Params> & Required<Pick<MetricSource<Params>, "readRange">> {
  const answer = (params: Params): Sample | undefined => {
    if ("value" in params) return { value: params.value, observedAtMs: systemClock.now() };
    return "reason" in params ? { unavailable: params.reason } : undefined;
  };
  return {
    read(queries, { deadlineMs, signal, onSample }) {
      const samples = queries.map(({ params }) => answer(params));
      for (const [index, sample] of samples.entries()) if (sample) onSample?.(index, sample);
      const all = (): Sample[] => samples.map((sample) => sample ?? { unavailable: "no answer in time" });
      if (!samples.includes(undefined)) return Promise.resolve(all());
      return new Promise((resolve) => {
        const end = (): void => {
          cancel();
          resolve(all());
        };
        const cancel = systemClock.after(deadlineMs, end, { keepAlive: true });
        signal?.addEventListener("abort", end, { once: true });
        if (signal?.aborted) end();
      });
    },
    async readRange(queries, { fromMs, toMs, stepMs }) {
      return queries.map(({ params }) => {
        if (!("value" in params)) return [{ unavailable: "no past" }];
        const count = Math.ceil((toMs - fromMs) / stepMs);
        return Array.from({ length: count }, (_, step) => ({
          value: params.value,
          observedAtMs: fromMs + step * stepMs,
        }));
      });
    },
  };
}

/** How it is put to the proof. */
export const sourceOptions: MetricSourceSuiteOptions<Params> = {
  create: memorySource,
  good: [
    { params: { value: 3 }, expect: 3 },
    { params: { value: -0.5 }, expect: (value) => value < 0 },
  ],
  bad: [{ params: { reason: "no such queue" }, why: /queue/ }, { params: { reason: "not a number" } }],
  silent: [{ params: { silent: true } }],
  secrets: [SECRET],
  graceMs: 500,
};
