/** How alarms are judged by what checks find, and who is told when their state changes: once, not while it lasts. */
import { parseCriteria, type Verdict } from "./alarm-language.js";
import { shownObject } from "./monitoring-form.js";
import { objectOf, objectsOf } from "./monitoring-objects.js";
import type {
  AlarmState,
  Change,
  Delivery,
  MetricValue,
  Monitored,
  Observation,
} from "./monitoring-state.js";
import type { Shown } from "./wire.js";
import { TENANT, type World } from "./world.js";

/** Token by which receivers of webhooks know the account. */
export const WEBHOOK_TOKEN = "5ce1a5ce-0000-4000-8000-000000000000";

/** How long a receiver of a webhook may take, in milliseconds. */
const DELIVERY_MS = 10_000;

/**
 * What a check found. Its alarms are judged, and those whose state changed tell their plan's notifications.
 * @returns the changes, once every webhook was called.
 */
export async function observe(
  world: World,
  checkId: string,
  values: Readonly<Record<string, MetricValue>>,
): Promise<Change[]> {
  const check = objectOf(world, "check", checkId);
  world.monitoring.observations[checkId] ??= [];
  const seen = world.monitoring.observations[checkId];
  seen.push({ atMs: world.now(), values });
  const alarms = objectsOf(world, "alarm").filter(({ fields }) => fields.check_id === checkId);
  const changes = alarms.flatMap((alarm) => judge(world, check, alarm, seen) ?? []);
  await Promise.all(changes.map((change) => tell(world, check, change, values)));
  return changes;
}

/** @returns the change of an alarm's state, if it changed; the first one to OK is none. */
function judge(
  world: World,
  check: Monitored,
  alarm: Monitored,
  seen: readonly Observation[],
): Change | undefined {
  if (alarm.fields.disabled === true || check.fields.disabled === true) return undefined;
  const { consecutiveCount, judge: judgeNow } = parseCriteria(String(alarm.fields.criteria ?? ""));
  const [now, before] = [seen.at(-1), seen.at(-2)];
  const verdict = judgeNow({
    value: (metric) => now?.values[metric],
    previous: (metric) => before?.values[metric],
    seconds: ((now?.atMs ?? 0) - (before?.atMs ?? 0)) / 1_000,
  });
  const { streaks, standings } = world.monitoring;
  if (verdict === undefined) return undefined;
  const streak = streaks[alarm.id];
  const count = streak?.state === verdict.state ? streak.count + 1 : 1;
  streaks[alarm.id] = { state: verdict.state, count };
  const standing = standings[alarm.id];
  if (count < consecutiveCount) return undefined;
  standings[alarm.id] = { ...verdict, atMs: world.now() };
  const previousState = standing?.state ?? "UNKNOWN";
  if (verdict.state === (standing?.state ?? "OK")) return undefined;
  return changed(world, alarm, verdict, previousState);
}

function changed(
  world: World,
  alarm: Monitored,
  { state, status }: Verdict,
  previousState: AlarmState | "UNKNOWN",
): Change {
  const change: Change = {
    id: world.uuid(),
    alarmId: alarm.id,
    checkId: String(alarm.fields.check_id),
    entityId: alarm.entityId ?? "",
    atMs: world.now(),
    state,
    previousState,
    status,
    deliveries: [],
  };
  world.monitoring.changes.push(change);
  return change;
}

/** Calls the webhooks that the alarm's plan names for its new state. */
async function tell(
  world: World,
  check: Monitored,
  change: Change,
  values: Readonly<Record<string, MetricValue>>,
): Promise<void> {
  const alarm = objectOf(world, "alarm", change.alarmId);
  const plans = objectsOf(world, "plan").filter(({ id }) => id === alarm.fields.notification_plan_id);
  const ids = plans.flatMap(({ fields }) => {
    const named = fields[`${change.state.toLowerCase()}_state`];
    return Array.isArray(named) ? named.map(String) : [];
  });
  const told = objectsOf(world, "notification").filter(
    ({ id, fields }) => ids.includes(id) && fields.type === "webhook",
  );
  const body = JSON.stringify(payload(world, { change, alarm, check, values }));
  change.deliveries = await Promise.all(told.map((notification) => deliver(notification, body)));
}

async function deliver({ id, fields }: Monitored, body: string): Promise<Delivery> {
  const { url } = fields.details as { url: string };
  const delivery = { notificationId: id, url };
  try {
    const headers = { "content-type": "application/json", "x-rackspace-webhook-token": WEBHOOK_TOKEN };
    const signal = AbortSignal.timeout(DELIVERY_MS);
    const answer = await fetch(url, { method: "POST", headers, body, signal });
    await answer.arrayBuffer();
    return { ...delivery, status: answer.status };
  } catch {
    return delivery;
  }
}

interface Told {
  change: Change;
  alarm: Monitored;
  check: Monitored;
  values: Readonly<Record<string, MetricValue>>;
}

/** What a webhook is called with. @see facts/rackspace-api.md, section 5.4 */
function payload(world: World, { change, alarm, check, values }: Told): Shown {
  const { state, status, atMs, entityId } = change;
  const metrics = Object.entries(values).map(([name, data]): [string, Shown] => [
    name,
    { type: typeof data === "number" ? "n" : "s", data, unit: "unknown" },
  ]);
  const entity = objectOf(world, "entity", entityId);
  const addresses = entity.fields.ip_addresses as Record<string, string> | null;
  return {
    event_id: `ac${TENANT}:${entityId}:${alarm.id}:${check.id}:${atMs}:${state}`,
    log_entry_id: change.id,
    details: {
      target: Object.values(addresses ?? {})[0] ?? null,
      timestamp: atMs,
      metrics: Object.fromEntries(metrics),
      state,
      status,
      txn_id: change.id,
      collector_address_v4: "192.0.2.1",
      collector_address_v6: null,
      observations: [{ monitoring_zone_id: "mzdfw", state, status, timestamp: atMs, collectorState: "UP" }],
    },
    entity: shownObject(entity),
    check: shownObject(check),
    alarm: shownObject(alarm),
    tenant_id: TENANT,
  };
}
