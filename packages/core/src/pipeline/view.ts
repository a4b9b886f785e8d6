import type { DecisionRecord } from "../contracts/decision.js";
import type { Hold } from "../contracts/scaling.js";
import type { Keep, Pin } from "./memory.js";
import { cooldownLeftMs, readHolds } from "./memory.js";
import type { Book } from "./record.js";
import type { GroupRuntime } from "./round-plan.js";

/** What people ask about a group between its rounds. */
export interface LineView {
  pause?: Hold;
  pin?: Pin;
  keeps: readonly Keep[];
  /** Cooldowns that are running; without `policy`: the group's own. */
  cooldowns: readonly { policy?: string; leftMs: number }[];
  lastRecord?: DecisionRecord;
}

/** Reads a group's book for people. Pure. */
export function viewOf({ memory, last }: Book, { spec }: GroupRuntime, nowMs: number): LineView {
  const own = { leftMs: cooldownLeftMs(memory.stamp, spec.cooldownMs, nowMs) };
  const policies = spec.policies.map(({ name, cooldownMs = 0 }) => ({
    policy: name,
    leftMs: cooldownLeftMs(memory.policies[name]?.stamp, cooldownMs, nowMs),
  }));
  return {
    ...readHolds(memory, nowMs),
    cooldowns: [own, ...policies].filter(({ leftMs }) => leftMs > 0),
    ...(last && { lastRecord: last.record }),
  };
}
