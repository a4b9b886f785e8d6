import type { Mode } from "./scaling.js";

/** Values of a reason's parameters. */
export type ReasonParam = string | number | boolean | null;

/**
 * Why: a code with its numbers. Text is made when it is printed, by `renderReason`; see reasons.ts for all codes.
 */
export interface Reason {
  code: string;
  params: Readonly<Record<string, ReasonParam>>;
}

/** Counts of a group as the line saw them. */
export interface Counts {
  desired: number;
  min: number;
  max: number;
  inService: number;
  pending: number;
  draining: number;
  /** Standby, terminating or unhealthy. */
  other: number;
}

/** A metric as it was read. */
export interface MetricReading {
  name: string;
  source: string;
  value?: number;
  unavailable?: string;
  observedAtMs?: number;
  ageMs?: number;
}

/** A signal as it was computed. */
export interface SignalReading {
  name: string;
  value?: number;
  unavailable?: string;
  /** The expression with its numbers. */
  formula: string;
}

/** What one policy says in a round. */
export type Proposal = { policy: string; reason: Reason } & (
  | { kind: "want"; want: number }
  | { kind: "abstain" }
  | { kind: "unavailable" }
);

/** Who asked for an order. */
export interface OrderOrigin {
  kind: "manual" | "webhook" | "alarm" | "schedule" | "api";
  /** Who, where it is known: a token's name, a webhook's name. */
  by?: string;
  /** The policy that it executes. */
  policy?: string;
  /** When a schedule was due. */
  dueAtMs?: number;
  /** Tells an accepted execution from every other, so that it is ordered once, whatever happens meanwhile. */
  id?: string;
}

/** What became of a decision's step. */
export interface StepOutcome {
  kind: string;
  result: "done" | "unchanged" | "retry" | "failed" | "superseded" | "dropped";
  error?: string;
  endedAtMs: number;
}

/** The outcome of a round or order, with everything that led to it. Plain JSON. */
export interface DecisionRecord {
  /** Unique; an order's caller gets it back. */
  id: string;
  group: string;
  provider: string;
  trigger: "round" | "order";
  order?: OrderOrigin;
  /** When it was decided. */
  atMs: number;
  /** Of equal holds in a row: when the last one was, and how many they are. */
  lastAtMs: number;
  count: number;
  mode: Mode;
  /** Absent where the group could not be read. */
  counts?: Counts;
  metrics: readonly MetricReading[];
  signals: readonly SignalReading[];
  proposals: readonly Proposal[];
  /** What came out of `combine`, before any limit. */
  wanted?: number;
  action: "scale" | "hold";
  from: number;
  to: number;
  /** Winner, clamps and vetoes, in the order in which they spoke. */
  reasons: readonly Reason[];
  /** What would have changed the outcome. */
  wouldChangeIf: readonly Reason[];
  /** What was set going, and how it ended. Empty for holds. */
  outcomes: readonly StepOutcome[];
}
