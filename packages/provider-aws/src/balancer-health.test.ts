import type { HealthCheck } from "@bellows/core";
import { describe, expect, it } from "vitest";
import {
  fromClassicCheck,
  fromTargetGroupCheck,
  healthCheckFaults,
  plainCheck,
  toClassicCheck,
  toTargetGroupCheck,
} from "./balancer-health.js";
import type { BalancerType } from "./balancer-native.js";

const CHECK: HealthCheck = {
  target: "HTTP:8080/health",
  intervalMs: 20_000,
  timeoutMs: 5_000,
  healthy: 3,
  unhealthy: 5,
};

describe("health checks", () => {
  it.each<[BalancerType, Partial<HealthCheck>]>([
    ["classic", {}],
    ["classic", { intervalMs: 5_000, timeoutMs: 2_000, healthy: 2, unhealthy: 2 }],
    ["classic", { intervalMs: 300_000, timeoutMs: 60_000, healthy: 10, unhealthy: 10 }],
    ["classic", { target: "SSL:443" }],
    ["application", { intervalMs: 300_000, timeoutMs: 120_000 }],
    ["network", { target: "TCP", intervalMs: 10_000, timeoutMs: 10_000 }],
  ])("of a balancer of type %s are taken: %j", (type, part) =>
    expect(healthCheckFaults({ ...CHECK, ...part }, type)).toEqual([]),
  );

  it.each<[BalancerType, Partial<HealthCheck>, RegExp]>([
    ["classic", { intervalMs: 4_000, timeoutMs: 2_000 }, /interval 4 s is not 5 to 300/],
    ["classic", { intervalMs: 600_000 }, /interval 600 s/],
    ["classic", { timeoutMs: 1_000 }, /timeout 1 s is not 2 to 60/],
    ["classic", { intervalMs: 200_000, timeoutMs: 61_000 }, /timeout 61 s/],
    ["classic", { intervalMs: 5_000, timeoutMs: 5_000 }, /not shorter than the interval/],
    ["classic", { intervalMs: 5_500 }, /whole seconds/],
    ["classic", { healthy: 1 }, /healthy 1 is not 2 to 10/],
    ["classic", { unhealthy: 11 }, /unhealthy 11 is not 2 to 10/],
    ["application", { target: "TCP:80" }, /check by HTTP, HTTPS/],
    ["network", { target: "SSL" }, /check by HTTP, HTTPS, TCP/],
    ["network", { intervalMs: 5_000, timeoutMs: 6_000 }, /longer than the interval/],
  ])("of a balancer of type %s are refused: %j", (type, part, message) => {
    const faults = healthCheckFaults({ ...CHECK, ...part }, type);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(message);
  });

  it.each([
    ["HTTP:8080/health", "HTTP:8080/health", "HTTP:8080/health"],
    ["HTTP:/health", "HTTP:9090/health", "HTTP:/health"],
    ["HTTP/health", "HTTP:9090/health", "HTTP:/health"],
    ["TCP", "TCP:9090", "TCP"],
    ["TCP:25", "TCP:25", "TCP:25"],
  ])("%s is %s for a classic balancer, and is shown as %s", (target, sent, shown) => {
    const check = { ...CHECK, target };
    const classic = toClassicCheck(check, 9_090);
    expect(classic.Target).toBe(sent);
    expect(fromClassicCheck(classic, shown === sent ? undefined : 9_090)).toEqual({
      ...CHECK,
      target: shown,
    });
    expect(plainCheck(check).target).toBe(shown);
    expect(fromTargetGroupCheck(toTargetGroupCheck(check))?.target).toBe(shown);
  });
});
