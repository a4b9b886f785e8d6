/**
 * What is wanted of a balancer, every default of ours written out, and all that Rackspace would refuse of it told at once.
 * Pure.
 *
 * Note [One port, one pool]: a Cloud Load Balancer listens on one port and has one set of nodes. A second port of the same
 * address is a second balancer that shares the first one's virtual IP (`native.virtualIp`).
 */
import {
  ConfigError,
  type Listener,
  type LoadBalancer,
  type LoadBalancerPatch,
  type LoadBalancerSpec,
  loadBalancerSpecSchema,
  type Pool,
  UnsupportedError,
} from "@bellows/core";
import { checkFaults } from "./balancer-check.js";
import { type BalancerSettings, notesFaults } from "./balancer-settings.js";
import type { WantedBalancer } from "./balancer-wanted.js";
import { type ClbProtocol, PLAIN_PROTOCOLS, protocolOf } from "./balancer-words.js";
import { nativeSchema, type RackspaceNative } from "./launch-schema.js";

/** Name of the pool of a balancer whose spec names none. */
export const DEFAULT_POOL = "default";
/** How long a member that goes may finish its requests, where nobody says, in milliseconds; as on this machine. */
export const DEFAULT_DRAIN_MS = 30_000;
/** Longest name. @see docs.rackspace.com, Cloud Load Balancers, Create load balancer */
const LONGEST_NAME = 128;

/** Ports that a protocol stands for when none is named. @see docs.rackspace.com, List load balancing protocols */
const PORTS: Readonly<Partial<Record<ClbProtocol, number>>> = { HTTP: 80, HTTPS: 443 };

/** Faults of a spec: what is wrong, and what Cloud Load Balancers can't do. */
interface Faults {
  wrong: string[];
  notHere: string[];
}

/**
 * Reads what a balancer is to be.
 * @param about - for errors.
 * @throws ConfigError that lists every fault. @throws UnsupportedError when only Rackspace can't do it.
 */
export function readSpec(
  spec: LoadBalancerSpec,
  about: { provider: string; operation: string },
): WantedBalancer {
  const faults: Faults = { wrong: [], notHere: [] };
  const common = loadBalancerSpecSchema.safeParse(spec);
  if (!common.success)
    faults.wrong.push(...common.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));
  const wanted = common.success ? wantedOf(spec, faults) : undefined;
  if (wanted !== undefined && faults.wrong.length + faults.notHere.length === 0) return wanted;
  const FaultError = faults.wrong.length > 0 ? ConfigError : UnsupportedError;
  throw new FaultError(`load balancer ${spec.name}: ${[...faults.wrong, ...faults.notHere].join("; ")}`, {
    ...about,
    resource: spec.name,
  });
}

function wantedOf(spec: LoadBalancerSpec, faults: Faults): WantedBalancer {
  const [listener = { port: 0, protocol: "tcp" as const }] = spec.listeners;
  const { protocol: named, ...native } = readNative(spec.native, faults);
  const protocol = readProtocol(listener, named, faults);
  const port = listener.port === 0 ? (PORTS[protocol] ?? 0) : listener.port;
  const pool = readPool(spec, listener, faults);
  const wanted: WantedBalancer = {
    name: spec.name,
    protocol,
    port,
    instancePort: listener.instancePort ?? port,
    ...pool,
    metadata: { ...spec.metadata },
    ...(spec.owner === undefined ? {} : { owner: spec.owner }),
    native,
  };
  if (port === 0) faults.wrong.push(`listeners.0.port: ${protocol} has no port of its own: name one`);
  if (spec.name.length > LONGEST_NAME) faults.wrong.push(`name: has at most ${LONGEST_NAME} characters`);
  faults.wrong.push(
    ...checkFaults(wanted),
    ...nativeFaults(wanted),
    ...notesFaults({ metadata: wanted.metadata, settings: settingsOf(wanted) }),
  );
  faults.notHere.push(...missingHere(spec, listener));
  return wanted;
}

function readNative(value: Record<string, unknown> | undefined, faults: Faults): RackspaceNative {
  // As people write it, or in milliseconds, as a file that was read and `get` have it.
  const { timeout } = value ?? {};
  const read = nativeSchema.safeParse({
    ...value,
    ...(typeof timeout === "number" ? { timeout: `${timeout}ms` } : {}),
  });
  if (read.success) return read.data;
  faults.wrong.push(
    ...read.error.issues.map(({ path, message }) => `${["native", ...path].join(".")}: ${message}`),
  );
  return {};
}

function readProtocol(listener: Listener, named: ClbProtocol | undefined, faults: Faults): ClbProtocol {
  const plain = PLAIN_PROTOCOLS[listener.protocol];
  if (plain === undefined) {
    faults.notHere.push(
      `listeners.0.protocol: ${listener.protocol} ends TLS at the balancer, which is set up by hand; https goes through it`,
    );
    return "TCP";
  }
  if (named !== undefined && protocolOf(named) !== listener.protocol)
    faults.wrong.push(`native.protocol: ${named} goes with a listener of protocol ${protocolOf(named)}`);
  return named ?? plain;
}

type PoolParts = Pick<WantedBalancer, "pool" | "algorithm" | "healthCheck" | "drainMs">;

