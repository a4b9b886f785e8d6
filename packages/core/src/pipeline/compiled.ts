import type { OnMissing, PolicyKind, PolicySpec, Rounding, SimpleAdjust, Step } from "../contracts/policy.js";
import { policyKind } from "../contracts/policy.js";
import type { PolicyPlugin } from "../contracts/provider.js";
import type { DirectionLimits, MetricSpec, ScalingSpec, WindowSpec } from "../contracts/scaling.js";
import { ConfigError } from "../errors.js";
import type { CompiledExpression, Expression } from "../expressions/index.js";
import {
  checkNames,
  compileExpression,
  GROUP_NAMES,
  parseExpression,
  printExpression,
} from "../expressions/index.js";
import { canGrow } from "../policies/adjust.js";
import { checkSchedule } from "../policies/schedule.js";
import { SHARE_TOLERANCE, VALUE_TOLERANCE } from "../policies/target.js";
import { windowBounds } from "../policies/windows.js";
import type { FormulaTemplate } from "./formula.js";
import { formulaTemplate } from "./formula.js";

/** An expression made ready, with its text. */
export interface CompiledFormula {
  /** Its plainest form. */
  readonly text: string;
  readonly expression: CompiledExpression;
  readonly template: FormulaTemplate;
}

/** A signal made ready. */
export interface CompiledSignal extends CompiledFormula {
  readonly name: string;
}

/** A condition of the form `signal > 5`, so that it can be said what would make it true. */
export interface SimpleComparison {
  readonly signal: CompiledFormula;
  readonly operator: "<" | "<=" | ">" | ">=";
  readonly bound: number;
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

/** A policy made ready. Which of the optional parts are there depends on its kind. */
export interface CompiledPolicy {
  readonly name: string;
  readonly kind: PolicyKind | "custom";
  /** Absent for plugins. */
  readonly spec?: PolicySpec;
  readonly custom?: CustomPolicy;
  /** Names of the signals that a plugin reads. */
  readonly customSignals?: readonly string[];
  /** 0: only the group's own cooldown binds it. */
  readonly cooldownMs: number;
  readonly forMs: number;
  readonly rounding: Rounding;
  readonly minMagnitude?: number;
  readonly onMissing: OnMissing;
  /** Threshold: its `when`. */
  readonly condition?: CompiledFormula;
  readonly comparison?: SimpleComparison;
  /** Steps and target: what they look at. */
  readonly signal?: CompiledFormula;
  readonly adjust?: SimpleAdjust;
  readonly steps?: readonly Step[];
  readonly target?: { readonly value?: number; readonly perInstance?: number; readonly tolerance: number };
  /** Whether it may want more than there is, whatever the count; `couldGrow` knows the rest. */
  readonly grows: boolean;
  /** Names of the metrics it depends on, through signals too. */
  readonly needs: readonly string[];
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
  /** The provider's own, for orders without a policy. */
  readonly rounding: Rounding;
  /** How far back recommendations matter; 0: not at all. */
  readonly recommendationsMs: number;
  /** How far back own changes matter; 0: not at all. */
  readonly movesMs: number;
  /** Whether an `onMissing` asks for last known samples. */
  readonly keepsSamples: boolean;
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
 * @throws ConfigError naming the group and the part at fault: an expression, a name, a cycle of signals, a schedule, a
 *   time zone, min above max, two policies of one name.
 */
export function compileScaling(spec: ScalingSpec, options: CompileOptions): CompiledScaling {
  const scope = new Compilation(spec, options);
  scope.require(spec.min <= spec.max, "min", `min ${spec.min} is greater than max ${spec.max}`);
  const signals = scope.signals();
  const policies = scope.policies();
  scope.windows();
  return {
    spec,
    metrics: spec.metrics,
    signals,
    policies,
    windows: spec.windows,
    rounding: options.rounding,
    recommendationsMs: Math.max(spec.scaleOut.stabilizationMs, spec.scaleIn.stabilizationMs),
    movesMs: Math.max(longestRateMs(spec.scaleOut), longestRateMs(spec.scaleIn)),
    keepsSamples: policies.some(({ onMissing }) => asksForSamples(onMissing)),
  };
}

/** Whether a policy could want more than `desired`. */
export function couldGrow(policy: CompiledPolicy, desired: number): boolean {
  if (policy.grows) return true;
  if (policy.adjust !== undefined) return canGrow(policy.adjust, desired);
  return policy.steps?.some((step) => canGrow(step.adjust, desired)) ?? false;
}

function longestRateMs({ rates }: DirectionLimits): number {
  return rates.reduce((longest, { perMs }) => Math.max(longest, perMs), 0);
}

function asksForSamples(onMissing: OnMissing): boolean {
  return onMissing.kind === "last-known";
}

/** One group's compilation: what it knows of its names. */
class Compilation {
  private readonly known: readonly string[];

