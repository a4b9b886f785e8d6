import type { Reason, ReasonParam } from "./contracts/decision.js";
import { formatDuration } from "./duration.js";

/**
 * All reasons: what each one carries and how it reads. A decision only ever holds codes and numbers; text is made here
 * when somebody wants to read it. Adding a reason is one line in {@link ReasonParams} and one in `TEXT`.
 */
export interface ReasonParams {
  // What policies say.
  "when-true": { policy: string; when: string; numbers: string; forMs: number; want: number };
  "when-false": { policy: string; when: string; numbers: string };
  "when-waiting": { policy: string; when: string; numbers: string; heldMs: number; forMs: number };
  "step-reached": {
    policy: string;
    signal: string;
    value: number;
    bound: string;
    adjust: string;
    want: number;
  };
  "step-waiting": {
    policy: string;
    signal: string;
    value: number;
    bound: string;
    heldMs: number;
    forMs: number;
  };
  "step-none": { policy: string; signal: string; value: number };
  "over-target": TargetParams;
  "under-target": TargetParams;
  "within-target": TargetParams & { tolerance: number };
  "target-pending": TargetParams & { pending: number };
  "target-none-in-service": { policy: string; signal: string; value: number; target: number };
  "over-share": ShareParams;
  "under-share": ShareParams;
  "within-share": ShareParams;
  "share-pending": ShareParams & { pending: number };
  "waits-for-order": { policy: string };
  "waits-for-schedule": { policy: string };
  "plugin-wants": { policy: string; want: number; text: string };
  "plugin-abstains": { policy: string; text: string };
  "plugin-failed": { policy: string; text: string };
  "no-data": { policy: string; why: string };
  "breach-on-missing": { policy: string; why: string; want: number };
  "breach-waiting": { policy: string; why: string; heldMs: number; forMs: number };
  "at-least-on-missing": { policy: string; why: string; count: number; want: number };
  "last-known": { policy: string; why: string; ageMs: number; want: number };
  "policy-cooldown": { policy: string; leftMs: number; wanted: number };
  // What combining them says.
  "no-policies": Record<never, never>;
  "nobody-wants-change": Record<never, never>;
  outvoted: { policy: string; wanted: number; by: string };
  "missing-vetoes-shrink": { policy: string; why: string; wanted: number };
  // What holds or clamps the result.
  "group-unreadable": { why: string };
  paused: HandParams;
  "paused-at-provider": Record<never, never>;
  "mode-off": Record<never, never>;
  "mode-observe": { from: number; to: number };
  pinned: HandParams & { to: number };
  "group-cooldown": { leftMs: number; wanted: number };
  "stabilized-growth": StabilizedParams;
  "stabilized-shrinking": StabilizedParams;
  "rate-growth": RateParams;
  "rate-shrinking": RateParams;
  protected: { count: number; wanted: number; to: number };
  busy: { pending: number; draining: number; wanted: number };
  rolling: { wanted: number };
  "kept-up": { floor: number; wanted: number; leftMs: number; policy: string | null };
  "window-min": ClampParams & { window: string };
  "window-max": ClampParams & { window: string };
  min: ClampParams;
  max: ClampParams;
  "provider-min": ClampParams;
  "provider-max": ClampParams;
  // Orders.
  ordered: { kind: string; by: string | null; policy: string | null; adjust: string; want: number };
  "order-policy-cooldown": { policy: string; leftMs: number };
  "order-group-cooldown": { leftMs: number };
  "order-changes-nothing": { desired: number };
  "order-unknown-policy": { policy: string };
  "order-native-policy": { policy: string };
  "order-without-change": Record<never, never>;
  "order-without-step": { policy: string };
  // What would have changed the outcome.
  "if-above": {
    policy: string;
    signal: string;
    bound: number;
    orEqual: boolean;
    value: number;
    forMs: number;
  };
  "if-below": {
    policy: string;
    signal: string;
    bound: number;
    orEqual: boolean;
    value: number;
    forMs: number;
  };
  "if-when": { policy: string; when: string; numbers: string; forMs: number };
  "if-held": { policy: string; what: string; leftMs: number };
  "if-data": { policy: string; why: string };
  "if-policy-cooldown-ends": { policy: string; leftMs: number; wanted: number };
  "if-group-cooldown-ends": { leftMs: number; wanted: number };
  "if-max-raised": { max: number };
  "if-min-lowered": { min: number };
  "if-provider-bounds-move": { bound: number };
  "if-window-ends": { window: string };
  "if-stable-for": { leftMs: number };
  "if-rate-allows": { leftMs: number };
  "if-unprotected": { count: number };
  "if-settled": { pending: number; draining: number };
  "if-rollout-moves-on": Record<never, never>;
  "if-keep-ends": { leftMs: number };
  "if-resumed": Record<never, never>;
  "if-unpinned": Record<never, never>;
  "if-mode-act": Record<never, never>;
  "if-group-readable": Record<never, never>;
  "if-policy-added": Record<never, never>;
  "if-ordered": { policy: string };
  "if-in-service": { policy: string };
  "if-arrived": { pending: number };
  "if-wanted-otherwise": Record<never, never>;
}

