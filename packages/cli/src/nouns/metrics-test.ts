import {
  errorLine,
  formatDuration,
  type GroupConfig,
  type MetricSpec,
  NotFoundError,
  type Sample,
} from "@bellows/core";
import type { Context } from "../context.js";
import { EXIT } from "../exit-codes.js";
import type { Globals } from "../globals.js";
import { type OpenControl, withControl } from "../open-control.js";
import { printRows } from "../output.js";
import { awaited } from "../progress.js";
import { type LoadedConfig, loadedConfig } from "../workbench.js";
import { boundProvider } from "./bound-provider.js";
import { withSource } from "./metrics-query.js";

/** Longest read where a metric does not say it, in milliseconds. */
const USUAL_MS = 10_000;

interface Row {
  group: string;
  metric: string;
  source: string;
  value?: number;
  observedAtMs?: number;
  ageMs?: number;
  tookMs: number;
  unavailable?: string;
}

/** `bellows metrics test [GROUPS…]`: reads each metric of the file once. */
export async function test(context: Context, options: Globals, names: string[]): Promise<void> {
  const loaded = await loadedConfig(context, options);
  const groups = Object.values(loaded.config.groups);
  const unknown = names.find((name) => loaded.config.groups[name] === undefined);
  if (unknown !== undefined)
    throw new NotFoundError(`no group ${unknown} in ${loaded.config.file}`, {
      hint: `groups there: ${groups.map(({ key }) => key).join(", ") || "none"}`,
    });
  const chosen = names.length === 0 ? groups : groups.filter(({ key }) => names.includes(key));
  const rows = await withControl(
    context,
    options,
    async () => loaded,
    (open) =>
      Promise.all(
        chosen.flatMap((group) =>
          group.scaling.metrics.map((metric) => readRow(context, options, { open, loaded, group, metric })),
        ),
      ),
    { readOnly: true },
  );
  if (rows.some(({ unavailable }) => unavailable !== undefined)) context.exitCode = EXIT.unavailable;
  printRows(context, options, rows, [
    ["GROUP", (row) => row.group],
    ["METRIC", (row) => row.metric],
    ["SOURCE", (row) => row.source],
    ["VALUE", (row) => row.value ?? `unavailable: ${row.unavailable ?? ""}`],
    ["AGE", (row) => (row.ageMs === undefined ? undefined : formatDuration(row.ageMs))],
    ["TOOK", (row) => formatDuration(row.tookMs)],
  ]);
}

interface Asked {
  open: OpenControl;
  loaded: LoadedConfig;
  group: GroupConfig;
  metric: MetricSpec;
}

async function readRow(context: Context, options: Globals, asked: Asked): Promise<Row> {
  const { group, metric } = asked;
  const startMs = context.clock.monotonic();
  const sample = await readSample(context, options, asked).catch(
    (error: unknown): Sample => ({ unavailable: errorLine(error) }),
  );
  const tookMs = Math.round(context.clock.monotonic() - startMs);
  const row = { group: group.key, metric: metric.name, source: metric.source, tookMs };
  if ("unavailable" in sample) return { ...row, unavailable: sample.unavailable };
  const ageMs = Math.max(0, Math.round(context.clock.now() - sample.observedAtMs));
  const old = ageMs > metric.maxAgeMs ? { unavailable: `older than ${formatDuration(metric.maxAgeMs)}` } : {};
  return { ...row, value: sample.value, observedAtMs: sample.observedAtMs, ageMs, ...old };
}

async function readSample(
  context: Context,
  options: Globals,
  { open, loaded, group, metric }: Asked,
): Promise<Sample> {
  const deadlineMs = metric.timeoutMs ?? USUAL_MS;
  const none: Sample = { unavailable: "it gave no answer" };
  if (metric.source === "group") {
    const queries = [{ params: metric.params, group: group.scaling.ref }];
    const answer = open.control.invoke(group.provider, "metrics.read", [queries, { deadlineMs }]);
    const samples = (await awaited(context, options, `asking ${group.provider}`, answer)) as Sample[];
    return samples[0] ?? none;
  }
  const source = loaded.config.sources[metric.source];
  if (source === undefined) return { unavailable: `there is no source ${metric.source}` };
  const from = { source, secrets: loaded.secrets, baseFolder: loaded.config.baseFolder };
  const [sample] = await withSource(context, options, from, (opened) =>
    opened.read([{ params: metric.params }], {
      deadlineMs,
      signal: context.signal,
      provider: boundProvider(open, group.provider, source.plugin.name),
    }),
  );
  return sample ?? none;
}
