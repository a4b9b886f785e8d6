/** Recorded numbers: CSV or JSON lines to rows, and rows to the value of a moment. */
import { ConfigError } from "@bellows/core";
import { numberOf } from "./path.js";

/** A recording, each row as it was written. */
export interface Recording {
  /** Names of all columns, in the order of their first appearance. */
  columns: readonly string[];
  rows: readonly { line: number; cells: ReadonlyMap<string, unknown> }[];
}

/** One column of a recording through time, in order of time. */
export interface Track {
  points: readonly { atMs: number; value: number }[];
  /** Whether times are counted from the start (seconds) or are moments of the calendar. */
  relative: boolean;
  /** Rows that could not be read, in words with their line numbers. */
  bad: readonly string[];
}

/** Numbers below this are seconds from the start, above it seconds since the epoch: September 2001. */
const EPOCH_SECONDS_FROM = 1_000_000_000;
/** Numbers from here on are milliseconds since the epoch. */
const EPOCH_MS_FROM = 100_000_000_000;

/**
 * Reads CSV with a header (quotes as in RFC 4180; lines that begin with `#` are comments), or JSON lines.
 * @throws ConfigError when there is no header, or a line is no JSON object.
 */
export function parseRecording(content: string, format: "csv" | "jsonl"): Recording {
  return format === "csv" ? parseCsv(content) : parseJsonLines(content);
}

function parseJsonLines(content: string): Recording {
  const columns = new Set<string>();
  const rows: { line: number; cells: Map<string, unknown> }[] = [];
  for (const [at, written] of content.split("\n").entries()) {
    if (written.trim() === "") continue;
    let row: unknown;
    try {
      row = JSON.parse(written);
    } catch {
      row = undefined;
    }
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new ConfigError(`line ${at + 1} is no JSON object`, {
        hint: 'write one such as {"time": 0, "value": 12} on each line',
      });
    }
    for (const name of Object.keys(row)) columns.add(name);
    rows.push({ line: at + 1, cells: new Map(Object.entries(row)) });
  }
  return { columns: [...columns], rows };
}

function parseCsv(content: string): Recording {
  const [header, ...records] = csvRecords(content.replace(/^\uFEFF/, ""));
  if (header === undefined)
    throw new ConfigError("the file is empty", { hint: "the first line names the columns: time,value" });
  const columns = header.cells.map((name) => name.trim());
  return {
    columns,
    rows: records.map(({ line, cells }) => ({
      line,
      cells: new Map(columns.map((name, at) => [name, cells[at]?.trim()])),
    })),
  };
}

/** Cells of each record, and the line that it begins on. */
function* csvRecords(content: string): Generator<{ line: number; cells: string[] }> {
  let line = 1;
  let at = 0;
  while (at < content.length) {
    const begun = line;
    const cells: string[] = [];
    for (let more = true; more; ) {
      const cell = csvCell(content, at);
      line += cell.newlines;
      cells.push(cell.text);
      more = content[cell.end] === ",";
      at = cell.end + 1;
    }
    line += 1;
    const blank = cells.length === 1 && cells[0]?.trim() === "";
    if (!blank && !cells[0]?.startsWith("#")) yield { line: begun, cells };
  }
}

function csvCell(content: string, start: number): { text: string; end: number; newlines: number } {
  if (content[start] !== '"') {
    let end = start;
    while (end < content.length && content[end] !== "," && content[end] !== "\n") end += 1;
    return { text: content.slice(start, end), end, newlines: 0 };
  }
  let close = start;
  do close = content.indexOf('"', close + 1) + 1 || content.length + 1;
  while (content[close] === '"');
  const text = content.slice(start + 1, close - 1).replaceAll('""', '"');
  let end = Math.min(close, content.length);
  while (end < content.length && content[end] !== "," && content[end] !== "\n") end += 1;
  return { text, end, newlines: text.split("\n").length - 1 };
}

