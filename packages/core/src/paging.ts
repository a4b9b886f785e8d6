import type { CallOptions } from "./contracts/common.js";

/** One page of a list, and the marker of the next (absent or empty: this was the last). */
export interface Page<T> {
  items: readonly T[];
  next?: string;
}

/**
 * A list that pages by itself: a page is fetched when somebody has read up to it.
 * A marker that was given before ends the list, because a cloud that repeats itself would never end.
 * @param fetchPage - called with no marker first.
 * @throws the signal's reason when it is aborted, and whatever `fetchPage` throws.
 */
export async function* pages<T>(
  fetchPage: (marker: string | undefined, options: CallOptions) => Promise<Page<T>>,
  options: CallOptions = {},
): AsyncGenerator<T, void, undefined> {
  const seen = new Set<string>();
  let marker: string | undefined;
  do {
    options.signal?.throwIfAborted();
    const page: Page<T> = await fetchPage(marker, options);
    yield* page.items;
    marker = page.next;
    if (marker !== undefined && seen.has(marker)) return;
    if (marker !== undefined) seen.add(marker);
  } while (marker !== undefined && marker !== "");
}

/**
 * Reads a list into an array.
 * @param limit - stop after so many; no page beyond is fetched (default: all).
 */
export async function collect<T>(list: AsyncIterable<T>, limit = Number.POSITIVE_INFINITY): Promise<T[]> {
  const items: T[] = [];
  if (limit <= 0) return items;
  for await (const item of list) {
    items.push(item);
    if (items.length >= limit) break;
  }
  return items;
}
