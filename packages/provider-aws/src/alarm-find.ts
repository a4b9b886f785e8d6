/** Looking for alarms, and for the policies that they execute. */
import type { AlarmHistoryItem, MetricAlarm } from "@aws-sdk/client-cloudwatch";
import {
  type AlarmFilter,
  type AlarmSpec,
  NotFoundError,
  nearest,
  type Page,
  pages,
  type Ref,
} from "@bellows/core";
import { STATES } from "./alarm-map.js";
import type { Aws, Call } from "./client.js";
import { policyArns, policyNameIn } from "./policy-find.js";

/** Most alarms, and most entries of a past, of one answer. @see docs.aws.amazon.com, DescribeAlarms */
const ALARMS_PER_CALL = 100;

/** What CloudWatch takes for a name where it reads one. */
const READABLE = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/** The name in an alarm's ARN; any other reference is a name. */
function alarmNameIn(ref: Ref): string {
  return /^arn:[^:]+:cloudwatch:[^:]*:[^:]*:alarm:(.+)$/s.exec(ref)?.[1] ?? ref;
}

/** The alarm that a reference means, its name or ARN, if there is one. */
export async function seekAlarm(aws: Aws, ref: Ref, call: Call): Promise<MetricAlarm | undefined> {
  const name = alarmNameIn(ref);
  if (!READABLE.test(name)) return undefined;
  const { MetricAlarms = [] } = await aws.cloudWatch(
    (sdk) => new sdk.DescribeAlarmsCommand({ AlarmNames: [name], AlarmTypes: ["MetricAlarm"] }),
    call,
  );
  return MetricAlarms.find(({ AlarmName, AlarmArn }) => AlarmName === ref || AlarmArn === ref);
}

/** The alarm that a reference means. @throws NotFoundError with the nearest name among the first hundred. */
export async function findAlarm(aws: Aws, ref: Ref, call: Call): Promise<MetricAlarm> {
  const found = await seekAlarm(aws, ref, call);
  if (found !== undefined) return found;
  const { items } = await alarmPage(aws, {}, call, undefined);
  const near = nearest(
    ref,
    items.map(({ AlarmName = "" }) => AlarmName),
  );
  throw new NotFoundError(`there is no alarm "${ref}"`, {
    provider: aws.key,
    operation: call.operation,
    resource: ref,
    hint: near === undefined ? "bellows alarms list shows what there is" : `did you mean "${near}"?`,
  });
}

/** Alarms, a hundred a call. @throws NotFoundError when the policy that they are to execute is not there. */
export async function* alarmsThat(
  aws: Aws,
  { namePrefix, state, executes }: AlarmFilter,
  call: Call,
): AsyncGenerator<MetricAlarm, void, undefined> {
  const action = executes === undefined ? undefined : (await actionsFor(aws, [executes], call))[0];
  const filter = {
    ...(namePrefix === undefined ? {} : { AlarmNamePrefix: namePrefix }),
    ...(state === undefined ? {} : { StateValue: STATES[state] }),
    ...(action === undefined ? {} : { ActionPrefix: action }),
  };
  // The beginning of an action is not the whole of it, and may stand for another state.
  for await (const alarm of pages((token) => alarmPage(aws, filter, call, token)))
    if (action === undefined || alarm.AlarmActions?.includes(action) === true) yield alarm;
}

async function alarmPage(
  aws: Aws,
  filter: object,
  call: Call,
  token: string | undefined,
): Promise<Page<MetricAlarm>> {
  const { MetricAlarms = [], NextToken } = await aws.cloudWatch(
    (sdk) =>
      new sdk.DescribeAlarmsCommand({
        ...filter,
        AlarmTypes: ["MetricAlarm"],
        MaxRecords: ALARMS_PER_CALL,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    call,
  );
  return { items: MetricAlarms, ...(NextToken === undefined ? {} : { next: NextToken }) };
}

/** One page of an alarm's past, newest first. */
export async function historyPage(
  aws: Aws,
  name: string,
  call: Call,
  token: string | undefined,
): Promise<Page<AlarmHistoryItem>> {
  const { AlarmHistoryItems = [], NextToken } = await aws.cloudWatch(
    (sdk) =>
      new sdk.DescribeAlarmHistoryCommand({
        AlarmName: name,
        ScanBy: "TimestampDescending",
        MaxRecords: ALARMS_PER_CALL,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    call,
  );
  return { items: AlarmHistoryItems, ...(NextToken === undefined ? {} : { next: NextToken }) };
}

/**
 * The ARNs of policies, one call a group, each once and in their order.
 * @throws NotFoundError for the first that is not there.
 */
export async function actionsFor(
  aws: Aws,
  executes: NonNullable<AlarmSpec["executes"]>,
  call: Call,
): Promise<string[]> {
  const named = executes.map(({ group, policy }) => ({ group, name: policyNameIn(policy) }));
  const groups = [...new Set(named.map(({ group }) => group))];
  const arns = new Map<string, ReadonlyMap<string, string>>();
  for (const group of groups) {
    const names = named.filter((one) => one.group === group).map(({ name }) => name);
    arns.set(group, await policyArns(aws, group, names, call));
  }
  return [...new Set(named.flatMap(({ group, name }) => arns.get(group)?.get(name) ?? []))];
}
