import { toWire } from "@bellows/control-plane/wire";
import Table from "cli-table3";
import { stringify } from "yaml";
import { type Context, say } from "./context.js";
import type { Globals } from "./globals.js";

/** A column of a table: its title, and how a row fills it. */
export type Column<T> = readonly [title: string, read: (row: T) => unknown];

/** Prints one document as `--json` or `--output yaml`; @returns whether it did. */
export function printDocument(context: Context, globals: Globals, document: unknown): boolean {
  const format = globals.json ? "json" : globals.output;
  if (format === "json") say(context, JSON.stringify(toWire(document)));
  else if (format === "yaml") say(context, stringify(toWire(document)).trimEnd());
  return format === "json" || format === "yaml";
}

/** Prints rows as a table, or as a list under `--json`; honours `--columns` and `--sort`. */
export function printRows<T extends object>(
  context: Context,
  globals: Globals,
  rows: readonly T[],
  columns: readonly Column<T>[],
): void {
  if (printDocument(context, globals, rows)) return;
  const chosen = chooseColumns(columns, globals.columns);
  const cells = rows.map((row) => chosen.map(([, read]) => cell(read(row))));
  const at = chosen.findIndex(([title]) => title.toLowerCase() === globals.sort?.toLowerCase());
  if (at >= 0) cells.sort((a, b) => (a[at] ?? "").localeCompare(b[at] ?? "", undefined, { numeric: true }));
  const table = new Table({
    head: chosen.map(([title]) => title),
    style: { head: context.colors ? ["bold"] : [], border: [], compact: true },
    chars: BARE,
  });
  table.push(...cells);
  say(context, table.toString());
}

/** No lines: they get in the way of copying and of `cut`. */
const BARE = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

function chooseColumns<T>(columns: readonly Column<T>[], wanted: string | undefined): readonly Column<T>[] {
  if (wanted === undefined) return columns;
  const names = wanted.split(",").map((name) => name.trim().toLowerCase());
  return names.flatMap((name) => columns.filter(([title]) => title.toLowerCase() === name));
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return "-";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.map(String).join(",");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Prints one thing: YAML for people, a document where one is asked for. */
export function printThing(context: Context, globals: Globals, thing: unknown): void {
  if (!printDocument(context, globals, thing)) say(context, stringify(toWire(thing)).trimEnd());
}
