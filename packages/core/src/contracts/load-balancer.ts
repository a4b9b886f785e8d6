import { z } from "zod";
import type { CallOptions, Metadata, Ref, WriteOptions } from "./common.js";
import { metadataSchema, nameSchema, portSchema, spanMsSchema } from "./common.js";
import { healthSchema } from "./instance.js";

/** Protocols of listeners. A provider refuses those it lacks. */
export const protocolSchema = z.enum(["http", "https", "tcp", "ssl", "udp", "tls"]);
/** Protocols of listeners. */
export type Protocol = z.infer<typeof protocolSchema>;

/** How members are checked. */
export const healthCheckSchema = z.object({
  /** `HTTP:8080/health`, `HTTP:/health` (the member's own port), `TCP:8080`, `TCP`. */
  target: z
    .string()
    .regex(
      /^(HTTP|HTTPS)(:\d+)?(:?\/.*)$|^(TCP|SSL)(:\d+)?$/,
      "write HTTP:PORT/path, HTTP:/path, TCP:PORT or TCP",
    ),
  intervalMs: spanMsSchema,
  timeoutMs: spanMsSchema,
  /** Good answers in a row until a member that failed counts as healthy again. */
  healthy: z.number().int().min(1).max(100),
  /** Bad answers in a row until a member counts as unhealthy. */
  unhealthy: z.number().int().min(1).max(100),
});
/** How members are checked. */
export type HealthCheck = z.infer<typeof healthCheckSchema>;

/** Parts of a {@link HealthCheck.target}. */
export interface HealthCheckTarget {
  protocol: "http" | "https" | "tcp" | "ssl";
  /** Absent: the member's own port. */
  port?: number;
  /** Absent for TCP and SSL. */
  path?: string;
}

/** Reads `HTTP:8080/health`. The text must have passed {@link healthCheckSchema}. */
export function parseHealthCheckTarget(target: string): HealthCheckTarget {
  const match = /^([A-Z]+)(?::(\d+))?:?(\/.*)?$/.exec(target);
  const protocol = (match?.[1] ?? "TCP").toLowerCase() as HealthCheckTarget["protocol"];
  return {
    protocol,
    ...(match?.[2] === undefined ? {} : { port: Number(match[2]) }),
    ...(match?.[3] === undefined ? {} : { path: match[3] }),
  };
}

/** A port that the balancer listens on. */
export const listenerSchema = z.object({
  /** 0 asks a provider that can for any free port. */
  port: z.number().int().min(0).max(65_535),
  protocol: protocolSchema,
  /** Shorthand for balancers with one pool: where instances listen (default: the instance's own port, or `port`). */
  instancePort: portSchema.optional(),
  instanceProtocol: protocolSchema.optional(),
  /** Name of the pool that it serves (default `default`). */
  pool: z.string().min(1).optional(),
  /** Certificate id or path, for `https`, `ssl` and `tls`. */
  certificate: z.string().optional(),
});
/** A port that the balancer listens on. */
export type Listener = z.infer<typeof listenerSchema>;

/** A server behind a balancer. */
export const memberSchema = z.object({
  /** Id of the instance, or `address:port` of a member that is none. */
  id: z.string().min(1),
  address: z.string().optional(),
  port: portSchema.optional(),
  weight: z.number().int().min(0).max(1_000).optional(),
  state: z.enum(["enabled", "draining", "disabled"]),
  health: healthSchema,
  /** Requests or connections in flight, where the provider tells. */
  active: z.number().int().min(0).optional(),
  /** Why it is not healthy, for people. */
  detail: z.string().optional(),
});
/** A server behind a balancer. */
export type Member = z.infer<typeof memberSchema>;

/** A set of members that share a health check. */
export const poolSchema = z.object({
  name: z.string().min(1),
  algorithm: z.enum([
    "round-robin",
    "least-connections",
    "random",
    "weighted-round-robin",
    "weighted-least-connections",
  ]),
  healthCheck: healthCheckSchema.optional(),
  /** How long a member that goes may finish its requests. */
  drainMs: spanMsSchema.optional(),
  members: z.array(memberSchema),
});
/** A set of members that share a health check. */
export type Pool = z.infer<typeof poolSchema>;

