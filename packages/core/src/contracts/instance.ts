import { z } from "zod";
import { epochMsSchema, portSchema } from "./common.js";

/** Where an instance is in its life as a member of its group. */
export const lifecycleSchema = z.enum([
  "pending",
  "in-service",
  "draining",
  "standby",
  "terminating",
  "terminated",
]);
/** Where an instance is in its life as a member of its group. */
export type Lifecycle = z.infer<typeof lifecycleSchema>;

/** What is known of an instance's health. */
export const healthSchema = z.enum(["healthy", "unhealthy", "unknown"]);
/** What is known of an instance's health. */
export type Health = z.infer<typeof healthSchema>;

/** A server as a member of a group. */
export const instanceSchema = z.object({
  /** The provider's id of the server. */
  id: z.string().min(1),
  name: z.string().optional(),
  /** Name of its group. */
  group: z.string(),
  lifecycle: lifecycleSchema,
  health: healthSchema,
  launchedAtMs: epochMsSchema.optional(),
  zone: z.string().optional(),
  addresses: z.array(z.string()),
  /** Where it listens, when the provider knows (provider-local does). */
  port: portSchema.optional(),
  /** True when scale-in must not take it. */
  protected: z.boolean(),
  /** Version or generation of the launch configuration that it was made from. */
  launchVersion: z.string().optional(),
  /** A line about its state for people: why it is unhealthy, its last words. */
  detail: z.string().optional(),
});
/** A server as a member of a group. */
export type Instance = z.infer<typeof instanceSchema>;
