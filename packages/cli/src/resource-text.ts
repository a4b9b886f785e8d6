import type { ResourceChange } from "@bellows/control-plane";
import type { Context } from "./context.js";

const SIGN = { create: "+", update: "~", delete: "-", none: " " } as const;
const HIDDEN = "[secret]";
/** Names of fields whose values are never shown. */
const SECRET_NAME = /pass(word|wd|phrase)?$|secret|token|(api|private|access)_?key|credential/i;

/** A change as lines for people: the thing, then its fields. */
export function describeChange(change: ResourceChange): string[] {
  const head = `${SIGN[change.action]} ${change.kind} ${change.name} (${change.provider})`;
  if (change.action !== "update") return [head];
  return [head, ...change.changes.map(({ path, from, to }) => `    ${path}: ${show(from)} -> ${show(to)}`)];
}

/**
 * Changes that can be shown: where the file's value holds a secret, the value that it replaces may be an older secret,
 * which nothing else tells.
 */
export function withoutSecrets(context: Context, resources: readonly ResourceChange[]): ResourceChange[] {
  const holds = (value: unknown): boolean => {
    const text = JSON.stringify(value) ?? "";
    return [...context.secrets].some((secret) => text.includes(JSON.stringify(secret).slice(1, -1)));
  };
  return resources.map((resource) => ({
    ...resource,
    changes: resource.changes.map((change) => {
      if (!SECRET_NAME.test(change.path) && !holds(change.to) && !holds(change.from)) return change;
      const blank = (value: unknown): unknown => (value === undefined ? undefined : HIDDEN);
      return { path: change.path, from: blank(change.from), to: blank(change.to) };
    }),
  }));
}

function show(value: unknown): string {
  if (value === undefined) return "(none)";
  return typeof value === "string" ? value : JSON.stringify(value);
}
