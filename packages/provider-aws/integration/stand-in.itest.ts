/**
 * The same calls on moto and on the stand-in answer alike, wherever moto does as AWS does; so the stand-in cannot drift.
 * Left out is what moto does otherwise (facts, and testing/src/aws/deviations.ts).
 */
import { createHost } from "@bellows/core";
import {
  hasPython,
  motoOptions,
  type StandIn,
  startMoto,
  startStandIn,
  type TestServer,
} from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Aws, createAws } from "../src/client.js";
import { differences } from "./alike.js";

const call = { operation: "test" };
const zones = ["eu-west-1a"];
/** Attributes of target groups that clients of ours look at. */
const COMMON = ["deregistration_delay.timeout_seconds", "stickiness.enabled", "stickiness.type"];
/** moto names a queue and a role that nobody gave, and always the longest time. */
const MOTO_HOOKS = ["NotificationTargetARN", "RoleARN", "GlobalTimeout"].map(
  (key) => `LifecycleHooks.0.${key}`,
);
/** A new alarm is of no state at AWS, and OK on moto, which also shows what an alarm has not. */
const MOTO_ALARMS = ["StateValue", "StateReason", "StateReasonData", "Metrics"].map(
  (key) => `MetricAlarms.0.${key}`,
);
/**
 * moto gives a balancer no security group where AWS takes the default one, a policy for TLS to a listener without TLS,
 * and the words traffic-port for the port that is checked.
 */
const MOTO_BALANCERS = [
  "made.LoadBalancers.0.SecurityGroups.length",
  "listener.Listeners.0.SslPolicy",
  "listener.Listeners.0.AlpnPolicy",
  "health.TargetHealthDescriptions.0.HealthCheckPort",
  "health.TargetHealthDescriptions.1.HealthCheckPort",
];

