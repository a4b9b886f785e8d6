import type { Proposal, Reason } from "../contracts/decision.js";
import { timerLeftMs } from "../policies/threshold.js";
import { reason } from "../reasons.js";
import type { CompiledPolicy } from "./compiled.js";

/**
 * What each policy would have needed to see to want something else: the part of a hold's `wouldChangeIf` that does
 * not come from a limit. Computed from the proposals and their numbers.
 */
export function addPolicyOutlook(
  policies: readonly CompiledPolicy[],
  proposals: readonly Proposal[],
  desired: number,
  outlook: Reason[],
): void {
  if (policies.length === 0) outlook.push(reason("if-policy-added", {}));
  for (let i = 0; i < proposals.length; i++) {
    const policy = policies[i];
    const proposal = proposals[i];
    if (policy !== undefined && proposal !== undefined) addOne(policy, proposal, desired, outlook);
  }
  if (outlook.length === 0) outlook.push(reason("if-wanted-otherwise", {}));
}

function addOne(policy: CompiledPolicy, proposal: Proposal, desired: number, outlook: Reason[]): void {
  const { code, params } = proposal.reason;
  const { name } = policy;
  switch (code) {
    case "when-false":
      outlook.push(conditionOutlook(policy, String(params.numbers)));
      return;
    case "when-waiting":
      outlook.push(reason("if-held", { policy: name, what: String(params.when), leftMs: leftOf(params) }));
      return;
    case "step-waiting":
      outlook.push(
        reason("if-held", { policy: name, what: `${params.signal} ${params.bound}`, leftMs: leftOf(params) }),
      );
      return;
    case "step-none":
      addSteps(policy, Number(params.value), outlook);
      return;
    case "over-target":
    case "under-target":
    case "within-target":
      if (params.want !== desired) return;
      addTarget(policy, Number(params.value), Number(params.inService), desired, outlook);
      return;
    case "within-share":
      addShare(policy, Number(params.value), desired, outlook);
      return;
    case "target-none-in-service":
      outlook.push(reason("if-in-service", { policy: name }));
      return;
    case "target-pending":
    case "share-pending":
      outlook.push(reason("if-arrived", { pending: Number(params.pending) }));
      return;
    case "no-data":
    case "breach-waiting":
    case "at-least-on-missing":
    case "last-known":
    case "plugin-failed":
      outlook.push(reason("if-data", { policy: name, why: String(params.why ?? params.text) }));
      return;
    case "policy-cooldown":
      outlook.push(
        reason("if-policy-cooldown-ends", {
          policy: name,
          leftMs: Number(params.leftMs),
          wanted: Number(params.wanted),
        }),
      );
      return;
    case "waits-for-order":
    case "waits-for-schedule":
      outlook.push(reason("if-ordered", { policy: name }));
      return;
  }
}

function leftOf(params: Proposal["reason"]["params"]): number {
  return timerLeftMs({ heldMs: Number(params.heldMs) }, Number(params.forMs));
}

/** `backlog above 5 (now 3.2) for 20s`, where the condition is that simple; else the condition with its numbers. */
function conditionOutlook(policy: CompiledPolicy, numbers: string): Reason {
  const { name, comparison, forMs } = policy;
  const value = comparison === undefined ? Number.NaN : Number.parseFloat(numbers.replace("(", ""));
  if (comparison?.signal.expression.ast.kind !== "name" || Number.isNaN(value)) {
    return reason("if-when", { policy: name, when: policy.condition?.text ?? "", numbers, forMs });
  }
  const { operator, bound, signal } = comparison;
  const code = operator === ">" || operator === ">=" ? "if-above" : "if-below";
  const orEqual = operator === ">=" || operator === "<=";
  return reason(code, { policy: name, signal: signal.text, bound, orEqual, value, forMs });
}

/** The nearest step on either side. */
function addSteps(policy: CompiledPolicy, value: number, outlook: Reason[]): void {
  let above = Number.POSITIVE_INFINITY;
  let below = Number.NEGATIVE_INFINITY;
  for (const { atLeast, atMost } of policy.steps ?? []) {
    if (atLeast !== undefined && atLeast > value) above = Math.min(above, atLeast);
    if (atMost !== undefined && atMost < value) below = Math.max(below, atMost);
  }
  const shared = {
    policy: policy.name,
    signal: policy.signal?.text ?? "",
    orEqual: true,
    value,
    forMs: policy.forMs,
  };
  if (Number.isFinite(above)) outlook.push(reason("if-above", { ...shared, bound: above }));
  if (Number.isFinite(below)) outlook.push(reason("if-below", { ...shared, bound: below }));
}

/** Where a `value` target would want more, and less. */
function addTarget(
  policy: CompiledPolicy,
  value: number,
  inService: number,
  desired: number,
  outlook: Reason[],
): void {
  const { target } = policy;
  if (target?.value === undefined) return;
  const { name } = policy;
  const signal = policy.signal?.text ?? "";
  const more = tidy(Math.max(target.value * (1 + target.tolerance), (target.value * desired) / inService));
  outlook.push(reason("if-above", { policy: name, signal, value, forMs: 0, bound: more, orEqual: false }));
  const edge = target.value * (1 - target.tolerance);
  const fewer = (target.value * (desired - 1)) / inService;
  if (edge <= 0 || fewer <= 0) return;
  const bound = tidy(Math.min(edge, fewer));
  outlook.push(reason("if-below", { policy: name, signal, value, forMs: 0, bound, orEqual: fewer < edge }));
}

/** Where a `perInstance` target would want more, and less. */
function addShare(policy: CompiledPolicy, value: number, desired: number, outlook: Reason[]): void {
  const share = policy.target?.perInstance;
  if (share === undefined) return;
  const shared = { policy: policy.name, signal: policy.signal?.text ?? "", value, forMs: 0 };
  outlook.push(reason("if-above", { ...shared, bound: tidy(share * desired), orEqual: false }));
  if (desired > 0)
    outlook.push(reason("if-below", { ...shared, bound: tidy(share * (desired - 1)), orEqual: true }));
}

/** Without the last bits of binary fractions, which nobody wants to read: 66.00000000000001 is 66. */
function tidy(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}
