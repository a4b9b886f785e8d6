/** Balancers of Rackspace in the contract's words, and in what one differs from what is wanted. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { LoadBalancer, Member } from "@bellows/core";
import { checkOf } from "./balancer-check.js";
import { type BalancerNotes, notesIn } from "./balancer-settings.js";
import { DEFAULT_DRAIN_MS, DEFAULT_POOL } from "./balancer-spec.js";
import type { WantedBalancer } from "./balancer-wanted.js";
import {
  algorithmOf,
  type Clb,
  type ClbMeta,
  type ClbMonitor,
  type ClbNode,
  PLAIN_PROTOCOLS,
  protocolOf,
  STATUSES,
  stateOf,
} from "./balancer-words.js";

/** All that is read of one balancer. */
export interface BalancerFacts {
  clb: Clb;
  /** Empty where there is no health check. */
  monitor: Partial<ClbMonitor>;
  items: readonly ClbMeta[];
}

/** Finds the server that has an address. */
export type ServerAt = (address: string) => string | undefined;

/** A balancer in the contract's words. */
export function balancerOf(facts: BalancerFacts, serverAt: ServerAt): LoadBalancer {
  const { clb, monitor, items } = facts;
  const { metadata, settings, owner } = notesIn(items);
  const { pool = DEFAULT_POOL, instancePort = clb.port, drainMs = DEFAULT_DRAIN_MS } = settings;
  const healthCheck = checkOf(monitor, settings);
  return {
    name: clb.name,
    id: String(clb.id),
    status: STATUSES[clb.status],
    listeners: [{ port: clb.port, protocol: protocolOf(clb.protocol), instancePort, pool }],
    pools: [
      {
        name: pool,
        algorithm: algorithmOf(clb.algorithm),
        ...(healthCheck === undefined ? {} : { healthCheck }),
        drainMs,
        members: membersOf(clb, serverAt),
      },
    ],
    addresses: addressesOf(clb),
    zones: [],
    metadata,
    native: nativeOf(clb),
    ...(owner === undefined ? {} : { owner }),
  };
}

/** Its members: servers by their ids, others by address and port. */
export function membersOf({ nodes = [] }: Pick<Clb, "nodes">, serverAt: ServerAt): Member[] {
  return nodes.map((node) => ({
    id: serverAt(node.address) ?? addressId(node),
    address: node.address,
    port: node.port,
    ...(node.weight === undefined ? {} : { weight: node.weight }),
    state: stateOf(node.condition),
    health: node.status === undefined ? "unknown" : node.status === "ONLINE" ? "healthy" : "unhealthy",
  }));
}

/** Id of a member that is no server of the account. */
export function addressId({ address, port }: Pick<ClbNode, "address" | "port">): string {
  return `${address}:${port}`;
}

/** Where clients connect, IPv4 first. */
function addressesOf({ virtualIps = [] }: Clb): string[] {
  const isNew = (version: string | undefined): number => (version === "IPV6" ? 1 : 0);
  return virtualIps
    .toSorted((a, b) => isNew(a.ipVersion) - isNew(b.ipVersion))
    .map(({ address }) => address)
    .filter((address) => address !== undefined);
}

function nativeOf(clb: Clb): Record<string, unknown> {
  const { protocol, virtualIps = [], sessionPersistence, timeout, halfClosed, httpsRedirect } = clb;
  const isPlain = PLAIN_PROTOCOLS[protocolOf(protocol)] === protocol;
  const [first] = virtualIps;
  return {
    ...(first?.type === undefined ? {} : { address: first.type.toLowerCase() }),
    ...(first === undefined ? {} : { virtualIp: String(first.id) }),
    ...(isPlain ? {} : { protocol }),
    ...(sessionPersistence?.persistenceType === undefined
      ? {}
      : { sessionPersistence: sessionPersistence.persistenceType }),
    ...(timeout === undefined ? {} : { timeout: timeout * 1_000 }),
    ...(halfClosed === undefined ? {} : { halfClosed }),
    ...(httpsRedirect === undefined ? {} : { httpsRedirect }),
    ...(clb.connectionLogging?.enabled === undefined
      ? {}
      : { connectionLogging: clb.connectionLogging.enabled }),
    ...(clb.contentCaching?.enabled === undefined ? {} : { contentCaching: clb.contentCaching.enabled }),
  };
}

/** What a balancer is now, in the words of what is wanted. */
function thereOf(shown: LoadBalancer, { clb }: BalancerFacts): WantedBalancer {
  const [pool] = shown.pools;
  const { protocol: _protocol, ...native } = shown.native ?? {};
  return {
    name: shown.name,
    protocol: clb.protocol,
    port: clb.port,
    instancePort: shown.listeners[0]?.instancePort ?? clb.port,
    pool: pool?.name ?? DEFAULT_POOL,
    algorithm: algorithmOf(clb.algorithm),
    ...(pool?.healthCheck === undefined ? {} : { healthCheck: pool.healthCheck }),
    drainMs: pool?.drainMs ?? DEFAULT_DRAIN_MS,
    metadata: shown.metadata,
    native,
  };
}

/** In which words a balancer differs from what is wanted; words of `native` count where they are given. */
export function differencesFrom(wanted: WantedBalancer, facts: BalancerFacts): string[] {
  const there = thereOf(
    balancerOf(facts, () => undefined),
    facts,
  );
  const { native, owner: _owner, ...common } = wanted;
  const words = (Object.keys({ ...common, healthCheck: undefined }) as (keyof typeof common)[]).filter(
    (word) => !isDeepStrictEqual(common[word], there[word]),
  );
  return [
    ...words,
    ...(Object.keys(native) as (keyof typeof native)[])
      .filter((word) => !isEqualNative(word, native[word], there.native[word]))
      .map((word) => `native.${word}`),
  ];
}

function isEqualNative(word: string, wanted: unknown, there: unknown): boolean {
  // What was never switched on may not be shown at all.
  return isDeepStrictEqual(wanted, there) || (wanted === false && there === undefined && word !== "timeout");
}

/** What Bellows has written down on a balancer. */
export function notesOf({ items }: BalancerFacts): BalancerNotes {
  return notesIn(items);
}