describe.runIf(hasPython())("moto and the stand-in answer alike", () => {
  let moto: TestServer;
  let standIn: StandIn;
  let both: [Aws, Aws];
  beforeAll(async () => {
    [moto, standIn] = await Promise.all([startMoto(), startStandIn()]);
    both = [
      createAws(motoOptions(moto), createHost({ key: "moto" })),
      createAws(motoOptions(standIn), createHost({ key: "stand-in" })),
    ];
  }, 300_000);
  afterAll(async () => {
    for (const aws of both ?? []) aws.close();
    await Promise.all([moto?.stop(), standIn?.stop()]);
  });

  /** What differs in the answers of both, but for the paths that are named, with moto's own ways. */
  async function alike(run: (aws: Aws) => Promise<unknown>, but: readonly string[] = []): Promise<void> {
    const [ofMoto, ofStandIn] = await Promise.all(both.map(run));
    const found = differences(ofMoto, ofStandIn).filter(({ path }) => !but.includes(path));
    expect(found).toEqual([]);
  }

  /** The error that a call ends with, as far as a program reads it. */
  function refusal(promise: Promise<unknown>): Promise<unknown> {
    return promise.then(
      () => "no error",
      ({ code, vendorCode }: { code?: string; vendorCode?: string }) => ({ code, vendorCode }),
    );
  }

  const template = (aws: Aws, name: string): Promise<unknown> =>
    aws.ec2(
      (sdk) =>
        new sdk.CreateLaunchTemplateCommand({
          LaunchTemplateName: name,
          LaunchTemplateData: {
            ImageId: "ami-12345678",
            InstanceType: "t3.micro",
            TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "role", Value: "web" }] }],
            MetadataOptions: { HttpTokens: "required" },
            BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 8 } }],
          },
          TagSpecifications: [{ ResourceType: "launch-template", Tags: [{ Key: "team", Value: "web" }] }],
        }),
      call,
    );
  const group = async (aws: Aws, name: string, desired = 2): Promise<void> => {
    await template(aws, `${name}-template`);
    await aws.autoScaling(
      (sdk) =>
        new sdk.CreateAutoScalingGroupCommand({
          AutoScalingGroupName: name,
          MinSize: 0,
          MaxSize: 5,
          DesiredCapacity: desired,
          DefaultCooldown: 60,
          HealthCheckGracePeriod: 30,
          AvailabilityZones: zones,
          LaunchTemplate: { LaunchTemplateName: `${name}-template`, Version: "1" },
          Tags: [{ Key: "team", Value: "web", PropagateAtLaunch: true }],
        }),
      call,
    );
  };
  const described = (aws: Aws, name: string): Promise<unknown> =>
    aws.autoScaling(
      (sdk) => new sdk.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
      call,
    );

  const membersOf = async (aws: Aws, name: string): Promise<string[]> => {
    const { AutoScalingInstances = [] } = await aws.autoScaling(
      (sdk) => new sdk.DescribeAutoScalingInstancesCommand({}),
      call,
    );
    return AutoScalingInstances.filter(({ AutoScalingGroupName }) => AutoScalingGroupName === name).map(
      ({ InstanceId = "" }) => InstanceId,
    );
  };

  it("who calls, and roles", async () => {
    await alike((aws) => aws.sts((sdk) => new sdk.GetCallerIdentityCommand({}), call));
    // What a session's policies take of their room: there are none.
    await alike(
      (aws) =>
        aws.sts(
          (sdk) =>
            new sdk.AssumeRoleCommand({
              RoleArn: "arn:aws:iam::123456789012:role/ops",
              RoleSessionName: "me",
            }),
          call,
        ),
      ["PackedPolicySize"],
    );
  });

  it("launch templates and their versions", async () => {
    await alike((aws) => template(aws, "versions"));
    await alike((aws) =>
      aws.ec2(
        (sdk) =>
          new sdk.CreateLaunchTemplateVersionCommand({
            LaunchTemplateName: "versions",
            LaunchTemplateData: { ImageId: "ami-2", InstanceType: "t3.nano" },
            VersionDescription: "second",
          }),
        call,
      ),
    );
    await alike((aws) =>
      aws.ec2(
        (sdk) => new sdk.ModifyLaunchTemplateCommand({ LaunchTemplateName: "versions", DefaultVersion: "2" }),
        call,
      ),
    );
    // moto puts the template's own tags among those of its instances.
    await alike(
      (aws) =>
        aws.ec2(
          (sdk) =>
            new sdk.DescribeLaunchTemplateVersionsCommand({
              LaunchTemplateName: "versions",
              Versions: ["1"],
            }),
          call,
        ),
      ["LaunchTemplateVersions.0.LaunchTemplateData.TagSpecifications.length"],
    );
    await alike((aws) =>
      aws.ec2((sdk) => new sdk.DescribeLaunchTemplatesCommand({ LaunchTemplateNames: ["versions"] }), call),
    );
    await alike((aws) => refusal(template(aws, "versions")));
    await alike((aws) =>
      aws.ec2((sdk) => new sdk.DeleteLaunchTemplateCommand({ LaunchTemplateName: "versions" }), call),
    );
    await alike((aws) =>
      refusal(
        aws.ec2(
          (sdk) => new sdk.DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: "versions" }),
          call,
        ),
      ),
    );
  });

  it("groups, their instances and tags", async () => {
    await alike((aws) => group(aws, "read"));
    await alike((aws) => described(aws, "read"));
    // AWS writes HEALTHY here, and Healthy in the group.
    await alike(
      (aws) => aws.autoScaling((sdk) => new sdk.DescribeAutoScalingInstancesCommand({}), call),
      ["AutoScalingInstances.0.HealthStatus", "AutoScalingInstances.1.HealthStatus"],
    );
    await alike((aws) =>
      aws.autoScaling(
        (sdk) =>
          new sdk.DescribeAutoScalingGroupsCommand({ Filters: [{ Name: "tag:team", Values: ["web"] }] }),
        call,
      ),
    );
    await alike(async (aws) => {
      const { Reservations = [] } = await aws.ec2(
        (sdk) =>
          new sdk.DescribeInstancesCommand({
            Filters: [{ Name: "tag:aws:autoscaling:groupName", Values: ["read"] }],
          }),
        call,
      );
      return Reservations.flatMap(({ Instances = [] }) => Instances).map(
        ({ InstanceId, ImageId, InstanceType, State, Placement, Tags = [] }) => ({
          InstanceId,
          ImageId,
          InstanceType,
          State,
          zone: Placement?.AvailabilityZone,
          tags: Tags.map(({ Key = "" }) => Key).sort(),
        }),
      );
    });
    await alike((aws) => described(aws, "nobody"));
  });

  it("groups that are changed, sized and paused, and members that leave", async () => {
    await alike((aws) => group(aws, "changed"));
    await alike(async (aws) => {
      await aws.autoScaling(
        (sdk) =>
          new sdk.UpdateAutoScalingGroupCommand({
            AutoScalingGroupName: "changed",
            MaxSize: 6,
            HealthCheckType: "ELB",
          }),
        call,
      );
      await aws.autoScaling(
        (sdk) => new sdk.SetDesiredCapacityCommand({ AutoScalingGroupName: "changed", DesiredCapacity: 4 }),
        call,
      );
      await aws.autoScaling(
        (sdk) =>
          new sdk.CreateOrUpdateTagsCommand({
            Tags: [
              {
                ResourceId: "changed",
                ResourceType: "auto-scaling-group",
                Key: "stage",
                Value: "test",
                PropagateAtLaunch: false,
              },
            ],
          }),
        call,
      );
      return described(aws, "changed");
    });
    await alike(async (aws) => {
      const ids = await membersOf(aws, "changed");
      const move = { AutoScalingGroupName: "changed", ShouldDecrementDesiredCapacity: true };
      await aws.autoScaling(
        (sdk) => new sdk.EnterStandbyCommand({ ...move, InstanceIds: ids.slice(0, 1) }),
        call,
      );
      await aws.autoScaling(
        (sdk) => new sdk.DetachInstancesCommand({ ...move, InstanceIds: ids.slice(1, 2) }),
        call,
      );
      await aws.autoScaling(
        (sdk) =>
          new sdk.SetInstanceProtectionCommand({
            AutoScalingGroupName: "changed",
            InstanceIds: ids.slice(2, 3),
            ProtectedFromScaleIn: true,
          }),
        call,
      );
      await aws.autoScaling(
        (sdk) =>
          new sdk.TerminateInstanceInAutoScalingGroupCommand({
            InstanceId: ids[3],
            ShouldDecrementDesiredCapacity: true,
          }),
        call,
      );
      return described(aws, "changed");
    });
    await alike((aws) =>
      aws.autoScaling(
        (sdk) =>
          new sdk.DescribeTagsCommand({ Filters: [{ Name: "auto-scaling-group", Values: ["changed"] }] }),
        call,
      ),
    );
    await alike(async (aws) => {
      await aws.autoScaling(
        (sdk) =>
          new sdk.DeleteAutoScalingGroupCommand({ AutoScalingGroupName: "changed", ForceDelete: true }),
        call,
      );
      return described(aws, "changed");
    });
  });

  it("launch configurations", async () => {
    const make = (aws: Aws): Promise<unknown> =>
      aws.autoScaling(
        (sdk) =>
          new sdk.CreateLaunchConfigurationCommand({
            LaunchConfigurationName: "old",
            ImageId: "ami-12345678",
            InstanceType: "t3.micro",
            InstanceMonitoring: { Enabled: true },
            AssociatePublicIpAddress: false,
          }),
        call,
      );
    await alike(make);
    await alike((aws) => aws.autoScaling((sdk) => new sdk.DescribeLaunchConfigurationsCommand({}), call));
  });

  it("policies, hooks and scheduled actions of a group", async () => {
    await alike((aws) => group(aws, "scaled", 0));
    // moto shows an empty predictive configuration on every policy.
    const odd = [0, 1, 2].map((index) => `ScalingPolicies.${index}.PredictiveScalingConfiguration`);
    await alike(async (aws) => {
      for (const put of [
        { PolicyName: "up", AdjustmentType: "ChangeInCapacity", ScalingAdjustment: 2, Cooldown: 30 },
        {
          PolicyName: "steps",
          PolicyType: "StepScaling",
          AdjustmentType: "PercentChangeInCapacity",
          MinAdjustmentMagnitude: 1,
          MetricAggregationType: "Average",
          StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 50 }],
        },
        {
          PolicyName: "target",
          PolicyType: "TargetTrackingScaling",
          TargetTrackingConfiguration: {
            PredefinedMetricSpecification: { PredefinedMetricType: "ASGAverageCPUUtilization" },
            TargetValue: 50,
            DisableScaleIn: false,
          },
        },
      ])
        await aws.autoScaling(
          (sdk) => new sdk.PutScalingPolicyCommand({ AutoScalingGroupName: "scaled", ...put } as never),
          call,
        );
      return aws.autoScaling(
        (sdk) => new sdk.DescribePoliciesCommand({ AutoScalingGroupName: "scaled" }),
        call,
      );
    }, odd);
    await alike(async (aws) => {
      await aws.autoScaling(
        (sdk) => new sdk.ExecutePolicyCommand({ AutoScalingGroupName: "scaled", PolicyName: "up" }),
        call,
      );
      return described(aws, "scaled");
    });
    await alike(async (aws) => {
      await aws.autoScaling(
        (sdk) =>
          new sdk.PutScheduledUpdateGroupActionCommand({
            AutoScalingGroupName: "scaled",
            ScheduledActionName: "morning",
            Recurrence: "0 8 * * 1-5",
            MinSize: 1,
            DesiredCapacity: 2,
          }),
        call,
      );
      return aws.autoScaling(
        (sdk) => new sdk.DescribeScheduledActionsCommand({ AutoScalingGroupName: "scaled" }),
        call,
      );
    });
    await alike(async (aws) => {
      await aws.autoScaling(
        (sdk) =>
          new sdk.PutLifecycleHookCommand({
            AutoScalingGroupName: "scaled",
            LifecycleHookName: "drain",
            LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING",
            HeartbeatTimeout: 60,
            DefaultResult: "CONTINUE",
          }),
        call,
      );
      return aws.autoScaling(
        (sdk) => new sdk.DescribeLifecycleHooksCommand({ AutoScalingGroupName: "scaled" }),
        call,
      );
    }, MOTO_HOOKS);
  });

  it("classic balancers, their members and attributes", async () => {
    const make = (aws: Aws): Promise<unknown> =>
      aws.elb(
        (sdk) =>
          new sdk.CreateLoadBalancerCommand({
            LoadBalancerName: "classic",
            AvailabilityZones: zones,
            Listeners: [{ LoadBalancerPort: 80, InstancePort: 8080, Protocol: "HTTP" }],
            Tags: [{ Key: "team", Value: "web" }],
          }),
        call,
      );
    const read = (aws: Aws): Promise<unknown> =>
      aws.elb((sdk) => new sdk.DescribeLoadBalancersCommand({ LoadBalancerNames: ["classic"] }), call);
    await alike(make);
    await alike(read);
    await alike((aws) => refusal(make(aws)));
    await alike((aws) =>
      aws.elb(
        (sdk) =>
          new sdk.ConfigureHealthCheckCommand({
            LoadBalancerName: "classic",
            HealthCheck: {
              Target: "HTTP:8080/",
              Interval: 20,
              Timeout: 5,
              HealthyThreshold: 2,
              UnhealthyThreshold: 3,
            },
          }),
        call,
      ),
    );
    await alike((aws) =>
      aws.elb(
        (sdk) =>
          new sdk.EnableAvailabilityZonesForLoadBalancerCommand({
            LoadBalancerName: "classic",
            AvailabilityZones: ["eu-west-1b"],
          }),
        call,
      ),
    );
    // moto notes its own attribute once more with every change.
    const more = ["LoadBalancerAttributes.AdditionalAttributes.length"];
    const attributes = {
      LoadBalancerName: "classic",
      LoadBalancerAttributes: {
        ConnectionDraining: { Enabled: true, Timeout: 20 },
        CrossZoneLoadBalancing: { Enabled: true },
      },
    };
    await alike(
      (aws) => aws.elb((sdk) => new sdk.ModifyLoadBalancerAttributesCommand(attributes), call),
      more,
    );
    await alike(
      (aws) => aws.elb((sdk) => new sdk.DescribeLoadBalancerAttributesCommand(attributes), call),
      more,
    );
    await alike(async (aws) => {
      await group(aws, "behind");
      await aws.autoScaling(
        (sdk) =>
          new sdk.AttachLoadBalancersCommand({
            AutoScalingGroupName: "behind",
            LoadBalancerNames: ["classic"],
          }),
        call,
      );
      return aws.elb((sdk) => new sdk.DescribeInstanceHealthCommand({ LoadBalancerName: "classic" }), call);
    });
    // moto adds no subnet with a zone, and lets go of no instance that a group has put there.
    await alike(
      async (aws) => {
        const { Instances: servers = [] } = await aws.ec2(
          (sdk) => new sdk.RunInstancesCommand({ ImageId: "ami-12345678", MinCount: 2, MaxCount: 2 }),
          call,
        );
        const Instances = servers.map(({ InstanceId }) => ({ InstanceId }));
        await aws.elb(
          (sdk) =>
            new sdk.RegisterInstancesWithLoadBalancerCommand({ LoadBalancerName: "classic", Instances }),
          call,
        );
        await aws.elb(
          (sdk) =>
            new sdk.DeregisterInstancesFromLoadBalancerCommand({
              LoadBalancerName: "classic",
              Instances: Instances.slice(1),
            }),
          call,
        );
        return read(aws);
      },
      ["LoadBalancerDescriptions.0.Subnets.length"],
    );
    await alike((aws) =>
      aws.elb((sdk) => new sdk.DescribeTagsCommand({ LoadBalancerNames: ["classic"] }), call),
    );
    await alike((aws) =>
      refusal(
        aws.elb((sdk) => new sdk.DescribeLoadBalancersCommand({ LoadBalancerNames: ["nobody"] }), call),
      ),
    );
  });

  it("application balancers, listeners and target groups", async () => {
    await alike(async (aws) => {
      const { Subnets = [] } = await aws.ec2((sdk) => new sdk.DescribeSubnetsCommand({}), call);
      const ids = Subnets.map(({ SubnetId = "" }) => SubnetId).slice(0, 2);
      const made = await aws.elbV2(
        (sdk) => new sdk.CreateLoadBalancerCommand({ Name: "app", Subnets: ids }),
        call,
      );
      const { TargetGroups = [] } = await aws.elbV2(
        (sdk) =>
          new sdk.CreateTargetGroupCommand({
            Name: "pool",
            Protocol: "HTTP",
            Port: 8080,
            VpcId: Subnets[0]?.VpcId,
            HealthCheckPath: "/health",
          }),
        call,
      );
      const TargetGroupArn = TargetGroups[0]?.TargetGroupArn;
      const listener = await aws.elbV2(
        (sdk) =>
          new sdk.CreateListenerCommand({
            LoadBalancerArn: made.LoadBalancers?.[0]?.LoadBalancerArn,
            Port: 80,
            Protocol: "HTTP",
            DefaultActions: [{ Type: "forward", TargetGroupArn }],
          }),
        call,
      );
      await group(aws, "targets");
      await aws.autoScaling(
        (sdk) =>
          new sdk.AttachLoadBalancerTargetGroupsCommand({
            AutoScalingGroupName: "targets",
            TargetGroupARNs: [TargetGroupArn ?? ""],
          }),
        call,
      );
      const health = await aws.elbV2((sdk) => new sdk.DescribeTargetHealthCommand({ TargetGroupArn }), call);
      const attributes = await aws.elbV2(
        (sdk) => new sdk.DescribeTargetGroupAttributesCommand({ TargetGroupArn }),
        call,
      );
      const keys = attributes.Attributes?.map(({ Key }) => Key).filter((key) => COMMON.includes(key ?? ""));
      return { made, TargetGroups, listener, health, keys: keys?.sort() };
    }, MOTO_BALANCERS);
    await alike((aws) => aws.elbV2((sdk) => new sdk.DescribeTargetGroupsCommand({ Names: ["pool"] }), call));
    await alike((aws) =>
      refusal(aws.elbV2((sdk) => new sdk.DescribeTargetGroupsCommand({ Names: ["nobody"] }), call)),
    );
    await alike((aws) =>
      refusal(aws.elbV2((sdk) => new sdk.DescribeLoadBalancersCommand({ Names: ["nobody"] }), call)),
    );
  });

  it("alarms, which nobody has evaluated", async () => {
    const name = { AlarmNames: ["busy"] };
    const read = (aws: Aws): Promise<unknown> =>
      aws.cloudWatch((sdk) => new sdk.DescribeAlarmsCommand(name), call);
    await alike((aws) =>
      aws.cloudWatch(
        (sdk) =>
          new sdk.PutMetricAlarmCommand({
            AlarmName: "busy",
            AlarmDescription: "too much to do",
            Namespace: "Shop",
            MetricName: "Queue",
            Dimensions: [{ Name: "Name", Value: "orders" }],
            Statistic: "Average",
            Period: 60,
            EvaluationPeriods: 3,
            DatapointsToAlarm: 2,
            Threshold: 10,
            ComparisonOperator: "GreaterThanThreshold",
            TreatMissingData: "notBreaching",
            AlarmActions: ["arn:aws:sns:eu-west-1:123456789012:ops"],
          }),
        call,
      ),
    );
    await alike(read, MOTO_ALARMS);
    await alike(async (aws) => {
      await aws.cloudWatch((sdk) => new sdk.DisableAlarmActionsCommand(name), call);
      await aws.cloudWatch(
        (sdk) =>
          new sdk.SetAlarmStateCommand({ AlarmName: "busy", StateValue: "ALARM", StateReason: "a drill" }),
        call,
      );
      return read(aws);
    }, MOTO_ALARMS.slice(2));
    await alike(async (aws) => {
      await aws.cloudWatch((sdk) => new sdk.DeleteAlarmsCommand(name), call);
      return read(aws);
    });
  });

  it("metrics, by their statistics and in batches", async () => {
    const startMs = Math.floor(Date.now() / 300_000) * 300_000 - 600_000;
    const at = (minutes: number): Date => new Date(startMs + minutes * 60_000);
    const Dimensions = [{ Name: "Name", Value: "orders" }];
    const datum = { MetricName: "Depth", Dimensions, Unit: "Count" as const };
    const window = { StartTime: at(0), EndTime: at(10) };
    await alike((aws) =>
      aws.cloudWatch(
        (sdk) =>
          new sdk.PutMetricDataCommand({
            Namespace: "Shop",
            MetricData: [
              { ...datum, Value: 1, Timestamp: at(0) },
              { ...datum, Value: 3, Timestamp: at(0.5) },
              { ...datum, Value: 8, Timestamp: at(2) },
            ],
          }),
        call,
      ),
    );
    await alike((aws) =>
      aws.cloudWatch(
        (sdk) =>
          new sdk.GetMetricDataCommand({
            ...window,
            MetricDataQueries: ["Average", "Sum", "Maximum", "SampleCount"].map((Stat) => ({
              Id: Stat.toLowerCase(),
              Label: Stat,
              MetricStat: {
                Metric: { Namespace: "Shop", MetricName: "Depth", Dimensions },
                Period: 60,
                Stat,
              },
            })),
          }),
        call,
      ),
    );
    await alike(async (aws) => {
      const { Datapoints = [] } = await aws.cloudWatch(
        (sdk) =>
          new sdk.GetMetricStatisticsCommand({
            ...window,
            Namespace: "Shop",
            MetricName: "Depth",
            Dimensions,
            Period: 60,
            Statistics: ["Average", "Maximum"],
          }),
        call,
      );
      return Datapoints.map(({ Average, Maximum, Unit }) => [Average, Maximum, Unit]);
    });
  });
});
