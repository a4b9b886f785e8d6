import type { CallOptions, Host, Provider, RegionsDriver, ServersDriver } from "@bellows/core";
import { defineProvider } from "@bellows/core";
import { type AlarmDrivers, createAlarms, type OwnAlarms, type RackspaceAlarms } from "./alarms.js";
import { createBalancerContext } from "./balancer-calls.js";
import { createRackspace, type Rackspace } from "./client.js";
import { diagnose } from "./diagnose.js";
import type { GroupContext } from "./group-context.js";
import { createDefinitions, type Definitions } from "./group-observe.js";
import { createGroups, type RackspaceGroups } from "./groups.js";
import { createLaunch, type RackspaceLaunches } from "./launch.js";
import { launchSchema, nativeSchema } from "./launch-schema.js";
import { type AutoscaleLimits, readLimits } from "./limits.js";
import { createLoadBalancers, type RackspaceBalancers } from "./load-balancers.js";
import { createTurns } from "./making.js";
import { membersOfGroups, membersOfServers, watching, watchServers } from "./members.js";
import { createMetrics, type RackspaceMetrics } from "./metrics.js";
import { createMonitoring } from "./monitoring.js";
import { createOwnBalancers, type OwnBalancers } from "./native-balancers.js";
import { createFlavors, createImages, type Flavors, type Images } from "./native-catalog.js";
import type { RackspaceOptions } from "./options.js";
import { optionsSchema } from "./options.js";
import { createPkgcloud } from "./pkgcloud.js";
import { createPolicies, type RackspacePolicies } from "./policies.js";
import { createRegions } from "./regions.js";
import { createServerBook } from "./server-book.js";
import type { NovaServer } from "./server-map.js";
import { createServers, type RackspaceServers, READ_AFTER_WRITE_MS } from "./servers.js";
import { createWebhooks, type RackspaceWebhooks } from "./webhooks.js";

/** What no other cloud has. */
export interface RackspaceOwn {
  /** What the account may have of Autoscale. */
  limits(options?: CallOptions): Promise<AutoscaleLimits>;
  flavors: Flavors;
  images: Images;
  balancers: OwnBalancers;
  alarms: OwnAlarms;
}

/**
 * The Rackspace Cloud, connected. With `groups: "servers"` in the options Autoscale is not used: groups, launch, policies
 * and webhooks are then core's own, over servers and load balancers.
 */
export interface RackspaceProvider extends Provider {
  groups: RackspaceGroups;
  launch: RackspaceLaunches;
  policies: RackspacePolicies;
  webhooks: RackspaceWebhooks;
  servers: RackspaceServers;
  loadBalancers: RackspaceBalancers;
  alarms: RackspaceAlarms;
  metrics: RackspaceMetrics;
  regions: RegionsDriver;
  native: RackspaceOwn;
}

/** The Rackspace Cloud. Nothing is loaded or asked before the first call. */
export default defineProvider<RackspaceOptions, RackspaceProvider>({
  name: "rackspace",
  contract: 1,
  options: optionsSchema,
  launch: launchSchema,
  native: nativeSchema,
  capabilities: {
    // A server just made may be missing from lists for some seconds.
    readAfterWriteMs: READ_AFTER_WRITE_MS,
    rounding: "otter",
    pausable: [],
    labels: true,
    // Checks of Cloud Monitoring run every 30 s at most.
    metricPeriodMs: 30_000,
    cooldown: "from-execution",
  },
  drivers: [
    "groups",
    "launch",
    "policies",
    "webhooks",
    "alarms",
    "loadBalancers",
    "metrics",
    "servers",
    "regions",
  ],
  create(options, host) {
    const rackspace = createRackspace(options, host);
    const { servers, loadBalancers, native, onServers } = createMachines(rackspace, options, host);
    const keeping = options.groups === "autoscale" ? createKeeping(rackspace, host, servers) : undefined;
    const { alarms, metrics, own, seen } = createLooking(rackspace, host, servers, keeping);
    if (keeping === undefined) onServers(watchServers(seen));
    // Without Autoscale its drivers are absent, and core puts its own in their place.
    return {
      ...keeping,
      ...(keeping && { groups: watching(keeping.groups, seen) }),
      alarms,
      metrics,
      servers,
      loadBalancers,
      regions: createRegions(rackspace, keeping === undefined ? "cloudServersOpenStack" : "autoscale"),
      native: { ...native, alarms: own },
      close: async () => rackspace.close(),
      diagnose: (calling?: CallOptions) => diagnose(rackspace, options, calling),
    } as RackspaceProvider;
  },
});

