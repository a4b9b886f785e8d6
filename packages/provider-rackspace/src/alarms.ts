/**
 * Alarms of Cloud Monitoring: one call wires a threshold to the webhooks of policies.
 *
 * Note [What is made]: a webhook of each policy, a notification for each webhook, one plan of them, an anchor that says what
 * the alarm is (see alarm-map.ts), and for each server a check and an alarm in the alarm language. All of it is looked for
 * before it is made, so that a call that stopped half-way is finished by the next one.
 *
 * Note [Fires once]: Cloud Monitoring tells of changes of state alone. A server that stays above a threshold orders its
 * policy once; `repeats` is false. Who wants to grow on while a threshold is exceeded lets Bellows evaluate it in rounds.
 */
import { isDeepStrictEqual } from "node:util";
import {
  type Alarm,
  type AlarmEvent,
  type AlarmFilter,
  type AlarmSpec,
  type AlarmsDriver,
  AlreadyExistsError,
  type CallOptions,
  ConfigError,
  type PoliciesDriver,
} from "@bellows/core";
import { anchorsIn, filterOf, findAlarm } from "./alarm-find.js";
import { type Anchor, alarmOf, anchorMetadata, labelOf, type WiredAlarm, wiredTo } from "./alarm-map.js";
import { BOUNDS } from "./alarm-native.js";
import { readAlarm, type WantedAlarm } from "./alarm-spec.js";
import { keepInStep, type MembersSeen } from "./alarm-step.js";
import {
  ensureTelling,
  type Made,
  removeTelling,
  removeWebhook,
  type TellingContext,
} from "./alarm-telling.js";
import { type Rewired, unlessGone, unwire, type WiringContext, wire } from "./alarm-wiring.js";
import type { Call, Rackspace } from "./client.js";
import { createTurns, makeOnce, takenBack } from "./making.js";
import type { Changelog, Entity, EntityView } from "./monitoring.js";

/** What alarms are made from. */
export interface AlarmParts extends WiringContext, TellingContext {
  rackspace: Pick<Rackspace, "key">;
  /** Absent where Bellows keeps the groups, and their policies. */
  policies?: Pick<PoliciesDriver, "get">;
}

/** The alarms driver of Rackspace: nobody can set a state by hand. */
export type RackspaceAlarms = AlarmsDriver & Required<Pick<AlarmsDriver, "history" | "enable">>;

/** What only this provider's alarms have. */
export interface OwnAlarms {
  /**
   * Compares the servers of the groups with those that are watched, and makes it so. Returned: completed.
   * @param options.group - only alarms that watch this group, named as the alarm has it.
   * @returns what was changed, by the alarm's name.
   */
  rewire(options?: CallOptions & { group?: string }): Promise<Record<string, Rewired>>;
}

/** Made of alarms: the driver, what only this provider has, and what keeps them in step. */
export interface AlarmDrivers {
  alarms: RackspaceAlarms;
  own: OwnAlarms;
  /**
   * Says who a group's members are, as somebody has just seen them. When they are others than before, the group's alarms
   * are wired anew, in the background; what goes wrong is logged, and done again the next time.
   * @param names - what alarms may call the group: its name and its id.
   */
  seen: MembersSeen;
}

interface Context extends AlarmParts {
  inTurn: ReturnType<typeof createTurns>;
}

/** Makes the drivers. Nothing is asked before the first call. */
export function createAlarms(parts: AlarmParts): AlarmDrivers {
  const context: Context = { ...parts, inTurn: createTurns() };
  const rewireOf = (groups: readonly string[] | undefined, call: Call) => rewire(context, groups, call);
  return {
    alarms: driverOf(context),
    own: {
      rewire: (options = {}) =>
        rewireOf(
          options.group === undefined ? undefined : [options.group],
          callOf("rewire", options.group, options),
        ),
    },
    seen: keepInStep(parts.host, (groups, signal) =>
      rewireOf(groups, callOf("rewire", undefined, { signal })),
    ),
  };
}

