/** Health checks in the contract's words and in AWS's. Pure. */
import type { HealthCheck as ClassicCheck } from "@aws-sdk/client-elastic-load-balancing";
import type {
  CreateTargetGroupInput,
  ModifyTargetGroupInput,
  TargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { type HealthCheck, type HealthCheckTarget, parseHealthCheckTarget } from "@bellows/core";
import type { BalancerType } from "./balancer-native.js";

/** What a type of balancer takes. */
interface Rules {
  protocols: readonly HealthCheckTarget["protocol"][];
  longestTimeoutMs: number;
  /** Whether the timeout may be as long as the interval. */
  mayEqual: boolean;
}

/**
 * The ranges that AWS checks. The tutorial of boto still names 600 s as the longest interval; the API says 300.
 * @see docs.aws.amazon.com, Classic Load Balancers, Health check configuration; CreateTargetGroup
 */
const RULES: Readonly<Record<BalancerType, Rules>> = {
  classic: { protocols: ["http", "https", "tcp", "ssl"], longestTimeoutMs: 60_000, mayEqual: false },
  application: { protocols: ["http", "https"], longestTimeoutMs: 120_000, mayEqual: false },
  network: { protocols: ["http", "https", "tcp"], longestTimeoutMs: 120_000, mayEqual: true },
};
const INTERVAL_MS = { min: 5_000, max: 300_000 };
const SHORTEST_TIMEOUT_MS = 2_000;
const THRESHOLD = { min: 2, max: 10 };

/** What AWS would refuse of a health check, in words. */
export function healthCheckFaults(check: HealthCheck, type: BalancerType): string[] {
  const rules = RULES[type];
  const { protocol } = parseHealthCheckTarget(check.target);
  const faults: string[] = [];
  const refuse = (isWrong: boolean, fault: string): void => {
    if (isWrong) faults.push(fault);
  };
  refuse(
    !rules.protocols.includes(protocol),
    `target ${check.target}: balancers of type ${type} check by ${rules.protocols.map((one) => one.toUpperCase()).join(", ")}`,
  );
  const { intervalMs, timeoutMs } = check;
  refuse(
    intervalMs < INTERVAL_MS.min || intervalMs > INTERVAL_MS.max,
    `interval ${intervalMs / 1_000} s is not 5 to 300 seconds`,
  );
  refuse(
    timeoutMs < SHORTEST_TIMEOUT_MS || timeoutMs > rules.longestTimeoutMs,
    `timeout ${timeoutMs / 1_000} s is not 2 to ${rules.longestTimeoutMs / 1_000} seconds`,
  );
  refuse(
    rules.mayEqual ? timeoutMs > intervalMs : timeoutMs >= intervalMs,
    `timeout ${timeoutMs / 1_000} s is ${rules.mayEqual ? "longer than" : "not shorter than"} the interval of ${intervalMs / 1_000} s`,
  );
  refuse(intervalMs % 1_000 !== 0 || timeoutMs % 1_000 !== 0, "interval and timeout are whole seconds");
  for (const [word, count] of Object.entries({ healthy: check.healthy, unhealthy: check.unhealthy }))
    refuse(count < THRESHOLD.min || count > THRESHOLD.max, `${word} ${count} is not 2 to 10`);
  return faults;
}

/** A check with its target written in the one way in which it is read back: `HTTP:8080/health`, `HTTP:/health`, `TCP`. */
export function plainCheck({ target, intervalMs, timeoutMs, healthy, unhealthy }: HealthCheck): HealthCheck {
  return { target: writeTarget(parseHealthCheckTarget(target)), intervalMs, timeoutMs, healthy, unhealthy };
}

function writeTarget({ protocol, port, path }: HealthCheckTarget): string {
  const colon = port === undefined && path === undefined ? "" : ":";
  return `${protocol.toUpperCase()}${colon}${port ?? ""}${path ?? ""}`;
}

/** Whether a check names no port, so that members are checked where they listen. */
export function isOnOwnPort({ target }: HealthCheck): boolean {
  return parseHealthCheckTarget(target).port === undefined;
}

/**
 * As a classic balancer takes it.
 * @param instancePort - where instances listen: the port of a target without one.
 */
export function toClassicCheck(check: HealthCheck, instancePort: number): ClassicCheck {
  const target = parseHealthCheckTarget(check.target);
  return {
    Target: writeTarget({ ...target, port: target.port ?? instancePort }),
    Interval: check.intervalMs / 1_000,
    Timeout: check.timeoutMs / 1_000,
    HealthyThreshold: check.healthy,
    UnhealthyThreshold: check.unhealthy,
  };
}

/**
 * A classic balancer's check.
 * @param ownPort - the instances' port, when it was set without one: it is shown so.
 */
export function fromClassicCheck(check: ClassicCheck, ownPort: number | undefined): HealthCheck {
  const { port, ...target } = parseHealthCheckTarget(check.Target ?? "TCP");
  return {
    target: writeTarget(port === undefined || port === ownPort ? target : { ...target, port }),
    intervalMs: Number(check.Interval) * 1_000,
    timeoutMs: Number(check.Timeout) * 1_000,
    healthy: Number(check.HealthyThreshold),
    unhealthy: Number(check.UnhealthyThreshold),
  };
}

/** What AWS calls a target group's check on the port of each target. */
const OWN_PORT = "traffic-port";

/** As a target group takes it. */
export function toTargetGroupCheck(
  check: HealthCheck,
): Omit<CreateTargetGroupInput, "Name"> & Omit<ModifyTargetGroupInput, "TargetGroupArn"> {
  const { protocol, port, path } = parseHealthCheckTarget(check.target);
  return {
    HealthCheckProtocol: protocol === "http" ? "HTTP" : protocol === "https" ? "HTTPS" : "TCP",
    HealthCheckPort: port === undefined ? OWN_PORT : String(port),
    ...(path === undefined ? {} : { HealthCheckPath: path }),
    HealthCheckIntervalSeconds: check.intervalMs / 1_000,
    HealthCheckTimeoutSeconds: check.timeoutMs / 1_000,
    HealthyThresholdCount: check.healthy,
    UnhealthyThresholdCount: check.unhealthy,
  };
}

/** A target group's check; undefined where it has none. */
export function fromTargetGroupCheck(group: TargetGroup): HealthCheck | undefined {
  const protocol = group.HealthCheckProtocol?.toLowerCase();
  if (group.HealthCheckEnabled === false || !isCheckProtocol(protocol)) return undefined;
  const port = group.HealthCheckPort;
  const path = protocol === "tcp" ? undefined : group.HealthCheckPath;
  return {
    target: writeTarget({
      protocol,
      ...(port === undefined || port === OWN_PORT ? {} : { port: Number(port) }),
      ...(path === undefined ? {} : { path }),
    }),
    intervalMs: Number(group.HealthCheckIntervalSeconds) * 1_000,
    timeoutMs: Number(group.HealthCheckTimeoutSeconds) * 1_000,
    healthy: Number(group.HealthyThresholdCount),
    unhealthy: Number(group.UnhealthyThresholdCount),
  };
}

function isCheckProtocol(text: string | undefined): text is "http" | "https" | "tcp" {
  return text === "http" || text === "https" || text === "tcp";
}
