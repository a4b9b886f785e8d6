import { type CallOptions, freezeAnswers, type Host, type Ref } from "@bellows/core";
import type { Aws } from "./client.js";
import { membersOf } from "./group-map.js";
import { PROCESSES } from "./group-native.js";
import { describeGroup } from "./group-read.js";
import type { AwsGroups } from "./groups.js";
import { createHooks, type Hooks } from "./native-hooks.js";
import { createScheduledActions, type ScheduledActions } from "./native-schedules.js";
import { createWarmPools, type WarmPools } from "./native-warm-pool.js";

/** A process of a group. */
export interface Process {
  name: string;
  suspended: boolean;
  /** Why, in AWS's words. */
  reason?: string;
}

/** The nine processes of a group, one by one. */
export interface Processes {
  /** @throws NotFoundError when there is no such group. */
  list(group: Ref, options?: CallOptions): Promise<Process[]>;
  /** Suspends them. Returned: completed. @throws ConfigError when there is no such process. */
  put(group: Ref, names: string[], options?: CallOptions): Promise<void>;
  /** Resumes them. Returned: completed. @throws ConfigError when there is no such process. */
  delete(group: Ref, names: string[], options?: CallOptions): Promise<void>;
}

/** Instances that scale-in does not take. */
export interface Protection {
  /** Their ids. @throws NotFoundError when there is no such group. */
  list(group: Ref, options?: CallOptions): Promise<string[]>;
  /** Protects them. Returned: completed. @throws NotFoundError when one is no member. */
  put(group: Ref, instances: readonly Ref[], options?: CallOptions): Promise<void>;
  /** Protects them no longer. Returned: completed. */
  delete(group: Ref, instances: readonly Ref[], options?: CallOptions): Promise<void>;
}

/** What only Auto Scaling has: `cloud.native`. */
export interface AwsOwn {
  hooks: Hooks;
  warmPool: WarmPools;
  scheduledActions: ScheduledActions;
  processes: Processes;
  protection: Protection;
}

/** Makes what only Auto Scaling has. Its answers are frozen, as those of all drivers are. */
export function createNative(
  aws: Aws,
  host: Host,
  groups: Pick<AwsGroups, "pause" | "resume" | "protect">,
): AwsOwn {
  return freezeAnswers({
    hooks: createHooks(aws, host),
    warmPool: createWarmPools(aws),
    scheduledActions: createScheduledActions(aws, host),
    processes: {
      list: (group, options) => processesOf(aws, group, options),
      put: (group, processes, options) => groups.pause(group, { ...options, processes }),
      delete: (group, processes, options) => groups.resume(group, { ...options, processes }),
    },
    protection: {
      list: (group, options) => protectedOf(aws, group, options),
      put: (group, instances, options) => groups.protect(group, instances, true, options),
      delete: (group, instances, options) => groups.protect(group, instances, false, options),
    },
  });
}

async function processesOf(aws: Aws, group: Ref, options: CallOptions = {}): Promise<Process[]> {
  const { SuspendedProcesses = [] } = await describeGroup(aws, group, {
    operation: "native.processes.list",
    resource: group,
    signal: options.signal,
  });
  const reasons = new Map(SuspendedProcesses.map((one) => [one.ProcessName, one.SuspensionReason]));
  return PROCESSES.map((name) => {
    const reason = reasons.get(name);
    return { name, suspended: reasons.has(name), ...(reason === undefined ? {} : { reason }) };
  });
}

async function protectedOf(aws: Aws, group: Ref, options: CallOptions = {}): Promise<string[]> {
  const found = await describeGroup(aws, group, {
    operation: "native.protection.list",
    resource: group,
    signal: options.signal,
  });
  return membersOf(found)
    .filter(({ ProtectedFromScaleIn }) => ProtectedFromScaleIn === true)
    .map(({ InstanceId = "" }) => InstanceId);
}
