import type { Group } from "../src/contracts/group.js";
import type { Instance, Lifecycle } from "../src/contracts/instance.js";
import type { Sample } from "../src/contracts/metric.js";
import type { PolicySpec, Rounding } from "../src/contracts/policy.js";
import type { ScalingSpec } from "../src/contracts/scaling.js";
import type { CustomPolicy } from "../src/pipeline/compiled.js";
import { compileScaling } from "../src/pipeline/compiled.js";
import { decideRound } from "../src/pipeline/decide.js";
import type { DecidedOrder, OrderRequest } from "../src/pipeline/decide-order.js";
import { decideOrder } from "../src/pipeline/decide-order.js";
import type { Decided } from "../src/pipeline/draft.js";
import type { Memory } from "../src/pipeline/memory.js";
import { emptyMemory } from "../src/pipeline/memory.js";

/** A Thursday noon in UTC. */
export const NOON = Date.UTC(2026, 0, 1, 12);

/** Samples by metric name; a number was observed just now. */
export type Samples = Record<string, number | Sample>;

/** How many instances are where; `inService` defaults to all that is desired. */
export interface Instances {
  inService?: number;
  pending?: number;
  draining?: number;
  protected?: number;
  unhealthy?: number;
}

/** What a scene differs in from a group of 4 (min 1, max 10) without policies, limits or cooldown. */
export interface SceneOptions extends Partial<Omit<ScalingSpec, "metrics">> {
  /** Metrics by name; their samples are fresh for five minutes. */
  metrics?: string[];
  desired?: number;
  instances?: Instances;
  rounding?: Rounding;
  custom?: CustomPolicy[];
  group?: Partial<Group>;
  memory?: Memory;
}

/** A policy `when … change …`, under the name `busy` (or another). */
export function threshold(when: string, change: number, more: Partial<PolicySpec> = {}): PolicySpec {
  return { name: "busy", when, adjust: { change }, ...more };
}

/** A target policy for a `value`, named `cpu`. */
export function target(value: number, more: Partial<PolicySpec> = {}): PolicySpec {
  return { name: "cpu", signal: "cpu", adjust: { target: { value } }, ...more };
}

/** A target policy by share, named `jobs`. */
export function share(perInstance: number, more: Partial<PolicySpec> = {}): PolicySpec {
  return { name: "jobs", signal: "queue", adjust: { target: { perInstance } }, ...more };
}

const NO_LIMITS = { stabilizationMs: 0, rates: [] };

/** A full definition from the parts that matter to a test. */
export function specOf(options: SceneOptions): ScalingSpec {
  const {
    metrics = ["cpu", "queue"],
    desired,
    instances,
    rounding,
    custom,
    group,
    memory,
    ...spec
  } = options;
  return {
    name: "web",
    provider: "local",
    ref: "web",
    min: 1,
    max: 10,
    everyMs: 10_000,
    cooldownMs: 0,
    mode: "act",
    metrics: metrics.map((name) => ({ name, source: "http", params: {}, maxAgeMs: 300_000 })),
    signals: [],
    policies: [],
    windows: [],
    scaleOut: NO_LIMITS,
    scaleIn: NO_LIMITS,
    combine: "largest",
    onMissing: { kind: "hold" },
    ...spec,
  };
}

/** A group whose time, samples and instances a test moves by hand. Decisions are carried out at once. */
export class Scene {
  nowMs = NOON;
  memory: Memory;
  desired: number;
  instances: Instances;
  private serial = 0;
  private compiled;
  private readonly group: Partial<Group>;

  constructor(private options: SceneOptions = {}) {
    this.compiled = compileScaling(specOf(options), {
      rounding: options.rounding ?? "otter",
      custom: options.custom ?? [],
    });
    this.memory = options.memory ?? emptyMemory();
    this.desired = options.desired ?? 4;
    this.instances = options.instances ?? {};
    this.group = options.group ?? {};
  }

  /** A new definition of the same group, as after a reload. */
  redefine(options: SceneOptions): void {
    this.options = { ...this.options, ...options };
    this.compiled = compileScaling(specOf(this.options), { rounding: this.options.rounding ?? "otter" });
  }

  /** Lets time pass (or jump back, if negative). */
  after(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  /** One round; samples that are not given were not to be had. */
  round(samples: Samples = {}, more: { rolling?: boolean } = {}): Decided {
    const decided = decideRound({ ...this.input(samples), ...more });
    return this.carryOut(decided);
  }

  /** A round of a group that cannot be read. */
  blindRound(why: string): Decided {
    return this.carryOut(decideRound({ ...this.input({}), observation: { unavailable: why } }));
  }

  order(
    request: Partial<OrderRequest>,
    samples: Samples = {},
    more: { rolling?: boolean } = {},
  ): DecidedOrder {
    return this.carryOut(
      decideOrder({ ...this.input(samples), ...more }, { origin: { kind: "manual" }, ...request }),
    );
  }

  /** An order to a group that cannot be read. */
  blindOrder(why: string, request: Partial<OrderRequest>): DecidedOrder {
    const input = { ...this.input({}), observation: { unavailable: why } };
    return this.carryOut(decideOrder(input, { origin: { kind: "manual" }, ...request }));
  }

  private carryOut<D extends Decided>(decided: D): D {
    this.memory = JSON.parse(JSON.stringify(decided.memory)) as Memory;
    if (decided.record.action === "scale") this.desired = decided.record.to;
    return decided;
  }

  private input(samples: Samples) {
    const { name } = this.compiled.spec;
    const group: Group = {
      name,
      id: name,
      min: 0,
      max: 1_000,
      desired: this.desired,
      cooldownMs: 0,
      metadata: {},
      loadBalancers: [],
      zones: [],
      paused: false,
      ...this.group,
    };
    const status = { group, instances: this.members(), observedAtMs: this.nowMs };
    return {
      compiled: this.compiled,
      observation: { status },
      samples: this.compiled.metrics.map((metric): Sample => {
        const sample = samples[metric.name];
        if (sample === undefined) return { unavailable: "connection refused" };
        return typeof sample === "number" ? { value: sample, observedAtMs: this.nowMs } : sample;
      }),
      memory: this.memory,
      nowMs: this.nowMs,
      id: `r${++this.serial}`,
    };
  }

  private members(): Instance[] {
    const { inService = this.desired, pending = 0, draining = 0, unhealthy = 0 } = this.instances;
    const isProtected = this.instances.protected ?? 0;
    return [
      ...Array.from({ length: inService }, (_, i) => this.member("in-service", i < isProtected)),
      ...Array.from({ length: pending }, () => this.member("pending")),
      ...Array.from({ length: draining }, () => this.member("draining")),
      ...Array.from({ length: unhealthy }, () => ({
        ...this.member("in-service"),
        health: "unhealthy" as const,
      })),
    ];
  }

  private member(lifecycle: Lifecycle, isProtected = false): Instance {
    const { name } = this.compiled.spec;
    return { id: "i", group: name, lifecycle, health: "healthy", addresses: [], protected: isProtected };
  }
}

/** The codes of a decision's reasons, in order. */
export function codes({ record }: Decided): string[] {
  return record.reasons.map(({ code }) => code);
}

/** A decision in short: `4 → 5`, or `4` for a hold. */
export function move({ record }: Decided): string {
  return record.action === "scale" ? `${record.from} → ${record.to}` : `${record.to}`;
}