/** A load balancer. */
export const loadBalancerSchema = z.object({
  name: z.string(),
  id: z.string(),
  /** The provider's kind: AWS `classic`, `application`, `network`; elsewhere one. */
  type: z.string().optional(),
  status: z.enum(["pending", "active", "failed", "deleting"]),
  listeners: z.array(listenerSchema),
  pools: z.array(poolSchema),
  /** Host names or `host:port` where clients connect. */
  addresses: z.array(z.string()),
  zones: z.array(z.string()),
  metadata: metadataSchema,
  subnets: z.array(z.string()).optional(),
  /** What only its provider has, in the words of {@link LoadBalancerSpec.native}; those that were not read are missing. */
  native: z.record(z.string(), z.unknown()).optional(),
  /** Value of the label `bellows:owner`: the file (`project/key`) that made it. */
  owner: z.string().optional(),
});
/** A load balancer. */
export type LoadBalancer = z.infer<typeof loadBalancerSchema>;

/** What a new load balancer is made from. */
export const loadBalancerSpecSchema = z.object({
  name: nameSchema,
  type: z.string().optional(),
  listeners: z.array(listenerSchema).min(1),
  /** For balancers with one pool. */
  healthCheck: healthCheckSchema.optional(),
  algorithm: poolSchema.shape.algorithm.optional(),
  drainMs: spanMsSchema.optional(),
  pools: z.array(poolSchema.omit({ members: true })).optional(),
  zones: z.array(z.string()).optional(),
  subnets: z.array(z.string()).optional(),
  metadata: metadataSchema.optional(),
  owner: z.string().optional(),
  native: z.record(z.string(), z.unknown()).optional(),
});
/** What a new load balancer is made from. */
export type LoadBalancerSpec = z.infer<typeof loadBalancerSpecSchema>;

/** What can be changed of a load balancer; what is left out stays. */
export type LoadBalancerPatch = Partial<Omit<LoadBalancerSpec, "name" | "type" | "owner">>;

/** A member to register: an instance's id, or an address with its port. */
export type NewMember = string | { id?: string; address: string; port: number; weight?: number };

/** Load balancers. */
export interface LoadBalancersDriver {
  list(options?: CallOptions & { names?: string[] }): AsyncIterable<LoadBalancer>;
  get(balancer: Ref, options?: CallOptions): Promise<LoadBalancer>;
  /** Finds an equal one of an earlier call. Returned: accepted; usable when `status` is `active`. @throws AlreadyExistsError */
  create(spec: LoadBalancerSpec, options?: WriteOptions): Promise<LoadBalancer>;
  update(balancer: Ref, patch: LoadBalancerPatch, options?: WriteOptions): Promise<LoadBalancer>;
  /** Returned: accepted. Deleting what is gone is a NotFoundError. */
  delete(balancer: Ref, options?: WriteOptions): Promise<void>;
  configureHealthCheck(
    balancer: Ref,
    check: HealthCheck,
    options?: CallOptions & { pool?: string },
  ): Promise<HealthCheck>;
  members(balancer: Ref, options?: CallOptions & { pool?: string }): AsyncIterable<Member>;
  /** Adds members; those already there stay as they are. Returned: accepted; `wait` for them to be in service. */
  register(
    balancer: Ref,
    members: readonly NewMember[],
    options?: WriteOptions & { pool?: string },
  ): Promise<void>;
  /** Removes members, draining them first where the balancer can. Unknown ones are ignored. Returned: accepted. */
  deregister(
    balancer: Ref,
    ids: readonly string[],
    options?: WriteOptions & { pool?: string; drain?: boolean },
  ): Promise<void>;
  enableZones?(balancer: Ref, zones: readonly string[], options?: CallOptions): Promise<string[]>;
  disableZones?(balancer: Ref, zones: readonly string[], options?: CallOptions): Promise<string[]>;
  metadata?(balancer: Ref, metadata: Metadata, options?: CallOptions): Promise<Metadata>;
}
