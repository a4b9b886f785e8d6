/** What stands around a part of a file, where the part does not say it itself. */
const GROUP = {
  min: "min: 1",
  max: "max: 10",
  launch: "launch: { command: node, args: [server.mjs] }",
  metrics:
    "metrics: { cpu: { source: constant, value: 50 }, mem: { source: constant, value: 50 }, queue: { source: constant, value: 0 }, backlog: { source: constant, value: 0 } }",
  policies: "policies: { size: { target: { signal: queue, perInstance: 20 } } }",
};
const FILE = { version: "version: 1", providers: "providers: { local: {} }" };

/** A whole file around keys of a group (`group`) or of the file (`top`). */
export function wholeFile(where: string, part: string): string {
  if (where !== "group" && where !== "top")
    throw new Error(`a part is of a group or of the top, not of ${where}`);
  const missing = (lines: Record<string, string>): string[] =>
    Object.entries(lines)
      .filter(([key]) => !new RegExp(`^${key}:`, "m").test(part))
      .map(([, line]) => line);
  const indent = (text: string): string => text.replace(/^(?=.)/gm, "    ");
  const top = where === "top" ? [...missing(FILE), part] : Object.values(FILE);
  if (where === "top" && /^(groups|clusters):/m.test(part)) return top.join("\n");
  const group = where === "group" ? [...missing(GROUP), part] : Object.values(GROUP);
  return [...top, "groups:", "  web:", indent(group.join("\n"))].join("\n");
}
