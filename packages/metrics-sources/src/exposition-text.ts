/**
 * The text that exporters show at `/metrics`: the Prometheus format, version 0.0.4, and OpenMetrics.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 * @see https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
import { UnavailableError } from "@bellows/core";

/** One line of a page: a series, and its value. */
export interface Series {
  name: string;
  labels: Readonly<Record<string, string>>;
  /** NaN and the infinities included. */
  value: number;
  /** When it was true, where the page says so: milliseconds since the epoch. */
  atMs?: number;
}

/** What is wanted of a page. */
export interface ExpositionOptions {
  /** Only series of these names; the others are passed over, hardly looked at. */
  names?: ReadonlySet<string>;
  /** OpenMetrics gives its times in seconds, the Prometheus format in milliseconds. */
  openMetrics?: boolean;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const SPACE = /[ \t]*/y;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const WORDS: Record<string, number> = {
  nan: Number.NaN,
  "+inf": Number.POSITIVE_INFINITY,
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
  "+infinity": Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
  "-infinity": Number.NEGATIVE_INFINITY,
};

/**
 * Reads a page line by line; comments, units and exemplars are passed over.
 * @throws UnavailableError with the line's number at the first line that is none of this format.
 */
export function* parseExposition(page: string, options: ExpositionOptions = {}): Generator<Series> {
  let number = 0;
  for (let start = 0; start < page.length; ) {
    number += 1;
    let end = page.indexOf("\n", start);
    if (end === -1) end = page.length;
    const series = parseLine(page, start, end, number, options);
    if (series !== undefined) yield series;
    start = end + 1;
  }
}

function parseLine(
  page: string,
  start: number,
  end: number,
  number: number,
  options: ExpositionOptions,
): Series | undefined {
  const cursor = new Cursor(page, start, end, number);
  cursor.skipSpace();
  if (cursor.atEnd() || cursor.peek() === "#") return undefined;
  let name = cursor.name();
  if (name !== undefined && options.names?.has(name) === false) {
    // Not ours; yet a page of something else is told at its first line.
    if (!/[ \t{]/.test(cursor.peek() ?? "")) throw cursor.fault();
    return undefined;
  }
  cursor.skipSpace();
  const labels: Record<string, string> = {};
  if (cursor.peek() === "{") name = readLabels(cursor, labels, name);
  if (name === undefined) throw cursor.fault();
  if (options.names?.has(name) === false) return undefined;
  const [written, time, surplus] = cursor.rest();
  const value = readValue(written ?? "");
  if (value === undefined || surplus !== undefined) throw cursor.fault();
  if (time === undefined) return { name, labels, value };
  const at = readValue(time);
  if (at === undefined) throw cursor.fault();
  return { name, labels, value, atMs: Math.round(options.openMetrics ? at * 1_000 : at) };
}

/** Reads `{a="b",c="d",}`; a quoted text that stands alone is the series' name, as newer exporters write it. */
function readLabels(
  cursor: Cursor,
  labels: Record<string, string>,
  outerName: string | undefined,
): string | undefined {
  let name = outerName;
  cursor.expect("{");
  cursor.skipSpace();
  while (cursor.peek() !== "}") {
    const quoted = cursor.peek() === '"';
    const label = quoted ? cursor.quoted() : cursor.name();
    cursor.skipSpace();
    if (label !== undefined && cursor.peek() === "=") {
      cursor.expect("=");
      cursor.skipSpace();
      labels[label] = cursor.quoted();
    } else if (quoted && name === undefined) name = label;
    else throw cursor.fault();
    cursor.skipSpace();
    if (cursor.peek() === ",") cursor.expect(",");
    else if (cursor.peek() !== "}") throw cursor.fault();
    cursor.skipSpace();
  }
  cursor.expect("}");
  return name;
}

function readValue(written: string): number | undefined {
  if (NUMBER.test(written)) return Number(written);
  return WORDS[written.toLowerCase()];
}

const SHOWN_CHARACTERS = 60;

/** A place in one line of a page. */
class Cursor {
  constructor(
    private readonly page: string,
    private at: number,
    private readonly end: number,
    private readonly number: number,
  ) {
    this.start = at;
    if (page[end - 1] === "\r") this.end = end - 1;
  }
  private readonly start: number;

  atEnd(): boolean {
    return this.at >= this.end;
  }

  peek(): string | undefined {
    return this.at < this.end ? this.page[this.at] : undefined;
  }

  skipSpace(): void {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.page);
    this.at = Math.min(SPACE.lastIndex, this.end);
  }

  name(): string | undefined {
    NAME.lastIndex = this.at;
    const name = NAME.exec(this.page)?.[0];
    if (name !== undefined) this.at += name.length;
    return name;
  }

  expect(sign: string): void {
    if (this.peek() !== sign) throw this.fault();
    this.at += 1;
  }

  /** A text in quotes, with its escapes undone. */
  quoted(): string {
    this.expect('"');
    const close = this.page.indexOf('"', this.at);
    const plain = close === -1 || close >= this.end ? undefined : this.page.slice(this.at, close);
    if (plain !== undefined && !plain.includes("\\")) {
      this.at = close + 1;
      return plain;
    }
    let text = "";
    for (; this.at < this.end; this.at++) {
      const sign = this.page[this.at] as string;
      if (sign === '"') {
        this.at += 1;
        return text;
      }
      if (sign !== "\\") text += sign;
      else text += this.escaped();
    }
    throw this.fault();
  }

  private escaped(): string {
    this.at += 1;
    const sign = this.peek();
    if (sign === "n") return "\n";
    if (sign === '"' || sign === "\\") return sign;
    // Readers of this format keep a backslash that escapes nothing.
    return `\\${sign ?? ""}`;
  }

  /** The words up to the end of the line, or to where an exemplar begins. */
  rest(): string[] {
    const rest = this.page.slice(this.at, this.end);
    const exemplar = rest.indexOf(" #");
    return (exemplar === -1 ? rest : rest.slice(0, exemplar)).trim().split(/[ \t]+/);
  }

  fault(): UnavailableError {
    const line = this.page.slice(this.start, Math.min(this.end, this.start + SHOWN_CHARACTERS));
    return new UnavailableError(`not a page of metrics: line ${this.number} is ${JSON.stringify(line)}`, {
      retry: "never",
    });
  }
}

/** Writes series as a page in the Prometheus format. */
export function printExposition(series: Iterable<Series>): string {
  let page = "";
  for (const { name, labels, value, atMs } of series) {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    page += `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${printValue(value)}${atMs === undefined ? "" : ` ${atMs}`}\n`;
  }
  return page;
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

function printValue(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
