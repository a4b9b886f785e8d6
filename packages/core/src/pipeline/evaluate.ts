import type { Counts, MetricReading, Proposal, SignalReading } from "../contracts/decision.js";
import type { Sample } from "../contracts/metric.js";
import type { MetricSpec } from "../contracts/scaling.js";
import { formatDuration } from "../duration.js";
import type { ExpressionInput } from "../expressions/index.js";
import { formatSpan, reason } from "../reasons.js";
import type { CompiledPolicy, CompiledScaling } from "./compiled.js";
import { judgePolicy } from "./judge.js";
import type { Memory } from "./memory.js";
import { cooldownLeftMs } from "./memory.js";
import { judgeMissing } from "./missing.js";
import type { KnownSamples, Scope } from "./scope.js";
import { readSignals, setGroupNames } from "./scope.js";

/** What evaluating makes of a round's inputs. */
export interface Evaluated {
  readonly metrics: readonly MetricReading[];
  readonly signals: readonly SignalReading[];
  /** One for each of the compiled policies, in their order. */
  readonly proposals: readonly Proposal[];
  /** The first policy that has no data and could grow; absent: none. */
  readonly blind?: { readonly policy: string; readonly why: string };
  readonly memory: Memory;
}

const NOTHING_KNOWN: KnownSamples = Object.freeze({});

/**
 * Values of names during one evaluation. It is one map for all groups, since evaluating never waits and sets every
 * name that its expressions can ask for before they ask; emptied when it has grown.
 */
const sharedValues = new Map<string, ExpressionInput>();
const SHARED_VALUES_LIMIT = 512;

/**
 * Samples and policies to proposals. Pure.
 * @param samples - one for each of the compiled metrics, in their order.
 */
export function evaluateRound(
  compiled: CompiledScaling,
  counts: Counts,
  samples: readonly Sample[],
  memory: Memory,
  nowMs: number,
): Evaluated {
  if (sharedValues.size > SHARED_VALUES_LIMIT) sharedValues.clear();
  const values = sharedValues;
  const known = compiled.keepsSamples ? rememberSamples(compiled.metrics, samples, memory) : NOTHING_KNOWN;
  const { policies } = memory;
  const scope: Scope = { compiled, counts, memory, nowMs, values, known, policies, blind: undefined };
  const metrics = readMetrics(compiled.metrics, samples, nowMs, values);
  setGroupNames(counts, values);
  const signals = readSignals(scope);
  const proposals = compiled.policies.map((policy) => propose(policy, scope));
  const next: Memory = { ...memory, atMs: nowMs, policies: scope.policies };
  if (compiled.keepsSamples) next.samples = known;
  const evaluated = { metrics, signals, proposals, memory: next };
  return scope.blind === undefined ? evaluated : { ...evaluated, blind: scope.blind };
}

/** The readings of a round's samples; with `values`, their numbers by name go in there. */
export function readMetrics(
  metrics: readonly MetricSpec[],
  samples: readonly Sample[],
  nowMs: number,
  values?: Map<string, ExpressionInput>,
): MetricReading[] {
  return metrics.map((metric, i) => {
    const reading = readMetric(metric, samples[i], nowMs);
    values?.set(metric.name, reading.value ?? { unavailable: reading.unavailable ?? "has no value" });
    return reading;
  });
}

function readMetric(
  { name, source, maxAgeMs }: MetricSpec,
  sample: Sample | undefined,
  nowMs: number,
): MetricReading {
  if (sample === undefined) return { name, source, unavailable: "was not read" };
  if ("unavailable" in sample) return { name, source, unavailable: sample.unavailable };
  const { value, observedAtMs } = sample;
  // A sample from the future is a clock that differs, not a sample to distrust.
  const ageMs = Math.max(0, nowMs - observedAtMs);
  if (!Number.isFinite(value))
    return { name, source, unavailable: "is not a finite number", observedAtMs, ageMs };
  if (ageMs <= maxAgeMs) return { name, source, value, observedAtMs, ageMs };
  const unavailable = `is ${formatSpan(ageMs)} old, older than ${formatDuration(maxAgeMs)}`;
  return { name, source, unavailable, observedAtMs, ageMs };
}

/** What a policy says, its own cooldown taken into account: then it votes with `desired` in place of its want. */
function propose(policy: CompiledPolicy, scope: Scope): Proposal {
  const judged = judgePolicy(policy, scope);
  const proposal = judged.kind === "missing" ? judgeMissing(policy, scope, judged.why) : judged;
  if (proposal.kind !== "want" || policy.cooldownMs === 0) return proposal;
  const { desired } = scope.counts;
  const leftMs = cooldownLeftMs(scope.memory.policies[policy.name]?.stamp, policy.cooldownMs, scope.nowMs);
  if (leftMs === 0 || proposal.want === desired) return proposal;
  const cooling = reason("policy-cooldown", { policy: policy.name, leftMs, wanted: proposal.want });
  return { policy: policy.name, kind: "want", want: desired, reason: cooling };
}

/** The last good sample of each metric, however old; the age is judged when it is used. */
function rememberSamples(
  metrics: readonly MetricSpec[],
  samples: readonly Sample[],
  memory: Memory,
): KnownSamples {
  const known: Record<string, readonly [number, number]> = {};
  metrics.forEach(({ name }, i) => {
    const sample = samples[i];
    const old = memory.samples?.[name];
    if (sample !== undefined && "value" in sample && Number.isFinite(sample.value)) {
      known[name] = [sample.value, sample.observedAtMs];
    } else if (old !== undefined) known[name] = old;
  });
  return known;
}
