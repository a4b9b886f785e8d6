/**
 * Two mistakes that YAML turns into nonsense: `{ when: max([a, b]) > 70 }`, where the comma (or bracket) ends the
 * value, and `{ region: ${env:R} }`, where "{" opens a map. They are found before YAML sees them, said in plain
 * words, and overwritten by as many characters that are harmless, so that the rest of the file is still checked and
 * every position stays as it is.
 */

/** One such value. */
export interface FlowMistake {
  readonly kind: "comma" | "bracket" | "dollar";
  readonly start: number;
  /** End of the whole value, exclusive. */
  readonly end: number;
  /** The key it belongs to, if it is the value of one. */
  readonly key?: string;
  readonly text: string;
}

/** Stands in for a character that YAML would trip over. From the private use area: nobody writes it. */
const HARMLESS = "\uE000";

/** Whether a scalar contains what {@link repairFlow} put there. */
export function isRepaired(text: string): boolean {
  return text.includes(HARMLESS);
}

/** Finds the mistakes and overwrites them. Text without any comes back as it is. */
export function repairFlow(text: string): { text: string; mistakes: FlowMistake[] } {
  const mistakes = new FlowScanner(text).scan();
  let repaired = text;
  for (const { start, end } of mistakes) {
    const middle = repaired.slice(start, end).replace(/[^A-Za-z0-9 ]/g, HARMLESS);
    repaired = repaired.slice(0, start) + middle.replace(/^ | $/g, HARMLESS) + repaired.slice(end);
  }
  return { text: repaired, mistakes };
}