type TargetParams = {
  policy: string;
  signal: string;
  value: number;
  target: number;
  inService: number;
  want: number;
};
type ShareParams = { policy: string; signal: string; value: number; share: number; want: number };
type HandParams = { reason: string | null; by: string | null; untilMs: number | null };
type ClampParams = { bound: number; wanted: number };
type StabilizedParams = { windowMs: number; wanted: number; to: number; leftMs: number };
type RateParams = { limit: string; perMs: number; wanted: number; to: number; leftMs: number };

/** The code of a reason. */
export type ReasonCode = keyof ReasonParams;

/** Makes a reason; its params are those of its code. */
export function reason<C extends ReasonCode>(code: C, params: ReasonParams[C]): Reason {
  return { code, params: params as Readonly<Record<string, ReasonParam>> };
}

/** A number as it is shown: whole ones in full, others to six decimals or digits, never `-0`. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return String(value + 0);
  if (Math.abs(value) >= 0.001) return String(Math.round(value * 1e6) / 1e6);
  return String(Number(value.toPrecision(6)));
}

/**
 * A span of time for reading: at most two units, nothing smaller than a person cares for (`7m`, `1h10m`, `12s`,
 * `0.3s`). Not for parsing back.
 */
export function formatSpan(ms: number): string {
  if (ms < 10_000) return `${Math.round(Math.max(0, ms) / 100) / 10}s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${tail(seconds % 60, "s")}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)}h${tail(minutes % 60, "m")}`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)}d${tail(hours % 24, "h")}`;
}

function tail(amount: number, unit: string): string {
  return amount === 0 ? "" : `${amount}${unit}`;
}

const n = formatNumber;
const span = formatSpan;
const percent = (fraction: number): string => `${n(fraction * 100)}%`;
const forSpan = (ms: number): string => (ms === 0 ? "" : ` for ${formatDuration(ms)}`);

function hand({ reason: why, by, untilMs }: HandParams): string {
  const parts = [
    by === null ? "" : ` by ${by}`,
    untilMs === null ? "" : ` until ${new Date(untilMs).toISOString().replace(".000Z", "Z")}`,
    why === null ? "" : `: ${why}`,
  ];
  return parts.join("");
}

function bound(
  word: string,
  p: { signal: string; bound: number; orEqual: boolean; value: number; forMs: number },
): string {
  const equal = p.orEqual ? ` or equal to` : "";
  return `${p.signal} ${word}${equal} ${n(p.bound)} (now ${n(p.value)})${forSpan(p.forMs)}`;
}

const TEXT: { readonly [C in ReasonCode]: (params: ReasonParams[C]) => string } = {
  "when-true": (p) => `${p.policy}: ${p.when} is true (${p.numbers})${forSpan(p.forMs)}, wants ${p.want}`,
  "when-false": (p) => `${p.policy}: ${p.when} is false (${p.numbers})`,
  "when-waiting": (p) =>
    `${p.policy}: ${p.when} is true (${p.numbers}), for ${span(p.heldMs)} of ${formatDuration(p.forMs)}`,
  "step-reached": (p) => `${p.policy}: ${p.signal} ${n(p.value)} is ${p.bound}: ${p.adjust}, wants ${p.want}`,
  "step-waiting": (p) =>
    `${p.policy}: ${p.signal} ${n(p.value)} is ${p.bound}, for ${span(p.heldMs)} of ${formatDuration(p.forMs)}`,
  "step-none": (p) => `${p.policy}: ${p.signal} ${n(p.value)} is in none of its steps`,
  "over-target": (p) => `${p.policy}: ${target(p)}, wants ${p.want}`,
  "under-target": (p) => `${p.policy}: ${target(p)}, wants ${p.want}`,
  "within-target": (p) =>
    `${p.policy}: ${p.signal} ${n(p.value)} is within ${percent(p.tolerance)} of its target ${n(p.target)}`,
  "target-pending": (p) =>
    `${p.policy}: ${target(p)}, but ${p.pending} pending: wants no less than ${p.want}`,
  "target-none-in-service": (p) =>
    `${p.policy}: nothing is in service, so ${p.signal} ${n(p.value)} against ${n(p.target)} says nothing`,
  "over-share": (p) => `${p.policy}: ${share(p)}`,
  "under-share": (p) => `${p.policy}: ${share(p)}`,
  "within-share": (p) => `${p.policy}: ${share(p)}, as many as there are`,
  "share-pending": (p) =>
    `${p.policy}: ${p.signal} ${n(p.value)} needs fewer, but ${p.pending} pending: wants ${p.want}`,
  "waits-for-order": (p) => `${p.policy}: acts only when ordered`,
  "waits-for-schedule": (p) => `${p.policy}: acts only at its times`,
  "plugin-wants": (p) => `${p.policy}: wants ${p.want}${p.text === "" ? "" : ` (${p.text})`}`,
  "plugin-abstains": (p) => `${p.policy}: ${p.text}`,
  "plugin-failed": (p) => `${p.policy}: its plugin failed: ${p.text}`,
  "no-data": (p) => `${p.policy}: no data (${p.why})`,
  "breach-on-missing": (p) => `${p.policy}: no data (${p.why}) counts as a breach, wants ${p.want}`,
  "breach-waiting": (p) =>
    `${p.policy}: no data (${p.why}) counts as a breach, for ${span(p.heldMs)} of ${formatDuration(p.forMs)}`,
  "at-least-on-missing": (p) => `${p.policy}: no data (${p.why}), wants at least ${p.count}: ${p.want}`,
  "last-known": (p) =>
    `${p.policy}: no data (${p.why}), goes by what it knew ${span(p.ageMs)} ago: wants ${p.want}`,
  "policy-cooldown": (p) => `${p.policy}: wants ${p.wanted}, but is cooling down for ${span(p.leftMs)} more`,
  "no-policies": () => "the group has no policies: it stays as it is",
  "nobody-wants-change": () => "no policy wants a change",
  outvoted: (p) => `${p.policy} wants ${p.wanted}, but ${p.by} does not agree: shrinking needs all`,
  "missing-vetoes-shrink": (p) =>
    `${p.policy} has no data (${p.why}) and might want to grow: no shrinking to ${p.wanted} meanwhile`,
  "group-unreadable": (p) => `the group could not be read: ${p.why}`,
  paused: (p) => `paused${hand(p)}`,
  "paused-at-provider": () => "the group is paused at its provider",
  "mode-off": () => "mode is off",
  "mode-observe": (p) => `mode is observe: would scale ${p.from} → ${p.to}, does nothing`,
  pinned: (p) => `pinned to ${p.to}${hand(p)}`,
  "group-cooldown": (p) => `the group is cooling down for ${span(p.leftMs)} more: no change to ${p.wanted}`,
  "stabilized-growth": (p) =>
    `less was enough within the last ${formatDuration(p.windowMs)}: ${p.wanted} → ${p.to}`,
  "stabilized-shrinking": (p) =>
    `more was needed within the last ${formatDuration(p.windowMs)}: ${p.wanted} → ${p.to}`,
  "rate-growth": (p) => `grows by at most ${p.limit} per ${formatDuration(p.perMs)}: ${p.wanted} → ${p.to}`,
  "rate-shrinking": (p) =>
    `shrinks by at most ${p.limit} per ${formatDuration(p.perMs)}: ${p.wanted} → ${p.to}`,
  protected: (p) => `${p.count} protected from scale-in: ${p.wanted} → ${p.to}`,
  busy: (p) =>
    `its last step is not settled (${p.pending} pending, ${p.draining} draining): no shrinking to ${p.wanted} yet`,
  rolling: (p) => `a batch of a rollout is under way: no shrinking to ${p.wanted} yet`,
  "kept-up": (p) =>
    `kept at ${p.floor}${p.policy === null ? "" : ` by ${p.policy}`} for ${span(p.leftMs)} more: ${p.wanted} → ${p.floor}`,
  "window-min": (p) => `window ${p.window} asks for at least ${p.bound}: ${p.wanted} → ${p.bound}`,
  "window-max": (p) => `window ${p.window} allows at most ${p.bound}: ${p.wanted} → ${p.bound}`,
  min: (p) => `min is ${p.bound}: ${p.wanted} → ${p.bound}`,
  max: (p) => `max is ${p.bound}: ${p.wanted} → ${p.bound}`,
  "provider-min": (p) => `the provider's own min is ${p.bound}: ${p.wanted} → ${p.bound}`,
  "provider-max": (p) => `the provider's own max is ${p.bound}: ${p.wanted} → ${p.bound}`,
  ordered: (p) => {
    const who = p.by === null ? "" : ` by ${p.by}`;
    return `${p.kind} order${who}${p.policy === null ? "" : ` of ${p.policy}`}: ${p.adjust}, wants ${p.want}`;
  },
  "order-policy-cooldown": (p) => `${p.policy} is cooling down for ${span(p.leftMs)} more`,
  "order-group-cooldown": (p) => `the group is cooling down for ${span(p.leftMs)} more`,
  "order-changes-nothing": (p) => `nothing to change: it is ${p.desired} already`,
  "order-unknown-policy": (p) => `the group has no policy ${JSON.stringify(p.policy)}`,
  "order-native-policy": (p) => `${p.policy} is kept by the cloud, which executes it`,
  "order-without-change": () => "the order says neither how much nor which policy",
  "order-without-step": (p) => `${p.policy}: no step or target applies to its signal now`,
  "if-above": (p) => bound("above", p),
  "if-below": (p) => bound("below", p),
  "if-when": (p) => `${p.when} (now ${p.numbers})${forSpan(p.forMs)}`,
  "if-held": (p) => `${p.what} for ${span(p.leftMs)} more`,
  "if-data": (p) => `data for ${p.policy} back (${p.why})`,
  "if-policy-cooldown-ends": (p) =>
    `cooldown of ${p.policy} over (in ${span(p.leftMs)}): it wants ${p.wanted}`,
  "if-group-cooldown-ends": (p) => `cooldown of the group over (in ${span(p.leftMs)}): ${p.wanted} is wanted`,
  "if-max-raised": (p) => `max raised above ${p.max}`,
  "if-min-lowered": (p) => `min lowered below ${p.min}`,
  "if-provider-bounds-move": (p) => `the provider's own bound ${p.bound} moved`,
  "if-window-ends": (p) => `window ${p.window} over`,
  "if-stable-for": (p) => `the same wanted for ${span(p.leftMs)} more`,
  "if-rate-allows": (p) => `its rate allows more in ${span(p.leftMs)}`,
  "if-unprotected": (p) => `fewer than ${p.count} protected`,
  "if-settled": (p) => `its last step settled (${p.pending} pending, ${p.draining} draining)`,
  "if-rollout-moves-on": () => "the rollout's batch over",
  "if-keep-ends": (p) => `the kept floor over (in ${span(p.leftMs)})`,
  "if-resumed": () => "the group resumed",
  "if-unpinned": () => "the group unpinned",
  "if-mode-act": () => "mode act",
  "if-group-readable": () => "the group readable again",
  "if-policy-added": () => "a policy",
  "if-ordered": (p) => `${p.policy} ordered`,
  "if-in-service": (p) => `an instance in service, for ${p.policy} to go by`,
  "if-arrived": (p) => `the ${p.pending} pending in service`,
  "if-wanted-otherwise": () => "a policy wanting something else",
};

function target(p: TargetParams): string {
  return `${p.signal} ${n(p.value)} against target ${n(p.target)}: ${p.inService} × ${n(p.value)} ÷ ${n(p.target)} = ${n((p.inService * p.value) / p.target)}`;
}

function share(p: ShareParams): string {
  return `${p.signal} ${n(p.value)} at ${n(p.share)} for each instance needs ${p.want}`;
}

/** All codes, for documentation and tests. */
export const REASON_CODES = Object.keys(TEXT) as readonly ReasonCode[];

/**
 * A reason in words, without a full stop. One of a code that this version does not know (a record of a newer one) is
 * its code and its params.
 */
export function renderReason(given: Reason): string {
  const text = (TEXT as Record<string, ((params: never) => string) | undefined>)[given.code];
  if (text !== undefined) return text(given.params as never);
  const params = Object.entries(given.params).map(([key, value]) => `${key} ${value}`);
  return [given.code, ...params].join(", ");
}
