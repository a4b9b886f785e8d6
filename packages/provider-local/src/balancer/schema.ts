import { z } from "@bellows/core";

const port = z.number().int().min(1).max(65_535);
const durationMs = z.number().int().min(1).max(86_400_000);

/** How members are probed. Without one, members take part at once and a TCP probe re-admits those that refused. */
export const healthCheckSchema = z.strictObject({
  protocol: z
    .enum(["http", "tcp"])
    .describe("http: a 2xx or 3xx answer passes; tcp: an accepted connection passes"),
  path: z.string().startsWith("/").default("/").describe("asked by http checks"),
  port: port.optional().describe("probed port; default: the member's own"),
  intervalMs: durationMs.default(2_000),
  timeoutMs: durationMs.default(1_000),
  healthyCount: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(2)
    .describe("passes in a row that readmit a failed member"),
  unhealthyCount: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(2)
    .describe("failures in a row that take a member out"),
});

/** One server behind the balancer. `id` is unique in its pool. */
export const memberSchema = z.strictObject({
  id: z.string().min(1).max(200),
  address: z.string().min(1).describe("IP address or host name, without brackets"),
  port,
  weight: z.number().int().min(1).max(1_000).default(1),
  state: z
    .enum(["enabled", "draining", "disabled"])
    .default("enabled")
    .describe(
      "draining: finishes what it has, within drainMs, and gets nothing new; disabled: is cut at once",
    ),
});

/** Members that share one kind of work. */
export const poolSchema = z.strictObject({
  algorithm: z.enum(["round-robin", "least-connections"]).default("round-robin"),
  healthCheck: healthCheckSchema.optional(),
  members: z
    .array(memberSchema)
    .refine(
      (members) => new Set(members.map((member) => member.id)).size === members.length,
      "member ids repeat",
    ),
  drainMs: z
    .number()
    .int()
    .min(0)
    .max(86_400_000)
    .default(30_000)
    .describe("how long a draining or removed member may finish its work before it is cut"),
  queueMs: z
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(3_000)
    .describe("how long a request waits for a member to become available before it is answered 503"),
  responseTimeoutMs: durationMs.default(300_000).describe("longest wait for a response to begin; then 504"),
});

/** Where clients connect. Port 0 asks for a free port, which is kept over restarts where possible. */
export const listenerSchema = z.strictObject({
  address: z.string().min(1).default("127.0.0.1"),
  port: z.number().int().min(0).max(65_535),
  protocol: z.enum(["http", "tcp"]),
  pool: z.string().min(1),
});

/** All that one balancer is told. */
export const balancerConfigSchema = z
  .strictObject({ listeners: z.array(listenerSchema), pools: z.record(z.string().min(1), poolSchema) })
  .superRefine((config, context) => {
    for (const [index, listener] of config.listeners.entries()) {
      if (!Object.hasOwn(config.pools, listener.pool)) {
        const message = `no pool is named "${listener.pool}"`;
        context.addIssue({ code: "custom", path: ["listeners", index, "pool"], message });
      }
    }
  });

/** A balancer's configuration as a caller may write it, with defaults left out. */
export type BalancerConfigInput = z.input<typeof balancerConfigSchema>;
/** A balancer's configuration with every default filled in. */
export type BalancerConfig = z.infer<typeof balancerConfigSchema>;
/** One pool of {@link BalancerConfig}. */
export type PoolConfig = z.infer<typeof poolSchema>;
/** One listener of {@link BalancerConfig}. */
export type ListenerConfig = z.infer<typeof listenerSchema>;
/** One member of {@link PoolConfig}. */
export type MemberConfig = z.infer<typeof memberSchema>;
/** The health check of {@link PoolConfig}. */
export type HealthCheckConfig = z.infer<typeof healthCheckSchema>;
