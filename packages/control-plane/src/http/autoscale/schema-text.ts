import { z } from "@bellows/core";

/** The longest name, and the longest key and value of metadata, in characters. */
const LONGEST = 256;

/** A name: up to 256 characters, not blank, not unique. */
export const nameBody = z.string().max(LONGEST).regex(/\S/, "must not be blank");

/** Metadata of a group or webhook: texts by texts. */
export const metadataBody = z.record(z.string().max(LONGEST), z.string().max(LONGEST));

/** The longest cooldown, in seconds. */
export const LONGEST_COOLDOWN_S = 86_400;

/** The most of anything that one request makes. */
export const MOST_AT_ONCE = 100;

/** What is wrong with a body, all of it, each with its path. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");
}
