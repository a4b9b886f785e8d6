import { toWire } from "@bellows/control-plane/wire";
import { ConfigError } from "@bellows/core";
import Table from "cli-table3";
import { type Context, say } from "./context.js";
import type { Globals } from "./globals.js";
import { stringify } from "./yaml.js";

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
  const cellsOf = (row: T): string[] => chosen.map(([, read]) => cell(read(row)));
  const cells = sorted(rows, columns, globals.sort).map(cellsOf);
  const table = new Table({
    head: chosen.map(([title]) => title),
    style: {
      head: context.colors ? ["bold"] : [],
      border: [],
      compact: true,
      "padding-left": 0,
      "padding-right": 0,
    },
    chars: BARE,
  });
  table.push(...cells);
  say(context, table.toString());
}

function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], by: string | undefined): readonly T[] {
  if (by === undefined) return rows;
  const [, read] = columnNamed(columns, by, "--sort");
  return [...rows].sort((a, b) => cell(read(a)).localeCompare(cell(read(b)), undefined, { numeric: true }));
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

/** @throws ConfigError that lists the columns there are. */
function columnNamed<T>(columns: readonly Column<T>[], name: string, option: string): Column<T> {
  const found = columns.find(([title]) => title.toLowerCase() === name.trim().toLowerCase());
  if (found !== undefined) return found;
  throw new ConfigError(`${option}: there is no column ${JSON.stringify(name.trim())}`, {
    hint: `columns: ${columns.map(([title]) => title).join(", ")}`,
  });
}

function chooseColumns<T>(columns: readonly Column<T>[], wanted: string | undefined): readonly Column<T>[] {
  return wanted?.split(",").map((name) => columnNamed(columns, name, "--columns")) ?? columns;
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
