/**
 * From an application or network balancer as it stands to what is wanted of it, as data. Pure.
 * @see docs.aws.amazon.com, Elastic Load Balancing API 2015-12-01
 */
import { isDeepStrictEqual } from "node:util";
import type {
  LoadBalancer as BalancerV2,
  Listener as ListenerV2,
  TargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { HealthCheck } from "@bellows/core";
import { balancerPairs, changedPairs, type Pairs, poolPairs } from "./balancer-attributes.js";
import { fromTargetGroupCheck } from "./balancer-health.js";
import { isSameSet } from "./balancer-sets.js";
import { BALANCER_TAGS, type Tag, tagChanges, tagValue } from "./balancer-tags.js";
import type { Wanted, WantedListener, WantedPool } from "./balancer-wanted.js";

/** A pool as it stands: a target group. */
export interface PoolState {
  group: TargetGroup;
  attributes: Pairs;
  /** Whether Bellows made it, for this balancer. */
  isOurs: boolean;
}

/** A balancer as AWS describes it; attributes and tags as far as they were read. */
export interface StateV2 {
  balancer: BalancerV2;
  listeners: readonly ListenerV2[];
  pools: ReadonlyMap<string, PoolState>;
  attributes: Pairs;
  tags: readonly Tag[];
}

/** A target group to make. */
export interface NewPool {
  pool: string;
  port: number;
  protocol: WantedListener["instanceProtocol"];
  check?: HealthCheck;
  attributes: { Key: string; Value: string }[];
}

/** What is to be done. */
export interface PlanV2 {
  /** What cannot be changed of a balancer that is there. */
  refused: string[];
  newPools: NewPool[];
  checks: { arn: string; check: HealthCheck }[];
  poolAttributes: { arn: string; attributes: { Key: string; Value: string }[] }[];
  /** Pools that no listener serves any more, made by Bellows. */
  oldPools: { arn: string; name: string }[];
  newListeners: WantedListener[];
  changedListeners: { arn: string; listener?: WantedListener; tlsPolicy?: string }[];
  oldListeners: { arn: string; port: number }[];
  attributes: { Key: string; Value: string }[];
  /** All subnets that it is to stand in. */
  subnets?: string[];
  securityGroups?: string[];
  tags: { set: { Key: string; Value: string }[]; remove: string[] };
}

/** Compares. What `wanted` leaves out stays as it is; zones must have become subnets before. */
export function planV2(there: StateV2, wanted: Wanted): PlanV2 {
  const { scheme, securityGroups } = wanted.native;
  const { subnets } = wanted;
  const now = (there.balancer.AvailabilityZones ?? []).map(({ SubnetId = "" }) => SubnetId);
  return {
    ...planPools(there, wanted),
    ...planListeners(there, wanted),
    refused: [
      ...(scheme === undefined || scheme === there.balancer.Scheme ? [] : ["scheme"]),
      ...refusedOfPools(there, wanted),
    ],
    attributes: changedPairs(there.attributes, balancerPairs(wanted.native, wanted.type)),
    ...(subnets !== undefined && !isSameSet(now, subnets) && { subnets }),
    ...(securityGroups !== undefined &&
      !isSameSet(there.balancer.SecurityGroups, securityGroups) && { securityGroups }),
    tags: planTags(there.tags, wanted),
  };
}

/** The contract's words for what a plan changes; empty: all is as wanted. */
export function wordsOfV2(plan: PlanV2): string[] {
  const keys = [...plan.tags.set.map(({ Key }) => Key), ...plan.tags.remove];
  const listeners = plan.newListeners.length + plan.changedListeners.length + plan.oldListeners.length;
  const words: readonly (readonly [string, boolean])[] = [
    ["pools", plan.newPools.length + plan.oldPools.length > 0],
    ["healthCheck", plan.checks.length > 0],
    ["listeners", listeners > 0],
    ["subnets", plan.subnets !== undefined],
    ["securityGroups", plan.securityGroups !== undefined],
    ["metadata", keys.some((key) => key !== BALANCER_TAGS.owner)],
    ["owner", keys.includes(BALANCER_TAGS.owner)],
  ];
  const attributes = [plan.attributes, ...plan.poolAttributes.map((one) => one.attributes)].flat();
  return [
    ...plan.refused,
    ...words.filter(([, differs]) => differs).map(([word]) => word),
    ...new Set(attributes.map(({ Key }) => Key)),
  ];
}

/** The target group that a listener forwards to; undefined where it answers itself or sends clients elsewhere. */
export function targetOf(listener: ListenerV2): string | undefined {
  const forward = listener.DefaultActions?.find(({ Type }) => Type === "forward");
  return forward?.TargetGroupArn ?? forward?.ForwardConfig?.TargetGroups?.[0]?.TargetGroupArn;
}

function planPools(
  there: StateV2,
  wanted: Wanted,
): Pick<PlanV2, "newPools" | "checks" | "poolAttributes" | "oldPools"> {
  const plan = { newPools: [], checks: [], poolAttributes: [], oldPools: [] } as ReturnType<typeof planPools>;
  const pools: readonly WantedPool[] = wanted.pools ?? [...there.pools.keys()].map((name) => ({ name }));
  for (const pool of pools) {
    const state = there.pools.get(pool.name);
    const pairs = poolPairs(wanted.native, pool, wanted.type);
    if (state === undefined) {
      const served = wanted.listeners?.find((listener) => listener.pool === pool.name);
      if (served !== undefined) plan.newPools.push(newPool(pool, served, pairs));
      continue;
    }
    const arn = state.group.TargetGroupArn ?? "";
    const check = pool.healthCheck;
    if (check !== undefined && !isDeepStrictEqual(fromTargetGroupCheck(state.group), check))
      plan.checks.push({ arn, check });
    const attributes = changedPairs(state.attributes, pairs);
    if (attributes.length > 0) plan.poolAttributes.push({ arn, attributes });
  }
  const left = new Set((wanted.listeners ?? []).map(({ pool }) => pool));
  for (const [name, { group, isOurs }] of there.pools)
    if (wanted.listeners !== undefined && isOurs && !left.has(name))
      plan.oldPools.push({ arn: group.TargetGroupArn ?? "", name: group.TargetGroupName ?? "" });
  return plan;
}

function newPool(pool: WantedPool, served: WantedListener, pairs: Pairs): NewPool {
  return {
    pool: pool.name,
    port: served.instancePort,
    protocol: served.instanceProtocol,
    ...(pool.healthCheck && { check: pool.healthCheck }),
    attributes: changedPairs({}, pairs),
  };
}

/** A target group keeps its port, its protocol and its kind of targets for life. */
function refusedOfPools(there: StateV2, { listeners = [], native }: Wanted): string[] {
  const refused = new Set<string>();
  for (const { pool, instancePort, instanceProtocol } of listeners) {
    const group = there.pools.get(pool)?.group;
    if (group === undefined) continue;
    if (group.Port !== instancePort || group.Protocol !== instanceProtocol.toUpperCase())
      refused.add(`the instance port and protocol of pool ${pool}`);
  }
  for (const { group } of there.pools.values())
    if (native.targetType !== undefined && native.targetType !== group.TargetType) refused.add("targetType");
  return [...refused];
}

function planListeners(
  there: StateV2,
  wanted: Wanted,
): Pick<PlanV2, "newListeners" | "changedListeners" | "oldListeners"> {
  const { tlsPolicy } = wanted.native;
  const plan = { newListeners: [], changedListeners: [], oldListeners: [] } as ReturnType<
    typeof planListeners
  >;
  const before = new Map(there.listeners.map((listener) => [listener.Port, listener]));
  for (const listener of wanted.listeners ?? []) {
    const old = before.get(listener.port);
    before.delete(listener.port);
    const target = there.pools.get(listener.pool)?.group.TargetGroupArn;
    if (old === undefined) plan.newListeners.push(listener);
    else if (!isSameListener(old, listener, target) || isOtherPolicy(old, tlsPolicy))
      plan.changedListeners.push({
        arn: old.ListenerArn ?? "",
        listener,
        ...(tlsPolicy !== undefined && { tlsPolicy }),
      });
  }
  for (const old of before.values()) {
    const arn = old.ListenerArn ?? "";
    if (wanted.listeners !== undefined) plan.oldListeners.push({ arn, port: Number(old.Port) });
    else if (tlsPolicy !== undefined && isOtherPolicy(old, tlsPolicy))
      plan.changedListeners.push({ arn, tlsPolicy });
  }
  return plan;
}

function isSameListener(old: ListenerV2, wanted: WantedListener, target: string | undefined): boolean {
  const { certificate } = wanted;
  return (
    old.Protocol === wanted.protocol.toUpperCase() &&
    target !== undefined &&
    targetOf(old) === target &&
    (certificate === undefined || old.Certificates?.[0]?.CertificateArn === certificate)
  );
}

function isOtherPolicy({ Protocol, SslPolicy }: ListenerV2, tlsPolicy: string | undefined): boolean {
  const isSecure = Protocol === "HTTPS" || Protocol === "TLS";
  return tlsPolicy !== undefined && isSecure && SslPolicy !== tlsPolicy;
}

function planTags(tags: readonly Tag[], { metadata, owner }: Wanted): PlanV2["tags"] {
  const { set, remove } = metadata === undefined ? { set: [], remove: [] } : tagChanges(tags, metadata);
  if (owner !== undefined && tagValue(tags, BALANCER_TAGS.owner) !== owner)
    set.push({ Key: BALANCER_TAGS.owner, Value: owner });
  return { set, remove };
}
