import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.js";
import type { ActivitiesDriver } from "../contracts/activity.js";
import type { Group, GroupsDriver } from "../contracts/group.js";
import type { LaunchConfiguration, LaunchDriver } from "../contracts/launch.js";
import type { PoliciesDriver, PolicySpec } from "../contracts/policy.js";
import type { Capabilities, Logger, Provider } from "../contracts/provider.js";
import type { StateStore } from "../contracts/state-store.js";
import type { WebhooksDriver } from "../contracts/webhook.js";
import { createPortableGroups, type PortableGroups, type PortableGroupsOptions } from "./groups.js";
import { overLateReads, withOurs } from "./native-groups.js";
import { createPolicies, type Execute, type KeptGroup, keptGroups, policyDocuments } from "./policies.js";
import {
  type Capability,
  createWebhooks,
  dropWebhooks,
  forgetWebhooks,
  resolveCapability,
} from "./webhooks.js";

export type { Execute } from "./policies.js";

/** What core lays under a provider. */
export interface Portable {
  /** Groups on the provider's servers, or the cloud's own, whose deletion takes our policies and webhooks with it. */
  groups: GroupsDriver;
  launch?: LaunchDriver;
  activities?: ActivitiesDriver;
  /** Policies of both engines in one list. */
  policies: PoliciesDriver;
  webhooks: WebhooksDriver;
  /** What the secret part of a webhook's URL opens; in constant time. */
  resolveCapability(hash: string): Promise<Capability | undefined>;
  /** Groups for which policies or webhooks are kept here (or this one of them). */
  kept(group?: Pick<Group, "id" | "name">): AsyncIterable<KeptGroup>;
  /** See {@link PortableGroups.forgive}. */
  forgive(): Promise<void>;
  /** Resolves when no convergence pass is going on. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** What the portable parts are made from. */
export interface PortableOptions {
  key: string;
  store: StateStore;
  clock: Clock;
  logger: Logger;
  plugin: { capabilities: Capabilities };
  parseLaunch?: (launch: LaunchConfiguration) => LaunchConfiguration;
  tuning?: PortableGroupsOptions["tuning"];
  /** `portable`: on the servers even where the cloud keeps groups. */
  groups?: "native" | "portable";
  background?: boolean;
  webhookUrl?: string;
  serverKey?: string;
  execute?: Execute;
  declared?: (group: string) => readonly PolicySpec[];
  newId?: () => string;
}

/** Lays the portable parts under a provider. */
export function createPortable(provider: Provider, options: PortableOptions): Portable {
  const newId = options.newId ?? randomUUID;
  const own = options.groups !== "portable" && provider.groups !== undefined;
  const kept =
    own || provider.servers === undefined ? undefined : keepGroups(provider, { ...options, newId });
  const groups = kept?.groups ?? provider.groups;
  if (groups === undefined) throw new TypeError("a provider without groups and servers");
  const late = kept ? undefined : overLateReads(groups, options.clock, options.plugin.capabilities);
  const policies = createPolicies({
    ...shared(options),
    groups: late?.groups ?? groups,
    ...(late && { read: late.read }),
    newId,
    rounding: options.plugin.capabilities.rounding,
    ...(own && provider.policies && { native: provider.policies }),
    onDeleted: (group, policy) => dropWebhooks(options.store, options.key, group, policy.id),
    ...(options.execute && { execute: options.execute }),
    ...(options.declared && { declared: options.declared }),
  });
  const webhooks = createWebhooks({
    ...shared(options),
    groups,
    policies,
    newId,
    ...(own && provider.webhooks && { native: provider.webhooks }),
    ...(options.webhookUrl !== undefined && { webhookUrl: options.webhookUrl }),
    ...(options.serverKey !== undefined && { serverKey: options.serverKey }),
  });
  return {
    groups:
      late === undefined
        ? groups
        : withOurs(late.groups, policies, options, own && provider.policies !== undefined),
    ...(kept && { launch: kept.launch, activities: kept.activities }),
    policies,
    webhooks,
    resolveCapability: (hash) => resolveCapability(options.store, options.serverKey ?? "", hash),
    kept: (group) => keptGroups(options.store, options.key, group),
    forgive: async () => kept?.forgive(),
    idle: async () => kept?.idle(),
    close: async () => kept?.close(),
  };
}

function shared(options: PortableOptions): { provider: string; store: StateStore; clock: Clock } {
  return { provider: options.key, store: options.store, clock: options.clock };
}

function keepGroups(
  provider: Provider & { groups?: GroupsDriver },
  options: PortableOptions & { newId: () => string },
): PortableGroups | undefined {
  if (provider.servers === undefined) return undefined;
  return createPortableGroups({
    ...shared(options),
    servers: provider.servers,
    logger: options.logger,
    capabilities: options.plugin.capabilities,
    newId: options.newId,
    policyDocuments: (group, specs) => policyDocuments(options.key, group, specs, options.newId),
    onDeleted: (group) => forgetWebhooks(options.store, options.key, group),
    ...(provider.loadBalancers && { loadBalancers: provider.loadBalancers }),
    ...(options.parseLaunch && { parseLaunch: options.parseLaunch }),
    ...(options.tuning && { tuning: options.tuning }),
    ...(options.background !== undefined && { background: options.background }),
  });
}
