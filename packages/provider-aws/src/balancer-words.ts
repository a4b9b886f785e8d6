/** What only AWS has of a balancer, in the words of a file, as far as it was read. Pure. */
import type { LoadBalancerAttributes, LoadBalancerDescription } from "@aws-sdk/client-elastic-load-balancing";
import type { LoadBalancer as BalancerV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Pairs } from "./balancer-attributes.js";
import type { BalancerNative } from "./balancer-native.js";

type Words = { [Word in keyof BalancerNative]: BalancerNative[Word] | undefined };

/** Of a classic balancer. Its stickiness is kept as policies of listeners, which are not read for this. */
export function classicWords(
  { Scheme, SecurityGroups = [] }: LoadBalancerDescription,
  attributes: LoadBalancerAttributes | undefined,
): Record<string, unknown> {
  const { AccessLog, ConnectionSettings, CrossZoneLoadBalancing } = attributes ?? {};
  return known({
    scheme: Scheme as BalancerNative["scheme"],
    securityGroups: SecurityGroups.length === 0 ? undefined : SecurityGroups,
    crossZone: CrossZoneLoadBalancing?.Enabled,
    idleTimeout: milliseconds(ConnectionSettings?.IdleTimeout),
    accessLog: AccessLog === undefined ? undefined : classicLog(AccessLog),
  });
}

function classicLog({
  Enabled,
  S3BucketName = "",
  S3BucketPrefix,
  EmitInterval,
}: NonNullable<LoadBalancerAttributes["AccessLog"]>): BalancerNative["accessLog"] {
  if (Enabled !== true) return false;
  return {
    bucket: S3BucketName,
    ...(S3BucketPrefix && { prefix: S3BucketPrefix }),
    ...(EmitInterval !== undefined && { interval: EmitInterval * 60_000 }),
  };
}

/** Of an application or network balancer; what its target groups keep is not among it. */
export function wordsOfBalancer(
  { Scheme, SecurityGroups = [] }: BalancerV2,
  pairs: Pairs,
): Record<string, unknown> {
  const isOn = (key: string): boolean | undefined => (key in pairs ? pairs[key] === "true" : undefined);
  const logs = isOn("access_logs.s3.enabled");
  return known({
    scheme: Scheme as BalancerNative["scheme"],
    securityGroups: SecurityGroups.length === 0 ? undefined : SecurityGroups,
    crossZone: isOn("load_balancing.cross_zone.enabled"),
    idleTimeout: milliseconds(pairs["idle_timeout.timeout_seconds"]),
    deletionProtection: isOn("deletion_protection.enabled"),
    http2: isOn("routing.http2.enabled"),
    dropInvalidHeaders: isOn("routing.http.drop_invalid_header_fields.enabled"),
    accessLog: logs === true ? logOf(pairs) : logs,
  });
}

function logOf(pairs: Pairs): BalancerNative["accessLog"] {
  const prefix = pairs["access_logs.s3.prefix"];
  return { bucket: pairs["access_logs.s3.bucket"] ?? "", ...(prefix && { prefix }) };
}

function milliseconds(seconds: string | number | undefined): number | undefined {
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

function known(words: Partial<Words>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined));
}
