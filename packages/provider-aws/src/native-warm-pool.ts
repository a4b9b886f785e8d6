import type { Instance as Member } from "@aws-sdk/client-auto-scaling";
import { type CallOptions, ConfigError, pages, type Ref, z } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { describeGroup } from "./group-read.js";

/** How many instances wait ready beside a group, and in which state. */
export const warmPoolSchema = z.strictObject({
  /** How many there are at least (default 0). */
  min: z.number().int().min(0).optional(),
  /** How many the group and its pool have together at most (default: the group's max). */
  maxPrepared: z.number().int().min(0).optional(),
  /** Default `stopped`. */
  state: z.enum(["stopped", "running", "hibernated"]).optional(),
  /** Whether instances that scale-in takes go back into the pool (default: they end). */
  reuse: z.boolean().optional(),
});
/** How many instances wait ready beside a group, and in which state. */
export type WarmPoolSpec = z.infer<typeof warmPoolSchema>;

/** A warm pool, as it stands. */
export interface WarmPool extends WarmPoolSpec {
  /** Ids of the instances in it, and their state in AWS's words: `Warmed:Stopped`. */
  instances: { id: string; state: string }[];
  /** Whether AWS is ending it. */
  deleting: boolean;
}

/** The warm pool of a group; it has one, or none. */
export interface WarmPools {
  /** @returns undefined when the group has none. @throws NotFoundError when there is no such group. */
  get(group: Ref, options?: CallOptions): Promise<WarmPool | undefined>;
  /** Makes it, or changes it; what is left out stays. Returned: accepted; instances come later. */
  put(group: Ref, spec: WarmPoolSpec, options?: CallOptions): Promise<void>;
  /** Ends it. Returned: accepted. @param options.force - although instances are in it. */
  delete(group: Ref, options?: CallOptions & { force?: boolean }): Promise<void>;
}

/** Most instances of one answer. @see docs.aws.amazon.com, DescribeWarmPool */
const MEMBERS_PER_CALL = 50;

/** Makes the driver of warm pools. */
export function createWarmPools(aws: Aws): WarmPools {
  return {
    async get(group, options) {
      const call = callOf("get", group, options);
      const { WarmPoolConfiguration: pool } = await describeGroup(aws, group, call);
      if (pool === undefined) return undefined;
      const { MinSize, MaxGroupPreparedCapacity, PoolState, InstanceReusePolicy, Status } = pool;
      return {
        ...(MinSize === undefined ? {} : { min: MinSize }),
        ...(MaxGroupPreparedCapacity === undefined || MaxGroupPreparedCapacity < 0
          ? {}
          : { maxPrepared: MaxGroupPreparedCapacity }),
        ...(PoolState === undefined ? {} : { state: STATES[PoolState] }),
        ...(InstanceReusePolicy?.ReuseOnScaleIn === undefined
          ? {}
          : { reuse: InstanceReusePolicy.ReuseOnScaleIn }),
        instances: await membersOf(aws, group, call),
        deleting: Status === "PendingDelete",
      };
    },
    async put(group, spec, options) {
      const call = callOf("put", group, options);
      const input = { AutoScalingGroupName: group, ...inputOf(spec, call) };
      await describeGroup(aws, group, call);
      await aws.autoScaling((sdk) => new sdk.PutWarmPoolCommand(input), call);
    },
    async delete(group, options) {
      const call = callOf("delete", group, options);
      await describeGroup(aws, group, call);
      const input = { AutoScalingGroupName: group, ForceDelete: options?.force === true };
      await aws.autoScaling((sdk) => new sdk.DeleteWarmPoolCommand(input), call);
    },
  };
}

const STATES = { Stopped: "stopped", Running: "running", Hibernated: "hibernated" } as const;
const POOL_STATES = { stopped: "Stopped", running: "Running", hibernated: "Hibernated" } as const;

async function membersOf(aws: Aws, group: Ref, call: Call): Promise<WarmPool["instances"]> {
  const list = pages<Member>(async (NextToken) => {
    const answer = await aws.autoScaling(
      (sdk) =>
        new sdk.DescribeWarmPoolCommand({
          AutoScalingGroupName: group,
          MaxRecords: MEMBERS_PER_CALL,
          NextToken,
        }),
      call,
    );
    return {
      items: answer.Instances ?? [],
      ...(answer.NextToken === undefined ? {} : { next: answer.NextToken }),
    };
  });
  const found: WarmPool["instances"] = [];
  for await (const { InstanceId = "", LifecycleState: state } of list)
    found.push({ id: InstanceId, state: state ?? "unknown" });
  return found;
}

function inputOf(spec: WarmPoolSpec, { operation, resource = "" }: Call) {
  const read = warmPoolSchema.safeParse(spec);
  if (!read.success) {
    const faults = read.error.issues.map(
      ({ path, message }) => `${path.join(".") || "warm pool"}: ${message}`,
    );
    throw new ConfigError(faults.join("; "), { operation, resource });
  }
  const { min, maxPrepared, state, reuse } = read.data;
  return {
    ...(min === undefined ? {} : { MinSize: min }),
    ...(maxPrepared === undefined ? {} : { MaxGroupPreparedCapacity: maxPrepared }),
    ...(state === undefined ? {} : { PoolState: POOL_STATES[state] }),
    ...(reuse === undefined ? {} : { InstanceReusePolicy: { ReuseOnScaleIn: reuse } }),
  };
}

function callOf(method: string, group: Ref, options: CallOptions = {}): Call {
  return { operation: `native.warmPool.${method}`, resource: group, signal: options.signal };
}
