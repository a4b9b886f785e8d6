/** What a policy of Autoscale is made from, checked and in its words. Pure. */
import {
  type Adjust,
  ConfigError,
  checkSchedule,
  errorLine,
  isBellowsError,
  type PolicySpec,
  policySpecSchema,
  type Schedule,
  UnsupportedError,
} from "@bellows/core";
import { LONGEST_COOLDOWN_MS, MOST_SERVERS, type WirePolicySpec } from "./autoscale.js";
import { DESIRED_POLICY } from "./group-marks.js";

/** Words that only Bellows understands, with what Autoscale has instead. */
const ONLY_HERE: readonly (readonly [keyof PolicySpec, string])[] = [
  ["when", "Autoscale knows no expressions: an alarm of Cloud Monitoring calls the policy's webhook"],
  ["forMs", "Autoscale does not wait; the alarm that calls the webhook does"],
  ["signal", "Autoscale looks at no metrics"],
  ["webhooks", "they are made by themselves, of a policy that is there: webhooks.create"],
  ["keepMs", "Autoscale keeps no floor"],
  ["onMissing", "Autoscale looks at no metrics"],
  ["metadata", "Autoscale's policies take no labels"],
  ["minMagnitude", "Autoscale has no least change"],
  ["native", "Autoscale's policies have nothing of their own"],
];

/** Faults by what they mean. */
export interface PolicyFaults {
  /** What is wrong wherever it is kept. */
  wrong: string[];
  /** What Bellows could keep, and Autoscale can't. */
  notHere: string[];
}

/**
 * Checks a policy, all of it at once, and puts it in Autoscale's words.
 * @param nowMs - milliseconds since the epoch; a schedule must lie ahead of it.
 * @param operation - for the errors.
 * @throws ConfigError that lists every fault. @throws UnsupportedError when only Bellows could keep it.
 */
export function policyToWire(spec: PolicySpec, nowMs: number, operation: string): WirePolicySpec {
  const { wrong, notHere, wire } = readPolicy(spec, nowMs);
  if (wire !== undefined && wrong.length === 0 && notHere.length === 0) return wire;
  const FaultError = wrong.length > 0 ? ConfigError : UnsupportedError;
  const name = String(spec.name);
  throw new FaultError(`policy ${name} cannot be kept by Rackspace: ${[...wrong, ...notHere].join("; ")}`, {
    operation,
    resource: name,
    ...(notHere.length > 0 ? { hint: "with engine: bellows, Bellows keeps and evaluates it" } : {}),
  });
}

/** A policy in Autoscale's words, and all that is wrong with it; no words where it can't be read. */
export function readPolicy(spec: PolicySpec, nowMs: number): PolicyFaults & { wire?: WirePolicySpec } {
  const parsed = policySpecSchema.safeParse(spec);
  if (!parsed.success) {
    const told = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "policy"}: ${message}`);
    return { wrong: told, notHere: [] };
  }
  const { name, cooldownMs = 0, schedule, adjust } = parsed.data as PolicySpec;
  const amount = amountOf(adjust);
  const wrong = [
    ...(name === DESIRED_POLICY ? [`name: ${DESIRED_POLICY} is Bellows's own`] : []),
    ...(cooldownMs > LONGEST_COOLDOWN_MS ? ["cooldownMs: at most 86400000, which is a day"] : []),
    ...("desired" in adjust && adjust.desired > MOST_SERVERS
      ? [`adjust.desired: at most ${MOST_SERVERS}`]
      : []),
    ...(schedule === undefined ? [] : scheduleFaults(schedule, nowMs)),
  ];
  const notHere = foreignFaults(spec);
  if (amount === undefined)
    return { wrong, notHere: [...notHere, "adjust: Autoscale knows no steps and targets"] };
  const args = schedule === undefined ? {} : { args: scheduleArgs(schedule) };
  const type = schedule === undefined ? "webhook" : "schedule";
  return { wrong, notHere, wire: { name, type, cooldown: cooldownMs / 1_000, ...amount, ...args } };
}

function foreignFaults(spec: PolicySpec): string[] {
  const { schedule, rounding = "otter" } = spec;
  const zone = schedule !== undefined && "cron" in schedule ? (schedule.timezone ?? "UTC") : "UTC";
  return [
    ...(spec.engine === "bellows" ? ["engine: bellows is not Autoscale's"] : []),
    ...ONLY_HERE.filter(([word]) => spec[word] !== undefined).map(([word, why]) => `${word}: ${why}`),
    ...(rounding === "otter" ? [] : ["rounding: Autoscale has its own"]),
    ...(/^(Etc\/)?(UTC|GMT)$/i.test(zone) ? [] : ["schedule.timezone: Autoscale knows UTC alone"]),
  ];
}

function amountOf(
  adjust: Adjust,
): Pick<WirePolicySpec, "change" | "changePercent" | "desiredCapacity"> | undefined {
  if ("change" in adjust) return { change: adjust.change };
  if ("percent" in adjust) return { changePercent: adjust.percent };
  return "desired" in adjust ? { desiredCapacity: adjust.desired } : undefined;
}

function scheduleFaults(schedule: Schedule, nowMs: number): string[] {
  if ("atMs" in schedule)
    return schedule.atMs > nowMs ? [] : ["schedule.atMs: lies in the past; give a time to come"];
  try {
    checkSchedule(schedule);
    return [];
  } catch (error) {
    if (!isBellowsError(error)) throw error;
    return [`schedule.cron: ${errorLine(error)}`];
  }
}

function scheduleArgs(schedule: Schedule): { at: string } | { cron: string } {
  return "atMs" in schedule ? { at: new Date(schedule.atMs).toISOString() } : { cron: schedule.cron };
}
