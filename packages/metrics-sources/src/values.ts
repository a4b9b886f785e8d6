/** Values as people write them in these sources' part of a config file. */
import { readDuration } from "@bellows/core";
import { z } from "zod";

/** A text, exactly as it was written. */
export function text(): z.ZodType<string, string> {
  return z.string().regex(/\S/, "must not be empty").meta({ bellows: "text" });
}

/** `30s`, `5m`, with a unit always. Gives whole milliseconds. */
export function duration(limits: { min?: number } = {}): z.ZodType<number, string> {
  return z
    .string()
    .meta({ bellows: "duration" })
    .transform((written, ctx) => {
      const read = readDuration(written, "");
      if (typeof read === "number" && read >= (limits.min ?? 0)) return read;
      ctx.addIssue({
        code: "custom",
        message: typeof read === "number" ? "is too short" : read.message.trim(),
        params: { subject: true, ...(typeof read === "number" ? {} : { hint: read.hint }) },
      });
      return z.NEVER;
    });
}

/** `512KiB`, `16MiB`, with a unit always. Gives whole bytes. */
export function size(): z.ZodType<number, string> {
  return z
    .string()
    .meta({ bellows: "size" })
    .transform((written, ctx) => {
      const match = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/.exec(written.trim());
      const factor = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }[match?.[2] ?? ""];
      if (match && factor !== undefined) return Math.round(Number(match[1]) * factor);
      ctx.addIssue({
        code: "custom",
        message: "is a size",
        params: { subject: true, hint: "write 512KiB or 16MiB" },
      });
      return z.NEVER;
    });
}
