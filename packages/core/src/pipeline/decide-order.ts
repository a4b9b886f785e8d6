import type { OrderOrigin, Reason } from "../contracts/decision.js";
import type { SimpleAdjust } from "../contracts/policy.js";
import { applyAdjust, describeAdjust } from "../policies/adjust.js";
import { reason } from "../reasons.js";
import type { CompiledPolicy } from "./compiled.js";
import type { Draft } from "./constrain.js";
import { constrain, isStopped } from "./constrain.js";
import { takeCensus } from "./counts.js";
import type { Decided, RoundInput } from "./draft.js";
import { draftOf, recordOf, seenByPolicies, settleMode, unsettled } from "./draft.js";
import type { Evaluated } from "./evaluate.js";
import { evaluateRound, readMetrics } from "./evaluate.js";
import type { Keep, Memory } from "./memory.js";
import { cooldownLeftMs, pushBounded, rebaseMemory, stampCooldown } from "./memory.js";

/** What an order asks for. */
export interface OrderRequest {
  origin: OrderOrigin;
  /** How much; absent: the policy's own. */
  adjust?: SimpleAdjust;
  /** The policy that it executes. */
  policy?: string;
  /** Own cooldown of a policy that the group's definition lacks: one made by hand, whose amount comes along. */
  policyCooldownMs?: number;
  /** How long its result is a floor; absent: the policy's own. */
  keepMs?: number;
  /** `bellows scale`: waits for no cooldown. */
  skipCooldowns?: boolean;
  /** `bellows scale`: keeps of earlier orders end. */
  endKeeps?: boolean;
}

/** As {@link RoundInput}; `samples` may be empty, unless the policy has steps or a target. */
export type OrderInput = RoundInput;

/** What becomes of an order. `execute`: the record says `scale`, and the caller carries it out. */
export type OrderVerdict = "execute" | "unchanged" | "cooldown" | "paused" | "observed" | "refused";

/** As {@link Decided}, for an order. */
export interface DecidedOrder extends Decided {
  verdict: OrderVerdict;
  /** With `cooldown`: when it may be asked again, in milliseconds from now. */
  retryAfterMs?: number;
}

/** An order on its way: its draft, and what else ends up in the record. */
interface Way {
  readonly input: OrderInput;
  readonly order: OrderRequest;
  readonly draft: Draft;
  readonly readings: Pick<Evaluated, "metrics" | "signals" | "proposals">;
}

/**
 * Decides an order at once, from the current desired: it passes all of `constrain` except stabilization and rates.
 * Pure. Never throws: an order that names an unknown policy is `refused`. What is refused, changes nothing, or runs
 * into a cooldown starts none. Only an order that is carried out (or finds the group where it wants it) leaves a keep.
 */
export function decideOrder(input: OrderInput, order: OrderRequest): DecidedOrder {
  const { compiled, observation, nowMs } = input;
  const memory = startOf(input, order);
  const origin = originOf(order);
  if ("unavailable" in observation) return refuseUnread(input, origin, memory, observation.unavailable);
  const census = takeCensus(observation.status, compiled.spec);
  const { counts } = census;
  const step = unsettled(memory.step, counts, nowMs);
  const reasons: Reason[] = [];
  const draft = draftOf({
    input,
    status: observation.status,
    census,
    memory,
    step,
    to: counts.desired,
    reasons,
  });
  const policy = compiled.policies.find(({ name }) => name === order.policy);
  const needsSignal = order.adjust === undefined && policy !== undefined && policy.adjust === undefined;
  const evaluated = needsSignal
    ? evaluateRound(compiled, seenByPolicies(counts, step), input.samples, memory, nowMs)
    : undefined;
  const readings = evaluated ?? {
    metrics: readMetrics(compiled.metrics, input.samples, nowMs),
    signals: [],
    proposals: [],
  };
  const way: Way = { input, order, draft, readings };
  if (isStopped(draft))
    return end(way, compiled.spec.mode === "off" && !isPaused(draft) ? "refused" : "paused");
  const asked = askedFor(way, policy);
  if (asked === undefined) return end(way, "refused");
  draft.to = asked.want;
  const { by = null } = origin;
  const said = { kind: origin.kind, by, policy: order.policy ?? null, adjust: asked.text, want: asked.want };
  reasons.push(reason("ordered", said));
  return coolingDown(way, policy) ?? carryOut(way, policy);
}

/** Memory as the order finds it: `bellows scale` ends keeps, even those whose order it then undoes. */
function startOf({ memory, nowMs }: OrderInput, { endKeeps = false }: OrderRequest): Memory {
  const rebased = { ...rebaseMemory(memory, nowMs), atMs: nowMs };
  return endKeeps ? { ...rebased, keeps: [] } : rebased;
}

function originOf({ origin, policy }: OrderRequest): OrderOrigin {
  return policy === undefined ? origin : { ...origin, policy };
}

function refuseUnread(input: OrderInput, origin: OrderOrigin, memory: Memory, why: string): DecidedOrder {
  const draft = {
    to: 0,
    reasons: [reason("group-unreadable", { why })],
    outlook: [reason("if-group-readable", {})],
  };
  const readings = {
    metrics: readMetrics(input.compiled.metrics, input.samples, input.nowMs),
    signals: [],
    proposals: [],
  };
  return { record: recordOf(input, readings, undefined, draft, "hold", origin), memory, verdict: "refused" };
}

