import { z } from "zod";
import type { CallOptions, MetadataDriver, Ref, WriteOptions } from "./common.js";
import {
  countSchema,
  epochMsSchema,
  metadataSchema,
  nameSchema,
  portSchema,
  spanMsSchema,
} from "./common.js";
import type { Instance } from "./instance.js";
import { instanceSchema } from "./instance.js";
import type { LaunchConfiguration } from "./launch.js";
import type { PolicySpec } from "./policy.js";

/** A group's tie to a load balancer; a bare string in files and calls means `{ id }`. */
export const attachmentSchema = z.object({
  /** Name or id of the load balancer (or target group). */
  id: z.string().min(1),
  /** Port of the instances, where the balancer does not say it itself. */
  port: portSchema.optional(),
  /** Pool of the balancer, where it has several. */
  pool: z.string().optional(),
});
/** A group's tie to a load balancer. */
export type Attachment = z.infer<typeof attachmentSchema>;

/** Why and how long something is paused. */
export const pauseSchema = z.object({
  reason: z.string().optional(),
  sinceMs: epochMsSchema,
  /** When it ends by itself; without it, only `resume` ends it. */
  untilMs: epochMsSchema.optional(),
  /** Who paused it. */
  by: z.string().optional(),
});
/** Why and how long something is paused. */
export type Pause = z.infer<typeof pauseSchema>;

/** A scaling group, as it is defined and stands now. */
export const groupSchema = z.object({
  name: z.string(),
  /** The provider's id; equals the name where names are ids. */
  id: z.string(),
  min: countSchema,
  max: countSchema,
  desired: countSchema,
  /** The group's own cooldown. */
  cooldownMs: spanMsSchema,
  metadata: metadataSchema,
  loadBalancers: z.array(attachmentSchema),
  zones: z.array(z.string()),
  subnets: z.array(z.string()).optional(),
  /** The cloud's own switch: repairs and scaling of the group are stopped there. */
  paused: z.boolean(),
  /** Names of the paused processes, where a provider has several. */
  pausedProcesses: z.array(z.string()).optional(),
  createdAtMs: epochMsSchema.optional(),
  /** Value of the label `bellows:owner`: the file (`project/key`) that made it. */
  owner: z.string().optional(),
  /** What only its provider has, in the words of {@link GroupSpec.native}; those that the cloud does not tell are missing. */
  native: z.record(z.string(), z.unknown()).optional(),
  /** Why the cloud (or core's convergence) cannot reach the desired state, for people. */
  problems: z.array(z.string()).optional(),
});
/** A scaling group, as it is defined and stands now. */
export type Group = z.infer<typeof groupSchema>;

/** Counts of a group. */
export const groupStateSchema = z.object({
  activeIds: z.array(z.string()),
  activeCapacity: z.number().int().min(0),
  desiredCapacity: z.number().int().min(0),
  /** Desired minus active; below 0 while shrinking. */
  pendingCapacity: z.number().int(),
  paused: z.boolean(),
});
/** Counts of a group. */
export type GroupState = z.infer<typeof groupStateSchema>;

/** What one look at a group shows; input of the line. */
export const groupStatusSchema = z.object({
  group: groupSchema,
  instances: z.array(instanceSchema),
  /** When the cloud's answer was read. */
  observedAtMs: epochMsSchema,
});
/** What one look at a group shows; input of the line. */
export type GroupStatus = z.infer<typeof groupStatusSchema>;

/** A status, or the reason why there is none. */
export type Observation = { status: GroupStatus } | { unavailable: string };

/** What a new group is made from. `desired` defaults to `min`. */
export interface GroupSpec {
  name: string;
  min: number;
  max: number;
  desired?: number;
  cooldownMs?: number;
  zones?: string[];
  subnets?: string[];
  launch: LaunchConfiguration;
  loadBalancers?: (Attachment | string)[];
  metadata?: Record<string, string>;
  policies?: PolicySpec[];
  /** Label `bellows:owner`, when a file makes the group. */
  owner?: string;
  /** What only one provider has, under its own name; checked by that provider. */
  native?: Record<string, unknown>;
}
/** Schema of the common part of {@link GroupSpec}; `launch` is checked by the provider's own schema. */
export const groupSpecSchema = z
  .object({
    name: nameSchema,
    min: countSchema,
    max: countSchema,
    desired: countSchema.optional(),
    cooldownMs: spanMsSchema.optional(),
    zones: z.array(z.string().min(1)).optional(),
    subnets: z.array(z.string().min(1)).optional(),
    launch: z.record(z.string(), z.unknown()),
    loadBalancers: z.array(z.union([z.string().min(1), attachmentSchema])).optional(),
    metadata: metadataSchema.optional(),
    policies: z.array(z.unknown()).optional(),
    owner: z.string().optional(),
    native: z.record(z.string(), z.unknown()).optional(),
  })
  .refine((spec) => spec.min <= spec.max, { path: ["min"], error: "min is greater than max" });