function driverOf(context: Context): RackspaceAlarms {
  const { monitoring, inTurn } = context;
  return {
    async *list(options: CallOptions & AlarmFilter = {}) {
      const call = callOf("list", undefined, options);
      const fits = await filterOf(context, options);
      const views = await monitoring.overview(call);
      for (const { anchor } of anchorsIn(views)) {
        const alarm = alarmOf(anchor, wiredTo(anchor.id, views));
        if (fits(alarm)) yield alarm;
      }
    },
    async get(ref, options) {
      const { anchor, views } = await findAlarm(context, ref, callOf("get", ref, options));
      return alarmOf(anchor, wiredTo(anchor.id, views));
    },
    async create(spec, options) {
      const call = callOf("create", String(spec.name), options);
      const wanted = readAlarm(spec, call.operation);
      return inTurn(spec.name, () => create(context, wanted, call));
    },
    async update(ref, patch, options) {
      const call = callOf("update", ref, options);
      const { anchor } = await findAlarm(context, ref, call);
      return inTurn(anchor.spec.name, () => update(context, anchor.id, patch, call));
    },
    async delete(ref, options) {
      const call = callOf("delete", ref, options);
      const { anchor } = await findAlarm(context, ref, call);
      await inTurn(anchor.spec.name, () => remove(context, anchor.id, call));
    },
    async *history(ref, options) {
      const call = callOf("history", ref, options);
      const { anchor, views } = await findAlarm(context, ref, call);
      yield* await historyOf(context, wiredTo(anchor.id, views), call);
    },
    async enable(ref, enabled, options) {
      const call = callOf("enable", ref, options);
      const { anchor } = await findAlarm(context, ref, call);
      await inTurn(anchor.spec.name, async () => {
        const { anchor: now, views } = await findAlarm(context, anchor.id, call);
        const wanted = readAlarm(now.spec, call.operation);
        await settle(context, { ...now, disabled: !enabled }, wanted, views, call);
      });
    },
  };
}

function callOf(method: string, resource: string | undefined, options: CallOptions = {}): Call {
  options.signal?.throwIfAborted();
  return { operation: `alarms.${method}`, resource, signal: options.signal };
}

async function create(context: Context, wanted: WantedAlarm, call: Call): Promise<Alarm> {
  const { name } = wanted.spec;
  const views = await context.monitoring.overview(call);
  const named = anchorsIn(views).filter(({ anchor }) => anchor.spec.name === name);
  const there = named[0]?.anchor;
  if (there !== undefined && !isSame(there.spec, wanted.spec))
    throw new AlreadyExistsError(`there is an alarm "${name}" already, and it is another`, {
      provider: context.rackspace.key,
      operation: call.operation,
      resource: name,
      hint: "update it, or choose another name",
    });
  const made: Made = { notifications: [], webhooks: [], entities: [] };
  let anchor = there;
  try {
    const plan = await ensureTelling(context, wanted, there?.plan, call, made);
    anchor ??= await makeAnchor(context, { spec: wanted.spec, plan, disabled: false }, call);
    return await settle(context, { ...anchor, plan }, wanted, views, call, made);
  } catch (error) {
    if (there !== undefined) throw error;
    const { signal: _signal, ...unaborted } = call;
    throw await takenBack(error, [[`alarm ${name}`, () => takeDown(context, name, made, unaborted)]]);
  }
}

function isSame(there: AlarmSpec, wanted: AlarmSpec): boolean {
  const core = ({ owner: _owner, periodsToAlarm, missing: _missing, ...spec }: AlarmSpec): unknown =>
    JSON.parse(JSON.stringify({ ...spec, periodsToAlarm: periodsToAlarm ?? spec.periods }));
  return isDeepStrictEqual(core(there), core(wanted));
}

async function makeAnchor(
  { monitoring, host }: Context,
  anchor: Omit<Anchor, "id">,
  call: Call,
): Promise<Anchor> {
  const { name } = anchor.spec;
  const entity = { label: labelOf(name), metadata: anchorMetadata(anchor) };
  const id = await makeOnce(
    host,
    () => monitoring.create("/entities", entity, call),
    async () =>
      (await monitoring.list<Entity>("/entities", call)).find(({ label }) => label === entity.label)?.id,
    call.signal,
  );
  return { ...anchor, id };
}

/** Writes an anchor down, wires its servers, and reads how it stands. In the alarm's turn. */
async function settle(
  context: Context,
  anchor: Anchor,
  wanted: WantedAlarm,
  views: readonly EntityView[],
  call: Call,
  made?: Made,
): Promise<Alarm> {
  const { monitoring } = context;
  const before = views.find(({ entity }) => entity.id === anchor.id)?.entity;
  const metadata = anchorMetadata(anchor);
  if (before !== undefined && !isDeepStrictEqual(before.metadata, metadata))
    await monitoring.update(`/entities/${anchor.id}`, { label: labelOf(anchor.spec.name), metadata }, call);
  await wire(context, anchor, wanted, views, call, made?.entities);
  return alarmOf(anchor, wiredTo(anchor.id, await monitoring.overview(call)));
}

