import type { LoadBalancerSpec, Server } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { balancerConfigSchema } from "./balancer/schema.js";
import {
  checkSpec,
  patchSpec,
  pickPool,
  poolsOf,
  showMember,
  toConfig,
  toMember,
  withHealthCheck,
} from "./balancer-spec.js";

const healthCheck = { target: "HTTP:/health", intervalMs: 2_000, timeoutMs: 1_000, healthy: 2, unhealthy: 3 };
const front: LoadBalancerSpec = {
  name: "front",
  listeners: [{ port: 8_080, protocol: "http" }],
  healthCheck,
};
const pools: LoadBalancerSpec["pools"] = [
  { name: "web", algorithm: "round-robin", healthCheck },
  { name: "api", algorithm: "least-connections" },
];
const server: Server = {
  id: "s1",
  name: "s1",
  status: "active",
  createdAtMs: 0,
  labels: {},
  addresses: ["127.0.0.1"],
  port: 20_001,
};
const found = () => Promise.resolve(server);

describe("what the balancer's process is told", () => {
  it("has one pool for a spec that names none, checked on the members' own port", () => {
    const config = balancerConfigSchema.parse(toConfig(front, {}, "127.0.0.1"));
    expect(config.listeners).toEqual([
      { address: "127.0.0.1", port: 8_080, protocol: "http", pool: "default" },
    ]);
    expect(config.pools.default).toMatchObject({
      algorithm: "round-robin",
      healthCheck: {
        protocol: "http",
        path: "/health",
        intervalMs: 2_000,
        healthyCount: 2,
        unhealthyCount: 3,
      },
    });
    expect(config.pools.default?.healthCheck).not.toHaveProperty("port");
  });

  it("keeps the members of pools that stay and drops those of pools that go", () => {
    const member = { id: "s1", address: "127.0.0.1", port: 1, weight: 1, state: "enabled" as const };
    const config = toConfig(
      { ...front, pools, listeners: [{ port: 1, protocol: "http", pool: "web" }] },
      { web: [member], old: [member] },
      "::",
    );
    expect(Object.keys(config.pools)).toEqual(["web", "api"]);
    expect(config.pools.web?.members).toEqual([member]);
  });

  it.each([
    ["HTTP:8081/health", { protocol: "http", port: 8_081, path: "/health" }],
    ["TCP:9000", { protocol: "tcp", port: 9_000 }],
    ["TCP", { protocol: "tcp" }],
  ])("reads the health check %s", (target, check) => {
    const config = toConfig({ ...front, healthCheck: { ...healthCheck, target } }, {}, "::");
    expect(config.pools.default?.healthCheck).toMatchObject(check);
  });
});

describe("a spec", () => {
  it.each([
    ["a TLS listener", { listeners: [{ port: 1, protocol: "https" as const }] }, "no protocol https here"],
    [
      "another protocol behind",
      { listeners: [{ port: 1, protocol: "http" as const, instanceProtocol: "https" as const }] },
      "http to https",
    ],
    ["a health check by TLS", { healthCheck: { ...healthCheck, target: "SSL:1" } }, "no health check by ssl"],
    ["another type", { type: "network" }, 'one type, "process"'],
    ["subnets", { subnets: ["a"] }, "no subnets"],
    ["two ways to describe a pool", { pools }, "belong to its pools"],
  ])("with %s is refused", (_, more, fault) => {
    expect(() => checkSpec({ ...front, ...more }, [])).toThrow(fault);
  });

  it("may name the zones that there are", () => {
    expect(() => checkSpec({ ...front, zones: ["a"] }, ["a", "b"])).not.toThrow();
  });

  it("takes a patch of its shorthand, and one of pools in its place", () => {
    expect(poolsOf(patchSpec(front, { algorithm: "least-connections" }))).toEqual([
      { name: "default", algorithm: "least-connections", healthCheck },
    ]);
    expect(patchSpec(front, { pools })).not.toHaveProperty("healthCheck");
    expect(patchSpec(front, { healthCheck: undefined } as never)).toEqual(front);
  });

  it("with several pools wants to know which one is meant", () => {
    const both = { ...front, pools };
    expect(() => pickPool(both, undefined)).toThrow("which pool?");
    expect(() => pickPool(both, "other")).toThrow('no pool "other"');
    expect(poolsOf(withHealthCheck(both, { ...healthCheck, target: "TCP" }, "api"))[1]).toMatchObject({
      healthCheck: { target: "TCP" },
    });
  });
});

describe("a new member", () => {
  it("that is a server gets traffic on its own port, unless the listener names one", async () => {
    expect(await toMember(front, "default", "s1", found)).toMatchObject({
      id: "s1",
      address: "127.0.0.1",
      port: 20_001,
    });
    const fixed = { ...front, listeners: [{ port: 80, protocol: "http" as const, instancePort: 9_000 }] };
    expect(await toMember(fixed, "default", "s1", found)).toMatchObject({ port: 9_000 });
  });

  it("without a port of its own gets the listener's", async () => {
    const { port: _, ...portless } = server;
    expect(await toMember(front, "default", "s1", () => Promise.resolve(portless))).toMatchObject({
      port: 8_080,
    });
    const any = { ...front, listeners: [{ port: 0, protocol: "http" as const }] };
    await expect(toMember(any, "default", "s1", () => Promise.resolve(portless))).rejects.toThrow(
      "has no port",
    );
  });

  it("may be an address", async () => {
    expect(await toMember(front, "default", "10.0.0.1:80", found)).toMatchObject({
      id: "10.0.0.1:80",
      address: "10.0.0.1",
      port: 80,
    });
    expect(await toMember(front, "default", "[::1]:80", found)).toMatchObject({ address: "::1", port: 80 });
    expect(await toMember(front, "default", { address: "h", port: 1, weight: 0 }, found)).toMatchObject({
      id: "h:1",
      state: "disabled",
    });
    expect(await toMember(front, "default", "pid:1234", found)).toMatchObject({ id: "s1" });
  });
});

describe("a member as people see it", () => {
  const member = { id: "a", address: "h", port: 1, weight: 1, serving: true, active: 2 };
  it("is draining while it leaves", () => {
    expect(showMember({ ...member, state: "removed", health: "healthy" })).toMatchObject({
      state: "draining",
      active: 2,
    });
  });
  it("is unhealthy as soon as it refuses a connection, and says why", () => {
    const shown = showMember({ ...member, state: "enabled", health: "suspect", reason: "refused" });
    expect(shown).toMatchObject({ health: "unhealthy", detail: "refused" });
  });
});
