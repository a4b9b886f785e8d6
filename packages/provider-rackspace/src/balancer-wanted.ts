import type { HealthCheck, Pool } from "@bellows/core";
import type { ClbProtocol } from "./balancer-words.js";
import type { RackspaceNative } from "./launch-schema.js";

/** All of a balancer that is wanted. */
export interface WantedBalancer {
  name: string;
  protocol: ClbProtocol;
  port: number;
  instancePort: number;
  pool: string;
  algorithm: Pool["algorithm"];
  healthCheck?: HealthCheck;
  drainMs: number;
  metadata: Record<string, string>;
  owner?: string;
  /** Without the protocol; spans in milliseconds. */
  native: Omit<RackspaceNative, "protocol">;
}
