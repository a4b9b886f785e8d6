import type { LoadBalancer, LoadBalancerConfig, LoadBalancerPatch, LoadBalancerSpec } from "@bellows/core";
import type { Session } from "../session.js";
import { differences, type FieldChange, type PlannedChange } from "./change.js";
import { orAbsent } from "./or-absent.js";

/** What makes a load balancer of the file so; empty where its provider is broken. */
export async function planBalancer(
  session: Session,
  { key, provider, spec }: LoadBalancerConfig,
): Promise<PlannedChange[]> {
  const driver = session.clouds.get(provider)?.loadBalancers;
  if (driver === undefined) return [];
  const about = { kind: "load-balancer" as const, name: spec.name, provider };
  const found = await orAbsent(driver.get(spec.name));
  if (found === undefined) {
    return [
      {
        ...about,
        action: "create",
        changes: differences({}, visible(spec)),
        run: async () =>
          void (await driver.create({ ...spec, owner: spec.owner ?? `${session.config.name}/${key}` })),
      },
    ];
  }
  const changes = balancerDifferences(found, spec);
  const { name: _name, type: _type, owner: _owner, ...patch } = spec;
  return [
    {
      ...about,
      action: changes.length === 0 ? "none" : "update",
      changes,
      run: async () => void (await driver.update(found.id, patch as LoadBalancerPatch)),
    },
  ];
}

function visible(spec: LoadBalancerSpec): unknown {
  const { owner: _owner, ...rest } = spec;
  return rest;
}

/**
 * In what a balancer differs from the file, which is compared with as much as it says: listeners by their port (a port
 * of 0 fits whatever port it got), pools by their name, zones in whatever order.
 */
export function balancerDifferences(found: LoadBalancer, spec: LoadBalancerSpec): FieldChange[] {
  const wanted = spec.listeners.map((listener, index) => ({
    ...listener,
    port: listener.port === 0 ? (found.listeners[index]?.port ?? 0) : listener.port,
  }));
  const saysPort = new Map(wanted.map(({ port, instancePort }) => [port, instancePort !== undefined]));
  const bare = (list: LoadBalancer["listeners"]): unknown =>
    list
      .map(({ port, protocol, instancePort }) => ({
        port,
        protocol,
        ...(instancePort !== undefined && saysPort.get(port) !== false && { instancePort }),
      }))
      .sort((a, b) => a.port - b.port);
  const [pool] = found.pools;
  return [
    ...differences(bare(found.listeners), bare(wanted), "listeners"),
    ...differences(pool?.healthCheck, spec.healthCheck, "healthCheck"),
    ...differences(pool?.algorithm, spec.algorithm, "algorithm"),
    ...differences(pool?.drainMs, spec.drainMs, "drainMs"),
    ...(spec.pools ?? []).flatMap(({ name, ...rest }) =>
      differences(found.pools.find((one) => one.name === name) ?? {}, rest, `pools.${name}`),
    ),
    ...differences([...found.zones].sort(), spec.zones && [...spec.zones].sort(), "zones"),
    ...differences(found.metadata, spec.metadata, "metadata"),
    ...differences(found.native, among(spec.native, found.native), "native"),
  ];
}

/** The wanted words that the world tells; of the others nobody knows whether they are so. */
function among(
  wanted: LoadBalancerSpec["native"],
  told: LoadBalancer["native"],
): Record<string, unknown> | undefined {
  if (wanted === undefined || told === undefined) return undefined;
  return Object.fromEntries(Object.entries(wanted).filter(([word]) => word in told));
}
