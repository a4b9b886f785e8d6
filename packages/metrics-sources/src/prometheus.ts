import { defineMetricSource } from "@bellows/core";
import { z } from "zod";
import { absoluteUrl, boundFields, connectionFields } from "./connection.js";
import { text } from "./values.js";

const options = z.strictObject({
  /** Root of the server, without `/api/v1`. */
  url: absoluteUrl,
  ...connectionFields,
  ...boundFields,
});
const query = z.strictObject({
  /** PromQL that gives one number. */
  query: text(),
});

/** Answers of a Prometheus server (or of what speaks its HTTP API) to PromQL. */
export default defineMetricSource({
  name: "prometheus",
  contract: 1,
  options,
  query,
  create: () => ({ read: async (queries) => queries.map(() => ({ unavailable: "not written yet" })) }),
});
