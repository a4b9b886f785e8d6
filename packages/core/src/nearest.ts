/** Longer words are cut to this many characters: keys and names are short, and the comparison is quadratic. */
const LONGEST_WORD = 64;

/**
 * How many single-letter edits (insert, delete, replace, swap of neighbours) turn one word into the other.
 * Upper and lower case count as the same letter.
 * @see https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance (optimal string alignment)
 */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const replaced = at(last, column - 1) + (same ? 0 : 1);
      let best = Math.min(replaced, at(last, column) + 1, at(current, column - 1) + 1);
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) best = Math.min(best, at(beforeLast, column - 2) + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/**
 * The candidate that a mistyped word most likely meant.
 * @param word what was written
 * @param candidates what would have been right; of equally near ones the first is taken
 * @returns undefined if none is near: more than a third of the letters would have to change
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const written = word.slice(0, LONGEST_WORD).toLowerCase();
  let found: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const meant = candidate.slice(0, LONGEST_WORD).toLowerCase();
    const longer = Math.max(written.length, meant.length);
    const allowed = Math.min(Math.max(1, Math.floor(longer / 3)), longer - 1);
    if (Math.abs(written.length - meant.length) > allowed) continue;
    const edits = editDistance(written, meant);
    if (edits <= allowed && edits < fewest) {
      fewest = edits;
      found = candidate;
    }
  }
  return found;
}
