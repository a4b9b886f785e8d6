/**
 * CloudWatch's metric alarms.
 *
 * Note [Overwriting]: PutMetricAlarm makes an alarm or replaces the one of that name without a word. Creating looks
 * first therefore, and updating sends everything, what was there with the patch over it. In one process the writes of
 * one alarm go one after the other.
 */
import { isDeepStrictEqual } from "node:util";
import type { MetricAlarm, PutMetricAlarmInput } from "@aws-sdk/client-cloudwatch";
import {
  type Alarm,
  type AlarmFilter,
  type AlarmSpec,
  type AlarmsDriver,
  AlreadyExistsError,
  type CallOptions,
  ConfigError,
  type Host,
  isBellowsError,
  pages,
  type Ref,
  UnsupportedError,
} from "@bellows/core";
import { actionsFor, alarmsThat, findAlarm, historyPage, seekAlarm } from "./alarm-find.js";
import { alarmOf, eventOf, STATES, specOf } from "./alarm-map.js";
import { BOUNDS } from "./alarm-native.js";
import { alarmInput } from "./alarm-spec.js";
import { reasonData } from "./alarm-state.js";
import type { Aws, Call } from "./client.js";
import { createTurns } from "./making.js";

/** Longest reason for a state. @see docs.aws.amazon.com, CloudWatch API, SetAlarmState */
const LONGEST_REASON = 1023;

/** What an update leaves as it is, because the contract has no words for it. */
const CARRIED = [
  "EvaluationWindow",
  "WarmUpConfiguration",
  "EvaluationInterval",
  "ActionConfiguration",
  "ActionsEnabled",
] as const;
type Carried = Pick<MetricAlarm, (typeof CARRIED)[number]>;

/** How an alarm stands. */
const STANDING = [
  "StateValue",
  "StateReason",
  "StateUpdatedTimestamp",
  "StateTransitionedTimestamp",
] as const;

/** The alarms driver of AWS, which has all of the contract's methods. */
export type AwsAlarms = Required<AlarmsDriver>;

/** Makes the driver of alarms. */
export function createAlarms(aws: Aws, { clock }: Host): AwsAlarms {
  const inTurn = createTurns();
  return {
    async *list(options: CallOptions & AlarmFilter = {}) {
      for await (const alarm of alarmsThat(aws, options, callOf("list", undefined, options)))
        yield alarmOf(alarm);
    },
    async get(alarm, options) {
      return alarmOf(await findAlarm(aws, alarm, callOf("get", alarm, options)));
    },
    async create(spec, options) {
      const call = callOf("create", String(spec.name), options);
      const input = alarmInput(spec, call.operation);
      return inTurn(spec.name, () => create(aws, spec, input, call));
    },
    update(alarm, patch, options) {
      const call = callOf("update", alarm, options);
      return inTurn(alarm, () => update(aws, alarm, patch, call));
    },
    delete(alarm, options) {
      const call = callOf("delete", alarm, options);
      return inTurn(alarm, () => remove(aws, alarm, call));
    },
    async *history(alarm, options) {
      const call = callOf("history", alarm, options);
      const { AlarmName = alarm } = await findAlarm(aws, alarm, call);
      for await (const item of pages((token) => historyPage(aws, AlarmName, call, token)))
        yield eventOf(item);
    },
    async setState(alarm, state, reason, options) {
      const call = callOf("setState", alarm, options);
      requireState(alarm, state, reason, call);
      const found = await findAlarm(aws, alarm, call);
      const input = {
        AlarmName: found.AlarmName ?? alarm,
        StateValue: STATES[state],
        StateReason: reason,
        StateReasonData: reasonData(found, clock.now()),
      };
      await aws.cloudWatch((sdk) => new sdk.SetAlarmStateCommand(input), call);
    },
    async enable(alarm, enabled, options) {
      const call = callOf("enable", alarm, options);
      const { AlarmName = alarm } = await findAlarm(aws, alarm, call);
      const input = { AlarmNames: [AlarmName] };
      await aws.cloudWatch(
        (sdk) =>
          enabled ? new sdk.EnableAlarmActionsCommand(input) : new sdk.DisableAlarmActionsCommand(input),
        call,
      );
    },
  };
}

function callOf(method: string, resource: string | undefined, options: CallOptions = {}): Call {
  return { operation: `alarms.${method}`, resource, signal: options.signal };
}

