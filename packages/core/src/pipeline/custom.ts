import type { Proposal } from "../contracts/decision.js";
import type { PolicyInput } from "../contracts/provider.js";
import { LARGEST_COUNT } from "../policies/adjust.js";
import { reason } from "../reasons.js";
import type { CompiledPolicy } from "./compiled.js";
import type { Judged, Scope } from "./scope.js";
import { remember } from "./scope.js";

/** What a policy plugin says. One that throws, or wants no whole count, is unavailable, and the group goes on. */
export function judgeCustom(policy: CompiledPolicy, scope: Scope): Judged {
  const { name, custom } = policy;
  const signals = new Map<string, number>();
  for (const signal of policy.customSignals ?? []) {
    const value = scope.values.get(signal);
    if (typeof value !== "number") return { kind: "missing", why: whyNone(signal, value) };
    signals.set(signal, value);
  }
  if (custom === undefined) return failed(policy, scope, "it has no plugin");
  try {
    const old = scope.policies[name];
    const { verdict, memory } = custom.plugin.evaluate(custom.options, inputOf(scope, signals), old?.custom);
    const next = { ...old };
    if (memory === undefined) delete next.custom;
    else next.custom = memory;
    if (memory !== old?.custom) remember(scope, name, next);
    if ("abstain" in verdict) {
      return {
        policy: name,
        kind: "abstain",
        reason: reason("plugin-abstains", { policy: name, text: verdict.abstain }),
      };
    }
    const { want, text = "" } = verdict;
    if (!Number.isInteger(want) || want < 0 || want > LARGEST_COUNT)
      return failed(policy, scope, `it wants ${want}`);
    return { policy: name, kind: "want", want, reason: reason("plugin-wants", { policy: name, want, text }) };
  } catch (error) {
    return failed(policy, scope, error instanceof Error ? error.message : String(error));
  }
}

function whyNone(signal: string, value: unknown): string {
  const why =
    typeof value === "object" && value !== null && "unavailable" in value
      ? value.unavailable
      : "has no value";
  return `${signal}: ${String(why)}`;
}

function inputOf({ counts, nowMs }: Scope, signals: ReadonlyMap<string, number>): PolicyInput {
  const { desired, inService, pending, min, max } = counts;
  return { signals, desired, inService, pending, min, max, nowMs };
}

function failed(policy: CompiledPolicy, scope: Scope, text: string): Proposal {
  scope.blind ??= { policy: policy.name, why: text };
  return {
    policy: policy.name,
    kind: "unavailable",
    reason: reason("plugin-failed", { policy: policy.name, text }),
  };
}
