import { stringify } from "../yaml.js";

/** A value on one line, as `{ key: value }`; a relative change wears its sign without quotes. */
export function flowText(value: unknown): string {
  return stringify(escaped(value), { collectionStyle: "flow", lineWidth: 0 })
    .trimEnd()
    .replaceAll(/"([+-]\d+(?:\.\d+)?%?)"/g, "$1");
}

/** A value as a block, its lines indented by so many columns. */
export function blockLines(value: unknown, indent: number): string[] {
  const lines = stringify(escaped(value), { lineWidth: 0 }).trimEnd().split("\n");
  return lines.map((line) => (line === "" ? "" : " ".repeat(indent) + line));
}

/** A file fills in `${env:…}` and `${file:…}`; what the cloud has of these is meant as it stands. */
function escaped(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(/\$\{(env|file):/g, "$$${$1:");
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, escaped(field)]));
}
