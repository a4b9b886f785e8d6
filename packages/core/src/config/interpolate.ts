import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Report } from "./report.js";
import type { Range, ScalarNode, SourceNode } from "./source-node.js";
import { rangeInScalar } from "./source-node.js";

/** Where settings come from. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  /** Folder of the config file: `${file:…}` is meant from here. */
  folder: string;
}

const PATTERN = /\$?\$\{(env|file):([^}]*)\}/g;
const BARE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
/** Keys (and names of variables) whose values appear nowhere. */
const SECRET_WORD =
  /pass(word|wd|phrase)|secret|token|api_?key|credential|authorization|private_?key|^auth$|^bearer$|_key$/i;
/** Larger than any secret or setting; a path to a device must not be read for ever. */
const LARGEST_FILE = 256 * 1024;

/** Fills in `${env:NAME}`, `${env:NAME:-default}` and `${file:path}` in every value, and remembers what is secret. */
export function interpolate(root: SourceNode, report: Report, surroundings: Surroundings): void {
  const visit = (node: SourceNode, secret: boolean): void => {
    if (node.kind === "map") {
      for (const entry of node.entries) visit(entry.value, secret || SECRET_WORD.test(entry.key));
    } else if (node.kind === "list") {
      for (const item of node.items) visit(item, secret);
    } else if (!node.poisoned) fillIn(node, report, surroundings, secret);
  };
  visit(root, false);
}

function fillIn(node: ScalarNode, report: Report, surroundings: Surroundings, secret: boolean): void {
  if (node.text.includes("${")) refuseBare(node, report);
  if (/\$\{(env|file):/.test(node.text) && !node.interpolated) {
    const filled = node.text.replace(PATTERN, (whole, kind: string, rest: string, offset: number) => {
      if (whole.startsWith("$$")) return whole.slice(1);
      const range = rangeInScalar(report.text, node, offset, whole.length);
      const found =
        kind === "env"
          ? fromEnv(rest, range, report, surroundings)
          : fromFile(rest, range, report, surroundings);
      if (found === undefined) node.poisoned = true;
      const name = kind === "env" ? (rest.split(":-")[0] ?? "") : "";
      if (found !== undefined && (kind === "file" || SECRET_WORD.test(name))) report.secret(found);
      return found ?? "";
    });
    node.interpolated = true;
    if (!node.poisoned) {
      node.text = filled;
      node.value = filled;
    }
  }
  if (secret && typeof node.text === "string" && !node.poisoned && !/^\$\{/.test(node.text))
    report.secret(node.text);
  const inUrl = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:([^/\s@]+)@/i.exec(node.text)?.[1];
  if (inUrl !== undefined) report.secret(inUrl);
}

function refuseBare(node: ScalarNode, report: Report): void {
  const name = BARE.exec(node.text)?.[1];
  if (name === undefined) return;
  report.fault(node, `\${${name}} is not filled in`, `write \${env:${name}}`);
  node.poisoned = true;
}

function fromEnv(rest: string, range: Range, report: Report, { env }: Surroundings): string | undefined {
  const [name = "", ...fallback] = rest.split(":-");
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined && (value !== "" || fallback.length === 0)) return value;
  if (fallback.length > 0) return fallback.join(":-");
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    report.fault(
      range,
      `${JSON.stringify(name)} is no name of an environment variable`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as it is written in files.
      "write ${env:NAME} or ${env:NAME:-default}",
    );
  } else {
    const file = `/run/secrets/${name.toLowerCase().split("_")[0] ?? name.toLowerCase()}`;
    report.fault(range, `environment variable ${name} is not set`, `set it, or write \${file:${file}}`);
  }
  return undefined;
}

function fromFile(path: string, range: Range, report: Report, { folder }: Surroundings): string | undefined {
  try {
    if (path.trim() === "" || path.includes("\0")) throw new Error("no path");
    const bytes = readFileSync(resolve(folder, path.trim()), { flag: "r" });
    if (bytes.length > LARGEST_FILE) {
      report.fault(range, `file ${path} is larger than 256 KiB`, "name the file that holds the value alone");
      return undefined;
    }
    return bytes.toString("utf8").replace(/\r?\n$/, "");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = new Map([
      ["ENOENT", "does not exist"],
      ["EACCES", "may not be read"],
      ["EISDIR", "is a folder"],
    ]).get(code);
    report.fault(
      range,
      `file ${path} ${why ?? "cannot be read"}`,
      "paths are meant from the config file's folder",
    );
    return undefined;
  }
}
