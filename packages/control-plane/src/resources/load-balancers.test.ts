import type { LoadBalancer, LoadBalancerSpec } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { balancerDifferences } from "./load-balancers.js";

const check = { target: "TCP", intervalMs: 10_000, timeoutMs: 5_000, healthy: 2, unhealthy: 3 };
const found: LoadBalancer = {
  name: "web",
  id: "web",
  status: "active",
  listeners: [
    { port: 443, protocol: "tcp", instancePort: 8443 },
    { port: 80, protocol: "http", instancePort: 80 },
  ],
  pools: [{ name: "default", algorithm: "round-robin", healthCheck: check, drainMs: 0, members: [] }],
  addresses: ["web.example.com"],
  zones: ["b", "a"],
  metadata: { team: "web" },
};
const spec: LoadBalancerSpec = {
  name: "web",
  listeners: [
    { port: 80, protocol: "http" },
    { port: 443, protocol: "tcp", instancePort: 8443 },
  ],
};
const pathsOf = (more: Partial<LoadBalancerSpec>): string[] =>
  balancerDifferences(found, { ...spec, ...more }).map(({ path }) => path);

describe("a balancer and its file", () => {
  it.each<[string, Partial<LoadBalancerSpec>]>([
    ["listeners stand in another order, and one leaves its instance port out", {}],
    ["zones stand in another order", { zones: ["a", "b"] }],
    ["all that the file says is so", { healthCheck: check, drainMs: 0, metadata: { team: "web" } }],
    ["its pool is so", { pools: [{ name: "default", algorithm: "round-robin", drainMs: 0 }] }],
  ])("do not differ when %s", (_what, more) => expect(pathsOf(more)).toEqual([]));

  it("do not differ in a port that the file leaves open", () => {
    const listeners = [{ port: 0, protocol: "http" as const }];
    const local = { ...found, listeners: [{ port: 40_123, protocol: "http" as const }] };
    expect(balancerDifferences(local, { name: "web", listeners })).toEqual([]);
  });

  it.each<[Partial<LoadBalancerSpec>, string[]]>([
    [{ listeners: [{ port: 80, protocol: "http" }] }, ["listeners"]],
    [{ healthCheck: { ...check, healthy: 4 } }, ["healthCheck.healthy"]],
    [{ drainMs: 30_000 }, ["drainMs"]],
    [{ pools: [{ name: "api", algorithm: "random" }] }, ["pools.api.algorithm"]],
    [{ zones: ["a"] }, ["zones"]],
    [{ metadata: { team: "mail" } }, ["metadata.team"]],
  ])("differ: %j", (more, paths) => expect(pathsOf(more)).toEqual(paths));
});
