import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { collect, createHost, isBellowsError, type LoadBalancersDriver } from "@bellows/core";
import { hasPython, motoOptions, startMoto, type TestServer } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Aws, type CallMade, createAws } from "../src/client.js";
import { createLoadBalancers } from "../src/load-balancers.js";

const CALL = { operation: "test" };
const ZONES = ["eu-west-1a", "eu-west-1b"];
const CHECK = { target: "HTTP:8080/health", intervalMs: 20_000, timeoutMs: 5_000, healthy: 3, unhealthy: 5 };

/** What an act asks of AWS, in order. */
async function callsOf(act: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  const listen = (message: unknown): void => void calls.push((message as CallMade).action.replace(/.*:/, ""));
  subscribe("bellows:aws:call", listen);
  await act().finally(() => unsubscribe("bellows:aws:call", listen));
  return calls;
}

const is = (code: Parameters<typeof isBellowsError>[1]) => (error: unknown) => isBellowsError(error, code);

describe.runIf(hasPython())("load balancers", () => {
  let moto: TestServer;
  let aws: Aws;
  let balancers: Required<LoadBalancersDriver>;
  let servers: { id: string; address: string }[];
  beforeAll(async () => {
    moto = await startMoto();
    const host = createHost({ key: "aws" });
    aws = createAws(motoOptions(moto), host);
    balancers = createLoadBalancers(aws, host);
    servers = await runInstances(2);
  }, 300_000);
  afterAll(async () => {
    aws?.close();
    await moto?.stop();
  });

  const runInstances = async (count: number) => {
    const answer = await aws.ec2(
      (sdk) => new sdk.RunInstancesCommand({ ImageId: "ami-12345678", MinCount: count, MaxCount: count }),
      CALL,
    );
    return (answer.Instances ?? []).map(({ InstanceId = "", PrivateIpAddress = "" }) => ({
      id: InstanceId,
      address: PrivateIpAddress,
    }));
  };
  const ids = () => servers.map(({ id }) => id).sort();

  describe("of the tutorial", () => {
    it("are created with listeners and zones, and listed, all or by name", async () => {
      const made = await balancers.create({
        name: "my-lb",
        zones: ZONES,
        listeners: [
          { port: 80, instancePort: 8080, protocol: "http" },
          { port: 443, instancePort: 8443, protocol: "tcp" },
        ],
        metadata: { team: "web" },
        owner: "shop/my-lb",
      });
      expect(made).toMatchObject({
        name: "my-lb",
        id: "my-lb",
        type: "classic",
        status: "active",
        zones: ZONES,
        metadata: { team: "web" },
        owner: "shop/my-lb",
        listeners: [
          { port: 80, protocol: "http", instancePort: 8080 },
          { port: 443, protocol: "tcp", instancePort: 8443 },
        ],
      });
      await balancers.create({
        name: "load-balancer-staging",
        zones: ["eu-west-1a"],
        listeners: [{ port: 80, protocol: "http" }],
      });
      const names = (await collect(balancers.list())).map(({ name }) => name);
      expect(names).toEqual(["my-lb", "load-balancer-staging"]);
      const named = await collect(balancers.list({ names: ["my-lb", "nobody", "no_name"] }));
      expect(named).toMatchObject([{ name: "my-lb", owner: "shop/my-lb", metadata: { team: "web" } }]);
    });

    it("have their health check configured", async () => {
      expect(await balancers.configureHealthCheck("my-lb", CHECK)).toEqual(CHECK);
      expect((await balancers.get("my-lb")).pools[0]?.healthCheck).toEqual(CHECK);
      const own = { ...CHECK, target: "HTTP:/health" };
      expect(await balancers.configureHealthCheck("my-lb", own)).toEqual(own);
      expect((await balancers.get("my-lb")).pools[0]?.healthCheck).toEqual(own);
      const described = await aws.elb((sdk) => new sdk.DescribeLoadBalancersCommand({}), CALL);
      expect(described.LoadBalancerDescriptions?.[0]?.HealthCheck?.Target).toBe("HTTP:8080/health");
      await balancers.configureHealthCheck("my-lb", CHECK);
      expect((await balancers.get("my-lb")).pools[0]?.healthCheck).toEqual(CHECK);
    });

    it("say where clients connect, and are found by that", async () => {
      const [address = ""] = (await balancers.get("my-lb")).addresses;
      expect(address).toMatch(/^my-lb.*amazonaws\.com$/);
      expect((await balancers.get(address)).name).toBe("my-lb");
    });

    it("take instances and let them go, by id and by address", async () => {
      await balancers.register("my-lb", ids().slice(0, 1));
      await balancers.register("my-lb", ids(), { wait: true });
      const members = await collect(balancers.members("my-lb"));
      expect(members.map(({ id }) => id).sort()).toEqual(ids());
      expect(members).toMatchObject(
        members.map(({ id }) => ({
          health: "healthy",
          state: "enabled",
          port: 8080,
          address: servers.find((server) => server.id === id)?.address,
        })),
      );
      await balancers.deregister("my-lb", [...ids(), "i-0123456789abcdef0"], { wait: true });
      expect(await collect(balancers.members("my-lb"))).toEqual([]);
      await balancers.register("my-lb", [{ address: servers[0]?.address ?? "", port: 8080 }]);
      expect(await collect(balancers.members("my-lb"))).toMatchObject([{ id: servers[0]?.id }]);
    });

    it("have zones disabled and enabled", async () => {
      expect(await balancers.disableZones("my-lb", ["eu-west-1a"])).toEqual(["eu-west-1b"]);
      expect(await balancers.disableZones("my-lb", ["eu-west-1a"])).toEqual(["eu-west-1b"]);
      await expect(balancers.disableZones("my-lb", ["eu-west-1b"])).rejects.toSatisfy(is("config"));
      expect(await balancers.enableZones("my-lb", ["eu-west-1c"])).toEqual(["eu-west-1b", "eu-west-1c"]);
    });

    it("are deleted, and deleting them again is told", async () => {
      await balancers.delete("my-lb", { wait: true });
      await expect(balancers.get("my-lb")).rejects.toSatisfy(is("not-found"));
      await expect(balancers.delete("my-lb")).rejects.toMatchObject({
        code: "not-found",
        resource: "my-lb",
      });
      await balancers.delete("load-balancer-staging");
    });
  });

  describe("of the classic type", () => {
    const spec = {
      name: "classic",
      zones: ["eu-west-1a"],
      listeners: [{ port: 80, protocol: "http" as const, instancePort: 8080 }],
      healthCheck: CHECK,
      drainMs: 30_000,
      native: {
        crossZone: true,
        idleTimeout: "2m",
        accessLog: { bucket: "logs", prefix: "web", interval: "5m" },
        stickiness: { duration: "10m" },
      },
    };
    const attributes = async () =>
      (
        await aws.elb(
          (sdk) => new sdk.DescribeLoadBalancerAttributesCommand({ LoadBalancerName: "classic" }),
          CALL,
        )
      ).LoadBalancerAttributes;
    const description = async () =>
      (await aws.elb((sdk) => new sdk.DescribeLoadBalancersCommand({ LoadBalancerNames: ["classic"] }), CALL))
        .LoadBalancerDescriptions?.[0];

    it("have all that was asked for, and are found again by an equal call", async () => {
      const [one, other] = await Promise.all([balancers.create(spec), balancers.create(spec)]);
      expect(one).toEqual(other);
      expect(one.pools[0]).toMatchObject({ healthCheck: CHECK, drainMs: 30_000 });
      expect(await attributes()).toMatchObject({
        CrossZoneLoadBalancing: { Enabled: true },
        ConnectionSettings: { IdleTimeout: 120 },
        ConnectionDraining: { Enabled: true, Timeout: 30 },
        AccessLog: { Enabled: true, S3BucketName: "logs", S3BucketPrefix: "web", EmitInterval: 5 },
      });
      const sticky = (await description())?.Policies?.LBCookieStickinessPolicies;
      expect(sticky).toMatchObject([{ CookieExpirationPeriod: 600 }]);
      expect((await description())?.ListenerDescriptions?.[0]?.PolicyNames).toEqual([
        sticky?.[0]?.PolicyName,
      ]);
    });

    it("that differ are refused, with what differs", async () => {
      const other = { ...spec, healthCheck: { ...CHECK, healthy: 4 }, drainMs: 0 };
      await expect(balancers.create(other)).rejects.toMatchObject({
        code: "already-exists",
        resource: "classic",
        message: expect.stringMatching(/healthCheck, drain$/),
      });
      const { name, zones } = spec;
      const listeners = [{ port: 80, protocol: "tcp" as const }];
      await expect(balancers.create({ name, zones, listeners, type: "network" })).rejects.toSatisfy(
        is("already-exists"),
      );
    });

    it("are changed in what is asked for, and nothing else is called", async () => {
      const calls = await callsOf(() => balancers.update("classic", { drainMs: 60_000 }));
      expect(calls.filter((name) => !name.startsWith("Describe"))).toEqual(["ModifyLoadBalancerAttributes"]);
      const nothing = await callsOf(() => balancers.update("classic", { ...spec, drainMs: 60_000 }));
      expect(nothing.filter((name) => !name.startsWith("Describe"))).toEqual([]);
      await balancers.update("classic", {
        listeners: [
          { port: 80, protocol: "http", instancePort: 9090 },
          { port: 25, protocol: "tcp" },
        ],
        zones: ["eu-west-1b"],
        metadata: { team: "mail" },
        native: { stickiness: { cookie: "JSESSIONID" }, accessLog: false },
      });
      expect(await balancers.get("classic")).toMatchObject({
        listeners: [
          { port: 80, instancePort: 9090 },
          { port: 25, instancePort: 25 },
        ],
        zones: ["eu-west-1b"],
        metadata: { team: "mail" },
        pools: [{ drainMs: 60_000, healthCheck: CHECK }],
      });
      const { Policies, ListenerDescriptions = [] } = (await description()) ?? {};
      const names = (Policies?.AppCookieStickinessPolicies ?? []).map(({ PolicyName }) => PolicyName);
      expect(names).toHaveLength(1);
      expect(Policies?.LBCookieStickinessPolicies ?? []).toEqual([]);
      expect(ListenerDescriptions.map(({ PolicyNames }) => PolicyNames ?? [])).toEqual([names, []]);
      expect((await attributes())?.AccessLog?.Enabled).toBe(false);
      expect(await balancers.metadata("classic", { cost: "7" })).toEqual({ cost: "7" });
      expect((await balancers.get("classic")).metadata).toEqual({ cost: "7" });
    });

    it("let members go at once only where nobody is drained", async () => {
      await balancers.register("classic", ids());
      const gone = balancers.deregister("classic", ids(), { drain: false });
      await expect(gone).rejects.toSatisfy(is("unsupported"));
      await balancers.update("classic", { drainMs: 0 });
      await balancers.deregister("classic", ids(), { drain: false, wait: true });
      expect((await balancers.get("classic")).pools[0]?.members).toEqual([]);
    });

    it("are not made when something of them is refused, and what was made is taken back", async () => {
      const wrong = balancers.create({
        ...spec,
        name: "half-made",
        listeners: [{ port: 443, protocol: "ssl", certificate: "arn:aws:acm:eu-west-1:1:certificate/no" }],
        native: {},
      });
      await expect(wrong).rejects.toSatisfy(is("not-found"));
      await expect(
        balancers.create({ ...spec, name: "my_lb", drainMs: 1, native: { http2: true } }),
      ).rejects.toMatchObject({
        code: "config",
        message: expect.stringMatching(/letters, digits and hyphens.*http2.*whole seconds/),
        hint: expect.stringContaining("my-lb"),
      });
      expect((await collect(balancers.list())).map(({ name }) => name)).toEqual(["classic"]);
      await balancers.delete("classic");
    });
  });

  describe.each(["application", "network"] as const)("of type %s", (type) => {
    const name = `new-${type}`;
    const protocol = type === "application" ? ("http" as const) : ("tcp" as const);
    const check = { ...CHECK, target: type === "application" ? "HTTP:/health" : "TCP" };
    const spec = {
      name,
      type,
      zones: ZONES,
      listeners: [
        { port: 80, protocol, instancePort: 8080 },
        { port: 81, protocol, instancePort: 9090, pool: "admin" },
      ],
      pools: [
        { name: "default", algorithm: "round-robin" as const, healthCheck: check, drainMs: 30_000 },
        { name: "admin", algorithm: "round-robin" as const },
      ],
      metadata: { team: "web" },
      owner: "shop/new",
      native: { deletionProtection: false, stickiness: {} },
    };
    const targetGroups = async () =>
      ((await aws.elbV2((sdk) => new sdk.DescribeTargetGroupsCommand({}), CALL)).TargetGroups ?? [])
        .map(({ TargetGroupName }) => TargetGroupName)
        .sort();

    it("are made with a target group for each pool, and are found again", async () => {
      const [one, other] = await Promise.all([
        balancers.create(spec, { wait: true }),
        balancers.create(spec),
      ]);
      expect(other).toEqual(one);
      expect(one).toMatchObject({
        name,
        type,
        status: "active",
        zones: ZONES,
        metadata: { team: "web" },
        owner: "shop/new",
        listeners: [
          { port: 80, protocol, instancePort: 8080 },
          { port: 81, protocol, instancePort: 9090, pool: "admin" },
        ],
      });
      const byName = Object.fromEntries(one.pools.map((pool) => [pool.name, pool]));
      expect(byName.default).toMatchObject({ healthCheck: check, drainMs: 30_000, algorithm: "round-robin" });
      expect(byName.admin).toMatchObject({ drainMs: 300_000 });
      expect(await targetGroups()).toEqual([name, `${name}-pool-admin`]);
      for (const ref of [one.id, ...one.addresses]) expect((await balancers.get(ref)).id).toBe(one.id);
      expect(await collect(balancers.list({ names: [name] }))).toMatchObject([
        { id: one.id, owner: "shop/new" },
      ]);
      expect((await collect(balancers.list())).map(({ id }) => id)).toEqual([one.id]);
    });

    it("that differ are refused", async () => {
      const [first, ...rest] = spec.pools;
      const pools = [{ ...first, name: "default", algorithm: "round-robin" as const, drainMs: 0 }, ...rest];
      await expect(balancers.create({ ...spec, pools })).rejects.toSatisfy(is("already-exists"));
    });

    it("have health checks, members and drains by pool", async () => {
      await expect(balancers.configureHealthCheck(name, check)).rejects.toSatisfy(is("config"));
      const other = { ...check, intervalMs: 10_000 };
      expect(await balancers.configureHealthCheck(name, other, { pool: "admin" })).toEqual(other);
      await balancers.register(name, ids(), { pool: "admin", wait: true });
      await balancers.register(name, [{ address: servers[0]?.address ?? "", port: 8080 }], {
        pool: "default",
      });
      const admin = await collect(balancers.members(name, { pool: "admin" }));
      expect(admin.map(({ id, port, health }) => [id, port, health]).sort()).toEqual(
        ids().map((id) => [id, 9090, "healthy"]),
      );
      expect(await collect(balancers.members(name, { pool: "default" }))).toMatchObject([
        { id: servers[0]?.id, address: servers[0]?.address },
      ]);
      await balancers.deregister(name, [...ids(), "i-0123456789abcdef0"], { pool: "admin", wait: true });
      const now = await balancers.get(name);
      expect(now.pools.map((pool) => [pool.name, pool.members.length]).sort()).toEqual([
        ["admin", 0],
        ["default", 1],
      ]);
      expect(now.pools.find((pool) => pool.name === "admin")?.healthCheck).toEqual(other);
    });

    it("are changed in what is asked for", async () => {
      const nothing = await callsOf(() =>
        balancers.update(name, { metadata: { team: "web" }, zones: ZONES }),
      );
      expect(nothing.filter((one) => !one.startsWith("Describe"))).toEqual([]);
      await balancers.update(name, {
        listeners: [{ port: 82, protocol, instancePort: 8080 }],
        pools: [{ name: "default", algorithm: "round-robin", drainMs: 0 }],
        metadata: { team: "mail" },
        native: { stickiness: false },
      });
      expect(await balancers.get(name)).toMatchObject({
        listeners: [{ port: 82, protocol, instancePort: 8080 }],
        pools: [{ name: "default", drainMs: 0, members: [{ id: servers[0]?.id }] }],
        metadata: { team: "mail" },
        owner: "shop/new",
      });
      expect(await targetGroups()).toEqual([name]);
      await expect(
        balancers.update(name, { listeners: [{ port: 82, protocol, instancePort: 1 }] }),
      ).rejects.toSatisfy(is("unsupported"));
    });

    it("stand in the zones that are enabled", async () => {
      expect(await balancers.enableZones(name, ["eu-west-1c"])).toEqual([...ZONES, "eu-west-1c"]);
      expect(await balancers.disableZones(name, ["eu-west-1c"])).toEqual(ZONES);
      await expect(balancers.disableZones(name, ZONES)).rejects.toSatisfy(is("config"));
    });

    it("are deleted with their target groups", async () => {
      await balancers.delete(name, { wait: true });
      expect(await targetGroups()).toEqual([]);
      await expect(balancers.delete(name)).rejects.toSatisfy(is("not-found"));
    });

    it("whose target group's name is taken are not made", async () => {
      const { Vpcs } = await aws.ec2((sdk) => new sdk.DescribeVpcsCommand({}), CALL);
      const { TargetGroups } = await aws.elbV2(
        (sdk) =>
          new sdk.CreateTargetGroupCommand({
            Name: `${name}-pool-admin`,
            Protocol: protocol === "http" ? "HTTP" : "TCP",
            Port: 9090,
            VpcId: Vpcs?.[0]?.VpcId ?? "",
          }),
        CALL,
      );
      await expect(balancers.create(spec)).rejects.toMatchObject({
        code: "already-exists",
        resource: `${name}-pool-admin`,
      });
      expect(await collect(balancers.list())).toEqual([]);
      expect(await targetGroups()).toEqual([`${name}-pool-admin`]);
      await aws.elbV2(
        (sdk) => new sdk.DeleteTargetGroupCommand({ TargetGroupArn: TargetGroups?.[0]?.TargetGroupArn }),
        CALL,
      );
    });
  });
});
