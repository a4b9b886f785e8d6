import type { Alias, Document, Node, Pair, Scalar, YAMLError } from "yaml";
import type { FlowMistake } from "./flow-repair.js";
import { isRepaired, repairFlow } from "./flow-repair.js";
import type { Report } from "./report.js";
import type { Entry, Range, SourceNode } from "./source-node.js";

/** Aliases may repeat a node; a file that unfolds to more than this is an attack or an accident. */
const MOST_NODES = 100_000;
/** Deeper nesting than any config has. */
const DEEPEST = 64;

/** Tags that say what the value is anyway. */
const PLAIN_TAG = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/;

type Yaml = typeof import("yaml");

/**
 * Reads YAML into a tree with positions. What is wrong goes into the report.
 * @returns undefined if the text cannot be trusted to mean what it seems to (syntax errors)
 */
export async function parseSource(report: Report): Promise<SourceNode | undefined> {
  const yaml = await import("yaml");
  const { text, mistakes } = repairFlow(report.text);
  for (const mistake of mistakes) reportMistake(report, mistake);
  const document = readDocument(yaml, report, text);
  if (document === undefined) return undefined;
  if (!reportSyntax(report, document)) return undefined;
  return new TreeBuilder(yaml, report, document, text).build();
}

function readDocument(yaml: Yaml, report: Report, text: string): Document | undefined {
  try {
    const documents = yaml.parseAllDocuments(text, {
      uniqueKeys: false,
      version: "1.2",
      keepSourceTokens: false,
    });
    const [first, second] = documents as Document[];
    if (second?.range && documents.length > 1) {
      report.fault(
        { start: second.range[0], end: second.range[0] + 3 },
        "a second document begins here: one file is one config",
      );
    }
    if (first === undefined) reportNothing(report);
    return first;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report.fault({ start: 0, end: 1 }, "the file is nested too deep to be read");
    return undefined;
  }
}

/** A file of comments alone. */
export function reportNothing(report: Report): void {
  report.fault({ start: 0, end: 1 }, "the file says nothing", "bellows init writes one that works");
}

function reportMistake(report: Report, mistake: FlowMistake): void {
  const { start, end, kind, key, text } = mistake;
  const prefix = key === undefined ? "" : `${key}: `;
  if (kind === "dollar") {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as it is written in files.
    const message = '${…} inside { } needs quotes (YAML reads "{" as a new map)';
    report.fault({ start, end }, message, `${prefix}"${text}"`);
    return;
  }
  const stop = text.search(kind === "comma" ? /,/ : /[[\]{}]/);
  const [what, named] = kind === "comma" ? ["comma", "a comma"] : ["bracket", "brackets"];
  report.fault(
    { start, end: start + stop + 1 },
    `the ${what} ended this value: inside { } an expression with ${named} needs quotes`,
    `${prefix}"${text}"`,
  );
}

/** @returns whether the tree can be used */
function reportSyntax(report: Report, document: Document): boolean {
  const lines = new Set<string>();
  for (const error of document.errors) {
    const line = report.place(error.pos[0]).split(":")[0] ?? "";
    if (lines.size > 0 && (lines.has(line) || lines.size >= 5)) continue;
    lines.add(line);
    const { message, hint } = wordsFor(error, report.text);
    report.fault({ start: error.pos[0], end: error.pos[1] }, message, hint);
  }
  return document.errors.length === 0;
}

