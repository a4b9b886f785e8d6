import { type Activity, activitySchema, collect } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { activityOf, newestFirst } from "./activities.js";

const started = (id: string, startedAtMs: number, endedAtMs?: number): Activity => ({
  id,
  group: "web",
  startedAtMs,
  ...(endedAtMs === undefined ? {} : { endedAtMs }),
  status: "successful",
  text: id,
});

async function* told(...activities: Activity[]) {
  yield* activities;
}

describe("activities", () => {
  it("have the contract's words", () => {
    const mapped = activityOf({
      ActivityId: "a-1",
      AutoScalingGroupName: "web",
      Description: "Launching a new EC2 instance",
      StatusMessage: "We have no capacity",
      Cause: "At 12:00 a user request",
      StartTime: new Date(1_000),
      EndTime: new Date(2_000),
      StatusCode: "Failed",
      Progress: 100,
    });
    expect(activitySchema.parse(mapped)).toEqual({
      id: "a-1",
      group: "web",
      startedAtMs: 1_000,
      endedAtMs: 2_000,
      status: "failed",
      progressPercent: 100,
      text: "Launching a new EC2 instance: We have no capacity",
      cause: "At 12:00 a user request",
    });
  });

  it.each([
    ["Successful", "successful"],
    ["Cancelled", "cancelled"],
    ["PreInService", "in-progress"],
    ["WaitingForSpotInstanceId", "pending"],
    ["MidLifecycleAction", "in-progress"],
  ] as const)("whose code is %s are %s, and always say something", (StatusCode, status) => {
    const mapped = activityOf({
      ActivityId: "a",
      AutoScalingGroupName: "web",
      Cause: "",
      StartTime: new Date(1),
      StatusCode,
    });
    expect([mapped.status, mapped.text]).toEqual([status, `an activity that is ${status}`]);
  });

  it("that go on stand where their start belongs, though AWS tells them first", async () => {
    const list = newestFirst(
      told(started("new", 9), started("slow", 3), started("done", 5, 6), started("old", 1, 2)),
    );
    expect((await collect(list)).map(({ id }) => id)).toEqual(["new", "done", "slow", "old"]);
  });

  it("none of which has ended are all told", async () =>
    expect((await collect(newestFirst(told(started("b", 2), started("a", 1))))).map(({ id }) => id)).toEqual([
      "b",
      "a",
    ]));
});
