/**
 * Data as it leaves the process: each `xAtMs` becomes `xAt` in ISO 8601, all else stays. `undefined` disappears.
 * Made for plain data; anything else is taken as JSON takes it.
 */
export function toWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== "object" || value === null) return value;
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    if (typeof item === "number" && isInstant(key)) out[key.slice(0, -2)] = new Date(item).toISOString();
    else out[key] = toWire(item);
  }
  return out;
}

/** `observedAtMs`, `atMs`: an instant; `cooldownMs`, `ageMs`: a span. */
function isInstant(key: string): boolean {
  return key === "atMs" || key.endsWith("AtMs") || key === "untilMs" || key === "sinceMs";
}

/** The way back: each `xAt` in ISO 8601 becomes `xAtMs`. For clients of the HTTP API. */
export function fromWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromWire);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) =>
      typeof item === "string" && isInstant(`${key}Ms`) && !Number.isNaN(Date.parse(item))
        ? [`${key}Ms`, Date.parse(item)]
        : [key, fromWire(item)],
    ),
  );
}
