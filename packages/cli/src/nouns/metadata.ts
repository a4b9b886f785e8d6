import type { Metadata } from "@bellows/core";
import type { Context } from "../context.js";
import { printThing } from "../output.js";
import { type Find, type Provider, type WriteOptions, withTarget, write } from "./provider-call.js";

/** Options of each noun's `metadata`. */
export interface MetadataOptions extends WriteOptions {
  set?: Record<string, string>;
  replace?: boolean;
}

/** Shows labels, or changes them: `--set` keeps the others, `--replace` does not. */
export async function editMetadata(
  context: Context,
  options: MetadataOptions,
  thing: {
    find: Find;
    name: string;
    noun: string;
    /** What the driver calls it, where that is more than the name: `GROUP/POLICY/WEBHOOK`. */
    address?: (ref: string) => string;
    read: (provider: Provider, ref: string) => Promise<Metadata>;
  },
): Promise<void> {
  const { find, name, noun, address = (ref) => ref } = thing;
  if (options.set === undefined && options.replace !== true) {
    printThing(context, options, await withTarget(context, options, find, name, thing.read));
    return;
  }
  const pairs = options.set ?? {};
  await write<Metadata>(context, options, {
    find,
    name,
    method: `${noun}.metadata.${options.replace ? "replace" : "merge"}`,
    args: (ref) => [address(ref), pairs],
    done: (all) =>
      Object.entries(all)
        .map(([key, value]) => `${key}=${value}`)
        .join("\n") || "no labels",
  });
}
