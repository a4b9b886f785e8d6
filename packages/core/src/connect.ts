import { type Clock, systemClock } from "./clock.js";
import type { ActivitiesDriver } from "./contracts/activity.js";
import type { CallOptions } from "./contracts/common.js";
import type { GroupsDriver } from "./contracts/group.js";
import type { LaunchConfiguration, LaunchDriver } from "./contracts/launch.js";
import type { PoliciesDriver, PolicySpec } from "./contracts/policy.js";
import type {
  Capabilities,
  Finding,
  Logger,
  Provider,
  ProviderDrivers,
  ProviderPlugin,
} from "./contracts/provider.js";
import { CONTRACT_VERSION } from "./contracts/provider.js";
import type { StateStore } from "./contracts/state-store.js";
import type { WebhooksDriver } from "./contracts/webhook.js";
import { can, LAID, laidOver, NOUNS, refusals } from "./drivers.js";
import { ConfigError, errorLine } from "./errors.js";
import { freezeAnswers } from "./freeze.js";
import { type BoundGroup, bindGroup } from "./group-handle.js";
import { createHost, silentLogger } from "./host/host.js";
import type { Redaction } from "./host/redaction.js";
import type { PortableGroups } from "./portable/groups.js";
import { createPortable, type Execute, type Portable } from "./portable/portable.js";
import { createWaiters, type Waiters } from "./waiters.js";

/** How to connect, beside the provider's own options. All of it has defaults. */
export interface ConnectSettings {
  /** Key of the provider, as a config file names it (default: the plugin's name). Part of what is kept in the store. */
  key?: string;
  /** Where the portable parts (groups on plain servers, policies, webhooks) are kept; without it they refuse. */
  store?: StateStore;
  /** What webhook links begin with: `https://scale.example.com`. */
  webhookUrl?: string;
  /** Secret under which webhook links are made, 16 characters or more, kept outside the store. */
  serverKey?: string;
  clock?: Clock;
  logger?: Logger;
  /** Relative paths in options are meant from here (default: the current folder). */
  baseFolder?: string;
  /** Parent of the folders that providers keep things in. */
  stateFolder?: string;
  userAgent?: string;
  /** `portable`: core keeps the groups on the provider's servers even if the cloud could. */
  groups?: "native" | "portable";
  /** False: groups on plain servers are converged only inside calls that write (default true). */
  background?: boolean;
  /** The options have passed the plugin's schema already (they come from a config file). */
  checked?: boolean;
  /** Blanks secrets out of the plugin's logs and errors; default: one of its own. */
  redaction?: Redaction;
  /** Runs policy executions through somebody's own queue (the daemon's) instead of here. */
  execute?: Execute;
  /** Policies that a config file declares for a group, by the group's name: listed and executed, not changed from here. */
  declared?: (group: string) => readonly PolicySpec[];
  /** Makes ids (default: random UUIDs). */
  newId?: () => string;
}

type OwnDriver = "servers" | "loadBalancers" | "alarms" | "clusters" | "regions" | "metrics" | "native";

/** The groups driver that a connection to `P` has: the cloud's own, or core's over its servers. */
export type GroupsOf<P> = P extends { groups: infer G extends GroupsDriver }
  ? G
  : "groups" extends keyof P
    ? GroupsDriver
    : PortableGroups["groups"];

/** A connected cloud: the provider's drivers, with core's portable parts where it has none. Answers are frozen plain data. */
export type Cloud<P extends Provider = Provider> = Pick<P, Extract<keyof P, OwnDriver>> & {
  /** Key of the provider. */
  readonly key: string;
  /** Name of the plugin. */
  readonly plugin: string;
  readonly capabilities: Capabilities;
  readonly groups: GroupsOf<P> & {
    /** The same calls with the group bound. */
    of(group: string): BoundGroup;
  };
  readonly launch: LaunchDriver;
  readonly policies: PoliciesDriver;
  readonly webhooks: WebhooksDriver;
  readonly activities: ActivitiesDriver;
  /** What the plugin brought, untouched. */
  readonly provider: P;
  /** The portable parts in use, for whoever runs a daemon; absent without a store. */
  readonly portable?: Portable;
  /** Whether a driver (`alarms`) or one of its methods (`groups.attach`) is there and can be used. */
  can(feature: string): boolean;
  readonly wait: Waiters;
  /** As the provider's; empty where it has none. Never throws. */
  diagnose(options?: CallOptions): Promise<Finding[]>;
  /** Ends connections and timers; groups and servers go on. Calling it twice is fine. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * Connects to a cloud.
 * @param plugin - a provider plugin's default export.
 * @param options - the provider's own options, as they would stand in a config file.
 * @throws ConfigError that lists every fault of the options; what `create` of the plugin throws.
 * @example
 * ```ts
 * await using cloud = await connect(local, {}, { store: createMemoryStore() });
 * await cloud.groups.create({ name: "web", min: 1, max: 4, launch: { command: "node", args: ["server.mjs"] } });
 * ```
 */
export async function connect<Options, P extends Provider>(
  plugin: ProviderPlugin<Options, P>,
  options: Partial<Options>,
  settings: ConnectSettings = {},
): Promise<Cloud<P>> {
  requireContract(plugin);
  const key = settings.key ?? plugin.name;
  const clock = settings.clock ?? systemClock;
  const closing = new AbortController();
  const parsed = settings.checked === true ? (options as Options) : parseOptions(plugin, key, options);
  const { store, baseFolder, stateFolder, userAgent, logger, redaction } = settings;
  const host = createHost({
    key,
    clock,
    signal: closing.signal,
    ...(logger && { logger }),
    ...(redaction && { redaction }),
    ...(store && { store }),
    ...(baseFolder !== undefined && { baseFolder }),
    ...(stateFolder !== undefined && { stateFolder }),
    ...(userAgent !== undefined && { userAgent }),
  });
  const provider = await plugin.create(parsed, host);
  requireDrivers(plugin, provider);
  return assemble(plugin, provider, { ...settings, key, clock, logger: logger ?? silentLogger }, closing);
}

type Settled = ConnectSettings & { key: string; clock: Clock; logger: Logger };

function requireContract(plugin: Pick<ProviderPlugin, "name" | "contract" | "kind">): void {
  if (plugin.kind !== "provider")
    throw new ConfigError(`plugin ${plugin.name} is a ${String(plugin.kind)}, not a provider`);
  if (plugin.contract === CONTRACT_VERSION) return;
  throw new ConfigError(
    `provider ${plugin.name} was written for contract ${plugin.contract}, and this is ${CONTRACT_VERSION}`,
    {
      provider: plugin.name,
      hint: plugin.contract > CONTRACT_VERSION ? "update @bellows/core" : "update the provider's package",
    },
  );
}

function parseOptions<Options>(
  plugin: Pick<ProviderPlugin<Options>, "options">,
  key: string,
  options: unknown,
): Options {
  const parsed = plugin.options.safeParse(options);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    (issue) => `${["providers", key, ...issue.path].join(".")}: ${issue.message}`,
  );
  throw new ConfigError(faults.join("; "), { provider: key, operation: "connect" });
}

