/** Blanks out secrets in texts and in data on their way to logs and errors. */
export interface Redaction {
  /** From now on this value is blanked out. Values under four characters are too common to blank and are refused silently. */
  add(secret: string): void;
  text(text: string): string;
  /** A copy of plain data with all its strings blanked; cycles and functions become a word. */
  data<T>(value: T): T;
}

const BLANK = "[secret]";
const SHORTEST = 4;
/** Names of fields whose values are never shown, whatever they hold. */
const SECRET_FIELD = /pass(word|wd)?$|secret|token|api_?key|authorization|cookie|credential/i;

/** Makes a redaction that knows no secret yet. */
export function createRedaction(secrets: Iterable<string> = []): Redaction {
  const known = new Set<string>();
  const add = (secret: string): void => {
    if (secret.length < SHORTEST) return;
    known.add(secret);
    known.add(encodeURIComponent(secret));
  };
  for (const secret of secrets) add(secret);
  const text = (input: string): string => {
    let out = input;
    for (const secret of known) if (out.includes(secret)) out = out.replaceAll(secret, BLANK);
    return out.replace(/(\w+:\/\/[^/\s:@]+):[^/\s@]+@/g, `$1:${BLANK}@`);
  };
  const walk = (value: unknown, seen: Set<object>): unknown => {
    if (typeof value === "string") return text(value);
    if (typeof value === "function") return "[function]";
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return "[again]";
    seen.add(value);
    if (Array.isArray(value)) return value.map((item) => walk(item, seen));
    if (value instanceof Error) return { name: value.name, message: text(value.message) };
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        SECRET_FIELD.test(key) && item !== undefined ? BLANK : walk(item, seen),
      ]),
    );
  };
  return { add, text, data: <T>(value: T) => walk(value, new Set()) as T };
}