/** What YAML would trip over in a part that its author meant as one. */
function mistakeIn(part: string): FlowMistake["kind"] | undefined {
  if (part.startsWith("${")) return "dollar";
  if (part.startsWith("(") && part.includes(",")) return "comma";
  return /^\(.*[[\]{}]/.test(part) ? "bracket" : undefined;
}

class FlowScanner {
  #at = 0;
  #depth = 0;
  /** A token may begin here: quotes and values count only where one does. */
  #fresh = true;
  readonly #found: FlowMistake[] = [];

  constructor(private readonly text: string) {}

  scan(): FlowMistake[] {
    while (this.#at < this.text.length) this.#step();
    return this.#found;
  }

  #step(): void {
    const letter = this.text.charAt(this.#at);
    const before = this.#at === 0 ? "\n" : this.text.charAt(this.#at - 1);
    if (letter === "#" && /\s/.test(before)) return this.#skipTo(this.#lineEnd());
    if (letter === "\n") return this.#newLine();
    if (/\s/.test(letter)) return void this.#at++;
    if (this.#fresh && (letter === '"' || letter === "'")) return this.#skipQuoted(letter);
    if (this.#fresh && this.#depth === 0 && /[|>]/.test(letter) && this.#isBlockHeader())
      return this.#skipBlock();
    if (this.#fresh && (letter === "{" || letter === "[")) return this.#open();
    if (this.#depth === 0) return this.#plainInBlock(letter);
    if (letter === "}" || letter === "]") return this.#close();
    if (letter === "," || letter === "{" || letter === "[") return this.#separator();
    this.#plainInFlow();
  }

  #open(): void {
    this.#depth++;
    this.#at++;
  }

  #close(): void {
    this.#depth = Math.max(0, this.#depth - 1);
    this.#at++;
    this.#fresh = false;
  }

  #separator(): void {
    this.#at++;
    this.#fresh = true;
  }

  #newLine(): void {
    this.#at++;
    this.#fresh = true;
  }

  #plainInBlock(letter: string): void {
    const next = this.text.charAt(this.#at + 1);
    this.#at++;
    this.#fresh =
      (letter === ":" || (letter === "-" && this.#fresh) || (letter === "?" && this.#fresh)) &&
      /\s|^$/.test(next);
  }

  /** Reads one plain scalar between separators, as far as its author meant it. */
  #plainInFlow(): void {
    const start = this.#at;
    const colon = this.text.charAt(start) === ":";
    if (colon && /[\s,[\]{}]|^$/.test(this.text.charAt(start + 1))) return this.#separator();
    // After a quoted key, as in JSON, the colon needs no space.
    if (colon && /["']/.test(this.text.charAt(start - 1))) return this.#separator();
    const { end, kind } = this.#meant(start);
    if (kind !== undefined) {
      const text = this.text.slice(start, end);
      const key = /([\w.-]+|"[^"\n]*")\s*:\s+$/.exec(this.text.slice(0, start))?.[1];
      this.#found.push({
        kind,
        start,
        end,
        text,
        ...(key === undefined ? {} : { key: key.replaceAll('"', "") }),
      });
    }
    this.#at = Math.max(end, start + 1);
    this.#fresh = false;
  }

  #meant(start: number): { end: number; kind?: FlowMistake["kind"] } {
    const lineEnd = this.#lineEnd();
    let kind: FlowMistake["kind"] | undefined;
    let at = start;
    for (let next = this.#beyond(at, lineEnd); next !== undefined; next = this.#beyond(at, lineEnd)) {
      kind ??= mistakeIn(this.text.slice(at, next));
      at = next;
    }
    const end = at - (/\s*$/.exec(this.text.slice(start, at))?.[0].length ?? 0);
    return { end: Math.max(end, start), ...(kind === undefined ? {} : { kind }) };
  }

  /** The place after the next character, bracketed part or `${…}` of a value; undefined where the value ends. */
  #beyond(at: number, lineEnd: number): number | undefined {
    if (at >= lineEnd) return undefined;
    const letter = this.text.charAt(at);
    const closing = letter === "(" ? this.#matching(at, lineEnd) : undefined;
    if (closing !== undefined) return closing + 1;
    if (this.text.startsWith("${", at)) {
      const end = this.text.indexOf("}", at);
      return end < 0 || end >= lineEnd ? undefined : end + 1;
    }
    if (/[,[\]{}]/.test(letter)) return undefined;
    if (letter === ":" && /[\s,[\]{}]/.test(this.text.charAt(at + 1) || " ")) return undefined;
    return letter === "#" && /\s/.test(this.text.charAt(at - 1)) ? undefined : at + 1;
  }

  #matching(open: number, limit: number): number | undefined {
    let depth = 0;
    for (let at = open; at < limit; at++) {
      const letter = this.text.charAt(at);
      if (letter === "(") depth++;
      if (letter === ")" && --depth === 0) return at;
      if (letter === '"' || letter === "'" || letter === ":") return undefined;
    }
    return undefined;
  }

  #skipQuoted(quote: string): void {
    let at = this.#at + 1;
    while (at < this.text.length && this.text.charAt(at) !== quote)
      at += quote === '"' && this.text.charAt(at) === "\\" ? 2 : 1;
    this.#at = at + 1;
    this.#fresh = false;
  }

  #isBlockHeader(): boolean {
    return /^[|>][-+0-9]*[ \t]*(#.*)?$/.test(this.text.slice(this.#at, this.#lineEnd()).replace(/\r$/, ""));
  }

  /** A block scalar ends at the first line that is indented no more than the line it begins on. */
  #skipBlock(): void {
    const lineStart = this.text.lastIndexOf("\n", this.#at) + 1;
    const indent = /^[ ]*/.exec(this.text.slice(lineStart, this.#at))?.[0].length ?? 0;
    let at = this.#lineEnd();
    while (at < this.text.length) {
      const end = this.text.indexOf("\n", at + 1);
      const line = this.text.slice(at + 1, end < 0 ? this.text.length : end);
      if (line.trim() !== "" && (/^[ ]*/.exec(line)?.[0].length ?? 0) <= indent) break;
      at = end < 0 ? this.text.length : end;
    }
    this.#at = at;
  }

  #skipTo(at: number): void {
    this.#at = at;
  }

  #lineEnd(): number {
    const end = this.text.indexOf("\n", this.#at);
    return end < 0 ? this.text.length : end;
  }
}
