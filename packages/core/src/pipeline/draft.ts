import type { Counts, DecisionRecord, OrderOrigin, Reason } from "../contracts/decision.js";
import type { GroupStatus, Observation } from "../contracts/group.js";
import type { Sample } from "../contracts/metric.js";
import { reason } from "../reasons.js";
import type { CompiledScaling } from "./compiled.js";
import type { Draft } from "./constrain.js";
import type { Census } from "./counts.js";
import type { Evaluated } from "./evaluate.js";
import type { Memory, OwnStep } from "./memory.js";

/** All that a round's decision is made from. */
export interface RoundInput {
  compiled: CompiledScaling;
  /** The group as it was read, with own acknowledged writes already laid over it, or why it could not be read. */
  observation: Observation;
  /** One for each of `compiled.metrics`, in their order. */
  samples: readonly Sample[];
  memory: Memory;
  nowMs: number;
  /** Id of the record. */
  id: string;
  /** True while a batch of a rollout is under way: shrinking waits, to a new max as well. */
  rolling?: boolean;
}

/** The outcome: what to record, and what to remember. Nothing in the input was changed. */
export interface Decided {
  /** `action: "scale"` is to be carried out; in `mode: observe` it never occurs. */
  record: DecisionRecord;
  /**
   * To be saved with the record in one commit. When the record says `scale`, its cooldowns, move, keep are stamped in
   * it already (see `stampCooldown`); `withdrawCooldown(memory, record.id)` takes them back.
   */
  memory: Memory;
}

/**
 * An own step that has not settled after this long blocks shrinking no more: an instance that never comes up, or one
 * that drains for hours, must not keep a group large.
 */
export const BUSY_FOR_AT_MOST_MS = 600_000;

/** The own last step, as long as its instances have not settled. */
export function unsettled(step: OwnStep | undefined, counts: Counts, nowMs: number): OwnStep | undefined {
  if (step === undefined || nowMs - step.atMs >= BUSY_FOR_AT_MOST_MS) return undefined;
  const settled = counts.pending === 0 && counts.draining === 0 && counts.inService === counts.desired;
  return settled ? undefined : step;
}

/** Instances that an own step asked for and nobody sees yet are pending too. */
export function seenByPolicies(counts: Counts, step: OwnStep | undefined): Counts {
  const unseen = counts.desired - counts.inService;
  return step === undefined || unseen <= counts.pending ? counts : { ...counts, pending: unseen };
}

/** The parts that a draft is made from. */
interface DraftParts {
  input: RoundInput;
  status: GroupStatus;
  census: Census;
  memory: Memory;
  step: OwnStep | undefined;
  to: number;
  reasons: Reason[];
}

/** A draft at the beginning of its way. */
export function draftOf({ input, status, census, memory, step, to, reasons }: DraftParts): Draft {
  const { counts, protectedCount } = census;
  const { compiled, nowMs, rolling = false } = input;
  return {
    compiled,
    group: status.group,
    counts,
    protectedCount,
    memory,
    nowMs,
    step,
    rolling,
    to,
    reasons,
    outlook: [],
  };
}

/** Whether the mode lets a draft be carried out; if not, it says what it would have been and goes back to `desired`. */
export function settleMode(draft: Draft): boolean {
  if (draft.compiled.spec.mode === "act") return true;
  const from = draft.counts.desired;
  draft.reasons.push(reason("mode-observe", { from, to: draft.to }));
  draft.outlook.push(reason("if-mode-act", {}));
  draft.to = from;
  return false;
}

/** The record of a draft at the end of its way. */
export function recordOf(
  input: RoundInput,
  evaluated: Pick<Evaluated, "metrics" | "signals" | "proposals">,
  counts: Counts | undefined,
  draft: Pick<Draft, "to" | "reasons" | "outlook">,
  action: "scale" | "hold",
  order?: OrderOrigin,
): DecisionRecord {
  const { id, compiled, nowMs } = input;
  const { name, provider, mode } = compiled.spec;
  const { metrics, signals, proposals } = evaluated;
  const record: DecisionRecord = {
    id,
    group: name,
    provider,
    trigger: order === undefined ? "round" : "order",
    atMs: nowMs,
    lastAtMs: nowMs,
    count: 1,
    mode,
    metrics,
    signals,
    proposals,
    action,
    from: counts?.desired ?? 0,
    to: draft.to,
    reasons: draft.reasons,
    wouldChangeIf: draft.outlook,
    outcomes: [],
  };
  if (counts !== undefined) record.counts = counts;
  if (order !== undefined) record.order = order;
  return record;
}
