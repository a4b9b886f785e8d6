/** What the stand-in keeps of Cloud Monitoring, which has no regions: plain data, to be looked at by tests. */
import type { JsonObject } from "./json.js";

/** Kinds of objects, and what their ids begin with. */
export const PREFIXES = {
  entity: "en",
  check: "ch",
  alarm: "al",
  notification: "nt",
  plan: "np",
} as const;

/** A kind of object. */
export type Kind = keyof typeof PREFIXES;

/** An entity, a check, an alarm, a notification or a plan. */
export interface Monitored {
  id: string;
  kind: Kind;
  /** Of checks and alarms: their entity. */
  entityId?: string;
  /** All but ids and times, as they are shown. */
  fields: JsonObject;
  createdAtMs: number;
  updatedAtMs: number;
}

/** States of alarms. */
export type AlarmState = "OK" | "WARNING" | "CRITICAL";

/** A value of a metric. */
export type MetricValue = number | string;

/** What a check found at one time. */
export interface Observation {
  atMs: number;
  values: Readonly<Record<string, MetricValue>>;
}

/** How an alarm stands. */
export interface Standing {
  state: AlarmState;
  status: string;
  atMs: number;
}

/** A change of an alarm's state, and who was told. */
export interface Change {
  id: string;
  alarmId: string;
  checkId: string;
  entityId: string;
  atMs: number;
  state: AlarmState;
  previousState: AlarmState | "UNKNOWN";
  status: string;
  deliveries: Delivery[];
}

/** One call of a webhook. */
export interface Delivery {
  notificationId: string;
  url: string;
  /** What was answered; undefined: nothing was. */
  status?: number;
}

/** All of it. */
export interface MonitoringState {
  objects: Monitored[];
  /** What checks found, by check, the oldest first. */
  observations: Record<string, Observation[]>;
  /** How alarms stand, by alarm; one that was never judged is not here. */
  standings: Record<string, Standing>;
  /** How often in a row an alarm was judged alike, where that is not its standing yet. */
  streaks: Record<string, { state: AlarmState; count: number }>;
  changes: Change[];
}

/** Nothing at all. */
export function createMonitoringState(): MonitoringState {
  return { objects: [], observations: {}, standings: {}, streaks: {}, changes: [] };
}
