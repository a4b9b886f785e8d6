/** What is asked of CloudWatch together. Pure. */

import { companyOf, MOST_QUERIES, placesOf, type Unit } from "./metric-query.js";
import { alignDown, type Span } from "./metric-window.js";

/** Most data points of an answer. @see docs.aws.amazon.com, GetMetricData */
const MOST_POINTS = 100_800;
/** Longest common multiple of periods in one call: an odd pair of periods would make it reach far back. */
const LONGEST_STEP_MS = 86_400_000;

/** What is asked in one call. */
export interface Batch extends Span {
  region: string | undefined;
  units: Unit[];
}

/** Puts questions together into as few calls as CloudWatch takes them in, each with a span that holds all of its own. */
export function batchesOf(units: readonly Unit[], spanOf: (unit: Unit) => Span): Batch[] {
  const drafts: Draft[] = [];
  // Those that look far back come last, so that they do not make others answer for as long.
  for (const unit of [...units].sort((a, b) => a.periodMs - b.periodMs)) {
    const alone = draftOf(unit, spanOf(unit));
    const at = drafts.findIndex((draft) => fits(draft, alone));
    const draft = drafts[at];
    if (draft === undefined) drafts.push(alone);
    else drafts[at] = together(draft, alone);
  }
  return drafts.map(({ region, units: members, startMs, endMs }) => ({
    region,
    units: members,
    startMs,
    endMs,
  }));
}

/** A batch that grows. */
interface Draft extends Batch {
  stepMs: number;
  places: number;
  pointsPerMs: number;
  company: ReturnType<typeof companyOf>;
}

function draftOf(unit: Unit, span: Span): Draft {
  const places = placesOf(unit);
  const { region, periodMs } = unit;
  return {
    region,
    units: [unit],
    startMs: alignDown(span.startMs, periodMs),
    endMs: span.endMs,
    stepMs: periodMs,
    places,
    pointsPerMs: places / periodMs,
    company: companyOf(unit),
  };
}

function fits(a: Draft, b: Draft): boolean {
  if (a.region !== b.region || a.company === "none" || b.company === "none") return false;
  if (a.company === "no-select" && b.company === "no-select") return false;
  if (a.places + b.places > MOST_QUERIES) return false;
  if (commonMultiple(a.stepMs, b.stepMs) > Math.max(LONGEST_STEP_MS, a.stepMs, b.stepMs)) return false;
  const { startMs, endMs, pointsPerMs } = together(a, b, []);
  return (endMs - startMs) * pointsPerMs <= MOST_POINTS;
}

function together(a: Draft, b: Draft, units = joined(a.units, b.units)): Draft {
  const stepMs = commonMultiple(a.stepMs, b.stepMs);
  return {
    region: a.region,
    units,
    stepMs,
    startMs: alignDown(Math.min(a.startMs, b.startMs), stepMs),
    endMs: Math.max(a.endMs, b.endMs),
    places: a.places + b.places,
    pointsPerMs: a.pointsPerMs + b.pointsPerMs,
    company: a.company === "any" ? b.company : a.company,
  };
}

/** The first list, with the others in it: a batch of hundreds is not copied for each. */
function joined(into: Unit[], units: readonly Unit[]): Unit[] {
  into.push(...units);
  return into;
}

function commonMultiple(a: number, b: number): number {
  return (a / greatestDivisor(a, b)) * b;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
