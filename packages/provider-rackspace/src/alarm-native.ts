/** What only Rackspace has on alarms, under `native`. */
import { z } from "@bellows/core";

const urls = z
  .array(z.string().regex(/^https?:\/\/\S+$/, "must be an http or https address"))
  .max(10)
  .optional();

/** What only Rackspace has on alarms. */
export const alarmNativeSchema = z.strictObject({
  /** Addresses that are posted to beside the policies' webhooks, when an instance goes into alarm: webhooks of any system. */
  urls,
  /** The same when it is over. */
  okUrls: urls,
  /** How many of a remote check's zones must agree (default: most of them). */
  consistency: z.enum(["one", "quorum", "all"]).optional(),
  /** How the metric is taken, where the check has to be told: remote checks need a target and zones. */
  check: z
    .strictObject({
      details: z.record(z.string(), z.unknown()).optional(),
      /** Zones that look, such as mzdfw. */
      zones: z.array(z.string().min(1)).min(1).optional(),
      /** Name of one of the entity's addresses. */
      targetAlias: z.string().min(1).optional(),
      targetHostname: z.string().min(1).optional(),
      /** Time for one look, in milliseconds; less than the period. */
      timeoutMs: z.number().int().min(2_000).optional(),
    })
    .optional(),
});
/** What only Rackspace has on alarms. */
export type AlarmNative = z.infer<typeof alarmNativeSchema>;

/** A bound of an alarm, and the alarm language's sign for it. */
export const COMPARISONS = { above: ">", atLeast: ">=", below: "<", atMost: "<=" } as const;
/** Which bound an alarm has. */
export type Bound = keyof typeof COMPARISONS;
/** The bounds that an alarm can have. */
export const BOUNDS = Object.keys(COMPARISONS) as Bound[];
