/** Tags and filters of EC2. */
import { fits, type Input } from "./input.js";
import type { Tags } from "./state.js";
import type { Answer } from "./wire.js";

/** `[{ Key, Value }]` as a record. */
export function tagsOf(inputs: readonly Input[]): Tags {
  return Object.fromEntries(inputs.map((tag) => [tag.required("Key"), tag.text("Value") ?? ""]));
}

/** A record as EC2 writes tags. */
export function tagSet(tags: Tags): Answer[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/** Tags that a call gives to things of a kind, in EC2's `TagSpecification`. */
export function specifiedTags(input: Input, kind: string): Tags {
  const all = input.inputs("TagSpecification").filter((one) => one.text("ResourceType") === kind);
  return Object.assign({}, ...all.map((one) => tagsOf(one.inputs("Tag")))) as Tags;
}

/** Whether a thing passes all of a call's filters. @param valuesOf - the thing's values under a filter's name. */
export function passes(input: Input, valuesOf: (name: string) => readonly string[]): boolean {
  return input.inputs("Filter").every((filter) => {
    const values = valuesOf(filter.required("Name"));
    return filter.texts("Value").some((pattern) => values.some((value) => fits(pattern, value)));
  });
}

/** Values of `tag:KEY`, `tag-key` and `tag-value`. */
export function tagValues(tags: Tags, name: string): string[] {
  if (name === "tag-key") return Object.keys(tags);
  if (name === "tag-value") return Object.values(tags);
  const value = name.startsWith("tag:") ? tags[name.slice(4)] : undefined;
  return value === undefined ? [] : [value];
}
