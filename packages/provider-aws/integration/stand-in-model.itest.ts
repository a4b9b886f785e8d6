/**
 * What the stand-in does as AWS and moto does not: each test is a fact of AWS. Time is the test's own.
 */
import { createHost } from "@bellows/core";
import { motoOptions, type StandIn, type StandInOptions, startStandIn } from "@bellows/testing";
import { afterEach, describe, expect, it } from "vitest";
import { type Aws, createAws } from "../src/client.js";

const call = { operation: "test" };
const MINUTE_MS = 60_000;
/** A Tuesday, at eight o'clock. */
const startAtMs = Date.UTC(2026, 10, 24, 8);
const name = "web";

describe("the stand-in", () => {
  let standIn: StandIn;
  let aws: Aws;
  const start = async (options: StandInOptions = {}): Promise<void> => {
    standIn = await startStandIn({ startAtMs, ...options });
    aws = createAws(motoOptions(standIn), createHost({ key: "aws" }));
  };
  afterEach(async () => {
    aws.close();
    await standIn.stop();
  });

  const put = <T>(make: Parameters<typeof aws.autoScaling<T>>[0]): Promise<T> => aws.autoScaling(make, call);
  const group = async (more: object = {}): Promise<void> => {
    await aws.ec2(
      (sdk) =>
        new sdk.CreateLaunchTemplateCommand({
          LaunchTemplateName: "web",
          LaunchTemplateData: { ImageId: "ami-1", InstanceType: "t3.nano" },
        }),
      call,
    );
    await put(
      (sdk) =>
        new sdk.CreateAutoScalingGroupCommand({
          AutoScalingGroupName: name,
          MinSize: 0,
          MaxSize: 5,
          DefaultCooldown: 300,
          AvailabilityZones: ["eu-west-1a", "eu-west-1b"],
          LaunchTemplate: { LaunchTemplateName: "web" },
          ...more,
        }),
    );
  };
  const read = async () => {
    const { AutoScalingGroups = [] } = await put((sdk) => new sdk.DescribeAutoScalingGroupsCommand({}));
    const [found] = AutoScalingGroups;
    const members = found?.Instances ?? [];
    return {
      desired: found?.DesiredCapacity,
      ids: members.map(({ InstanceId = "" }) => InstanceId),
      states: members.map(({ LifecycleState = "" }) => String(LifecycleState)),
      zones: members.map(({ AvailabilityZone = "" }) => AvailabilityZone).sort(),
    };
  };
  const size = (DesiredCapacity: number, more: object = {}): Promise<unknown> =>
    put((sdk) => new sdk.SetDesiredCapacityCommand({ AutoScalingGroupName: name, DesiredCapacity, ...more }));
  const policy = async (more: object): Promise<string> => {
    const { PolicyARN = "" } = await put(
      (sdk) =>
        new sdk.PutScalingPolicyCommand({
          AutoScalingGroupName: name,
          PolicyName: "up",
          AdjustmentType: "ChangeInCapacity",
          ...more,
        }),
    );
    return PolicyARN;
  };
  const execute = (more: object = {}): Promise<unknown> =>
    put((sdk) => new sdk.ExecutePolicyCommand({ AutoScalingGroupName: name, PolicyName: "up", ...more }));
  const suspend = (...ScalingProcesses: string[]): Promise<unknown> =>
    put((sdk) => new sdk.SuspendProcessesCommand({ AutoScalingGroupName: name, ScalingProcesses }));
  const resume = (): Promise<unknown> =>
    put((sdk) => new sdk.ResumeProcessesCommand({ AutoScalingGroupName: name }));
  const end = (id: string): Promise<unknown> =>
    aws.ec2((sdk) => new sdk.TerminateInstancesCommand({ InstanceIds: [id] }), call);
  const refusal = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => "no error",
      ({ vendorCode }: { vendorCode?: string }) => vendorCode,
    );

  it("refuses a second group of a name, a size out of bounds, and deleting a group that has instances", async () => {
    await start();
    await group({ MinSize: 1, MaxSize: 3 });
    expect(
      await refusal(
        put(
          (sdk) =>
            new sdk.CreateAutoScalingGroupCommand({
              AutoScalingGroupName: name,
              MinSize: 0,
              MaxSize: 1,
              AvailabilityZones: ["eu-west-1a"],
              LaunchTemplate: { LaunchTemplateName: "web" },
            }),
        ),
      ),
    ).toBe("AlreadyExists");
    expect(await refusal(size(4))).toBe("ValidationError");
    expect(await refusal(size(0))).toBe("ValidationError");
    const remove = (ForceDelete: boolean): Promise<unknown> =>
      put((sdk) => new sdk.DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete }));
    expect(await refusal(remove(false))).toBe("ResourceInUse");
    await remove(true);
    expect((await read()).desired).toBeUndefined();
  });

  it("spreads instances over zones, which are pending, in service and terminating in their time", async () => {
    await start({ launchMs: 90_000, terminateMs: 30_000 });
    await group({ DesiredCapacity: 4 });
    expect(await read()).toMatchObject({
      states: Array(4).fill("Pending"),
      zones: ["eu-west-1a", "eu-west-1a", "eu-west-1b", "eu-west-1b"],
    });
    standIn.advance(90_000);
    expect((await read()).states).toEqual(Array(4).fill("InService"));
    await size(3);
    expect((await read()).states.filter((state) => state === "Terminating")).toHaveLength(1);
    standIn.advance(30_000);
    expect((await read()).ids).toHaveLength(3);
  });

  it("tells what a group did, newest first, with causes, in pages", async () => {
    await start();
    await group({ DesiredCapacity: 2 });
    await size(1);
    const page = (NextToken?: string) =>
      put(
        (sdk) =>
          new sdk.DescribeScalingActivitiesCommand({
            AutoScalingGroupName: name,
            MaxRecords: 2,
            ...(NextToken === undefined ? {} : { NextToken }),
          }),
      );
    const first = await page();
    const second = await page(first.NextToken);
    const all = [...(first.Activities ?? []), ...(second.Activities ?? [])];
    expect(all.map(({ Description = "" }) => Description.split(" ")[0])).toEqual([
      "Terminating",
      "Launching",
      "Launching",
    ]);
    expect(all[0]).toMatchObject({ StatusCode: "Successful", Progress: 100 });
    expect(all[0]?.Cause).toContain(
      "explicitly set group desired capacity changing the desired capacity from 2 to 1",
    );
    expect(await refusal(page("nobody's"))).toBe("InvalidNextToken");
  });

  it("replaces what has ended or is unhealthy, and obeys suspended processes", async () => {
    await start();
    await group({ DesiredCapacity: 2 });
    const [one = "", two = ""] = (await read()).ids;
    await end(one);
    standIn.advance(1_000);
    expect((await read()).ids).toHaveLength(2);
    expect((await read()).ids).not.toContain(one);
    await suspend("Launch");
    await put((sdk) => new sdk.SetInstanceHealthCommand({ InstanceId: two, HealthStatus: "Unhealthy" }));
    standIn.advance(MINUTE_MS);
    expect((await read()).ids).toHaveLength(1);
    await resume();
    expect((await read()).ids).toHaveLength(2);
    await suspend("ReplaceUnhealthy");
    const [three = ""] = (await read()).ids;
    await end(three);
    standIn.advance(MINUTE_MS);
    expect((await read()).ids).toContain(three);
    await suspend("Terminate");
    await size(0);
    expect((await read()).ids).toHaveLength(2);
  });

  it("holds simple policies until the cooldown after the last activity is over", async () => {
    await start({ launchMs: MINUTE_MS });
    await group();
    await policy({ ScalingAdjustment: 1, Cooldown: 120 });
    await execute();
    expect(await refusal(execute({ HonorCooldown: true }))).toBe("ScalingActivityInProgress");
    standIn.advance(MINUTE_MS + 119_000);
    expect(await refusal(execute({ HonorCooldown: true }))).toBe("ScalingActivityInProgress");
    expect(await refusal(size(2, { HonorCooldown: true }))).toBe("ScalingActivityInProgress");
    await size(2);
    expect((await read()).desired).toBe(2);
    standIn.advance(MINUTE_MS + 300_000);
    await execute({ HonorCooldown: true });
    expect((await read()).desired).toBe(3);
  });

  it("executes policies within bounds, by ARN, and step policies by the value", async () => {
    await start();
    await group({ DesiredCapacity: 3 });
    const arn = await policy({ ScalingAdjustment: 50, AdjustmentType: "PercentChangeInCapacity" });
    await put((sdk) => new sdk.ExecutePolicyCommand({ PolicyName: arn }));
    expect((await read()).desired).toBe(4);
    await policy({ ScalingAdjustment: 9 });
    await execute();
    expect((await read()).desired).toBe(5);
    await policy({
      PolicyType: "StepScaling",
      StepAdjustments: [
        { MetricIntervalUpperBound: -10, ScalingAdjustment: -3 },
        { MetricIntervalLowerBound: -10, MetricIntervalUpperBound: 0, ScalingAdjustment: -1 },
      ],
    });
    expect(await refusal(execute())).toBe("ValidationError");
    expect(await refusal(execute({ MetricValue: 60, BreachThreshold: 50 }))).toBe("ValidationError");
    await execute({ MetricValue: 40, BreachThreshold: 50 });
    expect((await read()).desired).toBe(2);
  });

  it("keeps policies per group", async () => {
    await start();
    await group();
    const arn = await policy({ ScalingAdjustment: 1 });
    await put(
      (sdk) =>
        new sdk.CreateAutoScalingGroupCommand({
          AutoScalingGroupName: "other",
          MinSize: 0,
          MaxSize: 1,
          AvailabilityZones: ["eu-west-1a"],
          LaunchTemplate: { LaunchTemplateName: "web" },
        }),
    );
    const other = await policy({ AutoScalingGroupName: "other", ScalingAdjustment: 1 });
    expect(other).not.toBe(arn);
    const { ScalingPolicies = [] } = await put((sdk) => new sdk.DescribePoliciesCommand({}));
    expect(ScalingPolicies.map(({ PolicyARN }) => PolicyARN)).toEqual([arn, other]);
  });

  it("evaluates alarms against what was measured, and they execute their policies each period", async () => {
    await start();
    await group({ DesiredCapacity: 1 });
    const arn = await policy({ ScalingAdjustment: 1, Cooldown: 0 });
    await aws.cloudWatch(
      (sdk) =>
        new sdk.PutMetricAlarmCommand({
          AlarmName: "busy",
          Namespace: "Shop",
          MetricName: "Queue",
          Statistic: "Average",
          Period: 60,
          EvaluationPeriods: 2,
          Threshold: 10,
          ComparisonOperator: "GreaterThanThreshold",
          AlarmActions: [arn],
        }),
      call,
    );
    const measure = (Value: number): Promise<unknown> =>
      aws.cloudWatch(
        (sdk) =>
          new sdk.PutMetricDataCommand({
            Namespace: "Shop",
            MetricData: [{ MetricName: "Queue", Value, Timestamp: new Date(standIn.now()) }],
          }),
        call,
      );
    const state = async (): Promise<unknown> => {
      const { MetricAlarms = [] } = await aws.cloudWatch((sdk) => new sdk.DescribeAlarmsCommand({}), call);
      return MetricAlarms[0]?.StateValue;
    };
    expect(await state()).toBe("INSUFFICIENT_DATA");
    for (const value of [5, 20]) {
      await measure(value);
      standIn.advance(MINUTE_MS);
    }
    expect([await state(), (await read()).desired]).toEqual(["OK", 1]);
    for (const value of [20, 20]) {
      await measure(value);
      standIn.advance(MINUTE_MS);
    }
    expect([await state(), (await read()).desired]).toEqual(["ALARM", 3]);
    await suspend("AlarmNotification");
    await measure(20);
    standIn.advance(MINUTE_MS);
    expect((await read()).desired).toBe(3);
    standIn.advance(5 * MINUTE_MS);
    expect(await state()).toBe("INSUFFICIENT_DATA");
    const { AlarmHistoryItems = [] } = await aws.cloudWatch(
      (sdk) => new sdk.DescribeAlarmHistoryCommand({ AlarmName: "busy", HistoryItemType: "StateUpdate" }),
      call,
    );
    expect(AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary)).toEqual([
      "Alarm updated from ALARM to INSUFFICIENT_DATA",
      "Alarm updated from OK to ALARM",
      "Alarm updated from INSUFFICIENT_DATA to OK",
    ]);
  });

  it("runs scheduled actions, unless they are suspended", async () => {
    await start();
    await group();
    const schedule = (more: object): Promise<unknown> =>
      put(
        (sdk) =>
          new sdk.PutScheduledUpdateGroupActionCommand({
            AutoScalingGroupName: name,
            ScheduledActionName: "morning",
            ...more,
          }),
      );
    await schedule({ Recurrence: "30 8 * * 1-5", DesiredCapacity: 3 });
    standIn.advance(29 * MINUTE_MS);
    expect((await read()).desired).toBe(0);
    standIn.advance(MINUTE_MS);
    expect((await read()).desired).toBe(3);
    await schedule({ StartTime: new Date(standIn.now() + MINUTE_MS), MaxSize: 1 });
    standIn.advance(MINUTE_MS);
    expect((await read()).desired).toBe(1);
    await suspend("ScheduledActions");
    await schedule({ Recurrence: "* * * * *", MaxSize: 0 });
    standIn.advance(2 * MINUTE_MS);
    expect((await read()).desired).toBe(1);
  });

  it("holds instances for lifecycle hooks, until somebody goes on or their time is up", async () => {
    await start();
    await group();
    const hook = (more: object): Promise<unknown> =>
      put(
        (sdk) =>
          new sdk.PutLifecycleHookCommand({ AutoScalingGroupName: name, LifecycleHookName: "hold", ...more }),
      );
    await hook({ LifecycleTransition: "autoscaling:EC2_INSTANCE_LAUNCHING", HeartbeatTimeout: 60 });
    await size(2);
    expect((await read()).states).toEqual(["Pending:Wait", "Pending:Wait"]);
    const [one = ""] = (await read()).ids;
    const complete = (): Promise<unknown> =>
      put(
        (sdk) =>
          new sdk.CompleteLifecycleActionCommand({
            AutoScalingGroupName: name,
            LifecycleHookName: "hold",
            InstanceId: one,
            LifecycleActionResult: "CONTINUE",
          }),
      );
    await complete();
    expect((await read()).states.toSorted()).toEqual(["InService", "Pending:Wait"]);
    expect(await refusal(complete())).toBe("ValidationError");
    // Nobody goes on with the other: its launch is abandoned, and another is tried.
    standIn.advance(MINUTE_MS);
    expect((await read()).states.toSorted()).toEqual(["InService", "Pending:Wait"]);
    expect((await read()).ids).toContain(one);
  });

  it("refreshes instances a few at a time, and can be told to stop", async () => {
    await start({ launchMs: MINUTE_MS });
    await group({ DesiredCapacity: 4 });
    standIn.advance(MINUTE_MS);
    const { ids } = await read();
    const refresh = (): Promise<unknown> =>
      put(
        (sdk) =>
          new sdk.StartInstanceRefreshCommand({
            AutoScalingGroupName: name,
            Preferences: { MinHealthyPercentage: 50 },
          }),
      );
    const told = async (): Promise<unknown> => {
      const { InstanceRefreshes = [] } = await put(
        (sdk) => new sdk.DescribeInstanceRefreshesCommand({ AutoScalingGroupName: name }),
      );
      return InstanceRefreshes.map(({ Status, PercentageComplete }) => [Status, PercentageComplete]);
    };
    await refresh();
    expect(await refusal(refresh())).toBe("InstanceRefreshInProgress");
    standIn.advance(1_000);
    expect((await read()).states.toSorted()).toEqual(["InService", "InService", "Pending", "Pending"]);
    standIn.advance(5 * MINUTE_MS);
    expect(await told()).toEqual([["Successful", 100]]);
    expect((await read()).ids.filter((id) => ids.includes(id))).toEqual([]);
    await refresh();
    standIn.advance(1_000);
    await put((sdk) => new sdk.CancelInstanceRefreshCommand({ AutoScalingGroupName: name }));
    standIn.advance(1_000);
    expect(await told()).toEqual([
      ["Cancelled", 0],
      ["Successful", 100],
    ]);
  });

  it("registers instances with balancers, unless that is suspended, and replaces what they find ill", async () => {
    await start();
    await aws.elb(
      (sdk) =>
        new sdk.CreateLoadBalancerCommand({
          LoadBalancerName: "lb",
          AvailabilityZones: ["eu-west-1a"],
          Listeners: [{ LoadBalancerPort: 80, InstancePort: 80, Protocol: "HTTP" }],
        }),
      call,
    );
    await group({
      DesiredCapacity: 1,
      LoadBalancerNames: ["lb"],
      HealthCheckType: "ELB",
      HealthCheckGracePeriod: 60,
    });
    const health = async (): Promise<unknown[]> => {
      const { InstanceStates = [] } = await aws.elb(
        (sdk) => new sdk.DescribeInstanceHealthCommand({ LoadBalancerName: "lb" }),
        call,
      );
      return InstanceStates.map(({ InstanceId, State }) => [InstanceId, State]);
    };
    const [one = ""] = (await read()).ids;
    expect(await health()).toEqual([[one, "InService"]]);
    standIn.region().sick.push(one);
    standIn.advance(30_000);
    expect(await health()).toEqual([[one, "OutOfService"]]);
    standIn.advance(30_000);
    const [two = ""] = (await read()).ids;
    expect(two).not.toBe(one);
    expect(await health()).toEqual([[two, "InService"]]);
    await suspend("AddToLoadBalancer");
    await size(2);
    await resume();
    expect(await health()).toHaveLength(1);
  });

  it("shows what was written only after its lag", async () => {
    await start({ lagMs: 5_000 });
    await group({ DesiredCapacity: 1 });
    expect((await read()).desired).toBeUndefined();
    standIn.advance(5_000);
    expect((await read()).states).toEqual(["InService"]);
    await size(3);
    standIn.advance(4_000);
    expect((await read()).desired).toBe(1);
    standIn.advance(1_000);
    expect((await read()).desired).toBe(3);
  });
});
