import type { Counts, Reason } from "../contracts/decision.js";
import type { Group } from "../contracts/group.js";
import type { Hold } from "../contracts/scaling.js";
import { windowBounds } from "../policies/windows.js";
import { reason } from "../reasons.js";
import type { CompiledScaling } from "./compiled.js";
import { describeRate, limitRate, stabilizeGrowth, stabilizeShrinking } from "./limits.js";
import type { Memory, OwnStep } from "./memory.js";
import { cooldownLeftMs, isInForce } from "./memory.js";

/** A decision on its way through its limits. `to` is what each limit works on. */
export interface Draft {
  readonly compiled: CompiledScaling;
  readonly group: Group;
  /** As observed. */
  readonly counts: Counts;
  readonly protectedCount: number;
  readonly memory: Memory;
  readonly nowMs: number;
  /** The group's own last step, as long as it has not settled. */
  readonly step: OwnStep | undefined;
  readonly rolling: boolean;
  /** What is wanted now: first by the policies or the order, then by what is left of it. */
  to: number;
  readonly reasons: Reason[];
  /** What would have changed the outcome. */
  readonly outlook: Reason[];
}

/** What limits apply: an order is no recommendation, so it passes stabilization and rates. */
export interface Passes {
  /** Bring group cooldown, stabilization and rates to bear. */
  readonly pace: boolean;
}

/**
 * Holds a wanted count to everything that limits it, in the order of the design; each limit that changes it says so.
 * @returns false where nothing at all may be written (paused, mode off): `to` is then `desired`.
 */
export function constrain(draft: Draft, { pace }: Passes): boolean {
  if (isStopped(draft)) {
    draft.to = draft.counts.desired;
    return false;
  }
  if (!applyPin(draft) && pace) {
    applyGroupCooldown(draft);
    applyStabilization(draft);
    applyRates(draft);
  }
  applyProtection(draft);
  applyBusy(draft);
  applyKeeps(draft);
  applyWindows(draft);
  applyBounds(draft);
  applyRolling(draft);
  return true;
}

/** Paused, here or at the provider, or off. */
export function isStopped(draft: Draft): boolean {
  const { memory, nowMs, compiled, group, reasons, outlook } = draft;
  if (isInForce(memory.pause, nowMs)) {
    reasons.push(reason("paused", handOf(memory.pause)));
    outlook.push(reason("if-resumed", {}));
    return true;
  }
  if (group.paused) {
    reasons.push(reason("paused-at-provider", {}));
    outlook.push(reason("if-resumed", {}));
    return true;
  }
  if (compiled.spec.mode !== "off") return false;
  reasons.push(reason("mode-off", {}));
  outlook.push(reason("if-mode-act", {}));
  return true;
}

function handOf(hold: Hold): { reason: string | null; by: string | null; untilMs: number | null } {
  return { reason: hold.reason ?? null, by: hold.by ?? null, untilMs: hold.untilMs ?? null };
}

/** A pin is a hand on the group: it takes the place of what is wanted, and waits for no cooldown, window or rate. */
function applyPin(draft: Draft): boolean {
  const { pin } = draft.memory;
  if (!isInForce(pin, draft.nowMs)) return false;
  draft.to = pin.to;
  draft.reasons.push(reason("pinned", { to: pin.to, ...handOf(pin) }));
  draft.outlook.push(reason("if-unpinned", {}));
  return true;
}

function applyGroupCooldown(draft: Draft): void {
  const { compiled, memory, nowMs, counts, to } = draft;
  const leftMs = cooldownLeftMs(memory.stamp, compiled.spec.cooldownMs, nowMs);
  if (leftMs === 0 || to === counts.desired) return;
  draft.to = counts.desired;
  draft.reasons.push(reason("group-cooldown", { leftMs, wanted: to }));
  draft.outlook.push(reason("if-group-cooldown-ends", { leftMs, wanted: to }));
}

function applyStabilization(draft: Draft): void {
  const { compiled, memory, nowMs, counts, to: wanted } = draft;
  if (wanted === counts.desired) return;
  const grows = wanted > counts.desired;
  const windowMs = (grows ? compiled.spec.scaleOut : compiled.spec.scaleIn).stabilizationMs;
  if (windowMs === 0) return;
  const stabilize = grows ? stabilizeGrowth : stabilizeShrinking;
  const { to, leftMs } = stabilize(memory.recommendations, wanted, counts.desired, windowMs, nowMs);
  if (to === wanted) return;
  draft.to = to;
  const code = grows ? "stabilized-growth" : "stabilized-shrinking";
  draft.reasons.push(reason(code, { windowMs, wanted, to, leftMs }));
  draft.outlook.push(reason("if-stable-for", { leftMs }));
}

