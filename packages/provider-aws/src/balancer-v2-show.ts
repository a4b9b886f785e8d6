/** Application and network balancers in the contract's words. Pure. */
import type {
  Listener as ListenerV2,
  TargetGroup,
  TargetHealthDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Health, Listener, LoadBalancer, Member, Pool, Protocol } from "@bellows/core";
import { algorithmOf, drainMsOf } from "./balancer-attributes.js";
import { plainProtocol } from "./balancer-faults.js";
import { fromTargetGroupCheck } from "./balancer-health.js";
import { DEFAULT_POOL } from "./balancer-names.js";
import type { BalancerType } from "./balancer-native.js";
import { BALANCER_TAGS, metadataOf, tagValue } from "./balancer-tags.js";
import { type PoolState, type StateV2, targetOf } from "./balancer-v2-plan.js";
import { wordsOfBalancer } from "./balancer-words.js";

/** What its state means. @see docs.aws.amazon.com, LoadBalancerState */
const STATUS: Readonly<Record<string, LoadBalancer["status"]>> = {
  provisioning: "pending",
  active: "active",
  active_impaired: "active",
  failed: "failed",
};

/** A balancer with the members of its pools, as far as they were asked for. */
export function showV2(
  { balancer, listeners, pools, attributes, tags }: StateV2,
  members: ReadonlyMap<string, Member[]>,
): LoadBalancer {
  const { LoadBalancerArn = "", LoadBalancerName = "", DNSName, State, Type } = balancer;
  const type: BalancerType = Type === "network" ? "network" : "application";
  const owner = tagValue(tags, BALANCER_TAGS.owner);
  const pool = poolByArn(pools);
  return {
    name: LoadBalancerName,
    id: LoadBalancerArn,
    type,
    status: STATUS[State?.Code ?? ""] ?? "pending",
    listeners: listeners.map((listener) => showListener(listener, type, pool)),
    pools: [...pools].map(([name, state]) => showPool(name, state, members.get(name) ?? [])),
    addresses: DNSName ? [DNSName] : [],
    zones: (balancer.AvailabilityZones ?? []).map(({ ZoneName = "" }) => ZoneName),
    metadata: metadataOf(tags),
    native: wordsOfBalancer(balancer, attributes),
    ...(owner !== undefined && { owner }),
  };
}

function showPool(name: string, { group, attributes }: PoolState, members: Member[]): Pool {
  const healthCheck = fromTargetGroupCheck(group);
  const drainMs = drainMsOf(attributes);
  return {
    name,
    algorithm: algorithmOf(attributes),
    ...(healthCheck && { healthCheck }),
    ...(drainMs !== undefined && { drainMs }),
    members,
  };
}

function poolByArn(pools: StateV2["pools"]): Map<string, { name: string; group: TargetGroup }> {
  return new Map([...pools].map(([name, { group }]) => [group.TargetGroupArn ?? "", { name, group }]));
}

/** Protocols of AWS that the contract has no word for, by the one that is nearest. */
const NEAREST: Readonly<Record<string, Protocol>> = { TCP_UDP: "tcp", QUIC: "udp", TCP_QUIC: "tcp" };

function toProtocol(protocol: string): Protocol {
  return NEAREST[protocol] ?? (protocol.toLowerCase() as Protocol);
}

function showListener(
  listener: ListenerV2,
  type: BalancerType,
  pools: ReturnType<typeof poolByArn>,
): Listener {
  const protocol = toProtocol(listener.Protocol ?? "");
  const { name, group } = pools.get(targetOf(listener) ?? "") ?? {};
  const instanceProtocol = group?.Protocol === undefined ? undefined : toProtocol(group.Protocol);
  const certificate = listener.Certificates?.[0]?.CertificateArn;
  return {
    port: Number(listener.Port),
    protocol,
    ...(group?.Port !== undefined && { instancePort: Number(group.Port) }),
    ...(instanceProtocol !== undefined &&
      instanceProtocol !== plainProtocol(protocol, type) && { instanceProtocol }),
    ...(name !== undefined && name !== DEFAULT_POOL && { pool: name }),
    ...(certificate && { certificate }),
  };
}

/** What a target's state means. @see docs.aws.amazon.com, TargetHealth */
const HEALTH: Readonly<Record<string, Health>> = {
  healthy: "healthy",
  unhealthy: "unhealthy",
  "unhealthy.draining": "unhealthy",
};

/** A member, as its health tells. One that listens elsewhere than its target group says has its port in its id. */
export function showTarget({ Target, TargetHealth }: TargetHealthDescription, group: TargetGroup): Member {
  const { Id = "", Port } = Target ?? {};
  const port = Port === undefined ? group.Port : Number(Port);
  const state = TargetHealth?.State ?? "";
  const detail = TargetHealth?.Description ?? TargetHealth?.Reason;
  return {
    id: group.TargetType === "ip" || port !== group.Port ? `${Id}:${port ?? ""}` : Id,
    ...(group.TargetType === "ip" && { address: Id }),
    ...(port !== undefined && { port }),
    state: state === "draining" ? "draining" : "enabled",
    health: HEALTH[state] ?? "unknown",
    ...(state !== "healthy" && detail && { detail }),
  };
}
