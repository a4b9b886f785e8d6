/** Calls of Cloud Monitoring v1.0, and what it shows. */
import { collect, pages, UnavailableError } from "@bellows/core";
import type { Call, Rackspace } from "./client.js";

/** Metadata of any object. */
export type MonitoringMetadata = Record<string, string> | null;

/** What is monitored: a server, or whatever somebody has made. */
export interface Entity {
  id: string;
  label: string;
  /** Of servers that Rackspace monitors by itself: their address at Cloud Servers. */
  uri?: string | null;
  agent_id?: string | null;
  metadata?: MonitoringMetadata;
}

/** What is looked at, how often; spans in seconds. */
export interface Check {
  id: string;
  label?: string | null;
  type: string;
  period: number;
  details?: object | null;
  disabled?: boolean;
}

/** A rule over a check's metrics, in the alarm language. */
export interface CheckAlarm {
  id: string;
  label?: string | null;
  check_id: string;
  entity_id?: string;
  criteria?: string;
  notification_plan_id: string;
  disabled?: boolean;
  metadata?: MonitoringMetadata;
}

/** How an alarm stands. */
export interface AlarmState {
  alarm_id: string;
  check_id?: string;
  state: "OK" | "WARNING" | "CRITICAL" | "UNKNOWN" | "DISABLED";
  status?: string | null;
  /** Milliseconds since the epoch. */
  timestamp?: number;
}

/** One entity with all that hangs on it. */
export interface EntityView {
  entity: Entity;
  checks: Check[];
  alarms: CheckAlarm[];
  latest_alarm_states: AlarmState[];
}

/** Who is told, of which state. */
export interface Notification {
  id: string;
  label: string;
  type: string;
  details?: { url?: string };
}

/** Which notifications go out with which state. */
export interface NotificationPlan {
  id: string;
  label: string;
  critical_state?: string[] | null;
  warning_state?: string[] | null;
  ok_state?: string[] | null;
}

/** A change of an alarm's state. */
export interface Changelog {
  id: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
  entity_id: string;
  alarm_id: string;
  state: string;
}

interface ListPage<T> {
  values?: T[];
  /** `next_marker` is the first one of the next page. */
  metadata?: { next_marker?: string | null };
}

/** Most things a page. */
const PER_PAGE = 1_000;
/** Entities a page with all that hangs on them. */
const VIEWS_PER_PAGE = 100;

/** What is asked of Cloud Monitoring. */
export interface Monitoring {
  list<T>(path: string, call: Call, limit?: number): Promise<T[]>;
  /** All entities with their checks, alarms and states. */
  overview(call: Call): Promise<EntityView[]>;
  get<T>(path: string, call: Call): Promise<T>;
  /** Makes a thing once. @returns its id. @throws whatever is lost: see `makeOnce` */
  create(path: string, json: object, call: Call): Promise<string>;
  update(path: string, json: object, call: Call): Promise<void>;
  /** Removes a thing; one that is gone is the caller's to judge. */
  remove(path: string, call: Call): Promise<void>;
}

/** Makes the calls. */
export function createMonitoring(rackspace: Rackspace): Monitoring {
  const ask = <T>(path: string, call: Call): ReturnType<typeof rackspace.request<T>> =>
    rackspace.request<T>("cloudMonitoring", path, call);
  const list = <T>(path: string, call: Call, limit = PER_PAGE): Promise<T[]> =>
    collect(
      pages<T>(
        async (marker) => {
          const query = { ...call.query, limit, marker };
          const { body } = await ask<ListPage<T> | undefined>(path, { ...call, query });
          const next = body?.metadata?.next_marker;
          return { items: body?.values ?? [], ...(next ? { next } : {}) };
        },
        { ...(call.signal && { signal: call.signal }) },
      ),
    );
  return {
    list,
    overview: (call) => list<EntityView>("/views/overview", call, VIEWS_PER_PAGE),
    get: async <T>(path: string, call: Call): Promise<T> => (await ask<T>(path, call)).body,
    async create(path, json, call) {
      const { headers } = await ask(path, { ...call, method: "POST", json });
      const id = headers["x-object-id"] ?? headers.location?.split("/").at(-1);
      if (id !== undefined && id !== "") return id;
      throw new UnavailableError(`Cloud Monitoring did not say what POST ${path} has made`, {
        provider: rackspace.key,
        operation: call.operation,
        retry: "after-refresh",
      });
    },
    async update(path, json, call) {
      await ask(path, { ...call, method: "PUT", json });
    },
    async remove(path, call) {
      await ask(path, { ...call, method: "DELETE" });
    },
  };
}
