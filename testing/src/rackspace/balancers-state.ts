/** What the stand-in keeps of Cloud Load Balancers: plain data, to be looked at and broken by tests. */
import type { JsonObject } from "./json.js";

/** Only what is ACTIVE takes changes. */
export type BalancerStatus =
  | "ACTIVE"
  | "BUILD"
  | "ERROR"
  | "PENDING_UPDATE"
  | "PENDING_DELETE"
  | "SUSPENDED"
  | "DELETED";

/** One that answers requests. Whether it is ONLINE follows from the health monitor, see `statusOf`. */
export interface Node {
  id: number;
  address: string;
  port: number;
  condition: "ENABLED" | "DISABLED" | "DRAINING";
  type: "PRIMARY" | "SECONDARY";
  weight: number;
  /** From when on a health monitor has looked at it. */
  checkedAtMs: number;
}

/** An address of a balancer. */
export interface VirtualIp {
  id: number;
  address: string;
  type: "PUBLIC" | "SERVICENET";
  ipVersion: "IPV4" | "IPV6";
}

/** A label of a balancer. */
export interface Meta {
  id: number;
  key: string;
  value: string;
}

/** A balancer. */
export interface Balancer {
  id: number;
  name: string;
  protocol: string;
  port: number;
  algorithm: string;
  status: BalancerStatus;
  /** Seconds. */
  timeout: number;
  halfClosed: boolean;
  httpsRedirect: boolean;
  nodes: Node[];
  virtualIps: VirtualIp[];
  /** `{}`: there is none. */
  healthMonitor: JsonObject;
  /** `{}`: there is none. */
  sessionPersistence: JsonObject;
  connectionLogging: JsonObject;
  contentCaching: JsonObject;
  /** `{}`: there is none. */
  connectionThrottle: JsonObject;
  metadata: Meta[];
  createdAtMs: number;
  updatedAtMs: number;
  /** Of the changes that were begun, the end of the last one makes it ACTIVE. */
  changes: number;
}
