import type { LoadBalancerSpec } from "@bellows/core";
import { isBellowsError } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { readPatch, readSpec } from "./balancer-spec.js";

const HTTP = { port: 80, protocol: "http" as const };
const CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1";
const base: LoadBalancerSpec = { name: "web", zones: ["eu-west-1a", "eu-west-1b"], listeners: [HTTP] };

/** What is refused of a spec; undefined: nothing. */
function faultsOf(spec: Partial<LoadBalancerSpec>): string | undefined {
  try {
    readSpec({ ...base, ...spec }, "aws");
    return undefined;
  } catch (error) {
    if (!isBellowsError(error, "config")) throw error;
    return error.message;
  }
}

describe("what a balancer is made from", () => {
  it("has its defaults written out", () => {
    expect(
      readSpec(
        { ...base, listeners: [HTTP, { port: 443, protocol: "https", certificate: CERTIFICATE }] },
        "aws",
      ),
    ).toEqual({
      name: "web",
      type: "classic",
      zones: base.zones,
      native: {},
      pools: [{ name: "default" }],
      listeners: [
        { ...HTTP, instancePort: 80, instanceProtocol: "http", pool: "default" },
        {
          port: 443,
          protocol: "https",
          instancePort: 443,
          instanceProtocol: "http",
          pool: "default",
          certificate: CERTIFICATE,
        },
      ],
    });
  });

  it.each<[string, Partial<LoadBalancerSpec>]>([
    ["an application balancer that spreads by load", { type: "application", algorithm: "least-connections" }],
    ["a network balancer", { type: "network", listeners: [{ port: 53, protocol: "udp" }] }],
    ["one in subnets", { zones: undefined as never, subnets: ["subnet-1", "subnet-2"] }],
    ["an hour of draining", { drainMs: 3_600_000 }],
    ["native words as people write them", { native: { idleTimeout: "2m", stickiness: { cookie: "SID" } } }],
    [
      "native words as a file has them",
      { native: { idleTimeout: 120_000, stickiness: { duration: 60_000 } } },
    ],
  ])("may be %s", (_what, spec) => expect(faultsOf(spec)).toBeUndefined());

  it.each<[Partial<LoadBalancerSpec>, RegExp]>([
    [{ type: "clasic" }, /no type "clasic"/],
    [{ name: "my_lb" }, /letters, digits and hyphens/],
    [{ name: "internal-web" }, /internal-/],
    [{ zones: undefined as never }, /zones or its subnets/],
    [{ subnets: ["subnet-1"] }, /write one of them/],
    [{ type: "application", zones: ["eu-west-1a"] }, /needs 2 at least/],
    [{ listeners: [{ port: 0, protocol: "http" }] }, /AWS does not choose a port/],
    [{ listeners: [HTTP, HTTP] }, /listener 80: it is there twice/],
    [{ listeners: [{ port: 443, protocol: "https" }] }, /needs the ARN of a certificate/],
    [{ listeners: [{ ...HTTP, certificate: CERTIFICATE }] }, /certificate means nothing/],
    [
      { listeners: [{ port: 443, protocol: "tls", certificate: CERTIFICATE }] },
      /http, https, tcp, ssl, not tls/,
    ],
    [{ listeners: [{ ...HTTP, instanceProtocol: "tcp" }] }, /by http or https, not tcp/],
    [
      { listeners: [HTTP, { port: 81, protocol: "http", instancePort: 80, instanceProtocol: "https" }] },
      /instance port 80 is spoken to with TLS or without/,
    ],
    [
      { type: "application", listeners: [HTTP, { port: 81, protocol: "http" }] },
      /pool default has one instance port/,
    ],
    [{ listeners: [{ ...HTTP, pool: "api" }] }, /has one pool, default/],
    [{ pools: [{ name: "default", algorithm: "round-robin" }], drainMs: 0 }, /write them in each/],
    [
      {
        type: "application",
        pools: [
          { name: "api", algorithm: "random" },
          { name: "b", algorithm: "random" },
        ],
      },
      /listener 80: it has no pool "default".*pool api: no listener serves it.*pool b/,
    ],
    [{ algorithm: "least-connections" }, /type classic has round-robin/],
    [{ drainMs: 3_601_000 }, /drain: at most 1h/],
    [{ drainMs: 1_500 }, /drain: must be whole seconds/],
    [{ metadata: { "aws:x": "y" } }, /keys that begin with aws:/],
    [{ metadata: Object.fromEntries([..."abcdefghi"].map((key) => [key, key])) }, /at most 8 keys/],
    [{ native: { http2: true } }, /native.http2: only balancers of type application/],
    [{ native: { healthCheckType: "ELB" } }, /native/],
    [{ native: { idleTimeout: "61m" } }, /at most 1h/],
    [{ native: { idleTimeout: 60 } }, /native.idleTimeout/],
    [{ native: { accessLog: { bucket: "b", interval: "10m" } } }, /is 5m or 1h/],
    [{ native: { stickiness: { cookie: "SID", duration: "1m" } } }, /leave duration out/],
    [
      { type: "network", listeners: [{ port: 1, protocol: "tcp" }], native: { stickiness: { cookie: "S" } } },
      /stickiness: \{\}/,
    ],
    [{ type: "application", native: { slowStart: "5s" } }, /0s, or 30s to 15m/],
  ])("is refused: %j", (spec, message) => expect(faultsOf(spec)).toMatch(message));

  it("is refused with every fault at once", () => {
    expect(
      faultsOf({
        name: "my_lb",
        drainMs: 1,
        listeners: [{ port: 0, protocol: "udp" }],
        healthCheck: { target: "TCP", intervalMs: 1_000, timeoutMs: 1_000, healthy: 1, unhealthy: 11 },
      }),
    ).toMatch(/name.*listener 0.*not udp.*whole seconds.*interval.*timeout.*healthy 1.*unhealthy 11/);
  });
});

describe("what is changed of a balancer", () => {
  const pool = { algorithm: "round-robin" as const, members: [] };
  const there = {
    name: "web",
    type: "application",
    listeners: [
      { ...HTTP, instancePort: 80 },
      { port: 81, protocol: "http" as const, instancePort: 81, pool: "api" },
    ],
    pools: [
      { ...pool, name: "default" },
      { ...pool, name: "api" },
    ],
  };
  const one = { ...there, listeners: there.listeners.slice(0, 1), pools: there.pools.slice(0, 1) };

  it("is what the patch names, and nothing else", () => {
    expect(readPatch(one, { drainMs: 5_000 }, "aws")).toEqual({
      name: "web",
      type: "application",
      native: {},
      pools: [{ name: "default", drainMs: 5_000 }],
    });
    expect(readPatch(there, { metadata: {} }, "aws")).toEqual({
      name: "web",
      type: "application",
      native: {},
      metadata: {},
    });
  });

  it("names its pool where there are several", () => {
    expect(() => readPatch(there, { drainMs: 5_000 }, "aws")).toThrow(/which pool\?.*default, api/);
    expect(() => readPatch(there, { pools: [{ ...pool, name: "default" }] }, "aws")).toThrow(/no pool "api"/);
    expect(() => readPatch(there, { listeners: [HTTP] }, "aws")).toThrow(/pool api: no listener serves it/);
  });
});
