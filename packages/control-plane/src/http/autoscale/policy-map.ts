import type { Policy, PolicySpec } from "@bellows/core";
import { hiddenName, withHiddenName } from "./hidden.js";
import { type PolicyBody, readInstant } from "./schema-policy.js";

/** A policy as it goes over the wire, without its links. */
export interface PolicyView {
  id: string;
  name: string;
  type: "webhook" | "schedule";
  /** Seconds. */
  cooldown: number;
  change?: number;
  changePercent?: number;
  desiredCapacity?: number;
  args?: { at: string } | { cron: string };
}

/**
 * A policy of this API as Bellows keeps it: by Otter's rules, wherever its group lives.
 * @param keptName - the name under which it is kept: names are unique in a group there, and not here.
 */
export function toPolicySpec(body: PolicyBody, keptName: string): PolicySpec {
  const metadata = withHiddenName(undefined, body.name, keptName);
  return {
    name: keptName,
    engine: "bellows",
    adjust: toAdjust(body),
    cooldownMs: Math.round(body.cooldown * 1_000),
    rounding: "otter",
    ...(body.type === "schedule" && { schedule: toSchedule(body.args ?? {}) }),
    ...(metadata && { metadata }),
  };
}

function toAdjust({ change, changePercent, desiredCapacity }: PolicyBody): PolicySpec["adjust"] {
  if (change !== undefined) return { change };
  if (changePercent !== undefined) return { percent: changePercent };
  return { desired: desiredCapacity ?? 0 };
}

function toSchedule({ at, cron }: Record<string, unknown>): NonNullable<PolicySpec["schedule"]> {
  return typeof at === "string" ? { atMs: readInstant(at) ?? 0 } : { cron: String(cron), timezone: "UTC" };
}

/**
 * A policy as this API shows it.
 * @returns undefined for one that this API has no words for: one that looks at metrics.
 */
export function toPolicyView(policy: Policy): PolicyView | undefined {
  const amount = amountOf(policy);
  if (amount === undefined || policy.when !== undefined || policy.signal !== undefined) return undefined;
  const { schedule } = policy;
  return {
    id: policy.id,
    name: hiddenName(policy.metadata) ?? policy.name,
    type: schedule === undefined ? "webhook" : "schedule",
    cooldown: (policy.cooldownMs ?? 0) / 1_000,
    ...amount,
    ...(schedule && {
      args: "atMs" in schedule ? { at: instantOf(schedule.atMs) } : { cron: schedule.cron },
    }),
  };
}

function amountOf({
  adjust,
}: Policy): Pick<PolicyView, "change" | "changePercent" | "desiredCapacity"> | undefined {
  if ("change" in adjust) return { change: adjust.change };
  if ("percent" in adjust) return { changePercent: adjust.percent };
  if ("desired" in adjust) return { desiredCapacity: adjust.desired };
  return undefined;
}

/** Whole seconds as they are usually written. */
function instantOf(atMs: number): string {
  return new Date(atMs).toISOString().replace(".000Z", "Z");
}