function readPool(spec: LoadBalancerSpec, listener: Listener, faults: Faults): PoolParts {
  const { pools, healthCheck, algorithm, drainMs } = spec;
  if (pools !== undefined && (healthCheck ?? algorithm ?? drainMs) !== undefined)
    faults.wrong.push("healthCheck, algorithm and drain belong to its pool: write them there");
  if (pools?.length === 0) faults.wrong.push("pools: needs one");
  const only: Partial<Omit<Pool, "members">> = pools?.[0] ?? spec;
  const pool = pools === undefined ? (listener.pool ?? DEFAULT_POOL) : (pools[0]?.name ?? DEFAULT_POOL);
  if (pools !== undefined && listener.pool !== undefined && listener.pool !== pool)
    faults.wrong.push(`listeners.0.pool: there is no pool ${listener.pool}`);
  return {
    pool,
    algorithm: only.algorithm ?? "round-robin",
    drainMs: only.drainMs ?? DEFAULT_DRAIN_MS,
    ...(only.healthCheck === undefined ? {} : { healthCheck: only.healthCheck }),
  };
}

function missingHere(spec: LoadBalancerSpec, listener: Listener): string[] {
  const more: [boolean, string][] = [
    [spec.type !== undefined, "type: there is one kind of balancer; leave it out"],
    [
      spec.listeners.length > 1,
      "listeners: a balancer has one; make another that shares its address by native.virtualIp",
    ],
    [(spec.pools?.length ?? 0) > 1, "pools: a balancer has one"],
    [(spec.zones?.length ?? 0) > 0, "zones: a balancer serves its region"],
    [(spec.subnets?.length ?? 0) > 0, "subnets: there are none"],
    [
      listener.certificate !== undefined,
      "listeners.0.certificate: TLS that ends at the balancer is set up by hand",
    ],
    [
      listener.instanceProtocol !== undefined && listener.instanceProtocol !== listener.protocol,
      "listeners.0.instanceProtocol: members are spoken to as clients speak",
    ],
  ];
  return more.flatMap(([isSo, fault]) => (isSo ? [fault] : []));
}

function nativeFaults({ protocol, port, native }: WantedBalancer): string[] {
  const { sessionPersistence, halfClosed, httpsRedirect, contentCaching, timeout, address, virtualIp } =
    native;
  const rules: [boolean, string][] = [
    [
      sessionPersistence === "HTTP_COOKIE" && protocol !== "HTTP",
      "sessionPersistence: HTTP_COOKIE goes with http alone",
    ],
    [
      sessionPersistence === "SOURCE_IP" && protocol !== "HTTP" && protocol !== "HTTPS",
      "sessionPersistence: SOURCE_IP goes with http and https",
    ],
    [
      halfClosed === true && protocol !== "TCP" && protocol !== "TCP_CLIENT_FIRST",
      "halfClosed: goes with TCP and TCP_CLIENT_FIRST",
    ],
    [
      httpsRedirect === true && !(protocol === "HTTPS" && port === 443),
      "httpsRedirect: goes with https on port 443",
    ],
    [contentCaching === true && protocol !== "HTTP", "contentCaching: goes with http alone"],
    [timeout !== undefined && timeout % 1_000 !== 0, "timeout: must be whole seconds"],
    [address !== undefined && virtualIp !== undefined, "address: a shared virtual IP brings its own"],
  ];
  return rules.flatMap(([isWrong, fault]) => (isWrong ? [`native.${fault}`] : []));
}

/** What of a balancer Rackspace has no words for. */
export function settingsOf(wanted: WantedBalancer): BalancerSettings {
  const { instancePort, port, drainMs, pool, healthCheck } = wanted;
  const checkPort = /:(\d+)/.exec(healthCheck?.target ?? "")?.[1];
  return {
    ...(instancePort === port ? {} : { instancePort }),
    ...(drainMs === DEFAULT_DRAIN_MS ? {} : { drainMs }),
    ...(pool === DEFAULT_POOL ? {} : { pool }),
    ...((healthCheck?.healthy ?? 1) === 1 ? {} : { healthy: healthCheck?.healthy }),
    ...(checkPort === undefined ? {} : { checkPort: Number(checkPort) }),
  };
}

/** A balancer's spec, as it is shown, with a patch over it. Words of `native` are changed one by one. */
export function patchedSpec(there: LoadBalancer, patch: LoadBalancerPatch): LoadBalancerSpec {
  const [pool] = there.pools;
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const { virtualIp: _shared, ...native } = there.native ?? {};
  const { protocol: _named, ...unnamed } = native;
  // Another protocol of the listener takes the place of Rackspace's name for the old one.
  const base = patch.listeners === undefined ? native : unnamed;
  return {
    name: there.name,
    listeners: there.listeners.map(({ pool: _pool, ...rest }) => rest),
    ...(patch.pools === undefined && pool !== undefined
      ? {
          algorithm: pool.algorithm,
          ...(pool.drainMs === undefined ? {} : { drainMs: pool.drainMs }),
          ...(pool.healthCheck === undefined ? {} : { healthCheck: pool.healthCheck }),
        }
      : {}),
    metadata: there.metadata,
    ...(there.owner === undefined ? {} : { owner: there.owner }),
    ...given,
    native: { ...base, ...patch.native },
  };
}
