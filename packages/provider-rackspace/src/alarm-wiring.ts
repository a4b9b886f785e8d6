/**
 * The alarms of an alarm's servers: made for those that came, removed for those that went, changed where they differ.
 *
 * Note [In step]: Cloud Monitoring watches no server by itself. Wiring compares the servers of the groups with the alarms
 * that are there, and needs no memory: it can be asked for again at any time, by anybody. It is done when an alarm is made
 * or changed, when `native.alarms.rewire` is called, and whenever a connection sees that a group's members have changed.
 */
import { type Host, isBellowsError } from "@bellows/core";
import {
  type Anchor,
  checkLabel,
  entityOf,
  isMadeForServer,
  isOurs,
  MARKS,
  type WiredAlarm,
  wiredTo,
} from "./alarm-map.js";
import type { WantedAlarm } from "./alarm-spec.js";
import type { Call } from "./client.js";
import { makeOnce, takenBack } from "./making.js";
import type { Check, CheckAlarm, EntityView, Monitoring } from "./monitoring.js";

/** A server that is to be watched. */
export interface Watched {
  id: string;
  name?: string;
  addresses: readonly string[];
}

/** What wiring works with. */
export interface WiringContext {
  monitoring: Monitoring;
  host: Host;
  /** Servers of a group, those that go left out. */
  membersOf(group: string, call: Call): Promise<readonly Watched[]>;
}

/** What wiring has changed: names of servers, or of the one entity. */
export interface Rewired {
  added: string[];
  changed: string[];
  removed: string[];
}

/** Servers that are wired at the same time. */
const SIDE_BY_SIDE = 4;

/**
 * Makes the alarms of an anchor's servers as they are to be.
 * @param views - all that there is.
 * @param made - takes down the ids of entities that this call makes, for servers that had none.
 */
export async function wire(
  context: WiringContext,
  anchor: Anchor,
  wanted: WantedAlarm,
  views: readonly EntityView[],
  call: Call,
  made: string[] = [],
): Promise<Rewired> {
  const outcome: Rewired = { added: [], changed: [], removed: [] };
  const targets = await targetsOf(context, wanted, views, call, made);
  const there = wiredTo(anchor.id, views);
  for (let from = 0; from < targets.length; from += SIDE_BY_SIDE)
    await allOrFirst(
      targets
        .slice(from, from + SIDE_BY_SIDE)
        .map((view) => wireOne(context, { anchor, wanted, view, there, outcome }, call)),
    );
  const kept = new Set(targets.map(({ entity }) => entity.id));
  for (const stale of there.filter(({ view }) => !kept.has(view.entity.id))) {
    await unwire(context, stale, call);
    outcome.removed.push(stale.view.entity.label);
  }
  return outcome;
}

/** Waits for all, also when one fails: whoever takes things back must not be overtaken. @throws the first failure */
async function allOrFirst<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}

/** The entities that are to be watched; those of servers that have none are made. */
async function targetsOf(
  context: WiringContext,
  { entity, groups }: WantedAlarm,
  views: readonly EntityView[],
  call: Call,
  made: string[],
): Promise<EntityView[]> {
  if (entity !== undefined) {
    const known = views.find((view) => view.entity.id === entity);
    return [known ?? bare(await context.monitoring.get<EntityView["entity"]>(`/entities/${entity}`, call))];
  }
  const lists = await Promise.all(groups.map((group) => context.membersOf(group, call)));
  const servers = [...new Map(lists.flat().map((server) => [server.id, server])).values()];
  return allOrFirst(
    servers.map(async (server) => {
      const known = entityOf(server.id, views);
      if (known !== undefined) return known;
      const view = await makeEntity(context, server, call);
      made.push(view.entity.id);
      return view;
    }),
  );
}

function bare(entity: EntityView["entity"]): EntityView {
  return { entity, checks: [], alarms: [], latest_alarm_states: [] };
}

async function makeEntity(
  { monitoring, host }: WiringContext,
  { id, name = id, addresses }: Watched,
  call: Call,
): Promise<EntityView> {
  const entity = {
    label: name,
    // The agent of a server of Rackspace has its server's id, unless somebody has given it another.
    agent_id: id,
    ip_addresses: Object.fromEntries(addresses.slice(0, 1).map((address) => ["default", address])),
    metadata: { [MARKS.server]: id },
  };
  const made = await makeOnce(
    host,
    () => monitoring.create("/entities", entity, call),
    async () =>
      entityOf(id, (await monitoring.list<EntityView["entity"]>("/entities", call)).map(bare))?.entity.id,
    call.signal,
  );
  return bare({ ...entity, id: made });
}