function applyRates(draft: Draft): void {
  const { compiled, memory, nowMs, counts, to: wanted } = draft;
  if (wanted === counts.desired) return;
  const grows = wanted > counts.desired;
  const { rates } = grows ? compiled.spec.scaleOut : compiled.spec.scaleIn;
  if (rates.length === 0) return;
  const { to, leftMs, rate } = limitRate(memory, rates, wanted, counts.desired, nowMs);
  if (rate === undefined) return;
  draft.to = to;
  const params = { limit: describeRate(rate), perMs: rate.perMs, wanted, to, leftMs };
  draft.reasons.push(reason(grows ? "rate-growth" : "rate-shrinking", params));
  draft.outlook.push(reason("if-rate-allows", { leftMs: leftMs === 0 ? rate.perMs : leftMs }));
}

function applyProtection(draft: Draft): void {
  const { counts, protectedCount: count, to: wanted } = draft;
  const floor = Math.min(count, counts.desired);
  if (wanted >= floor) return;
  draft.to = floor;
  draft.reasons.push(reason("protected", { count, wanted, to: floor }));
  draft.outlook.push(reason("if-unprotected", { count }));
}

function applyBusy(draft: Draft): void {
  const { counts, step, to: wanted, compiled } = draft;
  if (compiled.spec.waitsForOwnSteps === false) return;
  if (step === undefined || wanted >= counts.desired) return;
  const { pending, draining, desired } = counts;
  draft.to = desired;
  draft.reasons.push(reason("busy", { pending, draining, wanted }));
  draft.outlook.push(reason("if-settled", { pending, draining }));
}

function applyKeeps(draft: Draft): void {
  const { memory, nowMs, to: wanted } = draft;
  for (const keep of memory.keeps) {
    if (keep.untilMs <= nowMs || keep.floor <= draft.to) continue;
    const leftMs = keep.untilMs - nowMs;
    draft.to = keep.floor;
    draft.reasons.push(reason("kept-up", { floor: keep.floor, wanted, leftMs, policy: keep.policy ?? null }));
    draft.outlook.push(reason("if-keep-ends", { leftMs }));
  }
}

function applyWindows(draft: Draft): void {
  const bounds = windowBounds(draft.compiled.windows, draft.nowMs);
  if (bounds.min !== undefined && draft.to < bounds.min)
    clampToWindow(draft, "window-min", bounds.min, bounds.minWindow);
  if (bounds.max !== undefined && draft.to > bounds.max)
    clampToWindow(draft, "window-max", bounds.max, bounds.maxWindow);
}

function clampToWindow(
  draft: Draft,
  code: "window-min" | "window-max",
  bound: number,
  name: string | undefined,
): void {
  const window = name ?? "";
  draft.reasons.push(reason(code, { window, bound, wanted: draft.to }));
  draft.outlook.push(reason("if-window-ends", { window }));
  draft.to = bound;
}

/** The group's own bounds, and those that its provider knows (they differ while a new definition is on its way). */
function applyBounds(draft: Draft): void {
  const { spec } = draft.compiled;
  const { min, max } = draft.group;
  if (draft.to < spec.min) clamp(draft, "min", spec.min);
  if (draft.to < min) clamp(draft, "provider-min", min);
  if (draft.to > spec.max) clamp(draft, "max", spec.max);
  if (draft.to > max) clamp(draft, "provider-max", max);
}

function clamp(draft: Draft, code: "min" | "max" | "provider-min" | "provider-max", bound: number): void {
  draft.reasons.push(reason(code, { bound, wanted: draft.to }));
  if (code === "max") draft.outlook.push(reason("if-max-raised", { max: bound }));
  else if (code === "min") draft.outlook.push(reason("if-min-lowered", { min: bound }));
  else draft.outlook.push(reason("if-provider-bounds-move", { bound }));
  draft.to = bound;
}

/** Mid-batch of a rollout growth passes, and shrinking waits, to a new max as well. */
function applyRolling(draft: Draft): void {
  const { counts, rolling, to: wanted } = draft;
  if (!rolling || wanted >= counts.desired) return;
  draft.to = counts.desired;
  draft.reasons.push(reason("rolling", { wanted }));
  draft.outlook.push(reason("if-rollout-moves-on", {}));
}
