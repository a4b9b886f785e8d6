import type { GroupReport, StatusReport } from "@bellows/control-plane";
import { toWire } from "@bellows/control-plane/wire";
import { delay, formatDuration, renderReason } from "@bellows/core";
import { type Context, note, say } from "../context.js";
import type { Globals } from "../globals.js";
import { withControl } from "../open-control.js";
import { type Column, printDocument, printRows } from "../output.js";
import { loadedConfig } from "../workbench.js";

interface StatusOptions extends Globals {
  watch?: boolean;
}

/** How often `--watch` looks, in milliseconds. */
const WATCH_MS = 1_000;

/** `bellows status`: groups, counts, last decisions, age of each metric. */
export async function run(context: Context, options: StatusOptions, groups: string[]): Promise<void> {
  const names = groups.length === 0 ? undefined : groups;
  const load = (): ReturnType<typeof loadedConfig> => loadedConfig(context, options);
  let shown = "";
  // Each look opens anew: between them the state is free for other commands.
  do {
    const report = await withControl(context, options, load, ({ control }) => control.status(names));
    const text = JSON.stringify(toWire(withoutAges(report)));
    if (text !== shown) show(context, options, report, shown !== "");
    shown = text;
    if (options.watch) await delay(context.clock, WATCH_MS, context.signal).catch(() => {});
  } while (options.watch && !context.signal.aborted);
  if (options.watch) context.signalHandled = true;
}

/** What counts as a change for `--watch`: not that a sample grew older. */
function withoutAges(report: StatusReport): unknown {
  return {
    ...report,
    groups: report.groups.map(({ metrics: _metrics, last, ...rest }) => ({ ...rest, id: last?.id })),
  };
}

const COLUMNS: Column<GroupReport>[] = [
  ["GROUP", (row) => row.group],
  ["PROVIDER", (row) => row.provider],
  ["DESIRED", (row) => row.desired],
  ["IN SERVICE", (row) => row.inService],
  ["PENDING", (row) => row.pending],
  ["MIN", (row) => row.min],
  ["MAX", (row) => row.max],
  ["STATE", stateOf],
];

function show(context: Context, options: StatusOptions, report: StatusReport, again: boolean): void {
  if (printDocument(context, options, report)) return;
  if (again) say(context, "");
  printRows(context, options, report.groups, COLUMNS);
  for (const group of report.groups) for (const line of detailsOf(context, group)) say(context, line);
  for (const [key, why] of Object.entries(report.broken))
    note(context, `plugin ${key} cannot be used: ${why}`);
  if (!report.running && !options.quiet) note(context, "no controller is running: bellows run starts one");
}

function stateOf(row: GroupReport): string {
  const words: string[] = [];
  if (row.unavailable !== undefined) words.push("unavailable");
  if (row.pause !== undefined) words.push("paused");
  if (row.pin !== undefined) words.push(`pinned to ${row.pin.to}`);
  if (row.mode !== "act") words.push(row.mode);
  if (row.problems !== undefined) words.push("in trouble");
  return words.join(", ") || "ok";
}

function* detailsOf(context: Context, group: GroupReport): Generator<string> {
  const now = context.clock.now();
  yield `\n${group.group}`;
  if (group.unavailable !== undefined) yield `  cannot be read: ${group.unavailable}`;
  if (group.pause !== undefined)
    yield `  paused${group.pause.reason === undefined ? "" : ` (${group.pause.reason})`}${left(group.pause.untilMs, now)}`;
  if (group.pin !== undefined) yield `  pinned to ${group.pin.to}${left(group.pin.untilMs, now)}`;
  for (const problem of group.problems ?? []) yield `  ${problem}`;
  for (const reading of group.metrics) {
    const value =
      reading.value === undefined
        ? `unavailable: ${reading.unavailable ?? "no reason given"}`
        : `${Number(reading.value.toPrecision(6))}`;
    yield `  ${reading.name} = ${value}${reading.ageMs === undefined ? "" : ` (${formatDuration(Math.round(reading.ageMs / 1_000) * 1_000)} old)`}`;
  }
  const { last } = group;
  if (last === undefined) return;
  const what = last.action === "scale" ? `scale ${last.from} -> ${last.to}` : `hold at ${last.to}`;
  yield `  last: ${what}, ${formatDuration(Math.max(0, Math.round((now - last.lastAtMs) / 1_000)) * 1_000)} ago: ${last.reasons.map(renderReason).join("; ")}`;
}

function left(untilMs: number | undefined, nowMs: number): string {
  return untilMs === undefined
    ? ""
    : `, for ${formatDuration(Math.max(0, Math.ceil((untilMs - nowMs) / 1_000)) * 1_000)} more`;
}
