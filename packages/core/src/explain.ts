import type {
  Counts,
  DecisionRecord,
  MetricReading,
  OrderOrigin,
  SignalReading,
  StepOutcome,
} from "./contracts/decision.js";
import { formatNumber, formatSpan, renderReason } from "./reasons.js";

/** Width of the labels on the left. */
const LABEL_WIDTH = 11;

/**
 * A decision record in lines for a person who was just woken up: what was decided, what the group looked like, every
 * input with its age, what each policy said, what decided and limited it, and what would have changed the outcome.
 * Equal holds in a row are one record, shown with their count and span. Plain text, no colours, times in UTC.
 */
export function explainRecord(record: DecisionRecord): string[] {
  const decisive = new Set(record.reasons.map(renderReason));
  const others = record.proposals
    .map((proposal) => renderReason(proposal.reason))
    .filter((text) => !decisive.has(text));
  return [
    headline(record),
    ...section("ordered", record.order === undefined ? [] : [describeOrder(record.order)]),
    ...section("group", record.counts === undefined ? [] : [describeCounts(record.counts)]),
    ...section("metrics", record.metrics.map(describeMetric)),
    ...section("signals", record.signals.map(describeSignal)),
    ...section("because", [...decisive]),
    ...section("also", others),
    ...section("would differ", differ(record)),
    ...section("outcome", record.outcomes.map(describeOutcome)),
  ];
}

/** What would have changed the outcome, once each. */
function differ({ wouldChangeIf }: DecisionRecord): string[] {
  return [...new Set(wouldChangeIf.map((reason) => `if ${renderReason(reason)}`))];
}

function section(label: string, lines: readonly string[]): string[] {
  return lines.map((line, i) => `  ${(i === 0 ? label : "").padEnd(LABEL_WIDTH + 1)} ${line}`);
}

function headline(record: DecisionRecord): string {
  const { action, from, to, counts, mode } = record;
  const hold = counts === undefined ? "hold" : `hold at ${from}`;
  const what = action === "scale" ? `scale ${from} → ${to}` : hold;
  return `${when(record)}  ${record.group}: ${what}${mode === "act" ? "" : ` (mode ${mode})`}`;
}

/** One moment, or the span and count of equal holds. */
function when({ atMs, lastAtMs, count }: DecisionRecord): string {
  if (count <= 1) return timestamp(atMs);
  const sameDay = timestamp(atMs).slice(0, 10) === timestamp(lastAtMs).slice(0, 10);
  const end = sameDay ? timestamp(lastAtMs).slice(11) : timestamp(lastAtMs);
  return `${timestamp(atMs)} to ${end} (${count} times in ${formatSpan(lastAtMs - atMs)})`;
}

/** `2026-11-22 03:04:05Z`. */
function timestamp(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

function describeOrder({ kind, by, policy, dueAtMs }: OrderOrigin): string {
  const parts = [
    kind,
    policy === undefined ? "" : `, policy ${policy}`,
    by === undefined ? "" : `, by ${by}`,
    dueAtMs === undefined ? "" : `, due ${timestamp(dueAtMs)}`,
  ];
  return parts.join("");
}

function describeCounts({ desired, min, max, inService, pending, draining, other }: Counts): string {
  const parts = [`${inService} in service`];
  if (pending > 0) parts.push(`${pending} pending`);
  if (draining > 0) parts.push(`${draining} draining`);
  if (other > 0) parts.push(`${other} out of service`);
  return `desired ${desired} (min ${min}, max ${max}), ${parts.join(", ")}`;
}

function describeMetric({ name, value, unavailable, ageMs }: MetricReading): string {
  if (value === undefined) return `${name}: no data (${unavailable ?? "no reason given"})`;
  return `${name} = ${formatNumber(value)}${ageMs === undefined ? "" : ` (${formatSpan(ageMs)} old)`}`;
}

function describeSignal({ name, value, unavailable, formula }: SignalReading): string {
  if (value === undefined) return `${name} = ${formula}: unavailable (${unavailable ?? "no reason given"})`;
  const shown = formatNumber(value);
  return formula === shown ? `${name} = ${shown}` : `${name} = ${formula} = ${shown}`;
}

function describeOutcome({ kind, result, error, endedAtMs }: StepOutcome): string {
  return `${kind}: ${result} at ${timestamp(endedAtMs)}${error === undefined ? "" : ` (${error})`}`;
}
