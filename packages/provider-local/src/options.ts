import { duration, z } from "@bellows/core";
import { envSchema } from "./environment.js";

/** A command that the operator declared, for launches that name it as their `image`. */
export const imageSchema = z.strictObject({
  command: z.string().min(1).describe("Program: a path, or a name that is looked up in PATH"),
  args: z.array(z.string()).default([]),
  env: envSchema.default({}),
  cwd: z.string().min(1).optional().describe("Working folder; default: the folder of the config file"),
});
/** A command that the operator declared. */
export type LocalImage = z.infer<typeof imageSchema>;

const portRange = z
  .strictObject({
    from: z.number().int().min(1_024).max(65_535),
    to: z.number().int().min(1_024).max(65_535),
  })
  .refine((range) => range.from <= range.to, { path: ["from"], error: "from is greater than to" });

/** What stands under `providers.NAME` for processes on this machine. */
export const optionsSchema = z.strictObject({
  images: z
    .record(z.string().min(1), imageSchema)
    .default({})
    .describe("Commands that launches may name as image"),
  stateDir: z
    .string()
    .min(1)
    .optional()
    .describe("Folder of the servers; default: one in the state directory"),
  stopTimeout: duration().prefault("10s").describe("How long a server may take to end before it is killed"),
  envAllow: z
    .array(z.string().min(1))
    .default([])
    .describe("Environment names that a launch by image may set"),
  zones: z.array(z.string().min(1)).default([]).describe("Zones that servers may be labelled with"),
  /** Below the range that the system itself takes ports for outgoing connections from (32768 and up). */
  ports: portRange.default({ from: 20_000, to: 29_999 }).describe("Where servers get their PORT from"),
  listenAddress: z.string().min(1).default("127.0.0.1").describe("Address that load balancers listen on"),
  keepEnded: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(50)
    .describe("Folders with logs kept of ended servers"),
  logLimitBytes: z
    .number()
    .int()
    .min(65_536)
    .default(10 * 1_024 * 1_024)
    .describe("A longer log is cut: its last part goes to server.log.1"),
});
/** Checked options. */
export type LocalOptions = z.infer<typeof optionsSchema>;
