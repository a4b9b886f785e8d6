import { ConfigError } from "./errors.js";

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Why a text is no duration, in the words that a config error uses. */
export interface DurationFault {
  message: string;
  hint: string;
}

/**
 * Reads `30s`, `5m`, `1.5h`, `7d`, `250ms`: one number and its unit, never a bare number.
 * @returns milliseconds, or what is wrong with the text.
 */
export function readDuration(text: string, what = "a duration"): number | DurationFault {
  const trimmed = text.trim();
  const match = PATTERN.exec(trimmed);
  if (match) {
    const ms = Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? 0));
    if (Number.isSafeInteger(ms)) return ms;
  }
  if (/^\d+(\.\d+)?$/.test(trimmed)) {
    return { message: `${what} needs a unit`, hint: `write ${suggest(Number(trimmed))}` };
  }
  return {
    message: `${what} cannot be read: ${JSON.stringify(text)}`,
    hint: "write a number and its unit, such as 30s, 5m, 1h or 7d",
  };
}

function suggest(seconds: number): string {
  const long = seconds >= 60 && seconds % 60 === 0 ? ` or ${formatDuration(seconds * 1_000)}` : "";
  return `${seconds}s${long}`;
}

/**
 * As {@link readDuration}, for callers that want an exception.
 * @throws ConfigError when the text is no duration.
 */
export function parseDuration(text: string, what?: string): number {
  const read = readDuration(text, what);
  if (typeof read === "number") return read;
  throw new ConfigError(read.message, { hint: read.hint });
}

/** Writes milliseconds the way people write them: the largest unit that leaves a whole number (`90s`, `5m`, `250ms`). */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  for (const unit of ["d", "h", "m", "s"]) {
    const size = UNIT_MS[unit] ?? 1;
    if (ms % size === 0) return `${ms / size}${unit}`;
  }
  return ms > 1_000 ? `${Number((ms / 1_000).toFixed(1))}s` : `${Number(ms.toFixed(0))}ms`;
}
