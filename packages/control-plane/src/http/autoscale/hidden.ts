/**
 * Names that are not unique.
 *
 * Note [Names]: at Rackspace two groups, policies or webhooks may have one name; in Bellows they are told apart by it.
 * The second of a name is kept under another one, and its own name lies in its metadata, where this API does not show
 * it. Whoever never uses a name twice finds the same names everywhere.
 */
import type { Metadata } from "@bellows/core";

/** Key of metadata that keeps the name of a thing whose name was taken. */
const NAME = "autoscale:name";

/** The longest name that Bellows keeps, in characters. */
const LONGEST_NAME = 255;

/** A name that is free: the wanted one, else with a number. @param taken - names that others have. */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const start = wanted.slice(0, LONGEST_NAME);
  for (let number = 1; ; number += 1) {
    const ending = number === 1 ? "" : ` (${number})`;
    const name = start.slice(0, LONGEST_NAME - ending.length) + ending;
    if (!taken.has(name) && name.trim() !== "") return name;
  }
}

/** Metadata with the shown name in it, if it differs from the kept one. Undefined: none at all. */
export function withHiddenName(
  metadata: Metadata | undefined,
  shown: string,
  kept: string,
): Metadata | undefined {
  if (shown === kept) return metadata;
  return { ...metadata, [NAME]: shown };
}

/** The shown name of a thing that is kept under another one. */
export function hiddenName(metadata: Metadata | undefined): string | undefined {
  return metadata?.[NAME];
}

/** Metadata as its owner wrote it. */
export function shownMetadata(metadata: Metadata): Metadata {
  const { [NAME]: _hidden, ...shown } = metadata;
  return shown;
}
