import { describe, expect, it } from "vitest";
import { type ClassicState, planClassic, wordsOfClassic } from "./balancer-classic-plan.js";
import type { Wanted } from "./balancer-wanted.js";

const LISTENER = { LoadBalancerPort: 80, Protocol: "HTTP", InstancePort: 8080, InstanceProtocol: "HTTP" };
const there: ClassicState = {
  description: {
    LoadBalancerName: "web",
    ListenerDescriptions: [{ Listener: LISTENER, PolicyNames: ["mine"] }],
    HealthCheck: {
      Target: "HTTP:8080/",
      Interval: 30,
      Timeout: 5,
      HealthyThreshold: 10,
      UnhealthyThreshold: 2,
    },
    AvailabilityZones: ["a", "b"],
    Scheme: "internet-facing",
    SecurityGroups: ["sg-1", "sg-2"],
  },
  tags: [
    { Key: "team", Value: "web" },
    { Key: "bellows:owner", Value: "shop/web" },
    { Key: "bellows:health-check-port", Value: "8080" },
  ],
  attributes: {
    ConnectionDraining: { Enabled: false, Timeout: 300 },
    ConnectionSettings: { IdleTimeout: 60 },
  },
};
const SAME = {
  port: 80,
  protocol: "http",
  instancePort: 8080,
  instanceProtocol: "http",
  pool: "default",
} as const;
const CHECK = { target: "HTTP:/", intervalMs: 30_000, timeoutMs: 5_000, healthy: 10, unhealthy: 2 };
const plan = (wanted: Partial<Wanted>) =>
  planClassic(there, { name: "web", type: "classic", native: {}, ...wanted });

describe("a change of a classic balancer", () => {
  it.each<[string, Partial<Wanted>]>([
    ["nothing is asked for", {}],
    [
      "all is so already",
      { listeners: [SAME], zones: ["b", "a"], metadata: { team: "web" }, owner: "shop/web" },
    ],
    [
      "the health check follows the instances' port already",
      { pools: [{ name: "default", healthCheck: CHECK, drainMs: 0 }] },
    ],
    ["attributes are so already", { native: { idleTimeout: 60_000, securityGroups: ["sg-2", "sg-1"] } }],
  ])("is none when %s", (_what, wanted) => expect(wordsOfClassic(plan(wanted))).toEqual([]));

  it.each<[string, Partial<Wanted>, string[]]>([
    ["the scheme", { native: { scheme: "internal" } }, ["scheme"]],
    ["draining", { pools: [{ name: "default", drainMs: 30_000 }] }, ["drain"]],
    ["the access log", { native: { accessLog: { bucket: "logs" } } }, ["accessLog"]],
    ["zones", { zones: ["a"] }, ["zones"]],
    ["metadata", { metadata: {} }, ["metadata"]],
    ["the owner", { owner: "other/web" }, ["owner"]],
    [
      "the health check's port",
      { pools: [{ name: "default", healthCheck: { ...CHECK, target: "HTTP:8080/" } }] },
      ["healthCheck"],
    ],
  ])("is told by its words: %s", (_what, wanted, words) =>
    expect(wordsOfClassic(plan(wanted))).toEqual(words),
  );

  it("makes a listener anew when it differs, with the policies that it had, and its check follows", () => {
    const changed = plan({ listeners: [{ ...SAME, instancePort: 9090 }] });
    expect(changed).toMatchObject({
      removed: [LISTENER],
      added: [{ ...LISTENER, InstancePort: 9090 }],
      policies: [{ port: 80, names: ["mine"] }],
      healthCheck: { Target: "HTTP:9090/" },
      tags: { set: [{ Key: "bellows:health-check-port", Value: "9090" }], remove: [] },
    });
  });

  it("leaves our own tags when metadata is replaced", () => {
    expect(plan({ metadata: { cost: "7" } }).tags).toEqual({
      set: [{ Key: "cost", Value: "7" }],
      remove: ["team"],
    });
  });

  it("names a cookie policy by what it says, because none can be changed", () => {
    const sticky = (stickiness: Wanted["native"]["stickiness"]) => plan({ native: { stickiness } }).newPolicy;
    expect(sticky({ duration: 60_000 })).toMatchObject({ expires: 60 });
    expect(sticky({ duration: 60_000 })?.name).toBe(sticky({ duration: 60_000 })?.name);
    expect(sticky({ duration: 60_000 })?.name).not.toBe(sticky({ cookie: "SID" })?.name);
    expect(sticky(false)).toBeUndefined();
  });
});
