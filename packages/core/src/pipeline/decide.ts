import type { Counts, DecisionRecord, Reason } from "../contracts/decision.js";
import { reason } from "../reasons.js";
import { combine } from "./combine.js";
import type { CompiledScaling } from "./compiled.js";
import type { Draft } from "./constrain.js";
import { constrain } from "./constrain.js";
import { takeCensus } from "./counts.js";
import type { Decided, RoundInput } from "./draft.js";
import { draftOf, recordOf, seenByPolicies, settleMode, unsettled } from "./draft.js";
import type { Evaluated } from "./evaluate.js";
import { evaluateRound, readMetrics } from "./evaluate.js";
import { pruneMoves, recommend } from "./limits.js";
import type { Execution, Memory, OwnStep } from "./memory.js";
import { isInForce, noteStep, rebaseMemory, stampCooldown, stopTimers } from "./memory.js";
import { addPolicyOutlook } from "./outlook.js";

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
  const execution: Execution = { id: input.id, atMs: nowMs, from: desired, to: draft.to, policy };
  return { record, memory: stamp(kept, execution) };
}

/** Whether a draft goes where the policies want it, rather than where a pin, a floor or a bound moves it. */
function isWinnersMove({ memory, nowMs, counts, to }: Draft, wanted: number): boolean {
  if (isInForce(memory.pin, nowMs)) return false;
  return wanted !== counts.desired && to > counts.desired === wanted > counts.desired;
}

/** Cooldowns run from what a policy wanted; a repair, a pin or a floor starts none. */
function stamp(memory: Memory, execution: Execution): Memory {
  return execution.policy === undefined ? noteStep(memory, execution) : stampCooldown(memory, execution);
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
  // Not deleted: an object that has lost a property is slow to copy for the rest of its life, and JSON leaves it out.
  if (step === undefined && memory.step !== undefined) memory.step = undefined;
  return memory;
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
