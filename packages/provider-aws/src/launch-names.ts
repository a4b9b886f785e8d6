/** Names and marks by which Bellows knows what it made to launch from. Pure. */
import { createHash } from "node:crypto";

/** Tag of a launch template that Bellows made: the group that it was made for. */
export const MADE_FOR = "bellows:group";
/** Description of each version of a template that Bellows made. */
export const MADE_BY = "Made by Bellows";
/** Tag of instances whose template was made from another: that one's name or id, and the version if one was named. */
export const MADE_OVER = "bellows:over";
/** Tag of such instances: the words that were laid over it, with spaces between them. */
export const LAID_OVER = "bellows:words";

/** Characters of a group's name that are kept; the digest tells groups apart. */
const KEPT = 90;

/** Name of what a group without `launchName` is launched from; the same for every call that is about this group. */
export function derivedName(group: string): string {
  const digest = createHash("sha256").update(group).digest("hex").slice(0, 8);
  return `bellows-${group.replace(/[^a-zA-Z0-9().\-/_]+/g, "-").slice(0, KEPT)}-${digest}`;
}

/** Name of the n-th launch configuration of that name: one can't be changed, so that the next needs another name. */
export function configurationName(base: string, number: number): string {
  return number === 1 ? base : `${base}~${number}`;
}

/** The name that people gave a launch configuration, and which one of that name it is. */
export function readConfigurationName(name: string): { base: string; number: number } {
  const [, base = name, number = "1"] = /^(.+)~([2-9]|[1-9]\d+)$/.exec(name) ?? [];
  return { base, number: Number(number) };
}
