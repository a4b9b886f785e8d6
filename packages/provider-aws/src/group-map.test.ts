import type { AutoScalingGroup, Instance as Member } from "@aws-sdk/client-auto-scaling";
import { groupSchema, instanceSchema } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { groupOf, instanceOf, isSettled, lifecycleOf, membersOf, stateOf, statusOf } from "./group-map.js";

const member = (LifecycleState: string, more: Partial<Member> = {}): Member => ({
  InstanceId: "i-1",
  AvailabilityZone: "eu-west-1a",
  LifecycleState: LifecycleState as Member["LifecycleState"],
  HealthStatus: "Healthy",
  ProtectedFromScaleIn: false,
  ...more,
});
const group = (more: Partial<AutoScalingGroup> = {}): AutoScalingGroup => ({
  AutoScalingGroupName: "web",
  MinSize: 1,
  MaxSize: 4,
  DesiredCapacity: 2,
  DefaultCooldown: 300,
  AvailabilityZones: ["eu-west-1a"],
  HealthCheckType: "EC2",
  CreatedTime: new Date(1_000),
  ...more,
});
const suspended = (...names: string[]): AutoScalingGroup["SuspendedProcesses"] =>
  names.map((ProcessName) => ({ ProcessName }));

describe("a group", () => {
  it("has the contract's words", () => {
    const Tags = [
      { Key: "team", Value: "web" },
      { Key: "bellows:owner", Value: "shop/web" },
      { Key: "bellows:spec", Value: "0123" },
      { Key: "aws:cloudformation:stack-name", Value: "s" },
    ];
    const mapped = groupOf(
      group({ Tags, VPCZoneIdentifier: "subnet-1, subnet-2", LoadBalancerNames: ["lb"] }),
    );
    expect(groupSchema.parse(mapped)).toEqual({
      name: "web",
      id: "web",
      min: 1,
      max: 4,
      desired: 2,
      cooldownMs: 300_000,
      metadata: { team: "web" },
      loadBalancers: [{ id: "lb" }],
      zones: ["eu-west-1a"],
      subnets: ["subnet-1", "subnet-2"],
      paused: false,
      native: { healthCheckType: "EC2", propagateMetadata: false },
      createdAtMs: 1_000,
      owner: "shop/web",
    });
  });

  it("shows what only AWS has in the words of a file", () => {
    const { native } = groupOf(
      group({
        HealthCheckType: "ELB",
        HealthCheckGracePeriod: 120,
        NewInstancesProtectedFromScaleIn: true,
        MaxInstanceLifetime: 86_400,
        Tags: [
          { Key: "bellows:suspended", Value: "AZRebalance Launch" },
          { Key: "team", Value: "web", PropagateAtLaunch: true },
        ],
      }),
    );
    expect(native).toEqual({
      healthCheckType: "ELB",
      healthCheckGrace: 120_000,
      protectNew: true,
      maxInstanceLifetime: 86_400_000,
      suspended: ["AZRebalance", "Launch"],
      propagateMetadata: true,
    });
  });

  it.each([
    [[], false],
    [["Launch"], false],
    [["Terminate", "AZRebalance"], false],
    [["Terminate", "Launch"], true],
  ])("that has suspended %j is paused: %s", (names, paused) =>
    expect(groupOf(group({ SuspendedProcesses: suspended(...names) })).paused).toBe(paused),
  );

  it("that is being deleted says so", () =>
    expect(groupOf(group({ Status: "Delete in progress" })).problems).toEqual(["it is being deleted"]));
});

describe("an instance", () => {
  it.each([
    ["Pending", "pending"],
    ["Pending:Wait", "pending"],
    ["InService", "in-service"],
    ["Standby", "standby"],
    ["EnteringStandby", "draining"],
    ["Detaching", "draining"],
    ["Terminating", "terminating"],
    ["Terminating:Proceed", "terminating"],
    ["Terminated", "terminated"],
    ["SomethingNew", "pending"],
  ] as const)("in state %s is %s", (state, lifecycle) => expect(lifecycleOf(state)).toBe(lifecycle));

  it("in the warm pool, or that has left, is no member", () => {
    const Instances = [member("InService"), member("Warmed:Stopped"), member("Detached")];
    expect(membersOf(group({ Instances }))).toHaveLength(1);
  });

  it("has what EC2 knows of it, private address first", () => {
    const version = { LaunchTemplate: { LaunchTemplateId: "lt-1", Version: "7" } };
    const mapped = instanceOf(member("InService", { ...version, HealthStatus: "UNHEALTHY" }), "web", {
      InstanceId: "i-1",
      LaunchTime: new Date(5_000),
      PublicIpAddress: "52.0.0.1",
      PrivateIpAddress: "10.0.0.1",
      Tags: [{ Key: "Name", Value: "web-1" }],
    });
    expect(instanceSchema.parse(mapped)).toEqual({
      id: "i-1",
      name: "web-1",
      group: "web",
      lifecycle: "in-service",
      health: "unhealthy",
      launchedAtMs: 5_000,
      zone: "eu-west-1a",
      addresses: ["10.0.0.1", "52.0.0.1"],
      protected: false,
      launchVersion: "7",
    });
  });
});

describe("counts", () => {
  const Instances = [
    member("InService", { InstanceId: "i-1" }),
    member("Pending", { InstanceId: "i-2" }),
    member("Standby", { InstanceId: "i-3" }),
  ];

  it("count who is in service", () =>
    expect(stateOf(group({ Instances }))).toEqual({
      activeIds: ["i-1"],
      activeCapacity: 1,
      desiredCapacity: 2,
      pendingCapacity: 1,
      paused: false,
    }));

  it.each<[string, Member[], number, boolean]>([
    ["as many as it wants", [member("InService"), member("Standby")], 1, true],
    ["one on the way", [member("InService"), member("Pending")], 2, false],
    ["one too many", [member("InService"), member("InService")], 1, false],
    ["an unhealthy one", [member("InService", { HealthStatus: "Unhealthy" })], 1, false],
    ["nobody, and wants nobody", [], 0, true],
    ["weights that reach it", [member("InService", { WeightedCapacity: "4" })], 3, true],
    ["weights that do not", [member("InService", { WeightedCapacity: "2" })], 3, false],
  ])("a group with %s", (_what, members, DesiredCapacity, settled) =>
    expect(isSettled(group({ Instances: members, DesiredCapacity }))).toBe(settled),
  );

  it("a look has the time of its read", () => expect(statusOf(group(), 7_000).observedAtMs).toBe(7_000));
});
