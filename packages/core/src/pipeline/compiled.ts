import type { PolicyPlugin } from "../contracts/provider.js";
import type { OnMissing, PolicyKind, PolicySpec, Rounding, Schedule } from "../contracts/policy.js";
import type { MetricSpec, ScalingSpec, WindowSpec } from "../contracts/scaling.js";
import type { CompiledExpression } from "../expressions/index.js";

/** An expression made ready, with its text. */
export interface CompiledFormula {
  /** Its plainest form. */
  readonly text: string;
  readonly expression: CompiledExpression;
}

/** A signal made ready. */
export interface CompiledSignal extends CompiledFormula {
  readonly name: string;
}

/** A policy plugin with its options, as one of a group's policies. */
export interface CustomPolicy {
  readonly name: string;
  readonly plugin: PolicyPlugin<unknown, unknown>;
  /** Has passed the plugin's schema. */
  readonly options: unknown;
  readonly cooldownMs?: number;
  readonly onMissing?: OnMissing;
}

/** A policy made ready. */
export interface CompiledPolicy {
  readonly name: string;
  readonly kind: PolicyKind | "custom";
  /** Absent for plugins. */
  readonly spec?: PolicySpec;
  readonly custom?: CustomPolicy;
  /** 0: only the group's own cooldown binds it. */
  readonly cooldownMs: number;
  readonly rounding: Rounding;
  readonly onMissing: OnMissing;
  readonly schedule?: Schedule;
}

/** A group's scaling made ready for its rounds. Made once for each definition, not once a round. */
export interface CompiledScaling {
  readonly spec: ScalingSpec;
  /** In the order in which `samples` of a round come. */
  readonly metrics: readonly MetricSpec[];
  /** Each after those that it uses. */
  readonly signals: readonly CompiledSignal[];
  /** Those that Bellows evaluates (`engine: bellows`), in the order of the file; native ones are the cloud's. */
  readonly policies: readonly CompiledPolicy[];
  readonly windows: readonly WindowSpec[];
}

/** What else a group's scaling needs to be made ready. */
export interface CompileOptions {
  /** The provider's own rounding, for policies that name none. */
  rounding: Rounding;
  /** Policy plugins' policies of this group; they come after those of the file. */
  custom?: readonly CustomPolicy[];
}

/**
 * Makes a group's scaling ready for its rounds.
 * @throws ConfigError naming the group and the part at fault: an expression, a name, a cycle of signals, min above max.
 */
export function compileScaling(_spec: ScalingSpec, _options: CompileOptions): CompiledScaling {
  throw new Error("being written");
}
