/** The words that only AWS has on groups, checked and in AWS's own. Pure. */
import type { AutoScalingGroup, UpdateAutoScalingGroupType } from "@aws-sdk/client-auto-scaling";
import { nearest, type z } from "@bellows/core";
import { nativeSchema } from "./launch-schema.js";

/**
 * The processes of an Auto Scaling group that can be suspended.
 * @see docs.aws.amazon.com, SuspendProcesses
 */
export const PROCESSES = [
  "Launch",
  "Terminate",
  "AddToLoadBalancer",
  "AlarmNotification",
  "AZRebalance",
  "HealthCheck",
  "InstanceRefresh",
  "ReplaceUnhealthy",
  "ScheduledActions",
] as const;

const groupNativeSchema = nativeSchema.pick({
  healthCheckType: true,
  healthCheckGrace: true,
  terminationPolicies: true,
  instanceWarmup: true,
  maxInstanceLifetime: true,
  capacityRebalance: true,
  protectNew: true,
  placementGroup: true,
  serviceLinkedRole: true,
  suspended: true,
  propagateMetadata: true,
});
/** What only AWS has on groups; spans in milliseconds. */
export type GroupNative = z.infer<typeof groupNativeSchema>;

/** Those of its words that are spans. */
const SPANS = ["healthCheckGrace", "instanceWarmup", "maxInstanceLifetime"] as const;

/**
 * Reads what stands under `native`: spans as people write them (`5m`), or in milliseconds, as a file that was read has them.
 * @param faults - takes what is wrong, with its path.
 */
export function readGroupNative(value: Record<string, unknown> | undefined, faults: string[]): GroupNative {
  if (value === undefined) return {};
  const written = Object.fromEntries(
    Object.entries(value).map(([word, one]) => [
      word,
      isSpan(word) && typeof one === "number" ? `${one}ms` : one,
    ]),
  );
  const read = groupNativeSchema.safeParse(written);
  if (!read.success) {
    faults.push(
      ...read.error.issues.map(({ path, message }) => `${["native", ...path].join(".")}: ${message}`),
    );
    return {};
  }
  for (const word of SPANS)
    if ((read.data[word] ?? 0) % 1_000 !== 0) faults.push(`native.${word}: must be whole seconds`);
  faults.push(...processFaults(read.data.suspended ?? []).map((fault) => `native.suspended: ${fault}`));
  return read.data;
}

function isSpan(word: string): boolean {
  return SPANS.some((span) => span === word);
}

/** What is wrong with names of processes. */
export function processFaults(names: readonly string[]): string[] {
  return names
    .filter((name) => !PROCESSES.some((process) => process === name))
    .map((name) => {
      const near = nearest(name, PROCESSES);
      return `there is no process "${name}"${near === undefined ? `: there are ${PROCESSES.join(", ")}` : `, did you mean "${near}"?`}`;
    });
}

/** The words in AWS's own, as they are sent with a group. What is left out stays as it is. */
export function nativeFields(native: GroupNative): Omit<UpdateAutoScalingGroupType, "AutoScalingGroupName"> {
  return Object.fromEntries(
    Object.entries({
      HealthCheckType: native.healthCheckType,
      HealthCheckGracePeriod: secondsOf(native.healthCheckGrace),
      TerminationPolicies: native.terminationPolicies,
      DefaultInstanceWarmup: secondsOf(native.instanceWarmup),
      MaxInstanceLifetime: secondsOf(native.maxInstanceLifetime),
      CapacityRebalance: native.capacityRebalance,
      NewInstancesProtectedFromScaleIn: native.protectNew,
      PlacementGroup: native.placementGroup,
      ServiceLinkedRoleARN: native.serviceLinkedRole,
    }).filter(([, value]) => value !== undefined),
  );
}

/** The same words of a group that is there, as AWS tells them; those that it keeps as tags are not among them. */
export function nativeWords(group: AutoScalingGroup): GroupNative {
  return Object.fromEntries(
    Object.entries({
      healthCheckType: group.HealthCheckType as GroupNative["healthCheckType"],
      healthCheckGrace: millisecondsOf(group.HealthCheckGracePeriod),
      terminationPolicies: group.TerminationPolicies,
      instanceWarmup: millisecondsOf(group.DefaultInstanceWarmup),
      maxInstanceLifetime: millisecondsOf(group.MaxInstanceLifetime),
      capacityRebalance: group.CapacityRebalance,
      protectNew: group.NewInstancesProtectedFromScaleIn,
      placementGroup: group.PlacementGroup,
      serviceLinkedRole: group.ServiceLinkedRoleARN,
    }).filter(([, value]) => value !== undefined),
  );
}

function millisecondsOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}

function secondsOf(spanMs: number | undefined): number | undefined {
  return spanMs === undefined ? undefined : spanMs / 1_000;
}
