import type { LoadBalancerSpec } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { leavingText, metadataChange, notesIn } from "./balancer-settings.js";
import { balancerOf, differencesFrom } from "./balancer-show.js";
import { patchedSpec, readSpec, settingsOf } from "./balancer-spec.js";
import type { Clb } from "./balancer-words.js";

const about = { provider: "rackspace", operation: "loadBalancers.create" };
const listeners: LoadBalancerSpec["listeners"] = [{ port: 80, protocol: "http", instancePort: 8080 }];
const check = { target: "HTTP:8080/health", intervalMs: 10_000, timeoutMs: 5_000, healthy: 2, unhealthy: 3 };

describe("a balancer that is wanted", () => {
  it("has every default written out", () => {
    expect(readSpec({ name: "web", listeners: [{ port: 0, protocol: "https" }] }, about)).toEqual({
      name: "web",
      protocol: "HTTPS",
      port: 443,
      instancePort: 443,
      pool: "default",
      algorithm: "round-robin",
      drainMs: 30_000,
      metadata: {},
      native: {},
    });
  });

  it.each<[Partial<LoadBalancerSpec>, RegExp]>([
    [{ listeners: [{ port: 0, protocol: "tcp" }] }, /TCP has no port of its own/],
    [{ name: "n".repeat(129) }, /at most 128/],
    [{ healthCheck: { ...check, target: "HTTPS:/" } }, /checked by HTTP or TCP/],
    [{ healthCheck: { ...check, target: "HTTP:9090/" } }, /on port 8080/],
    [{ healthCheck: { ...check, target: "SSL" } }, /write TCP/],
    [{ healthCheck: { ...check, intervalMs: 3_601_000 } }, /intervalMs: is 1s to 1h/],
    [{ healthCheck: { ...check, timeoutMs: 1_500 } }, /timeoutMs: is 1s to 5m, in whole seconds/],
    [{ healthCheck: { ...check, unhealthy: 11 } }, /unhealthy: is at most 10/],
    [{ healthCheck: { ...check, target: `HTTP:/${"p".repeat(128)}` } }, /path has at most 128/],
    [{ native: { protocol: "DNS_UDP" } }, /goes with a listener of protocol udp/],
    [{ native: { halfClosed: true } }, /halfClosed: goes with TCP/],
    [{ native: { httpsRedirect: true } }, /https on port 443/],
    [{ native: { timeout: "10s" } }, /native\.timeout/],
    [{ native: { shoeSize: 9 } }, /shoeSize/],
    [{ native: { address: "servicenet", virtualIp: "7" } }, /brings its own/],
    [{ metadata: { "bellows:x": "1" } }, /begin with bellows: are taken/],
    [{ metadata: Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`k${n}`, ""])) }, /at most 25/],
    [{ pools: [], algorithm: "random" }, /belong to its pool.*pools: needs one/],
  ])("%j is wrong", (more, message) => {
    const spec = { name: "web", listeners, ...more };
    expect(() => readSpec(spec, about)).toThrow(expect.objectContaining({ code: "config" }));
    expect(() => readSpec(spec, about)).toThrow(message);
  });

  it.each<[Partial<LoadBalancerSpec>, RegExp]>([
    [
      { listeners: [...listeners, { port: 81, protocol: "http" }] },
      /shares its address by native\.virtualIp/,
    ],
    [{ listeners: [{ port: 443, protocol: "ssl" }] }, /ends TLS at the balancer/],
    [{ zones: ["a"] }, /zones/],
    [{ subnets: ["a"] }, /subnets/],
    [{ type: "application" }, /one kind/],
  ])("%j is nothing that Rackspace can do", (more, message) => {
    const spec = { name: "web", listeners, ...more };
    expect(() => readSpec(spec, about)).toThrow(expect.objectContaining({ code: "unsupported" }));
    expect(() => readSpec(spec, about)).toThrow(message);
  });

  it("is told of all its faults at once", () => {
    const spec = {
      name: "web",
      listeners,
      healthCheck: { ...check, unhealthy: 11 },
      native: { halfClosed: true },
    };
    expect(() => readSpec(spec, about)).toThrow(/unhealthy.*halfClosed/);
  });
});

const clb: Clb = {
  id: 7,
  name: "web",
  protocol: "HTTP",
  port: 80,
  algorithm: "WEIGHTED_ROUND_ROBIN",
  status: "PENDING_UPDATE",
  timeout: 60,
  sessionPersistence: {},
  nodes: [
    { id: 1, address: "10.0.0.1", port: 8080, condition: "DRAINING", status: "ONLINE", weight: 5 },
    { id: 2, address: "10.0.0.2", port: 8080, condition: "ENABLED", status: "OFFLINE" },
  ],
  virtualIps: [
    { id: 15, address: "2001:db8::1", type: "PUBLIC", ipVersion: "IPV6" },
    { id: 16, address: "203.0.113.9", type: "PUBLIC", ipVersion: "IPV4" },
  ],
};