/**
 * Takes one column out of a recording. A row without a readable time or number is left out and named.
 * @param column absent: the first that is not the time
 * @throws ConfigError when a column is not there.
 */
export function trackOf(recording: Recording, timeColumn: string, column: string | undefined): Track {
  const { columns } = recording;
  const chosen = column ?? columns.find((name) => name !== timeColumn);
  for (const name of [timeColumn, chosen]) {
    if (name === undefined || columns.includes(name)) continue;
    throw new ConfigError(`there is no column ${JSON.stringify(name)}`, {
      hint: `columns: ${columns.join(", ")}`,
    });
  }
  if (chosen === undefined) throw new ConfigError("there is no column beside the time");
  const points: { atMs: number; value: number }[] = [];
  const bad: string[] = [];
  let relatives = 0;
  for (const { line, cells } of recording.rows) {
    const time = readTime(cells.get(timeColumn));
    const value = numberOf(cells.get(chosen));
    if (time === undefined) bad.push(`line ${line}: ${timeColumn} is no time`);
    else if (value === undefined) bad.push(`line ${line}: ${chosen} is no number`);
    else {
      points.push({ atMs: time.atMs, value });
      relatives += time.relative ? 1 : 0;
    }
  }
  if (relatives > 0 && relatives < points.length) {
    throw new ConfigError(`${relatives} rows count time from the start, and others by the calendar`);
  }
  points.sort((a, b) => a.atMs - b.atMs);
  return { points, relative: relatives > 0, bad };
}

function readTime(cell: unknown): { atMs: number; relative: boolean } | undefined {
  const number = numberOf(cell);
  if (number !== undefined) {
    const relative = number < EPOCH_SECONDS_FROM;
    return { atMs: number < EPOCH_MS_FROM ? number * 1_000 : number, relative };
  }
  if (typeof cell !== "string" || !/^\d{4}-\d{2}-\d{2}/.test(cell)) return undefined;
  // Without an offset it is UTC, whatever this machine's zone is: a recording means the same everywhere.
  const iso = cell.trim().replace(/^(\S+) (\d)/, "$1T$2");
  const atMs = Date.parse(/([zZ]|[+-]\d{2}:?\d{2})$/.test(iso) || !iso.includes("T") ? iso : `${iso}Z`);
  return Number.isNaN(atMs) ? undefined : { atMs, relative: false };
}

/** How a recording is played. */
export interface Playing {
  loop: boolean;
  hold: boolean;
  interpolation: "previous" | "linear";
}

/** The value of one moment of the recording, or why there is none. */
export function valueAt({ points }: Track, atMs: number, playing: Playing): number | string {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return "the recording has no rows";
  if (atMs < first.atMs && !playing.hold) return "before the first row of the recording";
  if (atMs < first.atMs) return first.value;
  const lastsMs = lengthOf(points);
  if (atMs >= first.atMs + lastsMs && playing.loop)
    return valueAt(
      { points, relative: false, bad: [] },
      first.atMs + ((atMs - first.atMs) % lastsMs),
      playing,
    );
  if (atMs > last.atMs)
    return playing.hold || playing.loop ? last.value : "after the last row of the recording";
  const at = lastIndexAt(points, atMs);
  const before = points[at] ?? first;
  const after = points[at + 1];
  if (playing.interpolation === "previous" || after === undefined) return before.value;
  return before.value + ((after.value - before.value) * (atMs - before.atMs)) / (after.atMs - before.atMs);
}

/** From the first row to the end of the last one, which lasts as long as the one before it. Never 0. */
function lengthOf(points: Track["points"]): number {
  const last = points.at(-1)?.atMs ?? 0;
  const spanMs = last - (points[0]?.atMs ?? 0);
  const stepMs = last - (points.at(-2)?.atMs ?? last - 1_000);
  return Math.max(1, spanMs + stepMs);
}

/** Where the last point is that is not after a moment, by halving. */
function lastIndexAt(points: Track["points"], atMs: number): number {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((points[middle]?.atMs ?? 0) <= atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}
