/** One field that differs between the file and the world. Secrets never stand here: files hold them by reference. */
export interface FieldChange {
  /** Dotted path, such as `launch.command`. */
  path: string;
  /** Absent where the world has none. */
  from?: unknown;
  /** Absent where the file has none. */
  to?: unknown;
}

/** What `apply` would do with one resource of a file. */
export interface ResourceChange {
  kind: "load-balancer" | "group" | "policy" | "alarm" | "webhook";
  name: string;
  /** Key of its provider. */
  provider: string;
  action: "create" | "update" | "delete" | "none";
  changes: readonly FieldChange[];
}

/** A change together with what carries it out. */
export interface PlannedChange extends ResourceChange {
  /** Makes it so. Asking twice is safe. */
  run(): Promise<void>;
}

/**
 * The fields of `wanted` that differ from `found`, objects by their fields, lists as a whole.
 * A field that `wanted` leaves out (`undefined`) is not compared: the file says nothing about it.
 */
export function differences(found: unknown, wanted: unknown, path = ""): FieldChange[] {
  if (wanted === undefined || sameValue(found, wanted)) return [];
  if (!isPlainObject(found) || !isPlainObject(wanted))
    return [{ path, ...(found === undefined ? {} : { from: found }), to: wanted }];
  return Object.keys(wanted).flatMap((key) => differences(found[key], wanted[key], joined(path, key)));
}

function joined(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** As {@link differences}, and fields that `wanted` lacks are to go. */
export function exactDifferences(found: unknown, wanted: unknown, path: string): FieldChange[] {
  const changes = differences(found, wanted, path);
  if (!isPlainObject(found) || !isPlainObject(wanted)) return changes;
  const gone = Object.keys(found).filter((key) => found[key] !== undefined && wanted[key] === undefined);
  return [...changes, ...gone.map((key) => ({ path: joined(path, key), from: found[key] }))];
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => sameValue(a[key], b[key]));
}
