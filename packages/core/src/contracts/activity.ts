import { z } from "zod";
import type { CallOptions, Ref } from "./common.js";
import { epochMsSchema } from "./common.js";

/** What the cloud says it did to a group. */
export const activitySchema = z.object({
  id: z.string().min(1),
  group: z.string(),
  startedAtMs: epochMsSchema,
  endedAtMs: epochMsSchema.optional(),
  status: z.enum(["pending", "in-progress", "successful", "failed", "cancelled"]),
  /** 0..100 where the cloud tells. */
  progressPercent: z.number().min(0).max(100).optional(),
  text: z.string(),
  cause: z.string().optional(),
});
/** What the cloud says it did to a group. */
export type Activity = z.infer<typeof activitySchema>;

/** Activities, newest first. */
export interface ActivitiesDriver {
  list(group: Ref, options?: CallOptions): AsyncIterable<Activity>;
}
