/** Setting an alarm's state by hand. Pure. */
import type { MetricAlarm } from "@aws-sdk/client-cloudwatch";

/**
 * What goes with a state that is set by hand, as CloudWatch writes it itself: Auto Scaling looks the step of a policy up
 * by it. The metric is said to lie on the threshold, which is where the first step begins.
 * @param nowMs - milliseconds since the epoch.
 * @see docs.aws.amazon.com, CloudWatch API, SetAlarmState, StateReasonData
 */
export function reasonData(alarm: MetricAlarm, nowMs: number): string {
  const { Threshold: threshold, Period: period, Statistic: statistic } = alarm;
  const queryDate = new Date(nowMs).toISOString().replace("Z", "+0000");
  const recentDatapoints = threshold === undefined ? [] : [threshold];
  return JSON.stringify({ version: "1.0", queryDate, statistic, period, recentDatapoints, threshold });
}
