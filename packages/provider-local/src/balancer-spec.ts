import type {
  HealthCheck,
  Listener,
  LoadBalancerPatch,
  LoadBalancerSpec,
  Member,
  NewMember,
  Pool,
  Server,
} from "@bellows/core";
import { ConfigError, parseHealthCheckTarget, UnsupportedError } from "@bellows/core";
import type {
  BalancerConfig,
  BalancerConfigInput,
  HealthCheckConfig,
  MemberConfig,
  MemberStatus,
} from "./balancer/client.js";

/** Name of the only pool of a balancer whose spec names none. */
export const DEFAULT_POOL = "default";
const DEFAULT_DRAIN_MS = 30_000;

/** A pool as the spec asks for it. */
export type WantedPool = Omit<Pool, "members">;

/** What a balancer's process is told for each algorithm; weights always count there. */
const ALGORITHMS: Record<string, "round-robin" | "least-connections" | undefined> = {
  "round-robin": "round-robin",
  "weighted-round-robin": "round-robin",
  "least-connections": "least-connections",
  "weighted-least-connections": "least-connections",
};

/** The pools of a spec: those it lists, or the one that its shorthand describes. */
export function poolsOf(spec: LoadBalancerSpec): WantedPool[] {
  if (spec.pools !== undefined) return spec.pools;
  const { healthCheck, drainMs, algorithm = "round-robin" } = spec;
  return [
    {
      name: spec.listeners[0]?.pool ?? DEFAULT_POOL,
      algorithm,
      ...(healthCheck === undefined ? {} : { healthCheck }),
      ...(drainMs === undefined ? {} : { drainMs }),
    },
  ];
}

/** The pool that a listener serves. */
export function poolOf(listener: Listener, pools: readonly WantedPool[]): string {
  return listener.pool ?? pools[0]?.name ?? DEFAULT_POOL;
}

/**
 * Checks what the contract allows and a balancer of this machine may lack.
 * @param zones - zones that the provider has.
 * @throws UnsupportedError for protocols, algorithms and words that mean nothing here.
 * @throws ConfigError for what contradicts itself.
 */
export function checkSpec(spec: LoadBalancerSpec, zones: readonly string[]): void {
  const where = { resource: spec.name };
  if (spec.type !== undefined && spec.type !== "process") {
    throw new ConfigError(`balancer ${spec.name}: here is one type, "process"`, where);
  }
  if (spec.subnets !== undefined)
    throw new UnsupportedError(`balancer ${spec.name}: there are no subnets here`, where);
  if (spec.pools !== undefined && (spec.healthCheck ?? spec.algorithm ?? spec.drainMs) !== undefined) {
    const hint = "write it in each pool";
    throw new ConfigError(`balancer ${spec.name}: healthCheck, algorithm and drain belong to its pools`, {
      ...where,
      hint,
    });
  }
  for (const zone of spec.zones ?? []) {
    if (!zones.includes(zone))
      throw new ConfigError(`balancer ${spec.name}: there is no zone "${zone}" here`, where);
  }
  const pools = poolsOf(spec);
  for (const pool of pools) checkPool(spec.name, pool);
  for (const listener of spec.listeners) checkListener(spec, listener, pools);
}

function checkPool(name: string, pool: WantedPool): void {
  const hint = `there are: ${Object.keys(ALGORITHMS).join(", ")}`;
  if (ALGORITHMS[pool.algorithm] === undefined) {
    throw new UnsupportedError(`balancer ${name}: no algorithm "${pool.algorithm}" here`, {
      resource: name,
      hint,
    });
  }
  if (pool.healthCheck !== undefined) checkOf(pool.healthCheck, name);
}

function checkListener(spec: LoadBalancerSpec, listener: Listener, pools: readonly WantedPool[]): void {
  const where = { resource: spec.name };
  const spoken = listener.instanceProtocol ?? listener.protocol;
  if (!["http", "tcp"].includes(listener.protocol) || spoken !== listener.protocol) {
    const hint = "there are http and tcp; put a TLS proxy in front for others";
    const asked = spoken === listener.protocol ? spoken : `${listener.protocol} to ${spoken}`;
    throw new UnsupportedError(`balancer ${spec.name}: no protocol ${asked} here`, { ...where, hint });
  }
  if (listener.certificate !== undefined) {
    throw new UnsupportedError(`balancer ${spec.name}: certificates mean nothing without TLS`, where);
  }
  const pool = poolOf(listener, pools);
  if (!pools.some((each) => each.name === pool)) {
    throw new ConfigError(
      `balancer ${spec.name}: listener ${listener.port} names no pool of it: "${pool}"`,
      where,
    );
  }
}

function checkOf(check: HealthCheck, name: string): HealthCheckConfig {
  const { protocol, port, path } = parseHealthCheckTarget(check.target);
  if (protocol !== "http" && protocol !== "tcp") {
    const hint = "check by HTTP or TCP";
    throw new UnsupportedError(`balancer ${name}: no health check by ${protocol} here`, {
      resource: name,
      hint,
    });
  }
  return {
    protocol,
    path: path ?? "/",
    ...(port === undefined ? {} : { port }),
    intervalMs: Math.max(1, check.intervalMs),
    timeoutMs: Math.max(1, check.timeoutMs),
    healthyCount: check.healthy,
    unhealthyCount: check.unhealthy,
  };
}

