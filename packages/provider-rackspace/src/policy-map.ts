/** Policies of Autoscale in the contract's words. Pure. */
import type { Policy, PolicySpec, Schedule, SimpleAdjust } from "@bellows/core";
import type { WireMetadata, WirePolicy, WirePolicySpec } from "./autoscale.js";
import { policyOwnerMark } from "./group-marks.js";

/** A policy. @param metadata - of its group, which keeps the policy's owner. */
export function policyOf(group: string, wire: WirePolicy, metadata: WireMetadata = {}): Policy {
  const owner = metadata[policyOwnerMark(wire.id)];
  return {
    ...specOf(wire),
    engine: "native",
    group,
    id: wire.id,
    providerId: wire.id,
    ...(owner === undefined ? {} : { owner }),
  };
}

/** What a policy was made from. */
export function specOf(wire: WirePolicySpec): PolicySpec {
  const schedule = scheduleOf(wire);
  const { name, cooldown, type, args } = wire;
  return {
    name,
    engine: "native",
    adjust: adjustOf(wire),
    cooldownMs: Math.round(cooldown * 1_000),
    ...(schedule === undefined ? {} : { schedule }),
    // Kept by no public endpoint any more; shown as it is where one is found.
    ...(type === "cloud_monitoring" ? { native: { cloudMonitoring: args ?? {} } } : {}),
  };
}

/** How much a policy changes. */
export function adjustOf({ change, changePercent, desiredCapacity }: WirePolicySpec): SimpleAdjust {
  if (change !== undefined) return { change };
  if (changePercent !== undefined) return { percent: changePercent };
  return { desired: desiredCapacity ?? 0 };
}

function scheduleOf({ type, args }: WirePolicySpec): Schedule | undefined {
  if (type !== "schedule" || args === undefined) return undefined;
  const { at, cron } = args as { at?: string; cron?: string };
  return cron === undefined ? { atMs: Date.parse(at ?? "") } : { cron };
}
