/**
 * Questions to Cloud Monitoring, in the words of the `rackspace-monitoring` source, and the group's own metrics as such
 * questions. Pure.
 */
import { type GroupMetricParams, z } from "@bellows/core";

/** Length of one point of each resolution, and for how long Rackspace keeps them, in milliseconds. @see docs.rackspace.com, Rackspace Monitoring, Metrics */
export const RESOLUTIONS = {
  full: { api: "FULL", slotMs: 0, keptMs: 2 * 86_400_000 },
  "5m": { api: "MIN5", slotMs: 300_000, keptMs: 10 * 86_400_000 },
  "20m": { api: "MIN20", slotMs: 1_200_000, keptMs: 20 * 86_400_000 },
  "1h": { api: "MIN60", slotMs: 3_600_000, keptMs: 155 * 86_400_000 },
  "4h": { api: "MIN240", slotMs: 14_400_000, keptMs: 300 * 86_400_000 },
  "1d": { api: "MIN1440", slotMs: 86_400_000, keptMs: 5 * 365 * 86_400_000 },
} as const;
/** How fine points are. */
export type Resolution = keyof typeof RESOLUTIONS;

const RESOLUTION_NAMES = Object.keys(RESOLUTIONS) as [Resolution, ...Resolution[]];

/** How instances become one number. */
export type Stat = NonNullable<GroupMetricParams["stat"]>;

/** What the source hands on; it has checked it, in its own words for people. */
const questionSchema = z.strictObject({
  entity: z.string().optional(),
  server: z.string().optional(),
  check: z.string(),
  metric: z.string(),
  select: z.enum(["average", "min", "max", "variance"]).optional(),
  stat: z.enum(["mean", "max", "min", "sum"]).optional(),
  resolution: z.enum(RESOLUTION_NAMES).optional(),
  offset: z.number().optional(),
});

/** One thing to be known. */
export interface Question {
  /** Whose: one entity's (by id or label), one server's, or, without either, those of every server of the group. */
  entity?: string;
  server?: string;
  /** Id, label or type of the check; its metrics. */
  check: string;
  metrics: readonly string[];
  select: "average" | "min" | "max" | "variance";
  resolution: Resolution;
  /** How far before now the newest point wanted is, in milliseconds. */
  offsetMs: number;
  /** One instance's number, from its metrics in their order. */
  value(numbers: readonly number[]): number;
  stat: Stat;
}

/** Reads a question; a text says what is wrong with it. */
export function readQuestion(params: unknown): Question | string {
  const read = questionSchema.safeParse(params);
  if (!read.success)
    return read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  const {
    entity,
    server,
    check,
    metric,
    select = "average",
    stat = "mean",
    resolution = "full",
    offset = 0,
  } = read.data;
  return {
    ...(entity === undefined ? {} : { entity }),
    ...(server === undefined ? {} : { server }),
    check,
    metrics: [metric],
    select,
    resolution,
    offsetMs: offset,
    value: ([number = Number.NaN]) => number,
    stat,
  };
}

/** What the agent on a server tells of it. @see docs.rackspace.com, Rackspace Monitoring, Agent checks */
const RECIPES: Readonly<Record<string, Pick<Question, "check" | "metrics" | "value" | "stat">>> = {
  cpuPercent: { check: "agent.cpu", metrics: ["usage_average"], value: first, stat: "mean" },
  memoryPercent: {
    check: "agent.memory",
    metrics: ["actual_used", "total"],
    value: ([used = Number.NaN, total = Number.NaN]) => (used / total) * 100,
    stat: "mean",
  },
  memoryBytes: { check: "agent.memory", metrics: ["actual_used"], value: first, stat: "sum" },
};

function first([number = Number.NaN]: readonly number[]): number {
  return number;
}

/** Names of the group's own metrics. */
export const GROUP_METRICS = Object.keys(RECIPES);

/** A group's own metric as a question; a text says why there is none. */
export function groupQuestion({ metric, stat, periodMs }: GroupMetricParams): Question | string {
  const recipe = RECIPES[metric];
  if (recipe === undefined)
    return `Cloud Monitoring's agent does not tell ${metric}; it tells ${GROUP_METRICS.join(", ")}`;
  const fitting = RESOLUTION_NAMES.filter((name) => RESOLUTIONS[name].slotMs <= (periodMs ?? 0));
  return {
    ...recipe,
    ...(stat === undefined ? {} : { stat }),
    select: "average",
    resolution: fitting.at(-1) ?? "full",
    offsetMs: 0,
  };
}

/** Instances' numbers as one. */
export function combined(numbers: readonly number[], stat: Stat): number {
  const sum = numbers.reduce((total, one) => total + one, 0);
  if (stat === "sum") return sum;
  if (stat === "mean") return sum / numbers.length;
  return stat === "max" ? Math.max(...numbers) : Math.min(...numbers);
}
