/** What the account may have of Autoscale, and how often it may ask. */
import type { CallOptions } from "@bellows/core";
import type { Rackspace } from "./client.js";

/** How often something may be asked. */
export interface RateLimit {
  /** What it counts, as the service writes it: `/v1.0/execute/*`. */
  uri: string;
  verb: string;
  value: number;
  /** Of time: `SECOND`, `MINUTE`. */
  unit: string;
  /** How many are left now. */
  remaining?: number;
}

/** The limits of Autoscale. */
export interface AutoscaleLimits {
  maxGroups: number;
  maxPoliciesPerGroup: number;
  maxWebhooksPerPolicy: number;
  rates: readonly RateLimit[];
}

interface WireLimits {
  limits: {
    absolute: { maxGroups: number; maxPoliciesPerGroup: number; maxWebhooksPerPolicy: number };
    rate?: { uri: string; limit?: { verb: string; value: number; unit: string; remaining?: number }[] }[];
  };
}

/** Reads the account's limits. */
export async function readLimits(rackspace: Rackspace, options: CallOptions = {}): Promise<AutoscaleLimits> {
  const call = { operation: "native.limits", signal: options.signal };
  const { body } = await rackspace.request<WireLimits>("autoscale", "/limits", call);
  const { absolute, rate = [] } = body.limits;
  const { maxGroups, maxPoliciesPerGroup, maxWebhooksPerPolicy } = absolute;
  const rates = rate.flatMap(({ uri, limit = [] }) =>
    limit.map(({ verb, value, unit, remaining }) => ({
      uri,
      verb,
      value,
      unit,
      ...(remaining === undefined ? {} : { remaining }),
    })),
  );
  return { maxGroups, maxPoliciesPerGroup, maxWebhooksPerPolicy, rates };
}
