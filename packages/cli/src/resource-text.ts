import type { ResourceChange } from "@bellows/control-plane";

const SIGN = { create: "+", update: "~", delete: "-", none: " " } as const;

/** A change as lines for people: the thing, then its fields. */
export function describeChange(change: ResourceChange): string[] {
  const head = `${SIGN[change.action]} ${change.kind} ${change.name} (${change.provider})`;
  if (change.action !== "update") return [head];
  return [head, ...change.changes.map(({ path, from, to }) => `    ${path}: ${show(from)} -> ${show(to)}`)];
}

function show(value: unknown): string {
  if (value === undefined) return "(none)";
  return typeof value === "string" ? value : JSON.stringify(value);
}
