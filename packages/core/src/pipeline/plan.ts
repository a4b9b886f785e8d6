import type { DecisionRecord } from "../contracts/decision.js";
import type { ScalingSpec } from "../contracts/scaling.js";

/** Something to do, as data. Absolute, so that doing it twice has the effect of once. */
export interface Step {
  kind: "set-desired";
  /** Name of the group in Bellows. */
  group: string;
  /** Name or id at the provider. */
  ref: string;
  /** What desired was when it was decided. */
  from: number;
  to: number;
}

/**
 * Turns a decision into steps. Pure. A hold, and a decision of a group that is not in mode `act`, has none.
 */
export function planSteps(record: DecisionRecord, spec: Pick<ScalingSpec, "ref" | "mode">): Step[] {
  if (spec.mode !== "act" || record.action !== "scale" || record.from === record.to) return [];
  return [{ kind: "set-desired", group: record.group, ref: spec.ref, from: record.from, to: record.to }];
}