function requireDrivers(plugin: Pick<ProviderPlugin, "name">, provider: Provider): void {
  if (provider.groups || provider.servers) return;
  throw new ConfigError(`provider ${plugin.name} brings neither groups nor servers`, {
    provider: plugin.name,
    hint: "its create() must return one of them",
  });
}

function assemble<Options, P extends Provider>(
  plugin: ProviderPlugin<Options, P>,
  provider: P,
  settings: Settled,
  closing: AbortController,
): Cloud<P> {
  const portable =
    settings.store &&
    createPortable(provider, {
      ...settings,
      store: settings.store,
      plugin,
      parseLaunch: launchParser(plugin),
    });
  const laying = { ...settings, hasStore: settings.store !== undefined };
  const drivers = laidOver(provider, portable, laying);
  const refusing = refusals(provider, laying);
  const driver = <K extends keyof ProviderDrivers>(noun: K): NonNullable<ProviderDrivers[K]> =>
    drivers[noun] ? freezeAnswers(drivers[noun]) : refusing(noun);
  const wrapped = Object.fromEntries(
    NOUNS.filter((noun) => drivers[noun] !== undefined || LAID.includes(noun)).map((noun) => [
      noun,
      driver(noun),
    ]),
  );
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= shut(provider, portable, closing));
  const cloud = {
    ...("native" in provider ? { native: provider.native } : {}),
    ...wrapped,
    key: settings.key,
    plugin: plugin.name,
    capabilities: plugin.capabilities,
    provider,
    ...(portable && { portable }),
    can: (feature: string) => can(drivers, feature),
    diagnose: async (options?: CallOptions) => (await provider.diagnose?.(options)) ?? [],
    close,
    [Symbol.asyncDispose]: close,
  } as unknown as Cloud<P>;
  const nouns = wrapped as unknown as Pick<
    Cloud,
    "groups" | "launch" | "policies" | "webhooks" | "activities"
  >;
  const groups = withHandle(nouns.groups, (group) => bindGroup(nouns, group));
  return Object.freeze(
    Object.assign(cloud, { groups, wait: createWaiters(nouns.groups, settings.clock) }),
  ) as Cloud<P>;
}

function launchParser(
  plugin: Pick<ProviderPlugin, "launch" | "name">,
): (launch: LaunchConfiguration) => LaunchConfiguration {
  return (launch) => {
    const parsed = plugin.launch.safeParse(launch);
    if (parsed.success) return parsed.data as LaunchConfiguration;
    const faults = parsed.error.issues.map(
      (issue) => `${["launch", ...issue.path].join(".")}: ${issue.message}`,
    );
    throw new ConfigError(faults.join("; "), { provider: plugin.name });
  };
}

function withHandle<G extends object>(
  groups: G,
  of: (group: string) => BoundGroup,
): G & { of(group: string): BoundGroup } {
  return new Proxy(groups, {
    get: (target, key) => (key === "of" ? of : Reflect.get(target, key, target)),
  }) as G & { of(group: string): BoundGroup };
}

async function shut(
  provider: Provider,
  portable: Portable | undefined,
  closing: AbortController,
): Promise<void> {
  try {
    await portable?.close();
  } finally {
    closing.abort();
    await provider.close();
  }
}

/** As {@link Cloud.diagnose}, with a thrown error as a finding. */
export async function diagnoseSafely(
  cloud: Pick<Cloud, "diagnose">,
  options?: CallOptions,
): Promise<Finding[]> {
  try {
    return await cloud.diagnose(options);
  } catch (error) {
    return [{ level: "error", text: errorLine(error) }];
  }
}
