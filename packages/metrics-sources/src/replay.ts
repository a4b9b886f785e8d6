import { defineMetricSource } from "@bellows/core";
import { z } from "zod";
import { text } from "./values.js";

const fields = {
  /** CSV with a header, or JSON lines (`.jsonl`, `.ndjson`); relative to the config file. */
  file: text().optional(),
  /** Column that holds the value (default: the first that is not the time). */
  column: text().optional(),
  /** Column that holds the time: ISO 8601, seconds since the epoch, or seconds from the start (default `time`). */
  time: text().optional(),
  /** Begin again after the last row. */
  loop: z.boolean().optional(),
  /** How much faster than the recorded time (default 1). */
  speed: z.number().positive().optional(),
  /** `now`: the first row is true when the source starts (default). `file`: at the times in the file. */
  start: z.enum(["now", "file"]).optional(),
  /** What holds between two rows. */
  interpolation: z.enum(["previous", "linear"]).optional(),
  /** Before the first and after the last row, answer with it. */
  hold: z.boolean().optional(),
};
const options = z.strictObject(fields);
const query = z.strictObject(fields);

/** Recorded numbers, played again. */
export default defineMetricSource({
  name: "replay",
  contract: 1,
  options,
  query,
  create: () => ({ read: async (queries) => queries.map(() => ({ unavailable: "not written yet" })) }),
});
