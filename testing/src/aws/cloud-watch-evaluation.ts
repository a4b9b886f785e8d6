/** How alarms are evaluated when time passes, and what they do when their state changes. */
import { seriesIn } from "./cloud-watch-math.js";
import { queried } from "./cloud-watch-query.js";
import { AwsError, Input } from "./input.js";
import { execute, policyOf } from "./scaling-policies.js";
import type { Alarm, AlarmState } from "./state.js";
import type { World } from "./world.js";

/** How many periods more than it evaluates CloudWatch looks back for values. */
const EXTRA_PERIODS = 2;

/** How values are compared with the threshold. */
export const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/** Length of an alarm's periods. */
export function periodMsOf(input: Input): number {
  const queries = input.inputs("Metrics");
  const own = queries.map((one) => one.input("MetricStat")?.number("Period") ?? one.number("Period"));
  return (input.number("Period") ?? own.find((one) => one !== undefined) ?? 60) * 1_000;
}

/** Adds to an alarm's history. */
export function tell(world: World, alarm: Alarm, kind: string, summary: string, data: unknown = {}): void {
  alarm.history.unshift({ atMs: world.now(), kind, summary, data: JSON.stringify(data) });
}

/** Values of the alarm's evaluation range, the newest last; undefined where there is none. */
function valuesOf(world: World, input: Input): (number | undefined)[] {
  const periodMs = periodMsOf(input);
  const count = Number(input.required("EvaluationPeriods")) + EXTRA_PERIODS;
  const endMs = Math.floor(world.now() / periodMs) * periodMs;
  const starts = Array.from({ length: count }, (_, index) => endMs - (count - index) * periodMs);
  const queries = input.inputs("Metrics");
  const plain = new Input({
    Id: "m",
    MetricStat: {
      Metric: {
        Namespace: input.text("Namespace") ?? "",
        MetricName: input.text("MetricName") ?? "",
        Dimensions: input.tree.Dimensions ?? [],
      },
      Period: periodMs / 1_000,
      Stat: input.text("ExtendedStatistic") ?? input.text("Statistic") ?? "Average",
    },
  });
  const watched = queries.find((one) => one.flag("ReturnData") !== false) ?? plain;
  const all = queries.length > 0 ? queries : [plain];
  const [series] = seriesIn(queried(world, all, { startMs: starts[0] ?? 0, endMs })(watched.required("Id")));
  return starts.map((start) => series?.get(start));
}

/**
 * The state that the data say. Of the range, the newest values count; where there are fewer than periods, the alarm says
 * what the missing ones are. @see docs.aws.amazon.com, Configuring how CloudWatch alarms treat missing data
 */
function stateOf(alarm: Alarm, input: Input, values: readonly (number | undefined)[]): AlarmState {
  const compare = COMPARISONS[input.text("ComparisonOperator") ?? ""];
  const missing = input.text("TreatMissingData") ?? "missing";
  const periods = Number(input.required("EvaluationPeriods"));
  const needed = input.number("DatapointsToAlarm") ?? periods;
  const isBreach = (value: number): boolean => compare?.(value, input.number("Threshold") ?? 0) === true;
  const known = values.filter((value) => value !== undefined).slice(-periods);
  const breaches = known.filter(isBreach).length;
  const gaps = periods - known.length;
  if (breaches + (missing === "breaching" ? gaps : 0) >= needed) return "ALARM";
  if (missing === "notBreaching" || missing === "breaching" || gaps === 0) return "OK";
  if (known.length === 0) return missing === "ignore" ? alarm.state : "INSUFFICIENT_DATA";
  if (breaches < known.length) return "OK";
  if (missing === "ignore") return alarm.state;
  // All that there is breaches: that is enough once the oldest of it is old enough.
  const ageOfOldest = values.length - values.findIndex((value) => value !== undefined);
  return ageOfOldest >= needed ? "ALARM" : "OK";
}

/** Changes an alarm's state, and runs the actions of the new one. */
export function enter(world: World, alarm: Alarm, state: AlarmState, reason: string, value?: number): void {
  const from = alarm.state;
  Object.assign(alarm, { state, reason, stateChangedAtMs: world.now() });
  if (from === state) return;
  tell(world, alarm, "StateUpdate", `Alarm updated from ${from} to ${state}`, {
    version: "1.0",
    oldState: { stateValue: from },
    newState: { stateValue: state, stateReason: reason },
  });
  act(world, alarm, value);
}

/** Runs the actions of an alarm's state: policies by their ARNs. Simple ones keep their cooldown. */
function act(world: World, alarm: Alarm, value?: number): void {
  if (!alarm.areActionsEnabled) return;
  alarm.actedAtMs = world.now();
  const input = new Input(alarm.given);
  const key = { ALARM: "AlarmActions", OK: "OKActions", INSUFFICIENT_DATA: "InsufficientDataActions" };
  for (const arn of input.texts(key[alarm.state])) {
    if (!arn.includes(":scalingPolicy:")) continue;
    try {
      const { group, policy } = policyOf(world, arn);
      if ("AlarmNotification" in group.suspended)
        throw new AwsError("Suspended", "AlarmNotification is suspended");
      execute(world, group, policy, {
        why: `a monitor alarm ${alarm.name} in state ${alarm.state} triggered policy ${policy.name}`,
        honorsCooldown: true,
        over: value === undefined ? undefined : value - (input.number("Threshold") ?? 0),
      });
      tell(world, alarm, "Action", `Successfully executed action ${arn}`);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      tell(world, alarm, "Action", `Failed to execute action ${arn}`, { error: error.message });
    }
  }
}

/**
 * Evaluates all alarms. One that lasts runs its Auto Scaling actions again each period. @see docs.aws.amazon.com,
 * Using Amazon CloudWatch alarms
 */
export function tickAlarms(world: World): void {
  for (const alarm of world.state.alarms) {
    const input = new Input(alarm.given);
    const values = valuesOf(world, input);
    const state = stateOf(alarm, input, values);
    const last = values.findLast((one) => one !== undefined);
    const reason = `Threshold Crossed: ${values.filter((one) => one !== undefined).length} datapoints [${values.join(", ")}]`;
    if (state !== alarm.state) enter(world, alarm, state, reason, last);
    else if (state !== "INSUFFICIENT_DATA" && world.now() >= (alarm.actedAtMs ?? 0) + periodMsOf(input))
      act(world, alarm, last);
  }
}
