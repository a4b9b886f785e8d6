import type { Activity as AwsActivity } from "@aws-sdk/client-auto-scaling";
import {
  type ActivitiesDriver,
  type Activity,
  type CallOptions,
  isBellowsError,
  type Page,
  pages,
  type Ref,
} from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { describeGroup } from "./group-read.js";

/** Most activities of one answer. @see docs.aws.amazon.com, DescribeScalingActivities */
const ACTIVITIES_PER_CALL = 100;

/** What AWS's status codes mean; any other is something that goes on. */
const STATUSES: Readonly<Record<string, Activity["status"]>> = {
  Successful: "successful",
  Failed: "failed",
  Cancelled: "cancelled",
  PendingSpotBidPlacement: "pending",
  WaitingForSpotInstanceRequestId: "pending",
  WaitingForSpotInstanceId: "pending",
  WaitingForInstanceId: "pending",
};

/** What AWS did to its groups in the last six weeks, a hundred a call. */
export function createActivities(aws: Aws): ActivitiesDriver {
  return { list: (ref, options) => newestFirst(activitiesOf(aws, ref, options)) };
}

async function* activitiesOf(
  aws: Aws,
  ref: Ref,
  options: CallOptions = {},
): AsyncGenerator<Activity, void, undefined> {
  const call = { operation: "activities.list", resource: ref, signal: options.signal };
  let isEmpty = true;
  for await (const activity of pages((token) => activityPage(aws, call, token), options)) {
    isEmpty = false;
    yield activityOf(activity);
  }
  // Of an unknown group AWS tells nothing, which is what it tells of a new one too.
  if (isEmpty) await describeGroup(aws, ref, call);
}

async function activityPage(aws: Aws, call: Call, token: string | undefined): Promise<Page<AwsActivity>> {
  try {
    const { Activities = [], NextToken } = await aws.autoScaling(
      (sdk) =>
        new sdk.DescribeScalingActivitiesCommand({
          AutoScalingGroupName: call.resource,
          MaxRecords: ACTIVITIES_PER_CALL,
          NextToken: token,
        }),
      call,
    );
    return { items: Activities, ...(NextToken === undefined ? {} : { next: NextToken }) };
  } catch (error) {
    if (isBellowsError(error, "config") && error.vendorCode === "ValidationError")
      await describeGroup(aws, call.resource ?? "", call);
    throw error;
  }
}

/** An activity in the contract's words. */
export function activityOf(activity: AwsActivity): Activity {
  const { Description = "", StatusMessage = "", Cause = "" } = activity;
  const text = [Description, StatusMessage].filter((words) => words.trim() !== "").join(": ");
  const status = STATUSES[activity.StatusCode ?? ""] ?? "in-progress";
  return {
    id: activity.ActivityId ?? "",
    group: activity.AutoScalingGroupName ?? "",
    startedAtMs: activity.StartTime?.getTime() ?? 0,
    ...(activity.EndTime === undefined ? {} : { endedAtMs: activity.EndTime.getTime() }),
    status,
    ...(activity.Progress === undefined ? {} : { progressPercent: activity.Progress }),
    text: text === "" ? `an activity that is ${status}` : text,
    ...(Cause === "" ? {} : { cause: Cause }),
  };
}

/**
 * Puts those that go on where their start belongs: AWS tells them before all others, and both kinds newest first.
 * @see docs.aws.amazon.com, DescribeScalingActivities, Activities
 */
export async function* newestFirst(told: AsyncIterable<Activity>): AsyncGenerator<Activity, void, undefined> {
  const going: Activity[] = [];
  for await (const activity of told) {
    if (activity.endedAtMs === undefined) {
      going.push(activity);
      continue;
    }
    while ((going[0]?.startedAtMs ?? Number.NEGATIVE_INFINITY) >= activity.startedAtMs)
      yield going.shift() as Activity;
    yield activity;
  }
  yield* going;
}
