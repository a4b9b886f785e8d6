import type { OnMissing, Policy, PolicySpec } from "./policy.js";

/** A named number that a group's policies look at, read from a source. */
export interface MetricSpec {
  name: string;
  /** Key of the source: `group` and `service` are answered by the group's provider. */
  source: string;
  /** Checked by the source's `query` schema. */
  params: unknown;
  /** An older sample counts as missing (default 5 minutes). */
  maxAgeMs: number;
  /** Time for one read (default: half the round, at most 10 s). */
  timeoutMs?: number;
}

/** A named number made from metrics and other signals. */
export interface SignalSpec {
  name: string;
  /** An expression; see the guide. */
  expression: string;
}

/** Bounds that hold for certain hours. Times of day are wall-clock times in `timezone`. */
export interface WindowSpec {
  name: string;
  /** Days on which it begins: 0 Sunday to 6 Saturday; absent: every day. */
  days?: readonly number[];
  /** Minutes from midnight; an end at or before the start lies on the next day. */
  startMinute: number;
  endMinute: number;
  /** IANA name, default UTC. */
  timezone: string;
  min?: number;
  max?: number;
}

/** How fast a group may move in one direction. */
export interface DirectionLimits {
  /** How long the more cautious recommendations of the past still count. */
  stabilizationMs: number;
  /** Most change within `perMs`: instances, or percent of the count at its start. All given rates hold. */
  rates: readonly ({ count: number; perMs: number } | { percent: number; perMs: number })[];
}

/** `act` decides and does; `observe` decides and records; `off` does neither. */
export type Mode = "act" | "observe" | "off";

/** Everything that says how a group scales: what a file's group becomes, and the line's input. */
export interface ScalingSpec {
  /** Name of the group in Bellows: its key in the file. */
  name: string;
  /** Key of its provider. */
  provider: string;
  /** Name or id at the provider. */
  ref: string;
  min: number;
  max: number;
  everyMs: number;
  cooldownMs: number;
  mode: Mode;
  metrics: readonly MetricSpec[];
  signals: readonly SignalSpec[];
  policies: readonly (PolicySpec | Policy)[];
  windows: readonly WindowSpec[];
  scaleOut: DirectionLimits;
  scaleIn: DirectionLimits;
  combine: "largest" | "first-match";
  onMissing: OnMissing;
  /** False: shrinks even while instances of an own step still come or go, as Otter does (default true). */
  waitsForOwnSteps?: boolean;
}

/** A hand on a group: what `bellows pause` and `bellows pin` leave behind. */
export interface Hold {
  reason?: string;
  by?: string;
  sinceMs: number;
  /** Absent: until it is taken away. */
  untilMs?: number;
}