/** What can be changed of a group; what is left out stays. */
export interface GroupPatch {
  min?: number;
  max?: number;
  desired?: number;
  cooldownMs?: number;
  zones?: string[];
  subnets?: string[];
  loadBalancers?: (Attachment | string)[];
  native?: Record<string, unknown>;
}

/** What became of a write that sets a desired count. */
export interface ScaleOutcome {
  /** `unchanged`: it was so already; nothing was started, and no cooldown starts. */
  result: "done" | "unchanged";
  desired: number;
}

/**
 * A cloud that keeps scaling groups. `create get list update delete scale observe instances pause resume` are
 * required; a provider whose cloud lacks one of the others leaves it out, and `cloud.can("groups.attach")` is false.
 */
export interface GroupsDriver {
  list(options?: CallOptions): AsyncIterable<Group>;
  /** @throws NotFoundError @throws ConflictError when a name fits two groups. */
  get(group: Ref, options?: CallOptions): Promise<Group>;
  /**
   * Makes a group, or finds the equal one made by an earlier call whose answer was lost.
   * Returned: accepted; instances come later (`wait` for them).
   * @throws AlreadyExistsError when a different group has the name. @throws LimitError @throws ConfigError
   */
  create(spec: GroupSpec, options?: WriteOptions): Promise<Group>;
  /**
   * Changes a definition. Without `desired`, desired moves into the new bounds.
   * Returned: completed for the definition, accepted for its instances.
   * @throws LimitError when an explicit `desired` lies outside the bounds.
   */
  update(group: Ref, patch: GroupPatch, options?: WriteOptions): Promise<Group>;
  /**
   * Sets desired, absolutely. Returned: accepted.
   * @throws LimitError when it lies outside min and max. @throws CooldownError when the cloud refuses for a cooldown.
   */
  scale(
    group: Ref,
    desired: number,
    options?: WriteOptions & { honorCooldown?: boolean },
  ): Promise<ScaleOutcome>;
  /** Returned: accepted. @throws ConflictError when it is not empty, unless `force`. */
  delete(group: Ref, options?: WriteOptions & { force?: boolean }): Promise<void>;
  /** Reads many groups in as few calls as the cloud allows. The answer has the order of `groups`. Never throws for one group. */
  observe(groups: readonly Ref[], options?: CallOptions): Promise<Observation[]>;
  instances(group: Ref, options?: CallOptions & { zone?: string }): AsyncIterable<Instance>;
  /** Stops the cloud's own scaling and repairs of the group (all processes, or the named ones). Returned: completed. */
  pause(group: Ref, options?: CallOptions & { processes?: string[]; reason?: string }): Promise<void>;
  resume(group: Ref, options?: CallOptions & { processes?: string[] }): Promise<void>;
  /** Counts; derived from `get` and `instances` where the cloud has no call of its own. */
  state?(group: Ref, options?: CallOptions): Promise<GroupState>;
  metadata?: MetadataDriver;
  /** Takes running servers in; desired grows by their number. @throws LimitError beyond max. */
  attach?(group: Ref, instances: readonly Ref[], options?: WriteOptions): Promise<void>;
  /** Lets instances go, running; `replace` keeps desired (default false: desired falls). */
  detach?(
    group: Ref,
    instances: readonly Ref[],
    options?: WriteOptions & { replace?: boolean },
  ): Promise<void>;
  /** Ends one instance; `replace` (default true) keeps desired. @throws LimitError when desired would fall under min. */
  terminate?(group: Ref, instance: Ref, options?: WriteOptions & { replace?: boolean }): Promise<void>;
  /** Takes instances out of service, running. */
  enterStandby?(
    group: Ref,
    instances: readonly Ref[],
    options?: WriteOptions & { replace?: boolean },
  ): Promise<void>;
  exitStandby?(group: Ref, instances: readonly Ref[], options?: WriteOptions): Promise<void>;
  /** Whether scale-in may take these instances. */
  protect?(group: Ref, instances: readonly Ref[], isProtected: boolean, options?: CallOptions): Promise<void>;
  /** Sets min, max and desired to 0. Returned: accepted, or empty with `wait`. */
  shutdown?(group: Ref, options?: WriteOptions): Promise<void>;
  /** Compares wanted with real now, rather than in the next round. */
  converge?(group: Ref, options?: CallOptions): Promise<void>;
}