/**
 * What the balancer's process is told.
 * @param members - by pool; pools that the spec no longer has are left out.
 * @param address - where listeners listen.
 */
export function toConfig(
  spec: LoadBalancerSpec,
  members: Readonly<Record<string, readonly MemberConfig[]>>,
  address: string,
): BalancerConfigInput {
  const pools = poolsOf(spec);
  return {
    listeners: spec.listeners.map((listener) => ({
      address,
      port: listener.port,
      protocol: listener.protocol === "tcp" ? "tcp" : "http",
      pool: poolOf(listener, pools),
    })),
    pools: Object.fromEntries(
      pools.map((pool) => [
        pool.name,
        {
          algorithm: ALGORITHMS[pool.algorithm] ?? "round-robin",
          ...(pool.healthCheck === undefined ? {} : { healthCheck: checkOf(pool.healthCheck, spec.name) }),
          drainMs: pool.drainMs ?? DEFAULT_DRAIN_MS,
          members: [...(members[pool.name] ?? [])],
        },
      ]),
    ),
  };
}

/** Members by pool, as they stand in a configuration. */
export function membersOf(config: BalancerConfig | undefined): Record<string, MemberConfig[]> {
  return Object.fromEntries(Object.entries(config?.pools ?? {}).map(([name, pool]) => [name, pool.members]));
}

/** A spec with a patch laid over it. The shorthand for one pool gives way to pools, and the other way round. */
export function patchSpec(spec: LoadBalancerSpec, patch: LoadBalancerPatch): LoadBalancerSpec {
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const patched = { ...spec, ...given };
  if (patch.pools !== undefined) {
    for (const word of ["healthCheck", "algorithm", "drainMs"] as const)
      if (!(word in given)) delete patched[word];
  } else if (
    (patch.healthCheck ?? patch.algorithm ?? patch.drainMs) !== undefined &&
    spec.pools?.length === 1
  ) {
    const { name: _, ...only } = spec.pools[0] as WantedPool;
    delete patched.pools;
    return { ...only, ...patched };
  }
  return patched;
}

/** A spec with one pool's health check set. @throws ConfigError when it has no such pool. */
export function withHealthCheck(spec: LoadBalancerSpec, check: HealthCheck, pool?: string): LoadBalancerSpec {
  const name = pickPool(spec, pool);
  if (spec.pools === undefined) return { ...spec, healthCheck: check };
  return {
    ...spec,
    pools: spec.pools.map((each) => (each.name === name ? { ...each, healthCheck: check } : each)),
  };
}

/** The pool meant: the one named, or the only one. @throws ConfigError when there is no telling. */
export function pickPool(spec: LoadBalancerSpec, name: string | undefined): string {
  const names = poolsOf(spec).map((pool) => pool.name);
  const picked = name ?? (names.length === 1 ? names[0] : undefined);
  if (picked !== undefined && names.includes(picked)) return picked;
  const what = name === undefined ? "which pool?" : `no pool "${name}"`;
  throw new ConfigError(`balancer ${spec.name}: ${what}`, {
    resource: spec.name,
    hint: `pools: ${names.join(", ")}`,
  });
}

/**
 * A member to register.
 * @param findServer - looks a server up by its id.
 * @throws ConfigError when nothing tells its port.
 */
export async function toMember(
  spec: LoadBalancerSpec,
  pool: string,
  member: NewMember,
  findServer: (id: string) => Promise<Server>,
): Promise<MemberConfig> {
  const plain = { weight: 1, state: "enabled" as const };
  if (typeof member === "object") {
    const { id = `${member.address}:${member.port}`, address, port, weight } = member;
    // The contract's weight 0 means "gets nothing"; here that is a state.
    return weight === 0
      ? { id, address, port, weight: 1, state: "disabled" }
      : { ...plain, id, address, port, weight: weight ?? 1 };
  }
  const written = /^(.+):(\d{1,5})$/.exec(member);
  if (written !== null && !member.startsWith("pid:")) {
    return {
      ...plain,
      id: member,
      address: (written[1] as string).replace(/^\[|\]$/g, ""),
      port: Number(written[2]),
    };
  }
  const server = await findServer(member);
  const listener = spec.listeners.find((each) => poolOf(each, poolsOf(spec)) === pool);
  const port = listener?.instancePort ?? server.port ?? (listener?.port || undefined);
  if (port === undefined)
    throw new ConfigError(`server ${server.id} has no port to send traffic to`, { resource: server.id });
  return { ...plain, id: server.id, address: server.addresses[0] ?? "127.0.0.1", port };
}

/** A member as the contract shows it. One that is leaving is still there, draining. */
export function showMember(member: MemberStatus): Member {
  const { id, address, port, weight, active, reason } = member;
  return {
    id,
    address,
    port,
    weight,
    state: member.state === "removed" ? "draining" : member.state,
    health: member.health === "suspect" ? "unhealthy" : member.health,
    active,
    ...(reason === undefined ? {} : { detail: reason }),
  };
}