/** Servers, and load balancers in front of them. */
interface Machines {
  servers: RackspaceServers;
  loadBalancers: RackspaceBalancers;
  native: Omit<RackspaceOwn, "alarms">;
  /** Has somebody told of all servers, whenever they are read. */
  onServers(listener: (servers: readonly NovaServer[]) => void): void;
}

function createMachines(rackspace: Rackspace, options: RackspaceOptions, host: Host): Machines {
  const pkgcloud = createPkgcloud(rackspace, host);
  const book = createServerBook(rackspace, host, () => servers);
  const listeners = [book.listed];
  const servers = createServers({
    rackspace,
    pkgcloud,
    host,
    nameStyle: options.serverNameStyle,
    listed(all) {
      for (const listener of listeners) listener(all);
    },
  });
  const balancers = createBalancerContext({ rackspace, pkgcloud, host, book });
  return {
    servers,
    onServers: (listener) => void listeners.push(listener),
    loadBalancers: createLoadBalancers(balancers),
    native: {
      limits: (calling) => readLimits(rackspace, calling),
      flavors: createFlavors(pkgcloud),
      images: createImages(rackspace),
      balancers: createOwnBalancers(balancers),
    },
  };
}

/** What Cloud Monitoring knows of servers, and the alarms that it keeps. */
function createLooking(
  rackspace: Rackspace,
  host: Host,
  servers: RackspaceServers,
  keeping: Pick<RackspaceProvider, "groups" | "policies" | "webhooks"> | undefined,
): AlarmDrivers & { metrics: RackspaceMetrics } {
  const monitoring = createMonitoring(rackspace);
  const membersOf = keeping === undefined ? membersOfServers(servers) : membersOfGroups(keeping.groups);
  const parts = { rackspace, monitoring, host, membersOf };
  return {
    ...createAlarms(
      keeping === undefined ? parts : { ...parts, webhooks: keeping.webhooks, policies: keeping.policies },
    ),
    metrics: createMetrics(parts),
  };
}

/** What Autoscale keeps. Its drivers share their turns: a group is changed by one of them at a time. */
function createKeeping(
  rackspace: Rackspace,
  host: Host,
  servers: Pick<ServersDriver, "list">,
): Pick<RackspaceProvider, "groups" | "launch" | "policies" | "webhooks"> {
  const context: GroupContext & { definitions: Definitions } = {
    rackspace,
    host,
    inTurn: createTurns(),
    definitions: createDefinitions(host.clock),
  };
  return {
    groups: createGroups(context, servers),
    launch: createLaunch(context),
    policies: createPolicies(context),
    webhooks: createWebhooks(context),
  };
}

export type { OwnAlarms, RackspaceAlarms } from "./alarms.js";
export type { RackspaceGroups } from "./groups.js";
export type { RackspaceLaunches } from "./launch.js";
export type { RackspaceLaunch, RackspaceNative } from "./launch-schema.js";
export type { AutoscaleLimits, RateLimit } from "./limits.js";
export type { RackspaceBalancers } from "./load-balancers.js";
export type { RackspaceMetrics } from "./metrics.js";
export type { OwnBalancers, VirtualIp } from "./native-balancers.js";
export type { Flavor, Flavors, Image, Images } from "./native-catalog.js";
export type { RackspaceOptions } from "./options.js";
export type { RackspacePolicies } from "./policies.js";
export type { RackspaceServers } from "./servers.js";
export type { RackspaceWebhooks } from "./webhooks.js";
