import { plot } from "asciichart";
import type { Colors } from "picocolors/types.js";

/** What the demo knows at one moment. */
export interface DemoMoment {
  /** Seconds since the start. */
  second: number;
  clients: number;
  jobs: number;
  inService: number;
  pending: number;
}

/** What the demo draws. */
export interface DemoView {
  url: string;
  min: number;
  max: number;
  requests: number;
  failed: number;
  /** One a look, oldest first. */
  moments: readonly DemoMoment[];
  /** Decisions with their reasons, oldest first. */
  lines: readonly string[];
}

/** Lines of reasons that are shown. */
const LINES = 8;
/** Height of the chart, in lines. */
const HEIGHT = 7;

/** Draws one frame as lines no wider than `columns`. Pure. */
export function drawFrame(view: DemoView, columns: number, colors: Colors): string[] {
  const now = view.moments.at(-1) ?? { second: 0, clients: 0, jobs: 0, inService: 0, pending: 0 };
  const width = Math.max(20, Math.min(90, columns - 14));
  const recent = view.moments.slice(-width);
  const jobs = recent.map((moment) => moment.jobs);
  const chart = plot(jobs.length === 0 ? [0] : jobs, {
    height: HEIGHT,
    min: 0,
    max: Math.max(12, ...jobs),
    format: (value) => String(Math.round(value)).padStart(4),
  });
  const spare = Math.max(0, view.max - now.inService - now.pending);
  const boxes =
    colors.green("■".repeat(now.inService)) +
    colors.yellow("□".repeat(now.pending)) +
    colors.dim("·".repeat(spare));
  return [
    `${colors.bold("bellows demo")}  ${view.url}  ${now.second.toFixed(0)} s`,
    "",
    `clients    ${colors.cyan("▪".repeat(Math.min(width, now.clients)))} ${now.clients}`,
    `instances  ${boxes} ${now.inService}${now.pending > 0 ? ` and ${now.pending} on the way` : ""} (min ${view.min}, max ${view.max})`,
    `requests   ${view.requests} answered, ${view.failed} failed`,
    "",
    "jobs in the queue",
    ...chart.split("\n"),
    `     ${instancesBelow(recent)}`,
    colors.dim("     instances in service, under the queue that they work off"),
    "",
    ...view.lines
      .slice(-LINES)
      .map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line)),
  ];
}

/** The number of instances at each moment, as digits under the chart; only where it changes. */
function instancesBelow(moments: readonly DemoMoment[]): string {
  let shown = -1;
  return moments
    .map(({ inService }) => {
      if (inService === shown) return " ";
      shown = inService;
      return String(Math.min(9, inService));
    })
    .join("");
}
