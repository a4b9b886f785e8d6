/**
 * The health of one member, as a state machine without time or I/O.
 *
 * ```
 * unknown ──pass──▶ healthy ──refused──▶ suspect ──pass──▶ healthy
 *    │                 │                    │
 *   fail     fail × unhealthyCount         fail
 *    ▼                 ▼                    ▼
 * unknown          unhealthy ◀──────────────┘      unhealthy ──pass × healthyCount──▶ healthy
 * ```
 * A member that never failed needs one pass only, so that new capacity serves at once; `healthyCount` guards
 * against one that flaps.
 */
export interface Health {
  readonly status: "unknown" | "healthy" | "suspect" | "unhealthy";
  /** Passes in a row since the last failure. */
  readonly passes: number;
  /** Failures in a row since the last pass. */
  readonly failures: number;
  /** Why it is not healthy, in words. */
  readonly reason?: string;
}

/** What can happen to a member's health. `refused` is a failed connection of real traffic, not of a check. */
export type HealthEvent =
  | { readonly type: "pass" }
  | { readonly type: "fail"; readonly reason: string }
  | { readonly type: "refused"; readonly reason: string };

/** The counts of a health check that the state machine obeys. */
export interface HealthThresholds {
  readonly healthyCount: number;
  readonly unhealthyCount: number;
}

/**
 * Where a member starts.
 * @param checked - whether its pool has a health check; without one it is trusted until it refuses a connection.
 */
export function initialHealth(checked: boolean): Health {
  return { status: checked ? "unknown" : "healthy", passes: 0, failures: 0 };
}

/** Whether a member in this state may get new work. */
export function isServing(health: Health): boolean {
  return health.status === "healthy";
}

/** Whether the next check should come soon, because its outcome may let a waiting member serve. */
export function isEager(health: Health): boolean {
  return health.status === "unknown" || health.status === "suspect";
}

/** The state after an event. Pure. */
export function nextHealth(health: Health, event: HealthEvent, thresholds: HealthThresholds): Health {
  if (event.type === "pass") return afterPass(health, thresholds);
  const failures = health.failures + 1;
  const failed = { passes: 0, failures, reason: event.reason };
  if (event.type === "refused") {
    return { ...failed, status: health.status === "healthy" ? "suspect" : health.status };
  }
  if (health.status === "unknown") return { ...failed, status: "unknown" };
  const out = health.status !== "healthy" || failures >= thresholds.unhealthyCount;
  return { ...failed, status: out ? "unhealthy" : "healthy" };
}

function afterPass(health: Health, thresholds: HealthThresholds): Health {
  const passes = health.passes + 1;
  if (health.status !== "unhealthy" || passes >= thresholds.healthyCount) {
    return { status: "healthy", passes, failures: 0 };
  }
  return { ...health, passes, failures: 0 };
}
