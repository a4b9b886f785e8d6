/**
 * Attributes of balancers and target groups in AWS's words. Pure.
 * @see docs.aws.amazon.com, LoadBalancerAttributes (classic); LoadBalancerAttribute and TargetGroupAttribute
 */
import type { LoadBalancerAttributes } from "@aws-sdk/client-elastic-load-balancing";
import type { Pool } from "@bellows/core";
import type { BalancerNative, BalancerType } from "./balancer-native.js";
import type { WantedPool } from "./balancer-wanted.js";

/** Attributes of the newer API: keys and values, both texts. */
export type Pairs = Readonly<Record<string, string>>;

const DRAIN_KEY = "deregistration_delay.timeout_seconds";
const ALGORITHM_KEY = "load_balancing.algorithm.type";
const CROSS_ZONE_KEY = "load_balancing.cross_zone.enabled";

const ALGORITHMS: Readonly<Partial<Record<Pool["algorithm"], string>>> = {
  "round-robin": "round_robin",
  "least-connections": "least_outstanding_requests",
  random: "weighted_random",
};

/** What a balancer of the newer API is to be told. */
export function balancerPairs(native: BalancerNative, type: BalancerType): Pairs {
  const { accessLog, crossZone, deletionProtection, dropInvalidHeaders, http2, idleTimeout } = native;
  return texts({
    // An application balancer spreads over all zones, always: only its target groups may do otherwise.
    [CROSS_ZONE_KEY]: type === "network" ? crossZone : undefined,
    "idle_timeout.timeout_seconds": secondsOf(idleTimeout),
    "deletion_protection.enabled": deletionProtection,
    "routing.http2.enabled": http2,
    "routing.http.drop_invalid_header_fields.enabled": dropInvalidHeaders,
    "access_logs.s3.enabled": accessLog === undefined ? undefined : accessLog !== false,
    ...(accessLog && {
      "access_logs.s3.bucket": accessLog.bucket,
      "access_logs.s3.prefix": accessLog.prefix ?? "",
    }),
  });
}

/** What a pool's target group is to be told. */
export function poolPairs(native: BalancerNative, pool: Partial<WantedPool>, type: BalancerType): Pairs {
  const { crossZone, preserveClientIp, proxyProtocol, slowStart } = native;
  return texts({
    [DRAIN_KEY]: secondsOf(pool.drainMs),
    [ALGORITHM_KEY]:
      type === "application" && pool.algorithm !== undefined ? ALGORITHMS[pool.algorithm] : undefined,
    [CROSS_ZONE_KEY]: type === "application" ? crossZone : undefined,
    "slow_start.duration_seconds": secondsOf(slowStart),
    "preserve_client_ip.enabled": preserveClientIp,
    "proxy_protocol_v2.enabled": proxyProtocol,
    ...stickyPairs(native, type),
  });
}

function stickyPairs({ stickiness }: BalancerNative, type: BalancerType): Record<string, unknown> {
  if (stickiness === undefined) return {};
  if (stickiness === false) return { "stickiness.enabled": false };
  const { cookie, duration } = stickiness;
  const kind = type === "network" ? "source_ip" : cookie === undefined ? "lb_cookie" : "app_cookie";
  return {
    "stickiness.enabled": true,
    "stickiness.type": kind,
    "stickiness.app_cookie.cookie_name": cookie,
    [`stickiness.${kind}.duration_seconds`]: secondsOf(duration),
  };
}

/** Those of the wanted pairs that are not so yet, as both APIs of attributes take them. */
export function changedPairs(there: Pairs, wanted: Pairs): { Key: string; Value: string }[] {
  return Object.entries(wanted)
    .filter(([key, value]) => (there[key] ?? DEFAULTS[key]) !== value)
    .map(([Key, Value]) => ({ Key, Value }));
}

/** What AWS has where it shows nothing. */
const DEFAULTS: Pairs = {
  "access_logs.s3.enabled": "false",
  "deletion_protection.enabled": "false",
  "idle_timeout.timeout_seconds": "60",
  "stickiness.enabled": "false",
  "routing.http2.enabled": "true",
  "routing.http.drop_invalid_header_fields.enabled": "false",
};

/** Pairs as an object. */
export function pairsOf(
  list: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Pairs {
  return Object.fromEntries((list ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
}

/** How long a target group drains a member for; undefined where it does not say. */
export function drainMsOf(pairs: Pairs): number | undefined {
  const seconds = pairs[DRAIN_KEY];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

/** How a target group spreads; what it does not say is AWS's own way. */
export function algorithmOf(pairs: Pairs): Pool["algorithm"] {
  const found = Object.entries(ALGORITHMS).find(([, value]) => value === pairs[ALGORITHM_KEY]);
  return (found?.[0] as Pool["algorithm"] | undefined) ?? "round-robin";
}

/** What a classic balancer is to be told, section by section; what is not asked for is not there. */
export function classicAttributes(
  native: BalancerNative,
  drainMs: number | undefined,
): LoadBalancerAttributes {
  const { accessLog, crossZone, idleTimeout } = native;
  return {
    ...(crossZone !== undefined && { CrossZoneLoadBalancing: { Enabled: crossZone } }),
    ...(idleTimeout !== undefined && { ConnectionSettings: { IdleTimeout: idleTimeout / 1_000 } }),
    ...(drainMs !== undefined && {
      ConnectionDraining: drainMs === 0 ? { Enabled: false } : { Enabled: true, Timeout: drainMs / 1_000 },
    }),
    ...(accessLog !== undefined && {
      AccessLog:
        accessLog === false
          ? { Enabled: false }
          : {
              Enabled: true,
              S3BucketName: accessLog.bucket,
              ...(accessLog.prefix !== undefined && { S3BucketPrefix: accessLog.prefix }),
              ...(accessLog.interval !== undefined && { EmitInterval: accessLog.interval / 60_000 }),
            },
    }),
  };
}

/** Those sections that are not so yet; undefined when all are. */
export function changedSections(
  there: LoadBalancerAttributes,
  wanted: LoadBalancerAttributes,
): LoadBalancerAttributes | undefined {
  const changed = Object.entries(wanted).filter(([section, fields]) =>
    Object.entries(fields as object).some(
      ([field, value]) => Reflect.get(Reflect.get(there, section) ?? {}, field) !== value,
    ),
  );
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}

/** How long a classic balancer drains a member for; undefined where that is not known. */
export function classicDrainMs({ ConnectionDraining }: LoadBalancerAttributes): number | undefined {
  if (ConnectionDraining === undefined) return undefined;
  return ConnectionDraining.Enabled ? Number(ConnectionDraining.Timeout ?? 300) * 1_000 : 0;
}

function secondsOf(spanMs: number | undefined): number | undefined {
  return spanMs === undefined ? undefined : spanMs / 1_000;
}

function texts(fields: Record<string, unknown>): Pairs {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, String(value)]),
  );
}
