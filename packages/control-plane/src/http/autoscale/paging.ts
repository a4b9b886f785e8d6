import { z } from "@bellows/core";
import { AutoscaleFault } from "./errors.js";
import { type Link, nextLink } from "./links.js";

/** Entries of a page at most, and where nobody says how many. */
const MOST = 100;

/** What lists are asked with. */
export const pageQuery = z.object({
  limit: z.string().optional().describe("Entries a page, 1 to 100"),
  marker: z.string().optional().describe("The last id that was seen"),
});

/** What a list is asked with. */
export type PageQuery = z.output<typeof pageQuery>;

/** A part of a list. */
export interface Page<T> {
  items: T[];
  links: Link[];
}

/** How many entries a page has: clamped to 1..100, as Otter does. @throws AutoscaleFault for what is no whole number. */
export function readLimit(limit: string | undefined): number {
  if (limit === undefined) return MOST;
  if (!/^\s*[+-]?\d+\s*$/.test(limit))
    throw new AutoscaleFault("InvalidQueryArgument", 'Invalid query argument for "limit"');
  return Math.min(MOST, Math.max(1, Number(limit)));
}

/**
 * The entries after the marker, by id. A marker is compared, not looked up: one that is gone is as good as any. A full
 * page has a link to the next one, which may be empty.
 * @param url - of the list itself.
 */
export function pageOf<T extends { id: string }>(all: readonly T[], query: PageQuery, url: string): Page<T> {
  const limit = readLimit(query.limit);
  const { marker = "" } = query;
  const items = all
    .filter(({ id }) => id > marker)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);
  const last = items.at(-1);
  return { items, links: items.length < limit || last === undefined ? [] : [nextLink(url, limit, last.id)] };
}
