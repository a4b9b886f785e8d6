import {
  type Clock,
  collect,
  createHost,
  type LoadBalancerSpec,
  type LoadBalancersDriver,
  systemClock,
} from "@bellows/core";
import {
  type FaultProxy,
  hasPython,
  motoOptions,
  startFaultProxy,
  startMoto,
  type TestServer,
} from "@bellows/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Aws, createAws } from "../src/client.js";
import { createLoadBalancers } from "../src/load-balancers.js";

const CALL = { operation: "test" };
const HEALTH = { intervalMs: 20_000, timeoutMs: 5_000, healthy: 3, unhealthy: 5 };

/** Time that goes faster, so that what is looked for in vain is given up soon. */
const FASTER = 20;
const clock: Clock = {
  now: systemClock.now,
  monotonic: () => systemClock.monotonic() * FASTER,
  after: (delayMs, run, options) => systemClock.after(delayMs / FASTER, run, options),
};

describe.runIf(hasPython())("load balancers whose answers get lost", () => {
  let moto: TestServer;
  let proxy: FaultProxy;
  let aws: Aws;
  let balancers: Required<LoadBalancersDriver>;
  let serial = 0;
  beforeAll(async () => {
    moto = await startMoto();
    proxy = await startFaultProxy(moto.url);
    const host = createHost({ key: "aws", clock });
    aws = createAws(motoOptions(proxy), host);
    balancers = createLoadBalancers(aws, host);
  }, 300_000);
  beforeEach(() => {
    proxy.setRules();
    proxy.forget();
  });
  afterAll(async () => {
    aws?.close();
    await proxy?.stop();
    await moto?.stop();
  });

  const classic = (more: Partial<LoadBalancerSpec> = {}): LoadBalancerSpec => ({
    name: `lost-${serial++}`,
    zones: ["eu-west-1a"],
    listeners: [{ port: 80, protocol: "http", instancePort: 8080 }],
    healthCheck: { ...HEALTH, target: "HTTP:8080/health" },
    ...more,
  });
  const network = (): LoadBalancerSpec => ({
    ...classic({ type: "network", healthCheck: { ...HEALTH, target: "TCP" } }),
    listeners: [
      { port: 80, protocol: "tcp" },
      { port: 81, protocol: "tcp", instancePort: 80 },
    ],
  });
  const names = async (): Promise<string[]> => (await collect(balancers.list())).map(({ name }) => name);
  const targetGroups = async (): Promise<(string | undefined)[]> => {
    const { TargetGroups = [] } = await aws.elbV2((sdk) => new sdk.DescribeTargetGroupsCommand({}), CALL);
    return TargetGroups.map(({ TargetGroupName }) => TargetGroupName);
  };

  it("are made once", async () => {
    for (const spec of [classic(), network()]) {
      proxy.setRules({
        kind: "lost-answer",
        actions: ["CreateLoadBalancer", "CreateTargetGroup", "CreateListener", "ConfigureHealthCheck"],
        times: 4,
      });
      const made = await balancers.create(spec);
      expect(made.listeners).toHaveLength(spec.listeners.length);
      expect(made.pools).toMatchObject([{ name: "default", healthCheck: spec.healthCheck }]);
      expect((await names()).filter((name) => name === spec.name)).toHaveLength(1);
      await balancers.delete(spec.name);
    }
    expect(await targetGroups()).toEqual([]);
  });

  it("are found again by whoever asks again", async () => {
    const spec = classic();
    const made = await balancers.create(spec);
    const host = createHost({ key: "aws", clock });
    expect(await createLoadBalancers(aws, host).create(spec)).toEqual(made);
    await balancers.delete(spec.name);
  });

  it("are taken back when a later step fails", async () => {
    for (const [spec, action] of [
      [classic(), "ConfigureHealthCheck"],
      [network(), "CreateListener"],
    ] as const) {
      proxy.setRules({ kind: "unavailable", actions: [action] });
      await expect(balancers.create(spec)).rejects.toMatchObject({ code: "unavailable" });
      expect(await names()).toEqual([]);
      expect(await targetGroups()).toEqual([]);
    }
  });

  it("are told to be left behind when they can't be taken back", async () => {
    const spec = classic();
    proxy.setRules({ kind: "unavailable", actions: ["ConfigureHealthCheck", "DeleteLoadBalancer"] });
    await expect(balancers.create(spec)).rejects.toThrow(`left behind: load balancer ${spec.name}`);
    proxy.setRules();
    await balancers.delete(spec.name);
  });

  it("keep their listeners when new ones can't be made", async () => {
    const spec = classic();
    await balancers.create(spec);
    proxy.setRules({ kind: "unavailable", actions: ["CreateLoadBalancerListeners"], times: 4 });
    const listeners = [{ port: 80, protocol: "http" as const, instancePort: 9090 }];
    await expect(balancers.update(spec.name, { listeners })).rejects.toMatchObject({ code: "unavailable" });
    expect((await balancers.get(spec.name)).listeners).toEqual(spec.listeners);
    await balancers.delete(spec.name);
  });

  it("are all listed when pages are short", async () => {
    const specs = [classic(), classic(), classic(), network()];
    for (const spec of specs) await balancers.create(spec);
    proxy.setRules({ kind: "short-page", actions: ["DescribeLoadBalancers"], pageSize: 2 });
    expect((await names()).sort()).toEqual(specs.map(({ name }) => name).sort());
    proxy.setRules();
    for (const { name } of specs) await balancers.delete(name);
  });
});
