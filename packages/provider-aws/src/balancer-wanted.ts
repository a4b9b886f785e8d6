/** What is wanted of a balancer, with every default of ours written out. */
import type { Metadata, Pool, Protocol } from "@bellows/core";
import type { BalancerNative, BalancerType } from "./balancer-native.js";

/** A listener with its defaults written out. */
export interface WantedListener {
  port: number;
  protocol: Protocol;
  instancePort: number;
  instanceProtocol: Protocol;
  pool: string;
  certificate?: string;
}

/** What is wanted of a pool; what is left out stays, or is as AWS has it. */
export type WantedPool = Pick<Pool, "name"> & Partial<Pick<Pool, "algorithm" | "drainMs" | "healthCheck">>;

/** What is wanted of a balancer; what is left out stays as it is. */
export interface Wanted {
  name: string;
  type: BalancerType;
  listeners?: WantedListener[];
  pools?: WantedPool[];
  zones?: string[];
  subnets?: string[];
  metadata?: Metadata;
  owner?: string;
  native: BalancerNative;
}
/** What is wanted of a new balancer. */
export type WantedBalancer = Wanted & Required<Pick<Wanted, "listeners" | "pools">>;
