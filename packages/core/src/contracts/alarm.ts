import { z } from "zod";
import type { CallOptions, Ref } from "./common.js";
import { nameSchema, spanMsSchema } from "./common.js";

/** The cloud's metric that an alarm watches. */
export const alarmMetricSchema = z.strictObject({
  namespace: z.string().optional(),
  name: z.string().min(1),
  stat: z.string().optional(),
  dimensions: z.record(z.string(), z.string()).optional(),
  unit: z.string().optional(),
});

/** What a new alarm is made from: exactly one of `above`, `atLeast`, `below`, `atMost`, or a comparison under `native`. */
export const alarmSpecSchema = z.strictObject({
  name: nameSchema,
  metric: alarmMetricSchema,
  above: z.number().optional(),
  atLeast: z.number().optional(),
  below: z.number().optional(),
  atMost: z.number().optional(),
  periodMs: spanMsSchema,
  /** How many periods in a row. */
  periods: z.number().int().min(1),
  /** Of `periods`, how many must breach (default: all). */
  periodsToAlarm: z.number().int().min(1).optional(),
  missing: z.enum(["ignore", "breaching", "not-breaching", "missing"]).optional(),
  /** Whether it watches the group as a whole or each instance. */
  scope: z.enum(["group", "instance"]).optional(),
  executes: z.array(z.strictObject({ group: z.string(), policy: z.string() })).optional(),
  /** Label `bellows:owner`, when a file makes the alarm. */
  owner: z.string().optional(),
  /** What only one provider has, under its own name; checked by that provider. */
  native: z.record(z.string(), z.unknown()).optional(),
});
/** What a new alarm is made from. */
export type AlarmSpec = z.infer<typeof alarmSpecSchema>;

/** A cloud-side threshold that orders a policy. */
export interface Alarm extends AlarmSpec {
  id: string;
  state: "ok" | "alarm" | "insufficient-data";
  stateReason?: string;
  stateChangedAtMs?: number;
  enabled: boolean;
  /** Whether it orders its policy again while the state lasts, or on the change of state only. */
  repeats: boolean;
}

/** One entry of an alarm's past. */
export interface AlarmEvent {
  atMs: number;
  kind: string;
  text: string;
}

/** Which alarms to list; all of it must fit. */
export interface AlarmFilter {
  /** What their names begin with. */
  namePrefix?: string;
  state?: Alarm["state"];
  /** Only those that execute this policy. @throws NotFoundError when there is no such policy. */
  executes?: { group: Ref; policy: Ref };
}

/** Alarms. */
export interface AlarmsDriver {
  list(options?: CallOptions & AlarmFilter): AsyncIterable<Alarm>;
  get(alarm: Ref, options?: CallOptions): Promise<Alarm>;
  /** Returned: completed. An equal alarm of that name stays as it is. @throws AlreadyExistsError for a different one. */
  create(spec: AlarmSpec, options?: CallOptions): Promise<Alarm>;
  update(alarm: Ref, patch: Partial<AlarmSpec>, options?: CallOptions): Promise<Alarm>;
  delete(alarm: Ref, options?: CallOptions): Promise<void>;
  history?(alarm: Ref, options?: CallOptions): AsyncIterable<AlarmEvent>;
  setState?(alarm: Ref, state: Alarm["state"], reason: string, options?: CallOptions): Promise<void>;
  enable?(alarm: Ref, enabled: boolean, options?: CallOptions): Promise<void>;
}
