/** What Cloud Load Balancers show and take, and their words beside the contract's. Pure. */
import type { Member, Pool, Protocol } from "@bellows/core";
import type { RackspaceNative } from "./launch-schema.js";

/** A balancer as `GET /loadbalancers/ID` shows it, as far as it is read here. */
export interface Clb {
  id: number;
  name: string;
  protocol: ClbProtocol;
  port: number;
  algorithm?: string;
  status: ClbStatus;
  timeout?: number;
  halfClosed?: boolean;
  httpsRedirect?: boolean;
  connectionLogging?: { enabled?: boolean };
  contentCaching?: { enabled?: boolean };
  sessionPersistence?: { persistenceType?: string };
  nodes?: ClbNode[];
  virtualIps?: { id: number; address: string; type?: string; ipVersion?: string }[];
}

/** Where a balancer is in its life. While it is not ACTIVE it takes no change. */
export type ClbStatus =
  | "BUILD"
  | "ACTIVE"
  | "PENDING_UPDATE"
  | "PENDING_DELETE"
  | "DELETED"
  | "ERROR"
  | "SUSPENDED";

/** A member, as it is shown. */
export interface ClbNode {
  id: number;
  address: string;
  port: number;
  condition: "ENABLED" | "DISABLED" | "DRAINING";
  status?: "ONLINE" | "OFFLINE";
  weight?: number;
}

/** A health check, as it is shown and taken; spans in seconds. */
export interface ClbMonitor {
  type: "CONNECT" | "HTTP" | "HTTPS";
  delay: number;
  timeout: number;
  attemptsBeforeDeactivation: number;
  path?: string;
  statusRegex?: string;
}

/** One item of metadata. */
export interface ClbMeta {
  id: number;
  key: string;
  value: string;
}

/** A protocol of Cloud Load Balancers. */
export type ClbProtocol = NonNullable<RackspaceNative["protocol"]>;

/** The protocol that each of the contract's stands for. TLS that ends at the balancer is set up apart, so `ssl` and `tls` are none. */
export const PLAIN_PROTOCOLS: Readonly<Partial<Record<Protocol, ClbProtocol>>> = {
  http: "HTTP",
  https: "HTTPS",
  tcp: "TCP",
  udp: "UDP",
};

/** What a protocol of Cloud Load Balancers is carried by, in the contract's words. */
export function protocolOf(protocol: ClbProtocol): Protocol {
  if (protocol === "HTTP") return "http";
  if (protocol === "HTTPS") return "https";
  return protocol === "DNS_UDP" || protocol.startsWith("UDP") ? "udp" : "tcp";
}

/** An algorithm in Rackspace's words: `WEIGHTED_ROUND_ROBIN`. */
export function algorithmIn(algorithm: Pool["algorithm"]): string {
  return algorithm.replaceAll("-", "_").toUpperCase();
}

/** An algorithm in the contract's words. */
export function algorithmOf(algorithm: string | undefined): Pool["algorithm"] {
  return (algorithm ?? "RANDOM").replaceAll("_", "-").toLowerCase() as Pool["algorithm"];
}

/** A condition in the contract's words: `ENABLED` is `enabled`. */
export function stateOf(condition: ClbNode["condition"]): Member["state"] {
  return condition.toLowerCase() as Member["state"];
}

/** What becomes of a balancer's life in the contract's words. One that takes no change for a moment serves all the same. */
export const STATUSES: Readonly<Record<ClbStatus, "pending" | "active" | "failed" | "deleting">> = {
  BUILD: "pending",
  ACTIVE: "active",
  PENDING_UPDATE: "active",
  PENDING_DELETE: "deleting",
  DELETED: "deleting",
  ERROR: "failed",
  SUSPENDED: "failed",
};