  constructor(
    private readonly spec: ScalingSpec,
    private readonly options: CompileOptions,
  ) {
    this.known = [
      ...spec.metrics.map(({ name }) => name),
      ...spec.signals.map(({ name }) => name),
      ...GROUP_NAMES,
    ];
  }

  /** @throws ConfigError unless `holds`. */
  require(holds: boolean, part: string, message: string, hint?: string): void {
    if (holds) return;
    const details = hint === undefined ? {} : { hint };
    throw new ConfigError(`group ${this.spec.name}, ${part}: ${message}`, details);
  }

  /** Signals in an order in which each comes after those that it uses. */
  signals(): CompiledSignal[] {
    const open = new Map(
      this.spec.signals.map(({ name, expression }) => [
        name,
        { name, ...this.formula(expression, `signal ${name}`) },
      ]),
    );
    const ordered: CompiledSignal[] = [];
    while (open.size > 0) {
      const ready = [...open.values()].filter(
        ({ expression }) => !expression.names.some((name) => open.has(name)),
      );
      const cycle = [...open.keys()].join(", ");
      this.require(ready.length > 0, "signals", `they use each other in a circle: ${cycle}`);
      for (const signal of ready) {
        ordered.push(signal);
        open.delete(signal.name);
      }
    }
    return ordered;
  }

  policies(): CompiledPolicy[] {
    const own = this.spec.policies
      .filter(({ engine }) => engine !== "native")
      .map((policy) => this.policy(policy));
    const all = [...own, ...(this.options.custom ?? []).map((custom) => this.customPolicy(custom))];
    const names = new Set<string>();
    for (const { name } of all) {
      this.require(!names.has(name), `policy ${name}`, "there are two of this name");
      names.add(name);
    }
    return all;
  }

  /** Looks once at every window, so that an unknown time zone is found now and not in a round. */
  windows(): void {
    for (const window of this.spec.windows) {
      try {
        windowBounds([window], 0);
      } catch {
        this.require(false, `window ${window.name}`, `unknown time zone ${JSON.stringify(window.timezone)}`);
      }
    }
  }

  private policy(spec: PolicySpec): CompiledPolicy {
    const part = `policy ${spec.name}`;
    if (spec.schedule !== undefined) checkSchedule(spec.schedule);
    const condition = spec.when === undefined ? undefined : this.formula(spec.when, part);
    const signal = spec.signal === undefined ? undefined : this.formula(spec.signal, part);
    const comparison = condition === undefined ? undefined : simpleComparison(condition.expression.ast);
    return {
      name: spec.name,
      kind: policyKind(spec),
      spec,
      cooldownMs: spec.cooldownMs ?? 0,
      forMs: spec.forMs ?? 0,
      rounding: spec.rounding ?? this.options.rounding,
      onMissing: spec.onMissing ?? this.spec.onMissing,
      grows: "target" in spec.adjust,
      needs: this.metricsOf([...(condition?.expression.names ?? []), ...(signal?.expression.names ?? [])]),
      ...adjustOf(spec),
      ...(spec.minMagnitude === undefined ? {} : { minMagnitude: spec.minMagnitude }),
      ...(condition === undefined ? {} : { condition }),
      ...(comparison === undefined ? {} : { comparison }),
      ...(signal === undefined ? {} : { signal }),
    };
  }

