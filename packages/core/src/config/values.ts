/**
 * Values as people write them, for config schemas (ours and those of plugins). Each takes the text that stands in
 * the file and gives what code works with; in JSON Schema it is a string with its pattern, so that editors help.
 */
import { z } from "zod";
import { readDuration } from "../duration.js";

/** What our own schemas say about a key beside its type; `default` and `examples` reach the JSON Schema. */
interface ValueMeta {
  description?: string;
  /** What it is if it is left out, as a person would write it. */
  default?: unknown;
}

/** Parameters of custom issues: `subject` puts the key in front of the message. */
export interface IssueParams {
  hint?: string;
  subject?: boolean;
}

/** Refuses a value inside a `transform`, with a hint. */
export function complain(ctx: z.RefinementCtx, message: string, params: IssueParams = {}): never {
  ctx.addIssue({ code: "custom", message, params: { ...params } });
  return z.NEVER;
}

function pattern(body: string): string {
  return `^(${body}|.*\\$\\{.*)$`;
}

/** `30s`, `5m`, `1.5h`, `7d`, with a unit always. Gives whole milliseconds. */
export function duration(limits: { min?: number; max?: number } = {}): z.ZodType<number, string> {
  return z
    .string()
    .meta({ bellows: "duration", pattern: pattern("\\d+(\\.\\d+)?(ms|s|m|h|d)") })
    .transform((text, ctx) => {
      const read = readDuration(text, "");
      if (typeof read !== "number")
        return complain(ctx, read.message.trim(), { hint: read.hint, subject: true });
      if (limits.min !== undefined && read < limits.min)
        return complain(ctx, "is too short", { subject: true });
      if (limits.max !== undefined && read > limits.max)
        return complain(ctx, "is too long", { subject: true });
      return read;
    });
}

/** `10%`, `2.5%`. Gives a fraction: `10%` is 0.1. */
export function percent(limits: { max?: number } = {}): z.ZodType<number, string> {
  return z
    .string()
    .meta({ bellows: "percent", pattern: pattern("\\d+(\\.\\d+)?%") })
    .transform((text, ctx) => {
      const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
      if (!match) {
        const hint = /^\d+(\.\d+)?$/.test(text.trim())
          ? `write ${asPercent(Number(text))}`
          : "write a number and %, such as 10%";
        return complain(ctx, "is a percentage", { subject: true, hint });
      }
      const percentage = Number(match[1]);
      if (percentage > (limits.max ?? 100_000))
        return complain(ctx, `is more than ${limits.max ?? 100_000}%`, { subject: true });
      return percentage / 100;
    });
}

function asPercent(number: number): string {
  return number > 0 && number < 1 ? `${Number((number * 100).toPrecision(12))}%` : `${number}%`;
}

const SIZE_BYTES: Record<string, number> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** `512MiB`, `2GB`, `100B`, with a unit always. Gives whole bytes. */
export function size(): z.ZodType<number, string> {
  return z
    .string()
    .meta({ bellows: "size", pattern: pattern("\\d+(\\.\\d+)?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)") })
    .transform((text, ctx) => {
      const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)?$/.exec(text.trim());
      const factor = SIZE_BYTES[match?.[2] ?? ""];
      if (match && factor !== undefined) return Math.round(Number(match[1]) * factor);
      if (match && match[2] === undefined)
        return complain(ctx, "needs a unit", { subject: true, hint: `write ${match[1]}MiB or ${match[1]}B` });
      return complain(ctx, "is a size", {
        subject: true,
        hint: "write a number and its unit, such as 512MiB or 2GB",
      });
    });
}

/** A text, exactly as it was written: `1.10` stays `1.10`. At least one character that is not white space. */
export function text(limits: { max?: number } = {}): z.ZodType<string, string> {
  return z
    .string()
    .regex(/\S/, "must not be empty")
    .max(limits.max ?? 100_000)
    .meta({ bellows: "text" });
}

/** An instant, ISO 8601 with its offset: `2027-01-01T08:00:00+01:00`. Gives milliseconds since the epoch. */
export function instant(): z.ZodType<number, string> {
  return z
    .string()
    .meta({
      bellows: "instant",
      pattern: pattern("\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?(Z|[+-]\\d{2}:\\d{2})"),
    })
    .transform((written, ctx) => {
      const shape =
        /^(\d{4})-(\d{2})-(\d{2})[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?([Zz]|[+-]\d{2}:\d{2})?$/.exec(
          written.trim(),
        );
      if (shape && shape[6] === undefined) {
        return complain(ctx, "needs an offset", {
          subject: true,
          hint: `write ${written.trim().replace(" ", "T")}Z or ${written.trim().replace(" ", "T")}+01:00`,
        });
      }
      const atMs = shape
        ? Date.parse(
            written
              .trim()
              .replace(/^(\S+) (\d)/, "$1T$2")
              .replace(/\s/g, "")
              .toUpperCase(),
          )
        : Number.NaN;
      const realDay = shape
        ? new Date(Date.UTC(Number(shape[1]), Number(shape[2]) - 1, Number(shape[3]))).getUTCDate() ===
          Number(shape[3])
        : false;
      if (Number.isNaN(atMs) || !realDay) {
        return complain(ctx, `is no instant: ${JSON.stringify(written)}`, {
          subject: true,
          hint: "write 2027-01-01T08:00:00+01:00",
        });
      }
      return atMs;
    });
}

/** The name of a time zone of the IANA database: `Europe/Berlin`, `UTC`. */
export function timezone(): z.ZodType<string, string> {
  return z
    .string()
    .meta({ bellows: "text" })
    .transform((name, ctx) => {
      try {
        new Intl.DateTimeFormat("en", { timeZone: name });
        if (/^[A-Za-z]/.test(name)) return name;
      } catch {
        // Said below, for both.
      }
      return complain(ctx, `unknown time zone ${JSON.stringify(name)}`, { hint: nearTimezone(name) });
    });
}

function nearTimezone(name: string): string {
  const city = name.toLowerCase().split("/").at(-1)?.replaceAll(" ", "_");
  const found = Intl.supportedValuesOf("timeZone").find(
    (zone) => zone.toLowerCase().split("/").at(-1) === city,
  );
  return found === undefined ? "write a name such as Europe/Berlin or UTC" : `did you mean ${found}?`;
}

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number): z.ZodType<number, number> {
  return z.number().int().min(min).max(max).meta({ bellows: "number" });
}

/** Gives a key its description (and its default) in the JSON Schema. */
export function described<S extends z.ZodType>(schema: S, description: string, fallback?: unknown): S {
  const meta: ValueMeta = { description, ...(fallback === undefined ? {} : { default: fallback }) };
  return schema.meta(meta as Record<string, unknown>) as S;
}
