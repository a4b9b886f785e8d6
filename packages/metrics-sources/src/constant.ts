import { defineMetricSource, z } from "@bellows/core";

const options = z.strictObject({});
const query = z.strictObject({
  /** The answer. */
  value: z.number(),
});

/** Always the same number: for trying things out, and for turning a policy by hand. */
export default defineMetricSource({
  name: "constant",
  contract: 1,
  options,
  query,
  create: (_options, host) => ({
    async read(queries, { onSample }) {
      const observedAtMs = host.clock.now();
      return queries.map(({ params }, index) => {
        const sample = { value: params.value, observedAtMs };
        onSample?.(index, sample);
        return sample;
      });
    },
    async readRange(queries, { fromMs, toMs, stepMs }) {
      const count = Math.max(0, Math.ceil((toMs - fromMs) / stepMs));
      return queries.map(({ params }) =>
        Array.from({ length: count }, (_, step) => ({
          value: params.value,
          observedAtMs: fromMs + step * stepMs,
        })),
      );
    },
  }),
});
