import type { LifecycleHook as AwsHook } from "@aws-sdk/client-auto-scaling";
import { type CallOptions, ConfigError, type Host, type Ref, resolveRef, z } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { describeGroup } from "./group-read.js";
import { deleteOnce } from "./making.js";

/** What happens to an instance whose hook is completed, or runs out of time. */
const resultSchema = z.enum(["continue", "abandon"]);

/** A lifecycle hook: instances that come or go wait until it is completed or its time is up. */
export const hookSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9\-_/]{1,255}$/, "must be letters, digits, -, _ and /"),
  transition: z.enum(["launching", "terminating"]),
  /** How long an instance may wait for a sign of life, in whole seconds' milliseconds: 30 s to 2 h (default 1 h). */
  heartbeatMs: z.number().int().min(30_000).max(7_200_000).multipleOf(1_000).optional(),
  /** What happens when the time is up (default `abandon`: the instance ends). */
  onTimeout: resultSchema.optional(),
  /** ARN of the SNS topic or SQS queue that is told; without it only EventBridge is. */
  target: z.string().min(1).optional(),
  /** ARN of the role that may tell it. */
  role: z.string().min(1).optional(),
  /** What the message says besides. */
  note: z.string().min(1).max(4_000).optional(),
});
/** A lifecycle hook. */
export type Hook = z.infer<typeof hookSchema>;

/** An instance that waits for a hook. */
export interface Waiting {
  group: Ref;
  hook: string;
  instance: string;
}

/** Lifecycle hooks of groups. A group has 50 at most. */
export interface Hooks {
  /** @throws NotFoundError when there is no such group. */
  list(group: Ref, options?: CallOptions): Promise<Hook[]>;
  /** Makes a hook, or changes the one of that name. Returned: completed, for instances that come or go from now on. */
  put(group: Ref, hook: Hook, options?: CallOptions): Promise<void>;
  /** Instances that wait for it go on, as if its time were up. @throws NotFoundError when there is no such hook. */
  delete(group: Ref, name: string, options?: CallOptions): Promise<void>;
  /** Lets an instance go on, or ends it. Returned: accepted. */
  complete(waiting: Waiting, result: "continue" | "abandon", options?: CallOptions): Promise<void>;
  /** Gives an instance that waits its whole time again. */
  heartbeat(waiting: Waiting, options?: CallOptions): Promise<void>;
}

const PREFIX = "autoscaling:EC2_INSTANCE_";

/** Makes the driver of lifecycle hooks. */
export function createHooks(aws: Aws, host: Pick<Host, "clock">): Hooks {
  const list = async (group: Ref, call: Call): Promise<Hook[]> => {
    await describeGroup(aws, group, call);
    const { LifecycleHooks = [] } = await aws.autoScaling(
      (sdk) => new sdk.DescribeLifecycleHooksCommand({ AutoScalingGroupName: group }),
      call,
    );
    return LifecycleHooks.map(hookOf);
  };
  return {
    list: (group, options) => list(group, callOf("list", group, options)),
    async put(group, hook, options) {
      const call = callOf("put", group, options);
      const input = { AutoScalingGroupName: group, ...inputOf(checked(hook, call)) };
      await describeGroup(aws, group, call);
      await aws.autoScaling((sdk) => new sdk.PutLifecycleHookCommand(input), call);
    },
    async delete(group, name, options) {
      const call = callOf("delete", group, options);
      const all = (await list(group, call)).map((hook) => ({ id: hook.name }));
      const { id: LifecycleHookName } = resolveRef(all, name, `lifecycle hook of group ${group}`);
      const input = { AutoScalingGroupName: group, LifecycleHookName };
      await deleteOnce(
        host,
        () => aws.autoScaling((sdk) => new sdk.DeleteLifecycleHookCommand(input), call),
        async () => (await list(group, call)).some((hook) => hook.name === LifecycleHookName),
        call.signal,
      );
    },
    async complete(waiting, result, options) {
      const input = { ...waitingOf(waiting), LifecycleActionResult: result.toUpperCase() };
      await aws.autoScaling(
        (sdk) => new sdk.CompleteLifecycleActionCommand(input),
        callOf("complete", waiting.group, options),
      );
    },
    async heartbeat(waiting, options) {
      await aws.autoScaling(
        (sdk) => new sdk.RecordLifecycleActionHeartbeatCommand(waitingOf(waiting)),
        callOf("heartbeat", waiting.group, options),
      );
    },
  };
}

function callOf(method: string, group: Ref, options: CallOptions = {}): Call {
  return { operation: `native.hooks.${method}`, resource: group, signal: options.signal };
}

function waitingOf({ group, hook, instance }: Waiting) {
  return { AutoScalingGroupName: group, LifecycleHookName: hook, InstanceId: instance };
}

function checked(hook: Hook, { operation, resource = "" }: Call): Hook {
  const read = hookSchema.safeParse(hook);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => `${path.join(".") || "hook"}: ${message}`);
  throw new ConfigError(faults.join("; "), { operation, resource });
}

function inputOf({ name, transition, heartbeatMs, onTimeout, target, role, note }: Hook) {
  return {
    LifecycleHookName: name,
    LifecycleTransition: `${PREFIX}${transition.toUpperCase()}`,
    ...(heartbeatMs === undefined ? {} : { HeartbeatTimeout: heartbeatMs / 1_000 }),
    ...(onTimeout === undefined ? {} : { DefaultResult: onTimeout.toUpperCase() }),
    ...(target === undefined ? {} : { NotificationTargetARN: target }),
    ...(role === undefined ? {} : { RoleARN: role }),
    ...(note === undefined ? {} : { NotificationMetadata: note }),
  };
}

function hookOf(hook: AwsHook): Hook {
  const { HeartbeatTimeout, DefaultResult, NotificationTargetARN, RoleARN, NotificationMetadata } = hook;
  return {
    name: hook.LifecycleHookName ?? "",
    transition: hook.LifecycleTransition === `${PREFIX}TERMINATING` ? "terminating" : "launching",
    ...(HeartbeatTimeout === undefined ? {} : { heartbeatMs: HeartbeatTimeout * 1_000 }),
    ...(DefaultResult === undefined
      ? {}
      : { onTimeout: DefaultResult === "CONTINUE" ? "continue" : "abandon" }),
    ...(NotificationTargetARN === undefined ? {} : { target: NotificationTargetARN }),
    ...(RoleARN === undefined ? {} : { role: RoleARN }),
    ...(NotificationMetadata === undefined ? {} : { note: NotificationMetadata }),
  };
}
