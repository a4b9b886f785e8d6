/** The words that only AWS has on balancers, checked for each type. Pure. */
import type { z } from "@bellows/core";
import { nativeSchema } from "./launch-schema.js";

/** The kinds of balancers that this provider makes. */
export const BALANCER_TYPES = ["classic", "application", "network"] as const;
/** A kind of balancer. */
export type BalancerType = (typeof BALANCER_TYPES)[number];

const balancerNativeSchema = nativeSchema.pick({
  scheme: true,
  securityGroups: true,
  crossZone: true,
  idleTimeout: true,
  accessLog: true,
  stickiness: true,
  deletionProtection: true,
  tlsPolicy: true,
  targetType: true,
  slowStart: true,
  http2: true,
  dropInvalidHeaders: true,
  preserveClientIp: true,
  proxyProtocol: true,
});
/** What only AWS has on balancers; spans in milliseconds. */
export type BalancerNative = z.infer<typeof balancerNativeSchema>;

/** Words that only some types know. */
const ONLY: Partial<Record<keyof BalancerNative, readonly BalancerType[]>> = {
  idleTimeout: ["classic", "application"],
  deletionProtection: ["application", "network"],
  tlsPolicy: ["application", "network"],
  targetType: ["application", "network"],
  slowStart: ["application"],
  http2: ["application"],
  dropInvalidHeaders: ["application"],
  preserveClientIp: ["network"],
  proxyProtocol: ["network"],
};

/** Words that are spans, wherever they stand. */
const SPANS: readonly string[] = ["idleTimeout", "slowStart", "interval", "duration"];

/** Longest idle timeout of a classic balancer. @see docs.aws.amazon.com, ConnectionSettings */
const CLASSIC_IDLE_MS = 3_600_000;
/** How often a classic balancer can write its log. @see docs.aws.amazon.com, AccessLog, EmitInterval */
const LOG_INTERVALS_MS = [300_000, 3_600_000];
const SHORTEST_SLOW_START_MS = 30_000;

/**
 * Reads what stands under `native`: spans as people write them (`5m`), or in milliseconds, as a file that was read has them.
 * @param faults - takes what is wrong, with its path.
 */
export function readBalancerNative(
  value: Record<string, unknown> | undefined,
  type: BalancerType,
  faults: string[],
): BalancerNative {
  if (value === undefined) return {};
  const read = balancerNativeSchema.safeParse(withUnits(value));
  if (!read.success) {
    faults.push(
      ...read.error.issues.map(({ path, message }) => `${["native", ...path].join(".")}: ${message}`),
    );
    return {};
  }
  faults.push(...nativeFaults(read.data, type).map((fault) => `native.${fault}`));
  return read.data;
}

function withUnits(value: unknown, key = ""): unknown {
  if (typeof value === "number" && SPANS.includes(key)) return `${value}ms`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([word, one]) => [word, withUnits(one, word)]));
}

function nativeFaults(native: BalancerNative, type: BalancerType): string[] {
  const faults = Object.entries(ONLY)
    .filter(([word, types]) => native[word as keyof BalancerNative] !== undefined && !types.includes(type))
    .map(([word, types]) => `${word}: only balancers of type ${types.join(" and ")} have it`);
  const { idleTimeout, slowStart, accessLog, stickiness } = native;
  const refuse = (isWrong: boolean, fault: string): void => {
    if (isWrong) faults.push(fault);
  };
  refuse(
    type === "classic" && (idleTimeout ?? 0) > CLASSIC_IDLE_MS,
    "idleTimeout: is at most 1h with a classic balancer",
  );
  refuse(
    slowStart !== undefined && slowStart > 0 && slowStart < SHORTEST_SLOW_START_MS,
    "slowStart: is 0s, or 30s to 15m",
  );
  const { interval } = accessLog || {};
  refuse(interval !== undefined && type !== "classic", "accessLog.interval: only classic balancers have it");
  refuse(interval !== undefined && !LOG_INTERVALS_MS.includes(interval), "accessLog.interval: is 5m or 1h");
  const { cookie, duration } = stickiness || {};
  refuse(
    type === "network" && (cookie ?? duration) !== undefined,
    "stickiness: a network balancer goes by the client's address: write stickiness: {}",
  );
  refuse(
    type === "classic" && cookie !== undefined && duration !== undefined,
    "stickiness: with the application's cookie it lasts as long as the cookie: leave duration out",
  );
  for (const [word, spanMs] of Object.entries({
    idleTimeout,
    slowStart,
    "stickiness.duration": duration,
  }))
    refuse((spanMs ?? 0) % 1_000 !== 0, `${word}: must be whole seconds`);
  return faults;
}
