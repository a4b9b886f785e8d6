import type { Proposal, Reason } from "../contracts/decision.js";
import { reason } from "../reasons.js";

/** What comes out of the proposals, before any limit. */
export interface Combined {
  /** `desired`, where nobody wants anything. */
  readonly wanted: number;
  /** Index of the proposal that decided; -1: none. */
  readonly winner: number;
}

/** How proposals become one count. */
export interface CombineInput {
  readonly rule: "largest" | "first-match";
  readonly proposals: readonly Proposal[];
  readonly desired: number;
  /** The first policy that has no data and could grow. */
  readonly blind?: { readonly policy: string; readonly why: string } | undefined;
}

/**
 * Combines proposals. `largest`: the largest want wins, so that a shrink needs that no policy wants more;
 * `first-match`: the first policy, in the order of the file, that wants anything. Under both, a shrink does not happen
 * while a policy that could grow has no data.
 * @param reasons - the winner's reason and any veto are added.
 */
export function combine({ rule, proposals, desired, blind }: CombineInput, reasons: Reason[]): Combined {
  const winner = rule === "largest" ? largest(proposals) : proposals.findIndex(({ kind }) => kind === "want");
  const best = proposals[winner];
  if (best?.kind !== "want") {
    reasons.push(...whyNobody(proposals));
    return { wanted: desired, winner: -1 };
  }
  reasons.push(best.reason);
  if (best.want < desired && blind !== undefined) {
    reasons.push(reason("missing-vetoes-shrink", { ...blind, wanted: best.want }));
    return { wanted: desired, winner };
  }
  if (best.want === desired && rule === "largest") addOutvoted(proposals, desired, best.policy, reasons);
  return { wanted: best.want, winner };
}

/** Missing data comes before contentment: who is woken by a group that stands still wants to know that it is blind. */
function whyNobody(proposals: readonly Proposal[]): Reason[] {
  if (proposals.length === 0) return [reason("no-policies", {})];
  const blind = proposals.filter(({ kind }) => kind === "unavailable");
  return blind.length === 0 ? [reason("nobody-wants-change", {})] : blind.map((proposal) => proposal.reason);
}

/** Of equal wants the first in the file wins. */
function largest(proposals: readonly Proposal[]): number {
  let winner = -1;
  let most = -1;
  for (let i = 0; i < proposals.length; i++) {
    const proposal = proposals[i];
    if (proposal?.kind !== "want" || proposal.want <= most) continue;
    most = proposal.want;
    winner = i;
  }
  return winner;
}

/** Says who wanted less and was not followed. */
function addOutvoted(proposals: readonly Proposal[], desired: number, by: string, reasons: Reason[]): void {
  for (const proposal of proposals) {
    if (proposal.kind !== "want" || proposal.want >= desired) continue;
    reasons.push(reason("outvoted", { policy: proposal.policy, wanted: proposal.want, by }));
  }
}
