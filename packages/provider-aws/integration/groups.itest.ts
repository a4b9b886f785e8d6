import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { collect, createHost, type GroupSpec, isBellowsError, UnavailableError } from "@bellows/core";
import { hasPython, motoOptions, startMoto, type TestServer } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Aws, type CallMade, createAws } from "../src/client.js";
import { createGroups } from "../src/groups.js";
import { createPolicies } from "../src/policies.js";

const call = { operation: "test" };
const launch = { image: "ami-0123456789abcdef0", size: "t3.micro" };

describe.runIf(hasPython())("groups on AWS", () => {
  let moto: TestServer;
  let aws: Aws;
  let groups: ReturnType<typeof createGroups>;
  let serial = 0;
  const made: string[] = [];
  const note = (message: unknown): void => void made.push((message as CallMade).action.split(":")[1] ?? "");

  beforeAll(async () => {
    moto = await startMoto();
    const host = createHost({ key: "aws" });
    aws = createAws(motoOptions(moto), host);
    groups = createGroups(aws, host);
  }, 300_000);
  afterAll(async () => {
    aws?.close();
    await moto?.stop();
  });
  beforeEach(() => {
    made.length = 0;
    subscribe("bellows:aws:call", note);
  });
  afterEach(() => void unsubscribe("bellows:aws:call", note));

  const spec = (more: Partial<GroupSpec> = {}): GroupSpec => ({
    name: `web-${serial++}`,
    min: 0,
    max: 4,
    zones: ["eu-west-1a"],
    launch,
    ...more,
  });
  const makeServers = async (count: number): Promise<string[]> => {
    const { Instances = [] } = await aws.ec2(
      (sdk) =>
        new sdk.RunInstancesCommand({
          ImageId: launch.image,
          InstanceType: "t3.micro",
          MinCount: count,
          MaxCount: count,
        }),
      call,
    );
    return Instances.map(({ InstanceId = "" }) => InstanceId);
  };
  const idsOf = async (group: string): Promise<string[]> =>
    (await collect(groups.instances(group))).map(({ id }) => id).sort();
  const makeBalancer = (name: string): Promise<unknown> =>
    aws.elb(
      (sdk) =>
        new sdk.CreateLoadBalancerCommand({
          LoadBalancerName: name,
          AvailabilityZones: ["eu-west-1a"],
          Listeners: [{ LoadBalancerPort: 80, InstancePort: 80, Protocol: "HTTP" }],
        }),
      call,
    );
  const templatesOf = async (name: string): Promise<number> => {
    const { LaunchTemplates = [] } = await aws.ec2((sdk) => new sdk.DescribeLaunchTemplatesCommand({}), call);
    return LaunchTemplates.filter(({ LaunchTemplateName = "" }) => LaunchTemplateName.includes(name)).length;
  };
  const refused = (code: Parameters<typeof isBellowsError>[1], resource?: string) => (error: unknown) =>
    isBellowsError(error, code) && (resource === undefined || error.resource === resource);

  it("are read as they were made", async () => {
    await makeBalancer("lb-read");
    const wanted = spec({
      min: 1,
      max: 3,
      desired: 2,
      cooldownMs: 120_000,
      zones: ["eu-west-1a", "eu-west-1b"],
      metadata: { team: "web" },
      loadBalancers: ["lb-read"],
      owner: "shop/web",
      native: { healthCheckType: "ELB", healthCheckGrace: "90s", suspended: ["AZRebalance"] },
    });
    await groups.create(wanted, { wait: true, timeoutMs: 20_000 });
    expect(await groups.get(wanted.name)).toMatchObject({
      name: wanted.name,
      id: wanted.name,
      min: 1,
      max: 3,
      desired: 2,
      cooldownMs: 120_000,
      zones: ["eu-west-1a", "eu-west-1b"],
      metadata: { team: "web" },
      loadBalancers: [{ id: "lb-read" }],
      owner: "shop/web",
      paused: false,
      pausedProcesses: ["AZRebalance"],
    });
    const there = await collect(groups.instances(wanted.name));
    expect(there).toHaveLength(2);
    for (const one of there) {
      expect(one).toMatchObject({ group: wanted.name, lifecycle: "in-service", health: "healthy" });
      expect(one.addresses[0]).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(one.launchedAtMs).toBeGreaterThan(0);
      expect(await collect(groups.instances(wanted.name, { zone: one.zone ?? "" }))).toContainEqual(one);
    }
    expect(await collect(groups.instances(wanted.name, { zone: "eu-west-1c" }))).toEqual([]);
    expect(await groups.state(wanted.name)).toMatchObject({ activeCapacity: 2, pendingCapacity: 0 });
  });

  it("named neither zones nor subnets, they are in all zones of the region", async () => {
    const { zones, ...rest } = spec();
    const { zones: all } = await groups.create(rest);
    expect(all).toEqual(expect.arrayContaining(["eu-west-1a", "eu-west-1b", "eu-west-1c"]));
    expect(zones).toEqual(["eu-west-1a"]);
  });

  it("made fifty times at once are one group, with the instances of one", async () => {
    const wanted = spec({ min: 2 });
    const all = await Promise.all(Array.from({ length: 50 }, () => groups.create(wanted)));
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(made.filter((action) => action === "CreateAutoScalingGroup")).toHaveLength(1);
    expect(await idsOf(wanted.name)).toHaveLength(2);
    expect(await templatesOf(wanted.name)).toBe(1);
  });

  it("of a name that another group has are refused, and that one stays", async () => {
    const first = spec();
    await groups.create(first);
    await expect(groups.create({ ...first, max: 5 })).rejects.toSatisfy(
      refused("already-exists", first.name),
    );
    await expect(groups.create({ ...first, launch: { ...launch, size: "t3.small" } })).rejects.toSatisfy(
      refused("already-exists", first.name),
    );
    expect((await groups.get(first.name)).max).toBe(4);
  });

  it("that cannot be are refused before anything is asked of AWS, with every fault", async () => {
    const bad = groups.create(
      spec({
        name: "a:b",
        cooldownMs: 1_500,
        metadata: { "aws:x": "1" },
        launch: { image: "ami-1", command: "node" },
        native: { suspended: ["Lunch"], scheme: "internal" },
      }),
    );
    const error: unknown = await bad.catch((reason: unknown) => reason);
    expect(isBellowsError(error, "config") && error.message.split("; ")).toEqual([
      expect.stringContaining("launch: Unrecognized key"),
      expect.stringContaining("launch: needs a size"),
      expect.stringContaining('native: Unrecognized key: "scheme"'),
      expect.stringContaining("name: must be"),
      expect.stringContaining("cooldownMs: must be whole seconds"),
      expect.stringContaining("metadata.aws:x"),
    ]);
    expect(made).toEqual([]);
  });

  it("whose balancer is not there are not made, nor is anything for them", async () => {
    const wanted = spec({ loadBalancers: ["nobody"] });
    await expect(groups.create(wanted)).rejects.toSatisfy(refused("not-found", "nobody"));
    await expect(groups.get(wanted.name)).rejects.toSatisfy(refused("not-found", wanted.name));
    expect(await templatesOf(wanted.name)).toBe(0);
  });

  it("whose policies cannot be made are taken back, with what was made for them", async () => {
    const failing = createGroups(aws, createHost({ key: "aws" }), {
      async *list() {},
      create: () => Promise.reject(new UnavailableError("the policies are out")),
    });
    const wanted = spec({ min: 1, policies: [{ name: "up", adjust: { change: 1 } }] });
    await expect(failing.create(wanted)).rejects.toThrow("the policies are out");
    await expect(groups.get(wanted.name)).rejects.toSatisfy(refused("not-found"));
    expect(await templatesOf(wanted.name)).toBe(0);
  });

  it("get the policies that they name, and when they are made again those that are missing", async () => {
    const policies = createPolicies(aws, createHost({ key: "aws" }));
    const namesOf = async (group: string): Promise<string[]> =>
      (await collect(policies.list(group))).map((policy) => policy.name).sort();
    const wanted = spec({
      policies: [
        { name: "spec-up", adjust: { change: 1 }, cooldownMs: 180_000 },
        { name: "spec-down", adjust: { change: -1 }, cooldownMs: 180_000 },
      ],
    });
    await groups.create(wanted);
    expect(await namesOf(wanted.name)).toEqual(["spec-down", "spec-up"]);
    await policies.delete(wanted.name, "spec-up");
    await groups.create(wanted);
    expect(await namesOf(wanted.name)).toEqual(["spec-down", "spec-up"]);
  });

  it("are looked at a hundred a call, with a reason for each that is not there", async () => {
    const { name } = await groups.create(spec());
    made.length = 0;
    const names = Array.from({ length: 99 }, (_, index) => `nobody-${index}`);
    const seen = await groups.observe([...names, name]);
    expect(made).toEqual(["DescribeAutoScalingGroups"]);
    expect(seen[99]).toMatchObject({ status: { group: { name }, instances: [] } });
    expect(seen[0]).toEqual({ unavailable: 'there is no group "nobody-0"' });
  });

  it("a mistyped name is answered with the one that was meant", async () => {
    await groups.create(spec({ name: "checkout" }));
    const error: unknown = await groups.get("chekout").catch((reason: unknown) => reason);
    expect(isBellowsError(error, "not-found") && error.hint).toBe('did you mean "checkout"?');
  });

  it("take balancers in and let them go by an update, and nothing else changes", async () => {
    await Promise.all([makeBalancer("lb-one"), makeBalancer("lb-two")]);
    const { name } = await groups.create(spec({ loadBalancers: ["lb-one"], metadata: { a: "1" } }));
    const updated = await groups.update(name, { loadBalancers: ["lb-two"] });
    expect(updated.loadBalancers).toEqual([{ id: "lb-two" }]);
    expect(await groups.get(name)).toMatchObject({
      loadBalancers: [{ id: "lb-two" }],
      metadata: { a: "1" },
      max: 4,
    });
    await expect(groups.update(name, { loadBalancers: ["nobody"], max: 9 })).rejects.toSatisfy(
      refused("not-found", "nobody"),
    );
    expect((await groups.get(name)).max).toBe(4);
  });

  it("are paused whole or process by process, and what their definition suspends stays so", async () => {
    const { name } = await groups.create(spec({ native: { suspended: ["AZRebalance"] } }));
    await groups.pause(name);
    expect(await groups.get(name)).toMatchObject({ paused: true, pausedProcesses: { length: 9 } });
    await groups.resume(name);
    expect(await groups.get(name)).toMatchObject({ paused: false, pausedProcesses: ["AZRebalance"] });
    await groups.pause(name, { processes: ["Launch"] });
    expect(await groups.get(name)).toMatchObject({
      paused: false,
      pausedProcesses: ["AZRebalance", "Launch"],
    });
    await groups.resume(name, { processes: ["Launch"] });
    await groups.update(name, { native: { suspended: ["HealthCheck"] } });
    expect((await groups.get(name)).pausedProcesses).toEqual(["HealthCheck"]);
    await groups.update(name, { native: { suspended: [] } });
    expect((await groups.get(name)).pausedProcesses).toBeUndefined();
    const wrong: unknown = await groups
      .pause(name, { processes: ["Terminat"] })
      .catch((error: unknown) => error);
    expect(isBellowsError(wrong, "config") && wrong.message).toContain('did you mean "Terminate"?');
  });

  it("keep metadata apart from what Bellows notes, and refuse its keys", async () => {
    const { name } = await groups.create(spec({ metadata: { a: "1" }, owner: "shop/web" }));
    await groups.metadata.merge(name, { b: "ü" });
    expect(await groups.metadata.replace(name, { c: "3" })).toEqual({ c: "3" });
    expect(await groups.get(name)).toMatchObject({ metadata: { c: "3" }, owner: "shop/web" });
    await expect(groups.metadata.merge(name, { "bellows:owner": "me" })).rejects.toSatisfy(refused("config"));
  });

  it("take servers in twenty a call, and none when not all have room", async () => {
    const { name } = await groups.create(spec({ max: 26 }));
    const servers = await makeServers(27);
    await expect(groups.attach(name, servers)).rejects.toSatisfy(refused("limit", name));
    expect(await idsOf(name)).toEqual([]);
    made.length = 0;
    await groups.attach(name, servers.slice(0, 25), { wait: true, timeoutMs: 20_000 });
    expect(made.filter((action) => action === "AttachInstances")).toHaveLength(2);
    await groups.attach(name, servers.slice(24, 26));
    expect(await idsOf(name)).toEqual(servers.slice(0, 26).sort());
    expect((await groups.get(name)).desired).toBe(26);
    made.length = 0;
    await groups.detach(name, servers.slice(0, 26), { wait: true, timeoutMs: 20_000 });
    expect(made.filter((action) => action === "DetachInstances")).toHaveLength(2);
    expect((await groups.get(name)).desired).toBe(0);
  });

  it("take no server that belongs to another group, or does not run, or is not there", async () => {
    const [one, other] = [await groups.create(spec()), await groups.create(spec({ min: 1 }))];
    const [member = ""] = await idsOf(other.name);
    const [stopped = ""] = await makeServers(1);
    await aws.ec2((sdk) => new sdk.StopInstancesCommand({ InstanceIds: [stopped] }), call);
    await expect(groups.attach(one.name, [member])).rejects.toSatisfy(refused("conflict", member));
    await expect(groups.attach(one.name, [stopped])).rejects.toSatisfy(refused("conflict", stopped));
    await expect(groups.attach(one.name, ["i-0"])).rejects.toSatisfy(refused("not-found", "i-0"));
    await expect(groups.attach(one.name, ["nobody"])).rejects.toSatisfy(refused("not-found", "nobody"));
  });

  it("end, rest and keep instances one by one, within their bounds", async () => {
    const { name } = await groups.create(spec({ min: 1, desired: 3 }));
    const [one = "", two = "", three = ""] = await idsOf(name);
    await groups.protect(name, [one], true);
    await groups.enterStandby(name, [two]);
    const shown = await collect(groups.instances(name));
    expect(shown.find(({ id }) => id === one)?.protected).toBe(true);
    expect(shown.find(({ id }) => id === two)?.lifecycle).toBe("standby");
    expect((await groups.get(name)).desired).toBe(2);
    await groups.terminate(name, three, { replace: false });
    expect((await groups.get(name)).desired).toBe(1);
    await expect(groups.terminate(name, one, { replace: false })).rejects.toSatisfy(refused("limit", name));
    await expect(groups.detach(name, [one])).rejects.toSatisfy(refused("limit", name));
    await groups.exitStandby(name, [two]);
    expect(await idsOf(name)).toEqual([one, two].sort());
    await expect(groups.terminate(name, "i-0")).rejects.toSatisfy(refused("not-found", "i-0"));
  });

  it("are found by the names of their instances too", async () => {
    const { name } = await groups.create(spec({ min: 1 }));
    const [id = ""] = await idsOf(name);
    const Tags = [{ Key: "Name", Value: "the-one" }];
    await aws.ec2((sdk) => new sdk.CreateTagsCommand({ Resources: [id], Tags }), call);
    await groups.protect(name, ["the-one"], true);
    expect((await collect(groups.instances(name)))[0]).toMatchObject({
      id,
      name: "the-one",
      protected: true,
    });
  });

  it("are shut down, and deleted only when they are empty", async () => {
    const { name } = await groups.create(spec({ min: 1, desired: 2 }));
    await expect(groups.delete(name)).rejects.toSatisfy(refused("conflict", name));
    await groups.shutdown(name, { wait: true, timeoutMs: 20_000 });
    expect(await groups.get(name)).toMatchObject({ min: 0, max: 0, desired: 0 });
    await groups.delete(name, { wait: true, timeoutMs: 20_000 });
    await expect(groups.get(name)).rejects.toSatisfy(refused("not-found", name));
    expect(await templatesOf(name)).toBe(0);
  });
});