describe("a balancer that is there", () => {
  it("is shown in the contract's words, servers by their ids", () => {
    const items = [
      { id: 1, key: "team", value: "blue" },
      { id: 2, key: "bellows:owner", value: "shop/web" },
      { id: 3, key: "bellows:settings", value: '{"instancePort":8080,"healthy":2,"checkPort":8080}' },
    ];
    const monitor = {
      type: "HTTP" as const,
      delay: 10,
      timeout: 5,
      attemptsBeforeDeactivation: 3,
      path: "/health",
    };
    expect(balancerOf({ clb, monitor, items }, (at) => (at === "10.0.0.1" ? "server-1" : undefined))).toEqual(
      {
        name: "web",
        id: "7",
        status: "active",
        listeners: [{ port: 80, protocol: "http", instancePort: 8080, pool: "default" }],
        pools: [
          {
            name: "default",
            algorithm: "weighted-round-robin",
            healthCheck: check,
            drainMs: 30_000,
            members: [
              {
                id: "server-1",
                address: "10.0.0.1",
                port: 8080,
                weight: 5,
                state: "draining",
                health: "healthy",
              },
              { id: "10.0.0.2:8080", address: "10.0.0.2", port: 8080, state: "enabled", health: "unhealthy" },
            ],
          },
        ],
        addresses: ["203.0.113.9", "2001:db8::1"],
        zones: [],
        metadata: { team: "blue" },
        owner: "shop/web",
        native: { address: "public", virtualIp: "15", timeout: 60_000 },
      },
    );
  });

  it("that was made from a spec differs from it in nothing, and from another in that alone", () => {
    const wanted = readSpec(
      {
        name: "web",
        listeners,
        algorithm: "weighted-round-robin",
        healthCheck: check,
        drainMs: 5_000,
        metadata: { team: "blue" },
        native: { timeout: "1m", connectionLogging: false },
      },
      about,
    );
    const settings = { id: 1, key: "bellows:settings", value: JSON.stringify(settingsOf(wanted)) };
    const monitor = {
      type: "HTTP" as const,
      delay: 10,
      timeout: 5,
      attemptsBeforeDeactivation: 3,
      path: "/health",
    };
    const facts = { clb, monitor, items: [settings, { id: 2, key: "team", value: "blue" }] };
    expect(differencesFrom(wanted, facts)).toEqual([]);
    const other = {
      ...wanted,
      drainMs: 0,
      native: { ...wanted.native, timeout: 30_000, httpsRedirect: true },
    };
    expect(differencesFrom(other, facts)).toEqual(["drainMs", "native.timeout", "native.httpsRedirect"]);
    const { healthCheck: _gone, ...unchecked } = wanted;
    expect(differencesFrom(unchecked, facts)).toEqual(["healthCheck"]);
  });

  it("keeps what a patch does not say", () => {
    const shown = balancerOf({ clb, monitor: {}, items: [] }, () => undefined);
    const patched = patchedSpec(shown, { drainMs: 0, native: { timeout: 30_000 } });
    expect(readSpec(patched, about)).toMatchObject({
      algorithm: "weighted-round-robin",
      drainMs: 0,
      native: { timeout: 30_000, address: "public" },
    });
  });
});

describe("what is written down on a balancer", () => {
  it("is read again, and what is unreadable is as if it were not there", () => {
    const text = leavingText({ untilMs: 1_900_000_000_000, nodes: [410, 411] });
    expect(notesIn([{ id: 1, key: "bellows:leaving", value: text }]).leaving).toEqual({
      untilMs: 1_900_000_000_000,
      nodes: [410, 411],
    });
    for (const value of ["", "x", "{", '{"drainMs":"soon"}'])
      expect(
        notesIn([
          { id: 1, key: "bellows:leaving", value },
          { id: 2, key: "bellows:settings", value },
        ]),
      ).toEqual({ metadata: {}, settings: {} });
  });

  it("never outgrows a value", () => {
    const nodes = Array.from({ length: 60 }, (_, n) => 4_000_000_000 + n);
    expect(leavingText({ untilMs: 1_900_000_000_000, nodes }).length).toBeLessThanOrEqual(256);
  });

  it("changes in as few items as differ, and never loses who is leaving", () => {
    const there = [
      { id: 1, key: "a", value: "1" },
      { id: 2, key: "b", value: "2" },
      { id: 3, key: "bellows:leaving", value: "1:2" },
    ];
    expect(metadataChange(there, new Map(Object.entries({ a: "1", c: "3" })))).toEqual({
      add: [{ key: "c", value: "3" }],
      set: [],
      remove: [2],
    });
    expect(metadataChange(there, new Map(Object.entries({ a: "9", b: "2" })))).toEqual({
      add: [],
      set: [{ id: 1, value: "9" }],
      remove: [],
    });
  });
});
