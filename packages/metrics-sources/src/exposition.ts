import { defineMetricSource } from "@bellows/core";
import { z } from "zod";
import { boundFields, connectionFields } from "./connection.js";
import { duration, text } from "./values.js";

const pageFields = {
  /** The page, such as `http://host:9100/metrics`; in a metric it may be relative to the source's. */
  url: text().optional(),
  ...connectionFields,
};
const options = z.strictObject({ ...pageFields, ...boundFields });
const query = z.strictObject({
  ...pageFields,
  /** Name of the series, as it stands on the page. */
  metric: text(),
  /** Labels that a series must have, with these values. */
  labels: z.record(z.string(), z.string()).optional(),
  /** How several matching series become one number; absent: there must be one. */
  stat: z.enum(["sum", "max", "min", "mean"]).optional(),
  /** For counters: growth a second, over readings of this much time. */
  rate: duration({ min: 1 }).optional(),
});

/** One series of a `/metrics` page. */
export default defineMetricSource({
  name: "exposition",
  contract: 1,
  options,
  query,
  create: () => ({ read: async (queries) => queries.map(() => ({ unavailable: "not written yet" })) }),
});
