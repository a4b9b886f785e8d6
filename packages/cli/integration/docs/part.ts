/** What stands around a part of a file, where the part does not say it itself. */
const FILE = { version: "version: 1", providers: "providers: { local: {} }" };
const GROUP = { min: "min: 1", max: "max: 10", launch: "launch: { command: node, args: [server.mjs] }" };
const NUMBERS = {
  metrics:
    "metrics: { cpu: { source: constant, value: 50 }, mem: { source: constant, value: 50 }, queue: { source: constant, value: 0 } }",
  policies: "policies: { size: { target: { signal: queue, perInstance: 20 } } }",
};

/** A whole file around keys of a group (`group`) or of the file (`top`). */
export function wholeFile(where: string, part: string): string {
  if (where !== "group" && where !== "top")
    throw new Error(`a part is of a group or of the top, not of ${where}`);
  if (where === "group") return [...Object.values(FILE), "groups:", "  web:", groupAround(part)].join("\n");
  const top = missing(FILE, part);
  const group = /^groups:\n {2}\w+:\n((?: {4}.*\n?)+)/m.exec(part);
  if (group !== null) {
    const inner = (group[1] ?? "").replace(/^ {4}/gm, "");
    return [...top, part.replace(group[1] ?? "", `${groupAround(inner)}\n`)].join("\n");
  }
  if (/^(groups|clusters):/m.test(part)) return [...top, part].join("\n");
  return [...top, part, "groups:", "  web:", groupAround("")].join("\n");
}

function groupAround(part: string): string {
  const numbers = /^metrics:/m.test(part) ? [] : missing(NUMBERS, part);
  return [...missing(GROUP, part), ...numbers, part].join("\n").replace(/^(?=.)/gm, "    ");
}

function missing(lines: Record<string, string>, part: string): string[] {
  return Object.entries(lines)
    .filter(([key]) => !new RegExp(`^${key}:`, "m").test(part))
    .map(([, line]) => line);
}