function wordsFor(error: YAMLError, text: string): { message: string; hint?: string } {
  const plain = error.message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? error.code;
  const letter = text.charAt(error.pos[0]);
  if (error.code === "TAB_AS_INDENT")
    return { message: "a tab stands where YAML takes spaces only", hint: "indent with spaces" };
  if (error.code === "BAD_ALIAS" || letter === "*") {
    return { message: 'YAML reads "*" as an alias', hint: 'quote it, as in schedule: "0 22 * * *"' };
  }
  if (error.code === "BLOCK_AS_IMPLICIT_KEY") {
    return {
      message: 'a second ": " on this line: YAML takes the value for another map',
      hint: "quote the value",
    };
  }
  if (error.code === "MISSING_CHAR" && /quote/.test(plain))
    return { message: "this quote is never closed", hint: "close it on the same line" };
  if (error.code === "BAD_SCALAR_START") {
    return { message: `a value cannot begin with ${JSON.stringify(letter)} in YAML`, hint: "quote it" };
  }
  if (error.code === "BAD_INDENT")
    return { message: `indentation: ${lower(plain)}`, hint: "close what is open, or align the lines" };
  return { message: `YAML: ${lower(plain)}` };
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

class TreeBuilder {
  #nodes = 0;
  #tooMany = false;

  constructor(
    private readonly yaml: Yaml,
    private readonly report: Report,
    private readonly document: Document,
    private readonly text: string,
  ) {}

  build(): SourceNode | undefined {
    const root = this.#node(this.document.contents as Node | null, { start: 0, end: 1 }, 0);
    return this.#tooMany ? undefined : root;
  }

  #node(node: Node | null | undefined, fallback: Range, depth: number): SourceNode {
    if (++this.#nodes > MOST_NODES || depth > DEEPEST) return this.#stop(fallback, depth);
    if (node === null || node === undefined) return empty(fallback);
    const range = rangeOf(node) ?? fallback;
    if (node.tag !== undefined && !PLAIN_TAG.test(node.tag)) {
      this.report.fault(range, "tags (!…) mean nothing here", "write the value alone");
    }
    if (this.yaml.isAlias(node)) return this.#alias(node, range, depth);
    if (this.yaml.isMap(node))
      return { kind: "map", ...range, entries: this.#entries(node.items as Pair[], range, depth) };
    if (this.yaml.isSeq(node)) {
      return {
        kind: "list",
        ...range,
        items: node.items.map((item) => this.#node(item as Node, range, depth + 1)),
      };
    }
    return this.#scalar(node as Scalar, range);
  }

  #stop(range: Range, depth: number): SourceNode {
    if (!this.#tooMany) {
      const message =
        depth > DEEPEST
          ? `nested deeper than ${DEEPEST} levels`
          : "aliases make this file unfold without end";
      this.report.fault(range, message, depth > DEEPEST ? undefined : "write the values out");
    }
    this.#tooMany = true;
    return empty(range);
  }

  #alias(alias: Alias, range: Range, depth: number): SourceNode {
    const target = this.#tooMany ? undefined : alias.resolve(this.document);
    const built = this.#node(target as Node | undefined, range, depth + 1);
    return built;
  }

  #entries(pairs: readonly Pair[], map: Range, depth: number): Entry[] {
    const entries = new Map<string, Entry>();
    const merged: Entry[] = [];
    for (const pair of pairs) {
      const key = pair.key as Node | null;
      const keyRange = (key && rangeOf(key)) ?? map;
      if (!this.yaml.isScalar(key)) {
        this.report.fault(keyRange, "a key must be a word", "quote it if it begins with [ or {");
        continue;
      }
      const name = typeof key.source === "string" ? key.source : String(key.value ?? "");
      const after = { start: keyRange.end, end: keyRange.end + 1 };
      const value = this.#node(pair.value as Node | null, after, depth + 1);
      if (name === "<<" && value.kind === "map") merged.push(...value.entries);
      else if (isRepaired(name)) continue;
      else this.#add(entries, { key: name, keyRange, value });
    }
    for (const entry of merged) if (!entries.has(entry.key)) entries.set(entry.key, entry);
    return [...entries.values()];
  }

  #add(entries: Map<string, Entry>, entry: Entry): void {
    const first = entries.get(entry.key);
    if (first === undefined) {
      entries.set(entry.key, entry);
      return;
    }
    const place = this.report.place(first.keyRange.start);
    this.report.fault(
      entry.keyRange,
      `key ${JSON.stringify(entry.key)} is there twice (first at ${place})`,
      "keep one of them",
    );
  }

  #scalar(scalar: Scalar, range: Range): SourceNode {
    const style = scalar.type === "PLAIN" ? "plain" : scalar.type?.startsWith("BLOCK") ? "block" : "quoted";
    const written = this.text.slice(range.start, range.end);
    const source = typeof scalar.source === "string" ? scalar.source : written;
    const { value } = scalar;
    const simple =
      typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
    const text = style === "plain" ? source : typeof value === "string" ? value : source;
    const node: SourceNode = {
      kind: "scalar",
      ...range,
      value: typeof value === "bigint" ? Number(value) : simple,
      text,
      style,
    };
    if (isRepaired(text)) node.poisoned = true;
    return node;
  }
}

function rangeOf(node: Node): Range | undefined {
  return node.range ? { start: node.range[0], end: Math.max(node.range[1], node.range[0] + 1) } : undefined;
}

function empty(range: Range): SourceNode {
  return { kind: "scalar", ...range, value: null, text: "", style: "plain" };
}
