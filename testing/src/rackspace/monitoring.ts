/** Cloud Monitoring v1.0. @see facts/rackspace-api.md, section 5 */
import { observe, WEBHOOK_TOKEN } from "./monitoring-alarms.js";
import { listed, refuseMonitoring, shownObject } from "./monitoring-form.js";
import { monitoringMetrics } from "./monitoring-metrics.js";
import { addObject, monitoringObjects, objectsOf } from "./monitoring-objects.js";
import type { Change, MetricValue, Monitored, MonitoringState } from "./monitoring-state.js";
import type { Server } from "./state.js";
import type { Answer, Call, Route, Service, Shown } from "./wire.js";
import { type Place, TENANT, type World } from "./world.js";

const ROOT = "/monitoring/v1.0/:tenant";

/** Each server of Rackspace is an entity by itself, which names it by its address at Cloud Servers. */
export function watchServer({ world, region }: Place, server: Server): void {
  const addresses = Object.entries(server.addresses).flatMap(([network, list]) =>
    list.map(({ addr, version }) => [`${network}0_v${version}`, addr] as const),
  );
  addObject(world, "entity", {
    label: server.name,
    ip_addresses: Object.fromEntries(addresses),
    agent_id: null,
    managed: true,
    metadata: null,
    uri: world.url(`servers/${region}/v2/${TENANT}/servers/${server.id}`),
  });
}

/** An entity with all that hangs on it. */
function viewOf(world: World, entity: Monitored): Shown {
  const alarms = objectsOf(world, "alarm", entity.id);
  return {
    entity: shownObject(entity),
    checks: objectsOf(world, "check", entity.id).map(shownObject),
    alarms: alarms.map(shownObject),
    latest_alarm_states: alarms.flatMap(({ id, fields }) => {
      const standing = world.monitoring.standings[id];
      if (standing === undefined) return [];
      const { state, status, atMs } = standing;
      return [{ alarm_id: id, check_id: String(fields.check_id), state, status, timestamp: atMs }];
    }),
  };
}

function overview(world: World, call: Call): Answer {
  const ids = call.query.getAll("id");
  const uri = call.query.get("uri");
  const items = objectsOf(world, "entity")
    .filter(({ id }) => ids.length === 0 || ids.includes(id))
    .filter(({ fields }) => uri === null || fields.uri === uri);
  return listed(call, { items, id: ({ id }) => id, show: (entity) => viewOf(world, entity) });
}

function shownChange(change: Change): Shown {
  return {
    id: change.id,
    timestamp: change.atMs,
    entity_id: change.entityId,
    alarm_id: change.alarmId,
    check_id: change.checkId,
    state: change.state,
    previous_state: change.previousState,
    status: change.status,
    notification_results: change.deliveries.map(({ notificationId, url, status }) => ({
      notification_id: notificationId,
      notification_details: { url },
      success: status !== undefined && status < 300,
    })),
  };
}

/** Changes, the newest first. */
function changelog(world: World, call: Call): Answer {
  const entity = call.query.get("entityId");
  const items = world.monitoring.changes
    .filter(({ entityId }) => entity === null || entityId === entity)
    .toReversed();
  return listed(call, { items, id: ({ id }) => id, show: shownChange });
}

const ZONES = ["mzdfw", "mzhkg", "mziad", "mzlon", "mzord", "mzsyd"];
const CHECK_TYPES = [
  "agent.cpu",
  "agent.load_average",
  "agent.memory",
  "remote.http",
  "remote.ping",
  "remote.tcp",
];

/** Lists that never change. */
const WORDS: readonly [operation: string, path: string, ids: readonly string[]][] = [
  ["ListMonitoringZones", "monitoring_zones", ZONES],
  ["ListCheckTypes", "check_types", CHECK_TYPES],
  ["ListNotificationTypes", "notification_types", ["webhook", "email", "pagerduty"]],
];

const others: Route[] = [
  {
    operation: "GetOverview",
    method: "GET",
    path: `${ROOT}/views/overview`,
    answer: ({ world }, call) => overview(world, call),
  },
  {
    operation: "ListAlarmChanges",
    method: "GET",
    path: `${ROOT}/changelogs/alarms`,
    answer: ({ world }, call) => changelog(world, call),
  },
  {
    operation: "GetMonitoringAccount",
    method: "GET",
    path: `${ROOT}/account`,
    answer: () => ({
      status: 200,
      body: { id: `ac${TENANT}`, webhook_token: WEBHOOK_TOKEN, metadata: {} },
    }),
  },
  {
    operation: "GetMonitoringLimits",
    method: "GET",
    path: `${ROOT}/limits`,
    answer: () => ({
      status: 200,
      body: {
        resource: { checks: 1_000, alarms: 1_000 },
        rate: { global: { limit: 50_000, used: 0, window: "24 hours" } },
      },
    }),
  },
  ...WORDS.map(
    ([operation, path, ids]): Route => ({
      operation,
      method: "GET",
      path: `${ROOT}/${path}`,
      answer: (_place, call) =>
        listed(call, { items: ids, id: (one) => one, show: (id) => ({ id, label: id }) }),
    }),
  ),
];

/** Entities, checks, alarms, notifications, plans, metrics and views of the account. */
export const monitoring: Service = {
  routes: [...others, ...monitoringObjects, ...monitoringMetrics],
  refuse: refuseMonitoring,
};

/** What tests do with Cloud Monitoring. */
export interface MonitoringDesk {
  /** All that it keeps, to be looked at. */
  readonly state: MonitoringState;
  /**
   * Has a check find values, which its alarms are judged by.
   * @returns the alarms' changes, once every webhook was called.
   */
  observe(checkId: string, values: Readonly<Record<string, MetricValue>>): Promise<Change[]>;
  /** The same for every check that looks at a server. */
  observeServer(serverId: string, values: Readonly<Record<string, MetricValue>>): Promise<Change[]>;
}

/** Makes the tests' own way to Cloud Monitoring. */
export function createDesk(world: World): MonitoringDesk {
  return {
    state: world.monitoring,
    observe: (checkId, values) => observe(world, checkId, values),
    async observeServer(serverId, values) {
      const entities = objectsOf(world, "entity").filter(
        ({ fields }) => fields.agent_id === serverId || String(fields.uri ?? "").endsWith(`/${serverId}`),
      );
      const checks = entities.flatMap(({ id }) => objectsOf(world, "check", id));
      const changes = await Promise.all(checks.map(({ id }) => observe(world, id, values)));
      return changes.flat();
    },
  };
}
