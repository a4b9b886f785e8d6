/** One thing that is wrong with a file (or unwise in it), and where. */
export interface Fault {
  /** The file, as it was given. */
  file: string;
  /** From 1; 0 where the fault is about the file as a whole. */
  line: number;
  /** From 1, in UTF-16 code units; 0 where the fault is about the file as a whole. */
  column: number;
  /** How many characters the caret runs over; at least 1. */
  length: number;
  message: string;
  /** What to do about it. */
  hint?: string;
  /** The line of the file, with secrets masked; absent where the fault is about the file as a whole. */
  source?: string;
}

/** Longer source lines are cut around the caret: a fault should fit on a screen. */
const WIDEST_SOURCE = 160;

/** Writes one fault as people read it: place and message, the line with a caret under it, and the hint. */
export function renderFault(fault: Fault): string {
  const where = fault.line > 0 ? `${fault.file}:${fault.line}:${fault.column}` : fault.file;
  const lines = [`${where}: ${fault.message}`];
  if (fault.source !== undefined && fault.line > 0) lines.push(...renderSource(fault, fault.source));
  if (fault.hint !== undefined) lines.push(`     = hint: ${fault.hint}`);
  return lines.join("\n");
}

/** Writes faults one under the other, in the order given. */
export function renderFaults(faults: readonly Fault[]): string {
  return faults.map(renderFault).join("\n");
}

function renderSource(fault: Fault, source: string): string[] {
  const start = fault.column - 1;
  const from = source.length > WIDEST_SOURCE ? Math.max(0, start - WIDEST_SOURCE / 2) : 0;
  const shown = source.slice(from, from + WIDEST_SOURCE);
  const before = shown.slice(0, start - from).replace(/[^\t]/g, " ");
  const run = Math.max(1, Math.min(fault.length, shown.length - (start - from)));
  return [`${String(fault.line).padStart(4)} | ${shown}`, `     | ${before}${"^".repeat(run)}`];
}