async function update(context: Context, id: string, patch: Partial<AlarmSpec>, call: Call): Promise<Alarm> {
  const { anchor, views } = await findAlarm(context, id, call);
  const { name } = anchor.spec;
  if (patch.name !== undefined && patch.name !== name)
    throw new ConfigError(`alarm ${name} can't get another name`, {
      operation: call.operation,
      resource: name,
      hint: "delete it, and make another",
    });
  const wanted = readAlarm(patched(anchor.spec, patch), call.operation);
  const made: Made = { notifications: [], webhooks: [], entities: [] };
  const plan = await ensureTelling(context, wanted, anchor.plan, call, made);
  const alarm = await settle(context, { ...anchor, spec: wanted.spec, plan }, wanted, views, call);
  const kept = new Set((wanted.spec.executes ?? []).map(({ group, policy }) => `${group}/${policy}`));
  for (const executed of anchor.spec.executes ?? [])
    if (!kept.has(`${executed.group}/${executed.policy}`)) await removeWebhook(context, name, executed, call);
  return alarm;
}

/** A spec with a patch over it; a bound takes the place of another one. */
function patched(spec: AlarmSpec, patch: Partial<AlarmSpec>): AlarmSpec {
  const isBound = (word: string): boolean => BOUNDS.some((bound) => bound === word);
  const rebound = BOUNDS.some((bound) => patch[bound] !== undefined);
  const kept = Object.entries(spec).filter(([word]) => !rebound || !isBound(word));
  return { ...Object.fromEntries(kept), ...patch, name: spec.name } as AlarmSpec;
}

/** Removes an alarm: those of its servers first, its anchor last, so that what stopped half-way can be gone on with. */
async function remove(context: Context, id: string, call: Call): Promise<void> {
  const { anchor, views } = await findAlarm(context, id, call);
  for (const wired of wiredTo(anchor.id, views)) await unwire(context, wired, call);
  await removeTelling(context, anchor.spec, anchor.plan, call);
  await context.monitoring.remove(`/entities/${anchor.id}`, call).catch(unlessGone);
}

/** Takes back what a create has made. */
async function takeDown(context: Context, name: string, made: Made, call: Call): Promise<void> {
  const { monitoring } = context;
  const gone = (path: string): Promise<void> => monitoring.remove(path, call).catch(unlessGone);
  const views = await monitoring.overview(call);
  const anchors = anchorsIn(views).filter(({ anchor }) => anchor.spec.name === name);
  for (const { anchor } of anchors)
    for (const wired of wiredTo(anchor.id, views)) await unwire(context, wired, call);
  for (const id of made.entities) await gone(`/entities/${id}`);
  if (made.plan !== undefined) await gone(`/notification_plans/${made.plan}`);
  for (const id of made.notifications) await gone(`/notifications/${id}`);
  for (const executed of made.webhooks) await removeWebhook(context, name, executed, call);
  for (const { anchor } of anchors) await gone(`/entities/${anchor.id}`);
}

/** Changes of state of the last seven days, the newest first. */
async function historyOf(
  { monitoring }: Context,
  wired: readonly WiredAlarm[],
  call: Call,
): Promise<AlarmEvent[]> {
  const labels = new Map(wired.map(({ alarm, view }) => [alarm.id, view.entity.label]));
  if (labels.size === 0) return [];
  const changes = await monitoring.list<Changelog>("/changelogs/alarms", call);
  return changes
    .filter(({ alarm_id }) => labels.has(alarm_id))
    .sort((a, b) => b.timestamp - a.timestamp)
    .map(({ alarm_id, timestamp, state }) => ({
      atMs: timestamp,
      kind: "state",
      text: `${labels.get(alarm_id) ?? alarm_id}: ${state}`,
    }));
}

/** @param groups - only alarms that watch one of these; undefined: all. */
async function rewire(
  context: Context,
  groups: readonly string[] | undefined,
  call: Call,
): Promise<Record<string, Rewired>> {
  const { monitoring, inTurn } = context;
  const outcome: Record<string, Rewired> = {};
  for (const { anchor } of anchorsIn(await monitoring.overview(call))) {
    const wanted = readAlarm(anchor.spec, call.operation);
    if (groups !== undefined && !wanted.groups.some((group) => groups.includes(group))) continue;
    const { name } = anchor.spec;
    outcome[name] = await inTurn(name, async () => {
      // Whoever had the turn before, or the alarm before this one, has changed what there is.
      const views = await monitoring.overview(call);
      const now = anchorsIn(views).find((one) => one.anchor.id === anchor.id)?.anchor;
      if (now === undefined) return { added: [], changed: [], removed: [] };
      return wire(context, now, readAlarm(now.spec, call.operation), views, call);
    });
  }
  return outcome;
}
