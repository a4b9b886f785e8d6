import { defineMetricSource } from "@bellows/core";
import { z } from "zod";
import { text } from "./values.js";

const options = z.strictObject({});
const query = z.strictObject({
  metric: z.enum([
    "cpuPercent",
    "memoryPercent",
    "memoryAvailableBytes",
    "load1",
    "load5",
    "load15",
    "diskUsedPercent",
  ]),
  /** For diskUsedPercent: any path on the file system in question (default: the folder of the config file). */
  path: text().optional(),
});

/** What this machine is doing. */
export default defineMetricSource({
  name: "host",
  contract: 1,
  options,
  query,
  create: () => ({ read: async (queries) => queries.map(() => ({ unavailable: "not written yet" })) }),
});
