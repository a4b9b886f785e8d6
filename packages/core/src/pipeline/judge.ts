import type { Proposal } from "../contracts/decision.js";
import type { Step } from "../contracts/policy.js";
import { applyAdjust, describeAdjust } from "../policies/adjust.js";
import { findStep } from "../policies/steps.js";
import { wantForShare, wantForValue } from "../policies/target.js";
import { formatNumber, reason } from "../reasons.js";
import type { CompiledPolicy } from "./compiled.js";
import { judgeCustom } from "./custom.js";
import { fillFormula } from "./formula.js";
import type { Judged, Scope } from "./scope.js";
import { moveTimer, whyMissing } from "./scope.js";

/**
 * What one policy wants, its cooldown aside. Thresholds whose condition is false abstain; targets always want;
 * policies that only take orders have no signals and are never unavailable.
 */
export function judgePolicy(policy: CompiledPolicy, scope: Scope): Judged {
  switch (policy.kind) {
    case "threshold":
      return judgeThreshold(policy, scope);
    case "steps":
      return judgeSteps(policy, scope);
    case "target":
      return judgeTarget(policy, scope);
    case "custom":
      return judgeCustom(policy, scope);
    case "schedule":
      return {
        policy: policy.name,
        kind: "abstain",
        reason: reason("waits-for-schedule", { policy: policy.name }),
      };
    default:
      return {
        policy: policy.name,
        kind: "abstain",
        reason: reason("waits-for-order", { policy: policy.name }),
      };
  }
}

function judgeThreshold(policy: CompiledPolicy, scope: Scope): Judged {
  const { name, condition, forMs } = policy;
  if (condition === undefined || policy.adjust === undefined) return abstain(name);
  const outcome = condition.expression.run(scope.values);
  if (Number.isNaN(outcome)) return { kind: "missing", why: whyMissing(condition, scope) };
  const holds = outcome !== 0;
  const timer = moveTimer(policy, scope, "timer", holds);
  const when = condition.text;
  const numbers = fillFormula(condition.template, scope.values);
  if (!holds)
    return { policy: name, kind: "abstain", reason: reason("when-false", { policy: name, when, numbers }) };
  const heldMs = timer?.heldMs ?? 0;
  if (heldMs < forMs) {
    const waiting = reason("when-waiting", { policy: name, when, numbers, heldMs, forMs });
    return { policy: name, kind: "abstain", reason: waiting };
  }
  const want = applyAdjust(policy.adjust, scope.counts.desired, policy);
  return {
    policy: name,
    kind: "want",
    want,
    reason: reason("when-true", { policy: name, when, numbers, forMs, want }),
  };
}

function abstain(policy: string): Proposal {
  return { policy, kind: "abstain", reason: reason("waits-for-order", { policy }) };
}

/**
 * Growing steps speak before shrinking ones where both hold. Each direction has its own `for`: it runs while any of
 * its steps holds, and the step that holds at its end is the one that counts.
 */
function judgeSteps(policy: CompiledPolicy, scope: Scope): Judged {
  const { name, signal, steps } = policy;
  if (signal === undefined || steps === undefined) return abstain(name);
  const value = signal.expression.run(scope.values);
  if (Number.isNaN(value)) return { kind: "missing", why: whyMissing(signal, scope) };
  const up = findStep(steps, value, "grow");
  const down = findStep(steps, value, "shrink");
  const growTimer = moveTimer(policy, scope, "timer", up !== undefined);
  const shrinkTimer = moveTimer(policy, scope, "shrinkTimer", down !== undefined);
  const step = up ?? down;
  if (step === undefined) {
    return {
      policy: name,
      kind: "abstain",
      reason: reason("step-none", { policy: name, signal: signal.text, value }),
    };
  }
  const timer = up === undefined ? shrinkTimer : growTimer;
  return judgeStep(policy, scope, step, value, timer?.heldMs ?? 0);
}

function judgeStep(
  policy: CompiledPolicy,
  scope: Scope,
  step: Step,
  value: number,
  heldMs: number,
): Proposal {
  const { name, forMs } = policy;
  const signal = policy.signal?.text ?? "";
  const bound = describeBound(step);
  if (heldMs < forMs) {
    const waiting = reason("step-waiting", { policy: name, signal, value, bound, heldMs, forMs });
    return { policy: name, kind: "abstain", reason: waiting };
  }
  const want = applyAdjust(step.adjust, scope.counts.desired, policy);
  const adjust = describeAdjust(step.adjust);
  const reached = reason("step-reached", { policy: name, signal, value, bound, adjust, want });
  return { policy: name, kind: "want", want, reason: reached };
}

function describeBound({ atLeast, atMost }: Step): string {
  if (atLeast === undefined) return atMost === undefined ? "anything" : `at most ${formatNumber(atMost)}`;
  if (atMost === undefined) return `at least ${formatNumber(atLeast)}`;
  return `${formatNumber(atLeast)} to ${formatNumber(atMost)}`;
}

function judgeTarget(policy: CompiledPolicy, scope: Scope): Judged {
  const { name, signal, target } = policy;
  if (signal === undefined || target === undefined) return abstain(name);
  const value = signal.expression.run(scope.values);
  if (Number.isNaN(value)) return { kind: "missing", why: whyMissing(signal, scope) };
  if (target.value !== undefined) return judgeValue(policy, scope, value, target.value, target.tolerance);
  return judgeShare(policy, scope, value, target.perInstance ?? 1, target.tolerance);
}

function judgeValue(
  policy: CompiledPolicy,
  scope: Scope,
  value: number,
  target: number,
  tolerance: number,
): Proposal {
  const { name } = policy;
  const { inService, pending } = scope.counts;
  const answer = wantForValue(value, target, tolerance, scope.counts);
  const { want } = answer;
  const signal = policy.signal?.text ?? "";
  const params = { policy: name, signal, value, target, inService, want };
  switch (answer.reason) {
    case "none-in-service":
      return { policy: name, kind: "want", want, reason: reason("target-none-in-service", params) };
    case "within":
      return { policy: name, kind: "want", want, reason: reason("within-target", { ...params, tolerance }) };
    case "pending":
      return { policy: name, kind: "want", want, reason: reason("target-pending", { ...params, pending }) };
    default:
      return { policy: name, kind: "want", want, reason: reason(`${answer.reason}-target`, params) };
  }
}

function judgeShare(
  policy: CompiledPolicy,
  scope: Scope,
  value: number,
  share: number,
  tolerance: number,
): Proposal {
  const { name } = policy;
  const { pending } = scope.counts;
  const answer = wantForShare(value, share, tolerance, scope.counts);
  const { want } = answer;
  const params = { policy: name, signal: policy.signal?.text ?? "", value, share, want };
  if (answer.reason === "pending") {
    return { policy: name, kind: "want", want, reason: reason("share-pending", { ...params, pending }) };
  }
  const side = answer.reason === "over" || answer.reason === "under" ? answer.reason : "within";
  return { policy: name, kind: "want", want, reason: reason(`${side}-share`, params) };
}
