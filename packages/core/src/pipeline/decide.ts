import type { DecisionRecord, OrderOrigin } from "../contracts/decision.js";
import type { Observation } from "../contracts/group.js";
import type { Sample } from "../contracts/metric.js";
import type { SimpleAdjust } from "../contracts/policy.js";
import type { CompiledScaling } from "./compiled.js";
import type { Memory } from "./memory.js";

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

/** What an order asks for. */
export interface OrderRequest {
  origin: OrderOrigin;
  /** How much; absent: the policy's own. */
  adjust?: SimpleAdjust;
  /** The policy that it executes. */
  policy?: string;
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

/** Decides a round. Pure: same input, same outcome. Never throws. */
export function decideRound(_input: RoundInput): Decided {
  throw new Error("being written");
}

/**
 * Decides an order at once, from the current desired: it passes all of `constrain` except stabilization and rates.
 * Pure. Never throws: an order that names an unknown policy is `refused`.
 */
export function decideOrder(_input: OrderInput, _order: OrderRequest): DecidedOrder {
  throw new Error("being written");
}

/** Whether two records are holds that are equal: same action, counts and codes. The second is then only counted. */
export function sameHold(_a: DecisionRecord, _b: DecisionRecord): boolean {
  throw new Error("being written");
}