  private customPolicy(custom: CustomPolicy): CompiledPolicy {
    const names = custom.plugin.signals(custom.options);
    for (const name of names) this.formula(name, `policy ${custom.name}`);
    return {
      name: custom.name,
      kind: "custom",
      custom,
      customSignals: names,
      cooldownMs: custom.cooldownMs ?? 0,
      forMs: 0,
      rounding: this.options.rounding,
      onMissing: custom.onMissing ?? this.spec.onMissing,
      grows: true,
      needs: this.metricsOf(names),
    };
  }

  private formula(source: string, part: string): CompiledFormula {
    const parsed = parseExpression(source);
    const fault = parsed.ok ? checkNames(parsed.ast, this.known)[0] : parsed.fault;
    if (!parsed.ok || fault !== undefined) {
      throw new ConfigError(
        `group ${this.spec.name}, ${part}: ${fault?.message} in ${JSON.stringify(source)}`,
        {
          ...(fault?.hint === undefined ? {} : { hint: fault.hint }),
        },
      );
    }
    return formulaOf(parsed.ast);
  }

  /** The metrics behind some names, through signals. */
  private metricsOf(names: readonly string[]): string[] {
    const metrics = new Set(this.spec.metrics.map(({ name }) => name));
    const seen = new Set<string>();
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      const signal = this.spec.signals.find((candidate) => candidate.name === name);
      if (signal !== undefined)
        this.formula(signal.expression, `signal ${name}`).expression.names.forEach(visit);
    };
    names.forEach(visit);
    return [...seen].filter((name) => metrics.has(name));
  }
}

/** Formulas by their plainest text: groups of one kind share theirs, which is most of what a group would weigh. */
const formulas = new Map<string, CompiledFormula>();
/** Enough for every kind of group in one file; beyond it the sharing begins anew. */
const FORMULAS_LIMIT = 1_000;

function formulaOf(ast: Expression): CompiledFormula {
  const text = printExpression(ast);
  const known = formulas.get(text);
  if (known !== undefined) return known;
  if (formulas.size >= FORMULAS_LIMIT) formulas.clear();
  const formula = { text, expression: compileExpression(ast), template: formulaTemplate(ast) };
  formulas.set(text, formula);
  return formula;
}

function adjustOf({ adjust }: PolicySpec): Pick<CompiledPolicy, "adjust" | "steps" | "target"> {
  if ("steps" in adjust) return { steps: adjust.steps };
  if (!("target" in adjust)) return { adjust };
  const { value, perInstance, tolerance } = adjust.target;
  if (value !== undefined) return { target: { value, tolerance: tolerance ?? VALUE_TOLERANCE } };
  return {
    target: {
      ...(perInstance === undefined ? {} : { perInstance }),
      tolerance: tolerance ?? SHARE_TOLERANCE,
    },
  };
}

/** `signal > 5` (or a signed number), if a condition has that form. */
function simpleComparison(ast: Expression): SimpleComparison | undefined {
  const link = ast.kind === "comparison" && ast.rest.length === 1 ? ast.rest[0] : undefined;
  if (ast.kind !== "comparison" || link === undefined) return undefined;
  const { operator, operand } = link;
  if (operator === "==" || operator === "!=") return undefined;
  if (operand.kind === "number") return { signal: formulaOf(ast.first), operator, bound: operand.value };
  if (operand.kind !== "unary" || operand.operator !== "-" || operand.operand.kind !== "number")
    return undefined;
  return { signal: formulaOf(ast.first), operator, bound: -operand.operand.value };
}
