/** What AWS would refuse of listeners and pools, in words. Pure. */
import type { HealthCheck, Pool, Protocol } from "@bellows/core";
import { healthCheckFaults } from "./balancer-health.js";
import { DEFAULT_POOL, poolNameFault } from "./balancer-names.js";
import type { BalancerType } from "./balancer-native.js";
import type { Wanted, WantedListener } from "./balancer-wanted.js";

/** What a type of balancer speaks: to clients, and with each, to instances (the first is the default). */
const PROTOCOLS: Readonly<Record<BalancerType, Partial<Record<Protocol, readonly Protocol[]>>>> = {
  classic: { http: ["http", "https"], https: ["http", "https"], tcp: ["tcp", "ssl"], ssl: ["tcp", "ssl"] },
  application: { http: ["http", "https"], https: ["http", "https"] },
  network: { tcp: ["tcp"], udp: ["udp"], tls: ["tcp", "tls"] },
};
const SECURE: readonly Protocol[] = ["https", "ssl", "tls"];
const ALGORITHMS: Readonly<Record<BalancerType, readonly Pool["algorithm"][]>> = {
  classic: ["round-robin"],
  application: ["round-robin", "least-connections", "random"],
  network: ["round-robin"],
};
/** Longest time that AWS drains a member for. @see docs.aws.amazon.com, Connection draining; TargetGroupAttribute */
const LONGEST_DRAIN_MS = 3_600_000;

/** What a balancer speaks to instances unless it is told otherwise: TLS ends at the balancer. */
export function plainProtocol(protocol: Protocol, type: BalancerType): Protocol {
  return PROTOCOLS[type][protocol]?.[0] ?? protocol;
}

/** What is wrong with listeners, each alone and together. */
export function listenerFaults(listeners: readonly WantedListener[], type: BalancerType): string[] {
  const faults: string[] = [];
  const ports = new Set<number>();
  for (const listener of listeners) {
    const { port } = listener;
    if (port === 0) faults.push("listener 0: AWS does not choose a port: name one");
    else if (ports.has(port)) faults.push(`listener ${port}: it is there twice`);
    ports.add(port);
    faults.push(...protocolFaults(listener, type).map((fault) => `listener ${port}: ${fault}`));
  }
  return [...faults, ...sharedPortFaults(listeners, type)];
}

function protocolFaults(
  { protocol, instanceProtocol, certificate }: WantedListener,
  type: BalancerType,
): string[] {
  const spoken = PROTOCOLS[type];
  const within = spoken[protocol];
  if (within === undefined)
    return [`balancers of type ${type} speak ${Object.keys(spoken).join(", ")}, not ${protocol}`];
  const isSecure = SECURE.includes(protocol);
  return [
    ...(within.includes(instanceProtocol)
      ? []
      : [`with ${protocol}, instances are spoken to by ${within.join(" or ")}, not ${instanceProtocol}`]),
    ...(isSecure && certificate === undefined ? [`${protocol} needs the ARN of a certificate`] : []),
    ...(!isSecure && certificate !== undefined ? [`a certificate means nothing with ${protocol}`] : []),
  ];
}

/**
 * Listeners that share what is behind them: the instance port of a classic balancer is spoken to securely or not; a
 * target group has one port and one protocol. @see docs.aws.amazon.com, Classic Load Balancer, Listener
 */
function sharedPortFaults(listeners: readonly WantedListener[], type: BalancerType): string[] {
  const faults: string[] = [];
  const first = new Map<unknown, WantedListener>();
  for (const listener of listeners) {
    const key = type === "classic" ? listener.instancePort : listener.pool;
    const other = first.get(key);
    first.set(key, other ?? listener);
    if (other === undefined) continue;
    const differ =
      type === "classic"
        ? SECURE.includes(other.instanceProtocol) !== SECURE.includes(listener.instanceProtocol)
        : other.instancePort !== listener.instancePort ||
          other.instanceProtocol !== listener.instanceProtocol;
    if (differ)
      faults.push(
        type === "classic"
          ? `listeners ${other.port} and ${listener.port}: instance port ${listener.instancePort} is spoken to with TLS or without, not both`
          : `listeners ${other.port} and ${listener.port}: pool ${listener.pool} has one instance port and protocol: make another pool`,
      );
  }
  return faults;
}

/** What is wrong with pools. */
export function poolFaults({ name, type, pools = [] }: Wanted): string[] {
  const faults: string[] = [];
  for (const pool of pools) {
    const of = pools.length === 1 ? "" : `pool ${pool.name}: `;
    if (type === "classic" && pool.name !== DEFAULT_POOL)
      faults.push(`pool ${pool.name}: a balancer of type classic has one pool, ${DEFAULT_POOL}`);
    const unnamed = type === "classic" ? undefined : poolNameFault(name, pool.name);
    if (unnamed !== undefined) faults.push(unnamed);
    if (pools.filter((other) => other.name === pool.name).length > 1)
      faults.push(`pool ${pool.name}: it is there twice`);
    if (pool.algorithm !== undefined && !ALGORITHMS[type].includes(pool.algorithm))
      faults.push(`${of}algorithm ${pool.algorithm}: type ${type} has ${ALGORITHMS[type].join(", ")}`);
    faults.push(...drainFaults(pool.drainMs).map((fault) => of + fault));
    if (pool.healthCheck !== undefined)
      faults.push(...checkFaults(pool.healthCheck, type).map((fault) => of + fault));
  }
  return faults;
}

function checkFaults(check: HealthCheck, type: BalancerType): string[] {
  return healthCheckFaults(check, type).map((fault) => `health check: ${fault}`);
}

function drainFaults(drainMs: number | undefined): string[] {
  if (drainMs === undefined) return [];
  if (drainMs % 1_000 !== 0) return ["drain: must be whole seconds"];
  return drainMs > LONGEST_DRAIN_MS ? ["drain: at most 1h"] : [];
}

/** What is wrong between the two. A pool that no listener serves would belong to nobody: a target group knows its balancer by its listeners alone. */
export function tieFaults(
  pools: readonly Pick<Pool, "name">[],
  listeners: readonly Pick<WantedListener, "pool" | "port">[],
): string[] {
  const names = pools.map(({ name }) => name);
  return [
    ...listeners
      .filter(({ pool }) => !names.includes(pool))
      .map(
        ({ port, pool }) =>
          `listener ${port}: it has no pool ${JSON.stringify(pool)}: there are ${names.join(", ")}`,
      ),
    ...names
      .filter((name) => !listeners.some(({ pool }) => pool === name))
      .map((name) => `pool ${name}: no listener serves it`),
  ];
}
