/**
 * The tree of a YAML file as the config reader sees it: values together with where, and how, they were written.
 */

/** Offsets into the file's text, in UTF-16 code units; `end` is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A scalar as it stands in the file. */
export interface ScalarNode extends Range {
  readonly kind: "scalar";
  /** What YAML makes of it. */
  value: string | number | boolean | null;
  /** The text as written: `+1`, `1.10`; for quoted and block scalars what is inside. */
  text: string;
  readonly style: "plain" | "quoted" | "block";
  /** `${env:…}` or `${file:…}` was filled in, so `text` is not what stands in the file. */
  interpolated?: boolean;
  /** A fault about it has been reported; nothing more is to be said about its value. */
  poisoned?: boolean;
}

/** A key with its value. */
export interface Entry {
  readonly key: string;
  readonly keyRange: Range;
  readonly value: SourceNode;
}

/** A map; keys are unique (a second one of the same name was reported and left out). */
export interface MapNode extends Range {
  readonly kind: "map";
  readonly entries: readonly Entry[];
}

/** A list. */
export interface ListNode extends Range {
  readonly kind: "list";
  readonly items: readonly SourceNode[];
}

/** Any node of the tree. */
export type SourceNode = ScalarNode | MapNode | ListNode;

/** One step on the way to a node: a key or an index. */
export type PathStep = string | number;

/** The entry of a map with this key. */
export function entryOf(node: SourceNode | undefined, key: string): Entry | undefined {
  return node?.kind === "map" ? node.entries.find((entry) => entry.key === key) : undefined;
}

/** What stands under this key, if anything does. */
export function childOf(node: SourceNode | undefined, key: string): SourceNode | undefined {
  return entryOf(node, key)?.value;
}

/** Follows a path as far as it goes. */
export function nodeAt(node: SourceNode, path: readonly PathStep[]): SourceNode | undefined {
  let here: SourceNode | undefined = node;
  for (const step of path) {
    if (here?.kind === "list") here = here.items[Number(step)];
    else here = childOf(here, String(step));
  }
  return here;
}

/** As {@link nodeAt}, but stops at the last node that is there. */
export function nearestNodeAt(node: SourceNode, path: readonly PathStep[]): SourceNode {
  for (let length = path.length; length > 0; length--) {
    const found = nodeAt(node, path.slice(0, length));
    if (found) return found;
  }
  return node;
}

/** Whether a key was written without a value (`groups:`), or with `null` or `~`. */
export function isNull(node: SourceNode): boolean {
  return node.kind === "scalar" && node.value === null && !node.poisoned;
}

/** Whether a fault inside was already reported, so that what it would mean is unknown. */
export function isPoisoned(node: SourceNode): boolean {
  if (node.kind === "scalar") return node.poisoned === true;
  if (node.kind === "list") return node.items.some(isPoisoned);
  return node.entries.some((entry) => isPoisoned(entry.value));
}

/**
 * The plain value of a node.
 * @param instead what to take for some scalars in place of what YAML made of them
 */
export function toPlain(node: SourceNode, instead?: ReadonlyMap<SourceNode, unknown>): unknown {
  if (node.kind === "scalar") return instead?.has(node) ? instead.get(node) : node.value;
  if (node.kind === "list") return node.items.map((item) => toPlain(item, instead));
  const plain: Record<string, unknown> = {};
  for (const { key, value } of node.entries) {
    Object.defineProperty(plain, key, {
      value: toPlain(value, instead),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return plain;
}

/**
 * Where in the file a character of a scalar's value stands. Quotes, escapes, folded lines and the indentation of
 * block scalars are stepped over by matching what is not white space; inside a filled-in scalar it is its start.
 * @param offset of the character in `node.text`
 */
export function rangeInScalar(source: string, node: ScalarNode, offset: number, length: number): Range {
  if (node.interpolated) return { start: node.start, end: node.end };
  if (node.style === "plain" && source.slice(node.start, node.end) === node.text) {
    return { start: node.start + offset, end: node.start + offset + length };
  }
  let at =
    node.style === "block" ? afterLine(source, node.start) : node.start + (node.style === "quoted" ? 1 : 0);
  for (let index = 0; index < offset; index++) {
    const letter = node.text.charAt(index);
    if (/\s/.test(letter)) continue;
    const found = source.indexOf(letter, at);
    if (found < 0 || found >= node.end) return { start: node.start, end: node.end };
    at = found + 1;
  }
  const wanted = node.text.charAt(offset);
  const found = /\S/.test(wanted) ? source.indexOf(wanted, at) : at;
  if (found < 0 || found >= node.end) return { start: Math.min(at, node.end - 1), end: node.end };
  return { start: found, end: Math.min(found + length, node.end) };
}

function afterLine(source: string, from: number): number {
  const end = source.indexOf("\n", from);
  return end < 0 ? from : end + 1;
}
