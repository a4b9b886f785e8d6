import type { HealthCheck, LoadBalancerSpec } from "../contracts/load-balancer.js";
import { readDuration } from "../duration.js";
import { nearest } from "../nearest.js";
import type { LoadBalancerConfig } from "./config.js";
import type { Context } from "./context.js";
import { compact } from "./context.js";
import { DEFAULTS } from "./defaults.js";
import { chooseProvider, nativeNames, readNative } from "./normalize-group.js";
import { checkName } from "./normalize-scaling.js";
import type { Field } from "./read.js";
import { readFields } from "./read.js";
import type { HealthCheckFile, ListenerFile, LoadBalancerFile } from "./schema.js";
import { loadBalancerFile } from "./schema.js";
import type { Entry } from "./source-node.js";
import { nodeAt } from "./source-node.js";

/** Reads one load balancer. */
export function normalizeBalancer(context: Context, entry: Entry): LoadBalancerConfig | undefined {
  const { report } = context;
  const where = `loadBalancers.${entry.key}`;
  checkName(context, entry, "load balancer");
  const fields = readFields(
    {
      report,
      node: entry.value,
      schema: loadBalancerFile,
      where,
      key: entry.key,
      keyRange: entry.keyRange,
      foreign: "balancer",
    },
    { extra: nativeNames(context) },
  );
  if (fields === undefined) return undefined;
  const { values, at } = fields;
  const provider = chooseProvider(context, entry, where, at.provider);
  const native = readNative(
    context,
    where,
    provider === undefined ? undefined : context.providers.get(provider),
    fields.extra,
  );
  checkListeners(context, values, at);
  if (provider === undefined || values.listeners === undefined) return undefined;
  const spec: LoadBalancerSpec = compact({
    name: entry.key,
    type: values.type,
    listeners: values.listeners.map(toListener),
    healthCheck: values.healthCheck && toHealthCheck(values.healthCheck),
    algorithm: values.algorithm,
    drainMs: values.drain,
    pools: values.pools?.map((pool) =>
      compact({
        name: pool.name,
        algorithm: pool.algorithm ?? ("round-robin" as const),
        healthCheck: pool.healthCheck && toHealthCheck(pool.healthCheck),
        drainMs: pool.drain,
      }),
    ),
    zones: values.zones,
    subnets: values.subnets,
    metadata: values.metadata,
    owner: `${context.project}/${entry.key}`,
    native,
  });
  return { key: entry.key, provider, spec };
}

function toListener(listener: ListenerFile): LoadBalancerSpec["listeners"][number] {
  return compact({ ...listener, protocol: listener.protocol ?? DEFAULTS.protocol });
}

function toHealthCheck(check: HealthCheckFile): HealthCheck {
  const intervalMs = check.interval ?? Number(readDuration(DEFAULTS.healthInterval));
  return {
    target: check.target,
    intervalMs,
    // An answer that takes longer than the interval would overlap the next check.
    timeoutMs:
      check.timeout ?? Math.min(Number(readDuration(DEFAULTS.healthTimeout)), Math.ceil(intervalMs / 2)),
    healthy: check.healthy ?? DEFAULTS.healthy,
    unhealthy: check.unhealthy ?? DEFAULTS.unhealthy,
  };
}

function checkListeners(
  context: Context,
  values: Partial<LoadBalancerFile>,
  at: Partial<Record<keyof LoadBalancerFile, Field>>,
): void {
  const { report } = context;
  const pools = values.pools?.map((pool) => pool.name);
  const ports = new Map<number, number>();
  for (const [index, listener] of (values.listeners ?? []).entries()) {
    const node = at.listeners === undefined ? undefined : nodeAt(at.listeners.node, [index]);
    if (node === undefined) continue;
    if (listener.port !== 0 && ports.has(listener.port))
      report.fault(node, `port ${listener.port} is listened on twice`, "leave one out");
    ports.set(listener.port, index);
    const pool = listener.pool ?? (pools === undefined ? undefined : "default");
    if (pool === undefined || pools?.includes(pool)) continue;
    if (pools === undefined && pool === "default") continue;
    const near = nearest(pool, pools ?? []);
    const hint =
      near === undefined ? `pools here: ${(pools ?? ["default"]).join(", ")}` : `did you mean "${near}"?`;
    report.fault(nodeAt(node, ["pool"]) ?? node, `unknown pool ${JSON.stringify(pool)}`, hint);
  }
}
