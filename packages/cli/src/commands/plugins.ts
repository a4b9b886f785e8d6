import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findConfig } from "@bellows/core";
import type { Context } from "../context.js";
import type { Globals } from "../globals.js";
import { printRows } from "../output.js";

/** A package that says it is a plugin. */
interface PluginRow {
  name: string;
  version: string;
  description: string;
  folder: string;
}

/** `bellows plugins list`: packages with the keyword `bellows-plugin`, where the config, this folder and the command find theirs. */
export async function run(context: Context, options: Globals): Promise<void> {
  const config = findConfig(context.cwd, context.env);
  const starts = [
    ...(config === undefined ? [] : [dirname(config)]),
    context.cwd,
    dirname(fileURLToPath(import.meta.url)),
  ];
  const found = new Map<string, PluginRow>();
  for (const folder of new Set(starts.flatMap(moduleFolders))) {
    for (const row of pluginsIn(folder)) if (!found.has(row.name)) found.set(row.name, row);
  }
  const rows = [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
  printRows(context, options, rows, [
    ["PLUGIN", (row) => row.name],
    ["VERSION", (row) => row.version],
    ["WHAT", (row) => row.description],
  ]);
}

/** `node_modules` of a folder and of those above it. */
function moduleFolders(start: string): string[] {
  const folders: string[] = [];
  for (let at = start; ; at = dirname(at)) {
    folders.push(join(at, "node_modules"));
    if (dirname(at) === at) return folders.filter((folder) => existsSync(folder));
  }
}

function pluginsIn(folder: string): PluginRow[] {
  const names = readdirSync(folder).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(folder, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  return names.flatMap((name) => {
    const likely = /^@bellows\/|bellows-(provider|source|policy)-|\/bellows-/.test(name);
    const file = join(folder, name, "package.json");
    if (!likely || !existsSync(file)) return [];
    const {
      version = "?",
      description = "",
      keywords = [],
    } = JSON.parse(readFileSync(file, "utf8")) as {
      version?: string;
      description?: string;
      keywords?: string[];
    };
    return keywords.includes("bellows-plugin")
      ? [{ name, version, description, folder: join(folder, name) }]
      : [];
  });
}