function isPaused({ reasons }: Draft): boolean {
  return reasons.some(({ code }) => code === "paused" || code === "paused-at-provider");
}

/** Ends without a change: the record is a hold, and the memory what it was before the order. */
function end({ input, order, draft, readings }: Way, verdict: OrderVerdict): DecidedOrder {
  draft.to = draft.counts.desired;
  const record = recordOf(input, readings, draft.counts, draft, "hold", originOf(order));
  return { record, memory: { ...rebaseMemory(input.memory, input.nowMs), atMs: input.nowMs }, verdict };
}

/** What an order asks for, and how it reads. */
interface Asked {
  readonly want: number;
  readonly text: string;
}

/** @returns undefined for an order that makes no sense; the reason is in the draft. */
function askedFor({ order, draft, readings }: Way, policy: CompiledPolicy | undefined): Asked | undefined {
  const { desired } = draft.counts;
  if (order.policy !== undefined && policy === undefined && order.adjust === undefined) {
    const native = draft.compiled.spec.policies.some(({ name }) => name === order.policy);
    draft.reasons.push(
      reason(native ? "order-native-policy" : "order-unknown-policy", { policy: order.policy }),
    );
    return undefined;
  }
  const adjust = order.adjust ?? policy?.adjust;
  if (adjust !== undefined) {
    const rule = policy ?? { rounding: draft.compiled.rounding };
    return { want: applyAdjust(adjust, desired, rule), text: describeAdjust(adjust) };
  }
  if (policy === undefined) {
    draft.reasons.push(reason("order-without-change", {}));
    return undefined;
  }
  const proposal = readings.proposals[draft.compiled.policies.indexOf(policy)];
  if (proposal !== undefined) draft.reasons.push(proposal.reason);
  if (proposal?.kind === "want") return { want: proposal.want, text: `by its ${policy.kind}` };
  draft.reasons.push(reason("order-without-step", { policy: policy.name }));
  return undefined;
}

/** Refuses an order in a cooldown, the policy's own first, as Otter does. */
function coolingDown(way: Way, policy: CompiledPolicy | undefined): DecidedOrder | undefined {
  const { order, draft, input } = way;
  if (order.skipCooldowns === true) return undefined;
  const { memory, nowMs, compiled } = draft;
  const name = policy?.name ?? order.policy;
  if (name !== undefined) {
    const cooldownMs = policy?.cooldownMs ?? order.policyCooldownMs ?? 0;
    const leftMs = cooldownLeftMs(memory.policies[name]?.stamp, cooldownMs, nowMs);
    if (leftMs > 0) {
      draft.reasons.push(reason("order-policy-cooldown", { policy: name, leftMs }));
      return { ...end(way, "cooldown"), retryAfterMs: leftMs };
    }
  }
  const leftMs = cooldownLeftMs(memory.stamp, compiled.spec.cooldownMs, input.nowMs);
  if (leftMs === 0) return undefined;
  draft.reasons.push(reason("order-group-cooldown", { leftMs }));
  return { ...end(way, "cooldown"), retryAfterMs: leftMs };
}

function carryOut(way: Way, policy: CompiledPolicy | undefined): DecidedOrder {
  const { input, order, draft, readings } = way;
  const { desired } = draft.counts;
  const asked = draft.to;
  constrain(draft, { pace: false });
  const { to } = draft;
  const origin = originOf(order);
  if (to === desired && asked !== desired && draft.reasons.some(({ code }) => BLOCKS.has(code)))
    return end(way, "refused");
  if (to !== desired && !settleMode(draft)) return end(way, "observed");
  const kept = keep(draft.memory, way, policy, to);
  if (to === desired) {
    draft.reasons.push(reason("order-changes-nothing", { desired }));
    const acts = draft.compiled.spec.mode === "act";
    const unchanged = end(way, "unchanged");
    return acts ? { ...unchanged, memory: kept } : unchanged;
  }
  const record = recordOf(input, readings, draft.counts, draft, "scale", origin);
  record.wanted = asked;
  const execution = { id: input.id, atMs: input.nowMs, from: desired, to };
  const name = policy?.name ?? order.policy;
  const named = name === undefined ? execution : { ...execution, policy: name };
  return { record, memory: stampCooldown(kept, named), verdict: "execute" };
}

/** Limits that stop an order outright, where bounds and floors only move its result. */
const BLOCKS: ReadonlySet<string> = new Set(["pinned", "busy", "rolling", "protected"]);

/** Makes the result a floor, for as long as the order or its policy says. */
function keep(
  memory: Memory,
  { input, order }: Way,
  policy: CompiledPolicy | undefined,
  floor: number,
): Memory {
  const keepMs = order.keepMs ?? policy?.spec?.keepMs ?? 0;
  if (keepMs === 0) return memory;
  const entry: Keep = { id: input.id, floor, untilMs: input.nowMs + keepMs };
  const name = policy?.name ?? order.policy;
  if (name !== undefined) entry.policy = name;
  return { ...memory, keeps: pushBounded(memory.keeps, entry) };
}
