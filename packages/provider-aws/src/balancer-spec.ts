/**
 * What is wanted of a balancer, with every default of ours written out, and all that AWS would refuse of it told at once.
 * Pure.
 *
 * Note [Defaults]: what a spec leaves out is as AWS has it. A classic balancer without a health check connects to the
 * first listener's instance port (TCP, every 30 s, 5 s for an answer, 10 good or 2 bad ones in a row) and drains
 * nobody; a target group checks each member's own port (every 30 s, 5 good or 2 bad) and drains for 300 s. TLS ends at
 * the balancer unless `instanceProtocol` says otherwise.
 *
 * Note [Algorithms]: `round-robin` is AWS's own way of spreading. Only application balancers let one choose: classic
 * ones give HTTP to whoever has the least to do and TCP in turns, network ones go by a hash of the connection.
 */
import {
  ConfigError,
  type HealthCheck,
  type Listener,
  type LoadBalancer,
  type LoadBalancerPatch,
  type LoadBalancerSpec,
  type Metadata,
  nearest,
  type Pool,
  type Protocol,
} from "@bellows/core";
import { healthCheckFaults, plainCheck } from "./balancer-health.js";
import { balancerNameFault, DEFAULT_POOL, poolNameFault } from "./balancer-names.js";
import {
  BALANCER_TYPES,
  type BalancerNative,
  type BalancerType,
  readBalancerNative,
} from "./balancer-native.js";
import { balancerTagFaults } from "./balancer-tags.js";

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
/** An application balancer stands in two zones at least. @see docs.aws.amazon.com, CreateLoadBalancer, Subnets */
const FEWEST_ZONES = 2;

/**
 * Reads what a new balancer is made from.
 * @param provider - key of the provider, for errors.
 * @throws ConfigError that lists all that AWS would refuse.
 */
export function readSpec(spec: LoadBalancerSpec, provider: string): WantedBalancer {
  const type = readType(spec.type, spec.name, provider);
  const name = balancerNameFault(spec.name);
  const faults = name === undefined ? [] : [name.fault];
  const short = shorthandOf(spec);
  const pools = spec.pools ?? [{ name: spec.listeners[0]?.pool ?? DEFAULT_POOL, ...short }];
  if (spec.pools !== undefined && Object.keys(short).length > 0) faults.push(BELONGS_TO_POOLS);
  if (spec.zones === undefined && spec.subnets === undefined) faults.push("name its zones or its subnets");
  const wanted = {
    ...readParts(spec.name, type, spec, faults),
    pools: pools.map(readPool),
    listeners: spec.listeners.map((listener) => readListener(listener, type, pools)),
  };
  if (spec.listeners.length === 0) faults.push("it needs a listener");
  faults.push(...listenerFaults(wanted.listeners, type), ...poolFaults(wanted));
  faults.push(...tieFaults(wanted.pools, wanted.listeners));
  refuseAll(faults, spec.name, provider, "loadBalancers.create", name?.hint);
  return spec.owner === undefined ? wanted : { ...wanted, owner: spec.owner };
}

/**
 * Reads what is to be changed of a balancer.
 * @param there - as it is shown.
 * @throws ConfigError that lists all that AWS would refuse.
 */
export function readPatch(
  there: Pick<LoadBalancer, "name" | "type" | "listeners" | "pools">,
  patch: LoadBalancerPatch,
  provider: string,
): Wanted {
  const type = readType(there.type, there.name, provider);
  const faults: string[] = [];
  const short = shorthandOf(patch);
  const [only, ...others] = there.pools;
  if (patch.pools !== undefined && Object.keys(short).length > 0) faults.push(BELONGS_TO_POOLS);
  if (patch.pools === undefined && Object.keys(short).length > 0 && others.length > 0)
    faults.push(`which pool? write it in pools: it has ${there.pools.map(({ name }) => name).join(", ")}`);
  const changed =
    patch.pools ??
    (Object.keys(short).length === 0 ? undefined : [{ name: only?.name ?? DEFAULT_POOL, ...short }]);
  const pools = patch.pools ?? there.pools;
  const wanted: Wanted = {
    ...readParts(there.name, type, patch, faults),
    ...(changed && { pools: changed.map(readPool) }),
    ...(patch.listeners && {
      listeners: patch.listeners.map((listener) => readListener(listener, type, pools)),
    }),
  };
  if (patch.listeners?.length === 0) faults.push("it needs a listener");
  faults.push(...listenerFaults(wanted.listeners ?? [], type), ...poolFaults(wanted));
  const served = wanted.listeners ?? there.listeners.map(({ pool = DEFAULT_POOL, port }) => ({ pool, port }));
  if (patch.pools !== undefined || patch.listeners !== undefined) faults.push(...tieFaults(pools, served));
  refuseAll(faults, there.name, provider, "loadBalancers.update");
  return wanted;
}

