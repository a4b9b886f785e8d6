import type { Proposal } from "../contracts/decision.js";
import type { OnMissing } from "../contracts/policy.js";
import { applyAdjust, canGrow } from "../policies/adjust.js";
import { reason } from "../reasons.js";
import type { CompiledPolicy } from "./compiled.js";
import { couldGrow } from "./compiled.js";
import { judgePolicy } from "./judge.js";
import type { Scope } from "./scope.js";
import { moveTimer, readSignals } from "./scope.js";

/**
 * What a policy says while its data is missing: by its chain, which ends in `hold`. Whatever it is, it never wants less
 * than `desired`.
 * @param why - the data's own reason.
 */
export function judgeMissing(policy: CompiledPolicy, scope: Scope, why: string): Proposal {
  if (scope.blind === undefined && couldGrow(policy, scope.counts.desired))
    scope.blind = { policy: policy.name, why };
  return follow(policy.onMissing, policy, scope, why);
}

function follow(chain: OnMissing, policy: CompiledPolicy, scope: Scope, why: string): Proposal {
  switch (chain.kind) {
    case "breach":
      return breach(policy, scope, why) ?? hold(policy, scope, why);
    case "at-least":
      return atLeast(policy, scope, why, chain.count);
    case "last-known":
      return lastKnown(policy, scope, why, chain.forMs) ?? follow(chain.next, policy, scope, why);
    default:
      return hold(policy, scope, why);
  }
}

function hold(policy: CompiledPolicy, scope: Scope, why: string): Proposal {
  stopTimers(policy, scope);
  return {
    policy: policy.name,
    kind: "unavailable",
    reason: reason("no-data", { policy: policy.name, why }),
  };
}

function stopTimers(policy: CompiledPolicy, scope: Scope): void {
  moveTimer(policy, scope, "timer", undefined);
  moveTimer(policy, scope, "shrinkTimer", undefined);
}

function atLeast(policy: CompiledPolicy, scope: Scope, why: string, count: number): Proposal {
  stopTimers(policy, scope);
  const want = Math.max(count, scope.counts.desired);
  const said = reason("at-least-on-missing", { policy: policy.name, why, count, want });
  return { policy: policy.name, kind: "want", want, reason: said };
}

/** Missing data counts as a condition that holds; only for thresholds that grow. */
function breach(policy: CompiledPolicy, scope: Scope, why: string): Proposal | undefined {
  const { adjust, forMs, name } = policy;
  const { desired } = scope.counts;
  if (policy.kind !== "threshold" || adjust === undefined || !canGrow(adjust, desired)) return undefined;
  const heldMs = moveTimer(policy, scope, "timer", true)?.heldMs ?? 0;
  if (heldMs < forMs) {
    return {
      policy: name,
      kind: "unavailable",
      reason: reason("breach-waiting", { policy: name, why, heldMs, forMs }),
    };
  }
  const want = Math.max(applyAdjust(adjust, desired, policy), desired);
  return {
    policy: name,
    kind: "want",
    want,
    reason: reason("breach-on-missing", { policy: name, why, want }),
  };
}

/**
 * Judges by the last samples, while none that is needed was observed longer than `forMs` ago. A policy that can only
 * shrink holds, since it must not.
 * @returns undefined where they are too old or do not help.
 */
function lastKnown(policy: CompiledPolicy, scope: Scope, why: string, forMs: number): Proposal | undefined {
  const { desired } = scope.counts;
  const values = new Map(scope.values);
  let oldestMs = 0;
  for (const name of policy.needs) {
    if (typeof values.get(name) === "number") continue;
    const known = scope.known[name];
    const ageMs = known === undefined ? Number.POSITIVE_INFINITY : Math.max(0, scope.nowMs - known[1]);
    if (known === undefined || ageMs > forMs) return undefined;
    values.set(name, known[0]);
    oldestMs = Math.max(oldestMs, ageMs);
  }
  if (!couldGrow(policy, desired)) return undefined;
  const then: Scope = { ...scope, values };
  readSignals(then);
  const judged = judgePolicy(policy, then);
  if (judged.kind === "missing" || judged.kind === "unavailable") return undefined;
  scope.policies = then.policies;
  const want = judged.kind === "want" ? Math.max(judged.want, desired) : desired;
  const said = reason("last-known", { policy: policy.name, why, ageMs: oldestMs, want });
  return { policy: policy.name, kind: "want", want, reason: said };
}
