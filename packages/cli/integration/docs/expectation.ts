const UNIT = String.raw`(?:ms|s|m|h|d)\b`;

/** What differs from run to run, and what stands for it on a page. */
const PIECES: readonly [RegExp, string][] = [
  [/^…/, String.raw`[^\n]*?`],
  [
    /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?Z?/,
    String.raw`\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?Z?`,
  ],
  [/^\d{2}:\d{2}:\d{2}Z?/, String.raw`\d{2}:\d{2}:\d{2}Z?`],
  [
    new RegExp(`^\\d+(?:\\.\\d+)? ?${UNIT}(?: \\d+${UNIT})*`),
    String.raw`\d+(?:\.\d+)? ?(?:ms|s|m|h|d)(?: \d+(?:ms|s|m|h|d))*`,
  ],
  [/^[ \t]+/, String.raw`[ \t]*`],
  [/^[A-Za-z]+/, ""],
];

/** Makes of a shown output what it may be: times and durations of any value, `…` for the rest of a line, or lines. */
export function expectationOf(shown: string): RegExp {
  const lines = shown.trimEnd().split("\n");
  const pattern = lines.map((line) =>
    line.trim() === "…" ? String.raw`(?:[^\n]*\n)*?` : `${patternOf(line.trimEnd())}[ \\t]*\\n`,
  );
  return new RegExp(`^${pattern.join("")}$`);
}

function patternOf(line: string): string {
  let [rest, pattern] = [line, ""];
  while (rest !== "") {
    const piece = PIECES.map(([shown, meant]) => ({ found: shown.exec(rest)?.[0], meant })).find(
      (each) => each.found !== undefined,
    );
    const found = piece?.found ?? rest[0] ?? "";
    const literal = found.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    pattern += piece === undefined || piece.meant === "" ? literal : piece.meant;
    rest = rest.slice(found.length);
  }
  return pattern;
}
