import { dirname, join } from "node:path";
import {
  compileScaling,
  createPluginLoader,
  decideRound,
  emptyMemory,
  type GroupStatus,
  type Instance,
  loadConfig,
  type Memory,
  renderReason,
  type Sample,
} from "@bellows/core";
import { ROOT } from "./workshop.js";

/** A row of a table, as it is shown and as it comes out. */
export interface Case {
  shown: string;
  decided: string;
  /** Row, from 1. */
  line: number;
}

/** A moment that lies in the hours of every example: a Wednesday, 10:00 in UTC. */
const START_MS = Date.UTC(2026, 0, 14, 10);

/**
 * Decides what each row of a table says. Columns: metrics by name (a number, or `none`); `instances` (how many are in
 * service, and desired); `at` (seconds since the first row: with it, rows are rounds of one group one after the other);
 * the last two are `decision` (`3 → 5` or `stays 3`) and, if it is there, `because` (a part of a reason's text).
 */
export async function decideCases(file: string, table: string): Promise<Case[]> {
  const loader = createPluginLoader({ from: [dirname(file), join(ROOT, "packages", "cli")] });
  const loaded = await loadConfig(file, { env: {}, loader, cwd: dirname(file) });
  if ("faults" in loaded) throw new Error(`${file} is faulty`);
  const spec = Object.values(loaded.config.groups)[0]?.scaling;
  if (spec === undefined) throw new Error(`${file} has no group`);
  const compiled = compileScaling(spec, { rounding: "otter" });
  const [head = [], , ...rows] = table.split("\n").map(cellsOf);
  let memory: Memory = emptyMemory();
  return rows.map((cells, index) => {
    const row = Object.fromEntries(head.map((name, column) => [name, cells[column] ?? ""]));
    const atMs = START_MS + Number(row.at?.replace(/s$/, "") ?? 0) * 1_000;
    if (row.at === undefined) memory = emptyMemory();
    const samples = compiled.metrics.map(({ name }) => sampleOf(row[name], atMs));
    const status = statusOf(spec.ref, Number(row.instances ?? 1), spec.min, spec.max, atMs);
    const decided = decideRound({
      compiled,
      observation: { status },
      samples,
      memory,
      nowMs: atMs,
      id: String(index),
    });
    ({ memory } = decided);
    const { from, to, reasons, proposals } = decided.record;
    const said = [...reasons, ...proposals.map((proposal) => proposal.reason)];
    const texts = said.map(renderReason).join("; ");
    const because = row.because === undefined || texts.includes(row.because) ? row.because : texts;
    const decision = from === to ? `stays ${to}` : `${from} → ${to}`;
    const pair = (first: string | undefined, second: string | undefined): string =>
      second === undefined ? String(first) : `${first}: ${second}`;
    return { shown: pair(row.decision, row.because), decided: pair(decision, because), line: index + 1 };
  });
}

function cellsOf(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll("`", ""));
}

function sampleOf(cell: string | undefined, atMs: number): Sample {
  if (cell === undefined || cell === "none") return { unavailable: "the table has none" };
  return { value: Number(cell), observedAtMs: atMs };
}

function statusOf(name: string, count: number, min: number, max: number, atMs: number): GroupStatus {
  const instances = Array.from(
    { length: count },
    (_, index): Instance => ({
      id: `i-${index}`,
      group: name,
      lifecycle: "in-service",
      health: "healthy",
      addresses: [],
      protected: false,
    }),
  );
  const group = {
    name,
    id: name,
    min,
    max,
    desired: count,
    cooldownMs: 0,
    metadata: {},
    loadBalancers: [],
    zones: [],
    paused: false,
  };
  return { group, instances, observedAtMs: atMs };
}