function requireState(alarm: Ref, state: Alarm["state"], reason: string, { operation }: Call): void {
  const faults = [
    ...(state in STATES ? [] : [`state: must be ${Object.keys(STATES).join(", ")}`]),
    ...(reason.length > LONGEST_REASON ? [`reason: at most ${LONGEST_REASON} characters`] : []),
  ];
  if (faults.length > 0) throw new ConfigError(faults.join("; "), { operation, resource: alarm });
}

async function create(aws: Aws, spec: AlarmSpec, input: PutMetricAlarmInput, call: Call): Promise<Alarm> {
  const [there, actions] = await Promise.all([
    seekAlarm(aws, spec.name, call),
    actionsFor(aws, spec.executes ?? [], call),
  ]);
  const wanted = withActions(input, actions);
  if (there === undefined) return put(aws, wanted, {}, call);
  if (isSame(there, wanted)) return alarmOf(there);
  throw new AlreadyExistsError(`there is an alarm "${spec.name}" already, and it is another`, {
    provider: aws.key,
    operation: call.operation,
    resource: spec.name,
    hint: "update it, or choose another name",
  });
}

/** Policies come first among an alarm's actions. */
function withActions(input: PutMetricAlarmInput, policies: readonly string[]): PutMetricAlarmInput {
  return { ...input, AlarmActions: [...policies, ...(input.AlarmActions ?? [])] };
}

/** Whether two alarms watch and do the same, whoever made them, and however they stand. */
function isSame(there: MetricAlarm, wanted: MetricAlarm): boolean {
  const core = (alarm: MetricAlarm): object => {
    const { owner: _owner, missing = "missing", ...spec } = specOf(alarmOf(alarm));
    const { periods, periodsToAlarm = periods } = spec;
    const actions = [...(alarm.AlarmActions ?? [])].sort();
    return { ...spec, missing, periodsToAlarm, executes: actions };
  };
  return isDeepStrictEqual(core(there), core(wanted));
}

async function remove(aws: Aws, alarm: Ref, call: Call): Promise<void> {
  const { AlarmName = alarm } = await findAlarm(aws, alarm, call);
  try {
    await aws.cloudWatch((sdk) => new sdk.DeleteAlarmsCommand({ AlarmNames: [AlarmName] }), call);
  } catch (error) {
    // It was there a moment ago: an earlier try, whose answer was lost, has deleted it.
    if (!isBellowsError(error, "not-found")) throw error;
  }
}

async function update(aws: Aws, ref: Ref, patch: Partial<AlarmSpec>, call: Call): Promise<Alarm> {
  const found = await findAlarm(aws, ref, call);
  const name = found.AlarmName ?? ref;
  if (found.EvaluationCriteria !== undefined)
    throw new UnsupportedError(`alarm ${name} watches what is no metric of CloudWatch`, {
      provider: aws.key,
      operation: call.operation,
      resource: ref,
      hint: "change it with AWS's own tools",
    });
  if (patch.name !== undefined && patch.name !== name)
    throw new ConfigError(`alarm ${name} can't get another name`, {
      operation: call.operation,
      resource: ref,
      hint: "delete it, and make another",
    });
  const spec = patched(specOf(alarmOf(found)), patch);
  const input = alarmInput(spec, call.operation);
  return put(aws, withActions(input, await actionsFor(aws, spec.executes ?? [], call)), found, call);
}

/** A spec with a patch over it; a bound takes the place of another one. */
function patched(spec: AlarmSpec, patch: Partial<AlarmSpec>): AlarmSpec {
  const given = BOUNDS.some((bound) => patch[bound] !== undefined);
  const kept = Object.entries(spec).filter(([word]) => !given || !BOUNDS.some((bound) => bound === word));
  return { ...Object.fromEntries(kept), ...patch, name: spec.name } as AlarmSpec;
}

/** Makes or replaces an alarm, and reads how it stands; what it is made from may not show yet. */
async function put(aws: Aws, input: PutMetricAlarmInput, carried: Carried, call: Call): Promise<Alarm> {
  const whole = { ...given(carried, CARRIED), ...input };
  await aws.cloudWatch((sdk) => new sdk.PutMetricAlarmCommand(whole), call);
  const shown = (await seekAlarm(aws, whole.AlarmName ?? "", call)) ?? {};
  return alarmOf({ ...whole, ...given(shown, STANDING) });
}

/** Fields of an alarm, as far as it has them. */
function given<K extends keyof MetricAlarm>(
  alarm: Pick<MetricAlarm, K>,
  keys: readonly K[],
): Pick<MetricAlarm, K> {
  return Object.fromEntries(
    keys.filter((key) => alarm[key] !== undefined).map((key) => [key, alarm[key]]),
  ) as Pick<MetricAlarm, K>;
}
