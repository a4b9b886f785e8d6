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
  type Listener,
  type LoadBalancer,
  type LoadBalancerPatch,
  type LoadBalancerSpec,
  nearest,
  type Pool,
} from "@bellows/core";
import { listenerFaults, plainProtocol, poolFaults, tieFaults } from "./balancer-faults.js";
import { plainCheck } from "./balancer-health.js";
import { balancerNameFault, DEFAULT_POOL } from "./balancer-names.js";
import { BALANCER_TYPES, type BalancerType, readBalancerNative } from "./balancer-native.js";
import { balancerTagFaults } from "./balancer-tags.js";
import type { Wanted, WantedBalancer, WantedListener, WantedPool } from "./balancer-wanted.js";

/** An application balancer stands in two zones at least. @see docs.aws.amazon.com, CreateLoadBalancer, Subnets */
export const FEWEST_ZONES = 2;

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

function readPool({ name, algorithm, drainMs, healthCheck }: WantedPool): WantedPool {
  return {
    name,
    ...(algorithm && { algorithm }),
    ...(drainMs !== undefined && { drainMs }),
    ...(healthCheck && { healthCheck: plainCheck(healthCheck) }),
  };
}