const BELONGS_TO_POOLS = "healthCheck, algorithm and drain belong to its pools: write them in each";

/** @throws ConfigError when there are faults. */
export function refuseAll(
  faults: readonly string[],
  name: string,
  provider: string,
  operation: string,
  hint?: string,
): void {
  if (faults.length === 0) return;
  throw new ConfigError(`load balancer ${name}: ${faults.join("; ")}`, {
    provider,
    operation,
    resource: name,
    ...(hint === undefined ? {} : { hint }),
  });
}

function readType(type: string | undefined, name: string, provider: string): BalancerType {
  const found = BALANCER_TYPES.find((one) => one === (type ?? "classic"));
  if (found !== undefined) return found;
  const near = nearest(type ?? "", BALANCER_TYPES);
  throw new ConfigError(`load balancer ${name}: there is no type ${JSON.stringify(type)}`, {
    provider,
    resource: name,
    hint: near === undefined ? `there are ${BALANCER_TYPES.join(", ")}` : `did you mean "${near}"?`,
  });
}

function shorthandOf({ healthCheck, algorithm, drainMs }: LoadBalancerPatch): Omit<WantedPool, "name"> {
  return {
    ...(healthCheck && { healthCheck }),
    ...(algorithm && { algorithm }),
    ...(drainMs !== undefined && { drainMs }),
  };
}

function readParts(
  name: string,
  type: BalancerType,
  { zones, subnets, metadata, native }: LoadBalancerPatch,
  faults: string[],
): Wanted {
  if (zones !== undefined && subnets !== undefined) faults.push("zones and subnets: write one of them");
  for (const [word, list] of Object.entries({ zones, subnets })) {
    if (list?.length === 0) faults.push(`${word}: it needs one at least`);
    if (type === "application" && list !== undefined && new Set(list).size < FEWEST_ZONES)
      faults.push(`${word}: a balancer of type application needs ${FEWEST_ZONES} at least`);
  }
  if (metadata !== undefined) faults.push(...balancerTagFaults(metadata, type));
  return {
    name,
    type,
    native: readBalancerNative(native, type, faults),
    ...(zones && { zones }),
    ...(subnets && { subnets }),
    ...(metadata && { metadata }),
  };
}

function readListener(
  { port, protocol, instancePort = port, instanceProtocol, pool, certificate }: Listener,
  type: BalancerType,
  pools: readonly Pick<Pool, "name">[],
): WantedListener {
  return {
    port,
    protocol,
    instancePort,
    instanceProtocol: instanceProtocol ?? plainProtocol(protocol, type),
    pool: pool ?? (pools.length === 1 ? (pools[0]?.name ?? DEFAULT_POOL) : DEFAULT_POOL),
    ...(certificate === undefined ? {} : { certificate }),
  };
}

/** What a balancer speaks to instances unless it is told otherwise: TLS ends at the balancer. */
export function plainProtocol(protocol: Protocol, type: BalancerType): Protocol {
  return PROTOCOLS[type][protocol]?.[0] ?? protocol;
}

function readPool({ name, algorithm, drainMs, healthCheck }: WantedPool): WantedPool {
  return {
    name,
    ...(algorithm && { algorithm }),
    ...(drainMs !== undefined && { drainMs }),
    ...(healthCheck && { healthCheck: plainCheck(healthCheck) }),
  };
}

function listenerFaults(listeners: readonly WantedListener[], type: BalancerType): string[] {
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

function poolFaults({ name, type, pools = [] }: Wanted): string[] {
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

/** A pool that no listener serves would belong to nobody: a target group knows its balancer by its listeners alone. */
function tieFaults(
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
