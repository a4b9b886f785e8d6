import { checkSchedule, z } from "@bellows/core";
import { LONGEST_COOLDOWN_S, MOST_AT_ONCE, nameBody } from "./schema-text.js";

/** Amounts that a policy has exactly one of. */
const AMOUNTS = ["change", "changePercent", "desiredCapacity"] as const;

const notZero = (number: number): boolean => number !== 0;

/** A policy, as it stands in a request. @see facts of Rackspace Autoscale v1.0, 2.8 */
export const policyBody = z
  .strictObject({
    name: nameBody,
    type: z.enum(["webhook", "schedule", "cloud_monitoring"]),
    cooldown: z.number().min(0).max(LONGEST_COOLDOWN_S),
    change: z.number().int().refine(notZero, "must not be 0").optional(),
    changePercent: z.number().refine(notZero, "must not be 0").optional(),
    desiredCapacity: z.number().int().min(0).max(100_000).optional(),
    args: z.record(z.string(), z.unknown()).optional(),
  })
  .superRefine((policy, context) => {
    const complain = (path: string[], message: string): void =>
      context.addIssue({ code: "custom", path, message });
    const given = AMOUNTS.filter((amount) => policy[amount] !== undefined);
    if (given.length !== 1)
      complain([], `needs exactly one of ${AMOUNTS.join(", ")}, and has ${given.length}`);
    if (policy.type === "cloud_monitoring") complain(["type"], "cloud_monitoring policy disabled");
    if (policy.type === "webhook" && policy.args !== undefined)
      complain(["args"], "have no place in a webhook policy");
    if (policy.type !== "schedule") return;
    const fault = scheduleFault(policy.args);
    if (fault !== undefined) complain(["args"], fault);
  });
/** A policy, as it stands in a request. */
export type PolicyBody = z.output<typeof policyBody>;

/** Policies of one request. */
export const policiesBody = z.array(policyBody).min(1).max(MOST_AT_ONCE);

/** When a schedule policy is due: once, or by cron in UTC. */
export type ScheduleArgs = { at: string } | { cron: string };

function scheduleFault(args: Record<string, unknown> | undefined): string | undefined {
  const { at, cron, ...rest } = args ?? {};
  if ((at === undefined) === (cron === undefined) || Object.keys(rest).length > 0)
    return "Incorrect args for schedule policy";
  if (cron !== undefined) return typeof cron === "string" ? cronFault(cron) : "cron must be a text";
  return typeof at === "string" && readInstant(at) !== undefined
    ? undefined
    : `Invalid ${JSON.stringify(at)} datetime: It must be in ISO 8601 and end in Z`;
}

function cronFault(cron: string): string | undefined {
  const quoted = JSON.stringify(cron);
  if (cron.trim().split(/\s+/).length === 6) return `Invalid ${quoted} cron entry: Seconds not allowed`;
  try {
    checkSchedule({ cron, timezone: "UTC" });
    return undefined;
  } catch {
    return `Invalid ${quoted} cron entry`;
  }
}

/** A moment in UTC, in epoch milliseconds; undefined for what is none. */
export function readInstant(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text)) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs;
}
