import type { Counts, DecisionRecord, OrderOrigin, Reason } from "../contracts/decision.js";
import type { GroupStatus, Observation } from "../contracts/group.js";
import type { Sample } from "../contracts/metric.js";
import { reason } from "../reasons.js";
import { combine } from "./combine.js";
import type { CompiledScaling } from "./compiled.js";
import type { Draft } from "./constrain.js";
import { constrain } from "./constrain.js";
import type { Census } from "./counts.js";
import { takeCensus } from "./counts.js";
import type { Evaluated } from "./evaluate.js";
import { evaluateRound, readMetrics } from "./evaluate.js";
import { pruneMoves, recommend } from "./limits.js";
import type { Execution, Memory, OwnStep } from "./memory.js";
import { isInForce, noteStep, rebaseMemory, stampCooldown, stopTimers } from "./memory.js";
import { addPolicyOutlook } from "./outlook.js";

export type { DecidedOrder, OrderInput, OrderRequest, OrderVerdict } from "./decide-order.js";
export { decideOrder } from "./decide-order.js";

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

/** Decides a round. Pure: same input, same outcome. Never throws. */
export function decideRound(input: RoundInput): Decided {
  const { compiled, observation, samples, nowMs } = input;
  const memory = rebaseMemory(input.memory, nowMs);
  if ("unavailable" in observation) return holdUnread(input, memory, observation.unavailable);
  const { status } = observation;
  const census = takeCensus(status, compiled.spec);
  const { counts } = census;
  const step = unsettled(memory.step, counts, nowMs);
  const off = compiled.spec.mode === "off";
  const evaluated = off
    ? evaluateNothing(input, memory)
    : evaluateRound(compiled, seenByPolicies(counts, step), samples, memory, nowMs);
  const reasons: Reason[] = [];
  const { desired } = counts;
  const { proposals, blind } = evaluated;
  const { wanted, winner } = off
    ? { wanted: desired, winner: -1 }
    : combine({ rule: compiled.spec.combine, proposals, desired, blind }, reasons);
  const kept = tidyMemory(evaluated.memory, compiled, wanted, desired, nowMs, step);
  const draft = draftOf({ input, status, census, memory: kept, step, to: wanted, reasons });
  const acts = constrain(draft, { pace: true });
  const wouldScale = acts && draft.to !== desired;
  const action = wouldScale && settleMode(draft) ? "scale" : "hold";
  if (action === "hold") addPolicyOutlook(compiled.policies, proposals, desired, draft.outlook);
  const record = recordOf(input, evaluated, counts, draft, action);
  if (!off) record.wanted = wanted;
  if (action === "hold") return { record, memory: kept };
  const policy = isWinnersMove(draft, wanted) ? proposals[winner]?.policy : undefined;
  return { record, memory: stamp(kept, { id: input.id, atMs: nowMs, from: desired, to: draft.to }, policy) };
}

/** Whether a draft goes where the policies want it, rather than where a pin, a floor or a bound moves it. */
function isWinnersMove({ memory, nowMs, counts, to }: Draft, wanted: number): boolean {
  if (isInForce(memory.pin, nowMs)) return false;
  return wanted !== counts.desired && to > counts.desired === wanted > counts.desired;
}

/** Cooldowns run from what a policy wanted; a repair, a pin or a floor starts none. */
function stamp(memory: Memory, execution: Execution, policy: string | undefined): Memory {
  return policy === undefined ? noteStep(memory, execution) : stampCooldown(memory, { ...execution, policy });
}

/** The decision about a group that could not be read: nothing, and no timer goes on meanwhile. */
function holdUnread(input: RoundInput, memory: Memory, why: string): Decided {
  const { compiled, samples, nowMs } = input;
  const readings = { metrics: readMetrics(compiled.metrics, samples, nowMs), signals: [], proposals: [] };
  const draft = {
    to: 0,
    reasons: [reason("group-unreadable", { why })],
    outlook: [reason("if-group-readable", {})],
  };
  const record = recordOf(input, readings, undefined, draft, "hold");
  return { record, memory: stopTimers({ ...memory, atMs: nowMs }) };
}

function evaluateNothing({ compiled, samples, nowMs }: RoundInput, memory: Memory): Evaluated {
  const metrics = readMetrics(compiled.metrics, samples, nowMs);
  return { metrics, signals: [], proposals: [], memory: stopTimers({ ...memory, atMs: nowMs }) };
}

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

/** Memory with this round's recommendation, and without what has expired. */
function tidyMemory(
  memory: Memory,
  compiled: CompiledScaling,
  wanted: number,
  desired: number,
  nowMs: number,
  step: OwnStep | undefined,
): Memory {
  const { recommendations, moves, keeps } = memory;
  memory.recommendations = recommend(recommendations, wanted, desired, nowMs, compiled.recommendationsMs);
  memory.moves = pruneMoves(moves, nowMs, compiled.movesMs);
  if (keeps.length > 0) memory.keeps = keeps.filter(({ untilMs }) => untilMs > nowMs);
  if (step === undefined) delete memory.step;
  return memory;
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

/** Whether two records are holds that are equal: same action, counts and codes. The second is then only counted. */
export function sameHold(a: DecisionRecord, b: DecisionRecord): boolean {
  return (
    a.action === "hold" &&
    b.action === "hold" &&
    a.trigger === "round" &&
    b.trigger === "round" &&
    a.mode === b.mode &&
    a.to === b.to &&
    sameCounts(a.counts, b.counts) &&
    sameReasons(a.reasons, b.reasons) &&
    sameProposals(a, b)
  );
}

function sameCounts(a: Counts | undefined, b: Counts | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.desired === b.desired &&
    a.min === b.min &&
    a.max === b.max &&
    a.inService === b.inService &&
    a.pending === b.pending &&
    a.draining === b.draining &&
    a.other === b.other
  );
}

function sameReasons(a: readonly Reason[], b: readonly Reason[]): boolean {
  return a.length === b.length && a.every(({ code }, i) => code === b[i]?.code);
}

function sameProposals({ proposals: a }: DecisionRecord, { proposals: b }: DecisionRecord): boolean {
  return (
    a.length === b.length &&
    a.every(({ policy, reason: { code } }, i) => policy === b[i]?.policy && code === b[i]?.reason.code)
  );
}
