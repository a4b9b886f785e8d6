import { z } from "zod";
import type { CallOptions, MetadataDriver, Ref } from "./common.js";
import { metadataSchema, nameSchema } from "./common.js";

/**
 * The words of launch configurations, the same on every provider. A provider's `launch` schema picks those that mean
 * something to it, and may add one object under its own name for what only it has.
 */
export const launchWords = z.strictObject({
  /** Name of the launch configuration itself, where it is a resource of its own (AWS). */
  launchName: nameSchema.optional(),
  /** Image id or name; for the HTTP API on local groups one of `providers.local.images`. */
  image: z.string().min(1).optional(),
  /** Instance type or flavor. */
  size: z.string().min(1).optional(),
  /** Name that servers get, or the part of it that is theirs to choose. */
  serverName: nameSchema.optional(),
  keyName: z.string().min(1).optional(),
  securityGroups: z.array(z.string().min(1)).optional(),
  networks: z.array(z.string().min(1)).optional(),
  /** Start-up script or cloud-init text, as it is (providers encode it themselves). */
  userData: z.string().optional(),
  metadata: metadataSchema.optional(),
  /** Files to put on the server: path to content. */
  files: z.record(z.string().min(1), z.string()).optional(),
  diskConfig: z.enum(["AUTO", "MANUAL"]).optional(),
  /** Program to start, for providers whose servers are processes. */
  command: z.string().min(1).optional(),
  args: z.array(z.string()).optional(),
  env: z.record(z.string().min(1), z.string()).optional(),
  cwd: z.string().min(1).optional(),
});

/** What a new instance is made from: the common words, and what a provider has under its own name. */
export type LaunchConfiguration = z.infer<typeof launchWords> & { [providersOwn: string]: unknown };

/** One version of a group's launch configuration. */
export interface LaunchVersion {
  version: string;
  createdAtMs: number;
  /** Whether new instances are made from it. */
  current: boolean;
  launch: LaunchConfiguration;
}

/** A launch configuration that stands alone, outside any group (AWS). */
export interface StandaloneLaunch {
  name: string;
  id?: string;
  /** Groups that use it, where the provider tells. */
  usedBy?: string[];
}

/** Launch configurations, addressed by group. Existing instances are never touched by a change. */
export interface LaunchDriver {
  /** @throws NotFoundError when there is no such group. */
  get(group: Ref, options?: CallOptions): Promise<LaunchConfiguration>;
  /** Replaces it whole. Returned: completed; servers made from now on use it. */
  set(group: Ref, launch: LaunchConfiguration, options?: CallOptions): Promise<LaunchConfiguration>;
  /** Sets the given words, keeps the others; re-reads before it writes. */
  patch(
    group: Ref,
    launch: Partial<LaunchConfiguration>,
    options?: CallOptions,
  ): Promise<LaunchConfiguration>;
  metadata?: MetadataDriver;
  /** Versions, newest first. */
  history?(group: Ref, options?: CallOptions): AsyncIterable<LaunchVersion>;
  /** Makes an earlier version current again. Returned: completed. @throws NotFoundError when there is no such version. */
  rollback?(group: Ref, version: string, options?: CallOptions): Promise<LaunchConfiguration>;
  /** Launch configurations that stand alone. */
  list?(options?: CallOptions): AsyncIterable<StandaloneLaunch>;
  /** Deletes one that stands alone. @throws ConflictError when a group uses it. */
  delete?(name: Ref, options?: CallOptions): Promise<void>;
}
