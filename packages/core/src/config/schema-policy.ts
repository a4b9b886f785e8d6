import { z } from "zod";
import { roundingSchema } from "../contracts/policy.js";
import { DEFAULTS, MOST_INSTANCES } from "./defaults.js";
import { complain, described, duration, instant, percent, text, timezone, whole } from "./values.js";

/** How much, as written: relative wears its sign. */
export type ChangeValue = { change: number } | { percent: number };

/** `+1`, `-2`, `+50%`. */
function change(): z.ZodType<ChangeValue, string> {
  return z
    .string()
    .meta({ bellows: "change", pattern: "^([+-]\\d+(\\.\\d+)?%?|.*\\$\\{.*)$" })
    .transform((written, ctx) => {
      const trimmed = written.trim();
      const match = /^([+-])?(\d+(?:\.\d+)?)(\s*%)?$/.exec(trimmed);
      if (!match)
        return complain(ctx, "cannot be read", {
          subject: true,
          hint: "write +1, -2 or +50%; exact is desired",
        });
      const [, sign, digits, isPercent] = match;
      const unit = isPercent ? "%" : "";
      if (sign === undefined) {
        return complain(ctx, "is relative", {
          subject: true,
          hint: `write +${digits}${unit} or -${digits}${unit}; exact is desired`,
        });
      }
      const amount = Number(sign + digits);
      if (amount === 0) return complain(ctx, "of nothing", { subject: true, hint: "write +1, -1 or +50%" });
      if (isPercent) return { percent: amount };
      if (!Number.isInteger(amount))
        return complain(ctx, "is in whole instances", {
          subject: true,
          hint: `write ${sign}${Math.ceil(Number(digits))} or a percentage`,
        });
      return { change: amount };
    });
}

/** Five fields; the rest is checked with the cron library, on demand. */
function cron(): z.ZodType<string, string> {
  return z
    .string()
    .meta({ bellows: "text" })
    .transform((written, ctx) => {
      const fields = written.trim().split(/\s+/);
      if (fields.length === 5) return fields.join(" ");
      const what = fields.length === 6 ? "has 6 fields: there are no seconds here" : "needs five fields";
      return complain(ctx, what, { subject: true, hint: 'minute, hour, day, month, weekday: "0 22 * * *"' });
    });
}

const countField = whole(0, MOST_INSTANCES);

/** What to do while data is missing, as written. */
export type OnMissingFile =
  | "hold"
  | "breach"
  | { lastKnown: number; then?: OnMissingFile | undefined }
  | { atLeast: number };

/** `hold`, `breach`, `{ lastKnown: 5m, then: … }`, `{ atLeast: 4 }`. */
export const onMissingFile: z.ZodType<OnMissingFile> = z.lazy(() =>
  z.union([
    z.enum(["hold", "breach"]),
    z.strictObject({
      lastKnown: described(
        duration(),
        "Go on with the last value for this long, counted from when it was true.",
      ),
      // biome-ignore lint/suspicious/noThenProperty: the word of the file; nothing of this is ever awaited.
      then: described(onMissingFile, "What comes after that.", "hold").optional(),
    }),
    z.strictObject({ atLeast: described(countField, "Want at least this many instances.") }),
  ]),
);

const stepFile = z.strictObject({
  atLeast: described(z.number(), "Holds where the signal is this or more.").optional(),
  atMost: described(z.number(), "Holds where the signal is this or less.").optional(),
  change: described(change(), "Relative, with its sign: +1, -2, +50%.").optional(),
  desired: described(countField, "Exactly this many.").optional(),
});

const targetFile = z.strictObject({
  signal: described(text(), "Name of a metric or signal, or an expression."),
  value: described(
    z.number().positive(),
    "Keep the signal here; the count changes in proportion.",
  ).optional(),
  perInstance: described(
    z.number().positive(),
    "Each instance's share of the signal; works from zero.",
  ).optional(),
  tolerance: described(
    percent({ max: 100 }),
    "Nothing changes within this much of the target (10% for value, 0% for perInstance).",
  ).optional(),
});

/** A policy, as it stands in a file under its name. */
export const policyFile = z.strictObject({
  engine: described(
    z.enum(["bellows", "native"]),
    "Who evaluates it: Bellows, or the cloud.",
    "bellows",
  ).optional(),
  when: described(text(), "An expression that is true or false, such as cpu > 70.").optional(),
  for: described(duration(), "How long it must hold.", "0s").optional(),
  signal: described(text(), "What steps look at: a name or an expression.").optional(),
  steps: described(z.array(stepFile).min(1).max(20), "How much, by where the signal lies.").optional(),
  target: described(targetFile, "Keep a signal at a value, or give each instance its share.").optional(),
  change: described(change(), "Relative, with its sign: +1, -2, +50%.").optional(),
  desired: described(countField, "Exactly this many.").optional(),
  schedule: described(cron(), "Cron with five fields: when it orders itself.").optional(),
  at: described(instant(), "One moment at which it orders itself, with its offset.").optional(),
  timezone: described(timezone(), "Where the schedule's clock hangs.", DEFAULTS.timezone).optional(),
  webhooks: described(z.array(text({ max: 255 })).min(1), "Names of the URLs that order it.").optional(),
  cooldown: described(
    duration(),
    "The policy's own rest after it acted; the group's still counts.",
    "0s",
  ).optional(),
  keep: described(duration(), "The result of an order is a floor for this long.").optional(),
  rounding: described(
    roundingSchema,
    "How a percentage becomes whole instances (default: the provider's own).",
  ).optional(),
  minMagnitude: described(
    whole(1, MOST_INSTANCES),
    "A percentage changes at least this many instances.",
  ).optional(),
  onMissing: described(onMissingFile, "While its data is missing (default: the group's).").optional(),
  metadata: described(z.record(z.string(), z.string().max(256)), "Labels.").optional(),
});
/** A policy, as it stands in a file. */
export type PolicyFile = z.output<typeof policyFile>;
