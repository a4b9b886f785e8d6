import type { Counts, Proposal, SignalReading } from "../contracts/decision.js";
import type { ExpressionInput } from "../expressions/index.js";
import { evaluate } from "../expressions/index.js";
import { advanceTimer, type Timer } from "../policies/threshold.js";
import type { CompiledFormula, CompiledPolicy, CompiledScaling } from "./compiled.js";
import { fillFormula } from "./formula.js";
import type { Memory, PolicyMemory } from "./memory.js";

/** Last good samples by metric, `[value, observedAtMs]`. */
export type KnownSamples = NonNullable<Memory["samples"]>;

/** What policies see of their group in one round. */
export interface Scope {
  readonly compiled: CompiledScaling;
  /** `pending` as policies are to see it: with those that an own step has asked for and nobody sees yet. */
  readonly counts: Counts;
  readonly memory: Memory;
  readonly nowMs: number;
  readonly values: Map<string, ExpressionInput>;
  /** What policies will remember; the memory's own record until one of them changes something. */
  policies: Readonly<Record<string, PolicyMemory>>;
  /** Last good samples, this round's among them, however old; empty where no policy asks for them. */
  readonly known: KnownSamples;
  blind: { policy: string; why: string } | undefined;
}

/** What one policy says when it is judged; `missing`: its data is, and its `onMissing` has to say what follows. */
export type Judged = Proposal | { kind: "missing"; why: string };

/** Sets the names that every expression knows of its group. */
export function setGroupNames(counts: Counts, values: Map<string, ExpressionInput>): void {
  values.set("instances", counts.inService);
  values.set("desired", counts.desired);
  values.set("pending", counts.pending);
  values.set("min", counts.min);
  values.set("max", counts.max);
}

/** Computes the signals, in order, and sets their values. */
export function readSignals({ compiled, values }: Pick<Scope, "compiled" | "values">): SignalReading[] {
  return compiled.signals.map(({ name, text, expression, template }) => {
    const formula = template.names.length === 0 ? text : `${text} = ${fillFormula(template, values)}`;
    const value = expression.run(values) + 0;
    if (!Number.isNaN(value)) {
      values.set(name, value);
      return { name, value, formula };
    }
    const outcome = evaluate(expression, values);
    values.set(name, outcome);
    return { name, unavailable: "unavailable" in outcome ? outcome.unavailable : "has no value", formula };
  });
}

/**
 * Moves a policy's timer on and remembers it; without a `for` there is nothing to remember.
 * @param holds - `undefined`: the data is missing.
 */
export function moveTimer(
  policy: CompiledPolicy,
  scope: Scope,
  which: "timer" | "shrinkTimer",
  holds: boolean | undefined,
): Timer | undefined {
  if (policy.forMs === 0) return undefined;
  const old = scope.policies[policy.name];
  const timer = advanceTimer(old?.[which], holds, scope.nowMs);
  if (timer !== old?.[which]) {
    const next: PolicyMemory = { ...old };
    next[which] = timer;
    remember(scope, policy.name, next);
  }
  return timer;
}

/** Sets what a policy remembers; the round's own copy is made on the first change. */
export function remember(scope: Scope, policy: string, memory: PolicyMemory): void {
  if (scope.policies === scope.memory.policies) scope.policies = { ...scope.policies };
  (scope.policies as Record<string, PolicyMemory>)[policy] = memory;
}

/** Why a formula has no value, in words. */
export function whyMissing(formula: CompiledFormula, scope: Scope): string {
  const outcome = evaluate(formula.expression, scope.values);
  return "unavailable" in outcome ? outcome.unavailable : "has no value";
}
