/** Lists in which only what is there counts, not in which order. Pure. */

/** What comes to a set, and what goes from it. */
export interface SetChange {
  add: string[];
  remove: string[];
}

/** What is to come and to go; nothing where nothing is wanted. */
export function setChange(
  there: readonly string[] | undefined,
  wanted: readonly string[] | undefined,
): SetChange {
  if (wanted === undefined) return { add: [], remove: [] };
  const now = there ?? [];
  return {
    add: wanted.filter((one) => !now.includes(one)),
    remove: now.filter((one) => !wanted.includes(one)),
  };
}

/** Whether two lists hold the same, in whatever order; one that is not wanted is like any. */
export function isSameSet(
  there: readonly string[] | undefined,
  wanted: readonly string[] | undefined,
): boolean {
  const { add, remove } = setChange(there, wanted);
  return add.length === 0 && remove.length === 0;
}
