import type { Health } from "./health.js";
import type { ListenerConfig, MemberConfig } from "./schema.js";
import type { Algorithm } from "./select.js";
import type { Summary } from "./stats.js";

/** One member as the balancer sees it now. */
export interface MemberStatus extends Omit<MemberConfig, "state"> {
  /** `removed`: gone from the configuration, with work still under way. */
  state: MemberConfig["state"] | "removed";
  health: Health["status"];
  /** Why it is not healthy. */
  reason?: string;
  /** Whether it gets new work. */
  serving: boolean;
  /** Requests and connections under way. */
  active: number;
  /** When what is left will be cut, in epoch milliseconds; absent unless it drains. */
  cutAtMs?: number;
}

/** What `GET /status` answers. */
export interface BalancerStatus {
  name: string;
  pid: number;
  /** Epoch milliseconds. */
  startedAtMs: number;
  listeners: (ListenerConfig & {
    /** The port that clients connect to; `port` may be 0. */
    boundPort: number;
    /** Open connections of clients. */
    connections: number;
  })[];
  pools: Record<string, { algorithm: Algorithm; waiting: number; members: MemberStatus[] }>;
}

/** Counts with what is under way now. */
export interface LiveSummary extends Summary {
  active: number;
}

/** What `GET /stats` answers. Members that have left are missing from `members`, not from the sums. */
export interface BalancerStats {
  /** Epoch milliseconds of this report. */
  atMs: number;
  /** All pools together. */
  total: LiveSummary;
  pools: Record<string, LiveSummary & { waiting: number; members: Record<string, LiveSummary> }>;
}
