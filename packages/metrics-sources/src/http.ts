import { defineMetricSource } from "@bellows/core";
import { z } from "zod";
import { boundFields, connectionFields } from "./connection.js";
import { text } from "./values.js";

const requestFields = {
  /** In a metric it may be relative to the source's. */
  url: text().optional(),
  method: z.enum(["GET", "POST"]).optional(),
  body: z.string().optional(),
  /** Where the number stands in the JSON answer: `queue.ready`, `items.0.count`, or JMESPath. Absent: the whole answer. */
  select: text().optional(),
  /** Where the time of the number stands: ISO 8601, or seconds or milliseconds since the epoch. */
  observedAt: text().optional(),
  ...connectionFields,
};
const options = z.strictObject({ ...requestFields, ...boundFields });
const query = z.strictObject(requestFields);

/** Numbers out of JSON over HTTP. */
export default defineMetricSource({
  name: "http",
  contract: 1,
  options,
  query,
  create: () => ({ read: async (queries) => queries.map(() => ({ unavailable: "not written yet" })) }),
});