interface OneWiring {
  anchor: Anchor;
  wanted: WantedAlarm;
  view: EntityView;
  there: readonly WiredAlarm[];
  outcome: Rewired;
}

async function wireOne(context: WiringContext, one: OneWiring, call: Call): Promise<void> {
  const { anchor, wanted, view, there, outcome } = one;
  const { monitoring } = context;
  const path = `/entities/${view.entity.id}/alarms`;
  const mine = there.filter((wired) => wired.view.entity.id === view.entity.id);
  const words = {
    criteria: wanted.criteria,
    notification_plan_id: anchor.plan ?? "",
    disabled: anchor.disabled,
    label: anchor.spec.name,
  };
  // The check of an alarm can't be changed: one that looks at something else makes way.
  const fitting = mine.find(({ check }) => check?.label === checkLabel(wanted.check));
  if (fitting === undefined) {
    await makeAlarm(context, one, words, call);
    (mine.length === 0 ? outcome.added : outcome.changed).push(view.entity.label);
  } else if (differs(fitting.alarm, words)) {
    await monitoring.update(`${path}/${fitting.alarm.id}`, words, call);
    outcome.changed.push(view.entity.label);
  }
  for (const other of mine.filter((wired) => wired !== fitting)) await unwire(context, other, call);
}

/** Makes the alarm of one server, and the check that it looks at; a check alone is of no use to anybody. */
async function makeAlarm(
  context: WiringContext,
  { anchor, wanted, view }: OneWiring,
  words: Omit<CheckAlarm, "id" | "check_id">,
  call: Call,
): Promise<void> {
  const { monitoring, host } = context;
  const entity = `/entities/${view.entity.id}`;
  const path = `${entity}/alarms`;
  const check = await ensureCheck(context, view, wanted, call);
  const alarm = { ...words, check_id: check.id, metadata: { [MARKS.alarm]: anchor.id } };
  const isIt = (other: CheckAlarm): boolean =>
    other.metadata?.[MARKS.alarm] === anchor.id && other.check_id === check.id;
  try {
    await makeOnce(
      host,
      () => monitoring.create(path, alarm, call),
      async () => (await monitoring.list<CheckAlarm>(path, call)).find(isIt)?.id,
      call.signal,
    );
  } catch (error) {
    if (!check.isNew) throw error;
    const { signal: _signal, ...unaborted } = call;
    const undo = (): Promise<void> => monitoring.remove(`${entity}/checks/${check.id}`, unaborted);
    throw await takenBack(error, [[`check ${check.id} of ${view.entity.label}`, undo]]);
  }
}

function differs(
  alarm: CheckAlarm,
  words: Required<Pick<CheckAlarm, "criteria" | "notification_plan_id" | "disabled">>,
): boolean {
  return (
    alarm.criteria !== words.criteria ||
    alarm.notification_plan_id !== words.notification_plan_id ||
    (alarm.disabled ?? false) !== words.disabled
  );
}

/** The check that takes the metric; made where there is none like it. */
async function ensureCheck(
  { monitoring, host }: WiringContext,
  view: EntityView,
  { check }: WantedAlarm,
  call: Call,
): Promise<{ id: string; isNew: boolean }> {
  const label = checkLabel(check);
  const known = view.checks.find((one) => one.label === label);
  if (known !== undefined) return { id: known.id, isNew: false };
  const path = `/entities/${view.entity.id}/checks`;
  const id = await makeOnce(
    host,
    () => monitoring.create(path, { ...check, label, disabled: false }, call),
    async () => (await monitoring.list<Check>(path, call)).find((one) => one.label === label)?.id,
    call.signal,
  );
  return { id, isNew: true };
}

/** Removes one server's alarm, and what nobody else needs of what Bellows has made for it. */
export async function unwire(
  { monitoring }: Pick<WiringContext, "monitoring">,
  { view, alarm, check }: WiredAlarm,
  call: Call,
): Promise<void> {
  const path = `/entities/${view.entity.id}`;
  const remove = (what: string): Promise<void> => monitoring.remove(what, call).catch(unlessGone);
  await remove(`${path}/alarms/${alarm.id}`);
  view.alarms = view.alarms.filter(({ id }) => id !== alarm.id);
  if (check === undefined || !isOurs(check.label)) return;
  if (view.alarms.some(({ check_id }) => check_id === check.id)) return;
  await remove(`${path}/checks/${check.id}`);
  view.checks = view.checks.filter(({ id }) => id !== check.id);
  if (isMadeForServer(view.entity.metadata) && view.alarms.length + view.checks.length === 0)
    await remove(path);
}

/** What is gone already has not to be removed. @throws everything else */
export function unlessGone(error: unknown): void {
  if (!isBellowsError(error, "not-found")) throw error;
}
