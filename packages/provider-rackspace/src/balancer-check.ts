/**
 * Health checks in Rackspace's words. Pure.
 *
 * Note [Taking back]: Rackspace takes a node back after one good answer. `healthy` beyond 1 is kept, so that a file says
 * the same everywhere, and has no effect here.
 */
import { type HealthCheck, parseHealthCheckTarget } from "@bellows/core";
import type { BalancerSettings } from "./balancer-settings.js";
import type { WantedBalancer } from "./balancer-wanted.js";
import type { ClbMonitor } from "./balancer-words.js";

/** Ranges of a check. @see docs.rackspace.com, Cloud Load Balancers, Update health monitor */
const RANGES = { intervalMs: 3_600_000, timeoutMs: 300_000, unhealthy: 10 } as const;
const LONGEST_PATH = 128;
/** Answers that count as good. */
const GOOD_STATUS = "^[23][0-9][0-9]$";

/** What is wrong with a balancer's health check. */
export function checkFaults({ healthCheck, protocol, instancePort }: WantedBalancer): string[] {
  if (healthCheck === undefined) return [];
  const { target, intervalMs, timeoutMs, unhealthy } = healthCheck;
  const { protocol: by, port, path } = parseHealthCheckTarget(target);
  const rules: [boolean, string][] = [
    [by === "ssl", "target: write TCP"],
    [
      (by === "http" || by === "https") && by.toUpperCase() !== protocol,
      `target: a balancer of protocol ${protocol} is checked by ${protocol === "HTTP" || protocol === "HTTPS" ? `${protocol} or TCP` : "TCP"}`,
    ],
    [
      port !== undefined && port !== instancePort,
      `target: members are checked where they listen, on port ${instancePort}`,
    ],
    [(path?.length ?? 0) > LONGEST_PATH, `target: the path has at most ${LONGEST_PATH} characters`],
    [!isSeconds(intervalMs, RANGES.intervalMs), "intervalMs: is 1s to 1h, in whole seconds"],
    [!isSeconds(timeoutMs, RANGES.timeoutMs), "timeoutMs: is 1s to 5m, in whole seconds"],
    [unhealthy > RANGES.unhealthy, `unhealthy: is at most ${RANGES.unhealthy}`],
  ];
  return rules.flatMap(([isWrong, fault]) => (isWrong ? [`healthCheck.${fault}`] : []));
}

function isSeconds(ms: number, mostMs: number): boolean {
  return ms >= 1_000 && ms <= mostMs && ms % 1_000 === 0;
}

/** A check as Rackspace takes it. */
export function monitorIn({ target, intervalMs, timeoutMs, unhealthy }: HealthCheck): ClbMonitor {
  const { protocol, path } = parseHealthCheckTarget(target);
  const common = {
    delay: intervalMs / 1_000,
    timeout: timeoutMs / 1_000,
    attemptsBeforeDeactivation: unhealthy,
  };
  return protocol === "http" || protocol === "https"
    ? { type: protocol === "http" ? "HTTP" : "HTTPS", ...common, path: path ?? "/", statusRegex: GOOD_STATUS }
    : { type: "CONNECT", ...common };
}

/** A check in the contract's words; undefined where there is none. */
export function checkOf(
  monitor: Partial<ClbMonitor> | undefined,
  { healthy = 1, checkPort }: BalancerSettings,
): HealthCheck | undefined {
  if (monitor?.type === undefined) return undefined;
  const { type, delay = 10, timeout = 10, attemptsBeforeDeactivation = 3, path = "/" } = monitor;
  const port = checkPort === undefined ? "" : String(checkPort);
  const target = type === "CONNECT" ? `TCP${port && `:${port}`}` : `${type}:${port}${path}`;
  return {
    target,
    intervalMs: delay * 1_000,
    timeoutMs: timeout * 1_000,
    healthy,
    unhealthy: attemptsBeforeDeactivation,
  };
}
