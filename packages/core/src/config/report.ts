import type { Fault } from "./fault.js";
import type { Range, SourceNode } from "./source-node.js";

/** Shorter secrets are not masked: blanking every "a" out of a text helps nobody. */
const SHORTEST_SECRET = 4;

/** Collects what is wrong with one file, and knows where every offset of its text lies. */
export class Report {
  readonly faults: Fault[] = [];
  readonly warnings: Fault[] = [];
  readonly #secrets = new Set<string>();
  readonly #lineStarts: number[] = [0];

  /** @param file as it is to be printed; @param text without a byte order mark */
  constructor(
    readonly file: string,
    readonly text: string,
  ) {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#lineStarts.push(at + 1);
  }

  /** What must appear in no message, log or source line. */
  get secrets(): string[] {
    return [...this.#secrets];
  }

  /** Remembers a value that must not be shown. */
  secret(value: string): void {
    if (value.length >= SHORTEST_SECRET) this.#secrets.add(value);
  }

  fault(range: Range | SourceNode, message: string, hint?: string): void {
    this.faults.push(this.#at(range, message, hint));
  }

  warn(range: Range | SourceNode, message: string, hint?: string): void {
    this.warnings.push(this.#at(range, message, hint));
  }

  /** `9:10`, for messages that point at a second place. */
  place(offset: number): string {
    const { line, column } = this.#locate(offset);
    return `${line}:${column}`;
  }

  /** In the order of the file, without repetitions, secrets masked. */
  sorted(faults: readonly Fault[]): Fault[] {
    const seen = new Set<string>();
    return faults
      .map((fault) => this.#masked(fault))
      .sort((a, b) => a.line - b.line || a.column - b.column)
      .filter((fault) => {
        const key = `${fault.line}:${fault.column}:${fault.message}`;
        return seen.has(key) ? false : seen.add(key);
      });
  }

  #at(range: Range, message: string, hint?: string): Fault {
    const start = Math.max(0, Math.min(range.start, this.text.length));
    const { line, column } = this.#locate(start);
    const source = this.#line(line);
    const length = Math.max(1, Math.min(range.end - start, source.length - column + 1));
    return {
      file: this.file,
      line,
      column,
      length,
      message,
      ...(hint === undefined ? {} : { hint }),
      source,
    };
  }

  #locate(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }

  #line(line: number): string {
    const start = this.#lineStarts[line - 1] ?? 0;
    const end = this.#lineStarts[line] ?? this.text.length + 1;
    return this.text.slice(start, end - 1).replace(/\r$/, "");
  }

  #masked(fault: Fault): Fault {
    const mask = (text: string): string => {
      let masked = text;
      for (const secret of this.#secrets) {
        for (const line of secret.split("\n")) {
          if (line.length >= SHORTEST_SECRET) masked = masked.replaceAll(line, "*".repeat(line.length));
        }
      }
      return masked;
    };
    return {
      ...fault,
      message: mask(fault.message),
      ...(fault.hint === undefined ? {} : { hint: mask(fault.hint) }),
      ...(fault.source === undefined ? {} : { source: mask(fault.source) }),
    };
  }
}
