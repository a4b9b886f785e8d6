import {
  type Attachment,
  type Cloud,
  type Group,
  type GroupConfig,
  type GroupSpec,
  isBellowsError,
  type LaunchConfiguration,
  type LoadBalancer,
  type LoadBalancerConfig,
  type LoadBalancerPatch,
  type LoadBalancerSpec,
  NotFoundError,
} from "@bellows/core";
import type { Session } from "../session.js";
import { differences, exactDifferences, type FieldChange, type ResourceChange } from "./change.js";

/** A change together with what carries it out. */
export interface PlannedChange extends ResourceChange {
  /** Makes it so. Asking twice is safe. */
  run(): Promise<void>;
}

/** What to plan. */
export interface PlanOptions {
  /** Keys of groups; absent: the whole file. */
  groups?: readonly string[];
  /** Also what this project made once and its file no longer has. */
  prune?: boolean;
}

/**
 * Compares a file with the world: what `apply` would make, change and (with `prune`) remove, in the order in which it
 * would. Reads only.
 * @throws NotFoundError when an `existing` group is not there, and what the providers throw.
 */
export async function planResources(session: Session, options: PlanOptions = {}): Promise<PlannedChange[]> {
  const { config } = session;
  const groups = Object.values(config.groups).filter((group) => options.groups?.includes(group.key) ?? true);
  const balancers =
    options.groups === undefined ? Object.values(config.loadBalancers) : usedBalancers(session, groups);
  const planned: PlannedChange[] = [];
  for (const balancer of balancers) planned.push(...(await planBalancer(session, balancer)));
  for (const group of groups) planned.push(...(await planGroup(session, group)));
  if (options.prune === true) planned.push(...(await planPruning(session)));
  return planned;
}

function usedBalancers(session: Session, groups: readonly GroupConfig[]): LoadBalancerConfig[] {
  const used = new Set(
    groups.flatMap((group) => (group.create?.loadBalancers ?? []).map((tie) => attachmentOf(tie).id)),
  );
  return Object.values(session.config.loadBalancers).filter((balancer) => used.has(balancer.spec.name));
}

/** The provider of a key; those that are broken have said so already and are left out. */
function cloudOf(session: Session, key: string): Cloud | undefined {
  return session.clouds.get(key);
}

async function orAbsent<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isBellowsError(error, "not-found")) return undefined;
    throw error;
  }
}

async function planBalancer(
  session: Session,
  { key, provider, spec }: LoadBalancerConfig,
): Promise<PlannedChange[]> {
  const driver = cloudOf(session, provider)?.loadBalancers;
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

/** Balancers are compared by what the file says; a listener's port 0 fits whatever port it got. */
function balancerDifferences(found: LoadBalancer, spec: LoadBalancerSpec): FieldChange[] {
  const pool = found.pools[0];
  const listeners = spec.listeners.map((listener, index) => {
    const there = found.listeners[index];
    return { ...listener, port: listener.port === 0 && there !== undefined ? there.port : listener.port };
  });
  const bare = (list: LoadBalancer["listeners"]): unknown =>
    list.map(({ port, protocol, instancePort }) => ({
      port,
      protocol,
      ...(instancePort === undefined ? {} : { instancePort }),
    }));
  return [
    ...differences(bare(found.listeners), bare(listeners), "listeners"),
    ...differences(pool?.healthCheck, spec.healthCheck, "healthCheck"),
    ...differences(pool?.algorithm, spec.algorithm, "algorithm"),
    ...differences(pool?.drainMs, spec.drainMs, "drainMs"),
  ];
}

/** An attachment in its long form. */
function attachmentOf(tie: Attachment | string): Attachment {
  return typeof tie === "string" ? { id: tie } : tie;
}

async function planGroup(session: Session, group: GroupConfig): Promise<PlannedChange[]> {
  const cloud = cloudOf(session, group.provider);
  if (cloud?.groups === undefined) return [];
  const seen = await orAbsent(cloud.groups.get(group.scaling.ref));
  const found = seen === undefined || (await isLost(cloud, seen)) ? undefined : seen;
  const own =
    group.create === undefined
      ? checkExisting(group, found)
      : [await planOwnGroup(session, cloud, group.create, group, found)];
  return [...own, ...(await planWebhooks(cloud, group, found !== undefined))];
}

/** Whether only a group's servers are left, its definition having gone with the store: making it takes them back. */
async function isLost(cloud: Cloud, { id, paused }: Group): Promise<boolean> {
  if (!paused || cloud.launch === undefined) return false;
  try {
    await cloud.launch.get(id);
    return false;
  } catch (error) {
    if (isBellowsError(error, "conflict")) return true;
    throw error;
  }
}

function checkExisting(group: GroupConfig, found: Group | undefined): PlannedChange[] {
  if (found !== undefined) return [];
  throw new NotFoundError(`${group.provider} has no group ${JSON.stringify(group.scaling.ref)}`, {
    provider: group.provider,
    resource: group.scaling.ref,
    hint: `groups.${group.key}.existing names a group that must be there already; without it, apply makes the group`,
  });
}

async function planOwnGroup(
  session: Session,
  cloud: Cloud,
  spec: GroupSpec,
  group: GroupConfig,
  found: Group | undefined,
): Promise<PlannedChange> {
  const driver = cloud.groups;
  const about = { kind: "group" as const, name: spec.name, provider: group.provider };
  if (found === undefined) {
    const { owner: _owner, name: _name, ...shown } = spec;
    return {
      ...about,
      action: "create",
      changes: differences({}, shown),
      run: async () =>
        void (await driver.create({ ...spec, owner: spec.owner ?? `${session.config.name}/${group.key}` })),
    };
  }
  const launch = await cloud.launch?.get(found.id);
  const launchChanges = launch === undefined ? [] : exactDifferences(launch, spec.launch, "launch");
  const fields = groupDifferences(found, spec);
  const changes = [...fields, ...launchChanges];
  return {
    ...about,
    action: changes.length === 0 ? "none" : "update",
    changes,
    run: () => updateGroup(cloud, found, spec, { fields, launch: launchChanges.length > 0 }),
  };
}

function groupDifferences(found: Group, spec: GroupSpec): FieldChange[] {
  const ties = (list: readonly (Attachment | string)[] | undefined): unknown => list?.map(attachmentOf);
  return [
    ...differences(found.min, spec.min, "min"),
    ...differences(found.max, spec.max, "max"),
    ...differences(found.cooldownMs, spec.cooldownMs, "cooldownMs"),
    ...differences(found.zones, spec.zones, "zones"),
    ...differences(ties(found.loadBalancers), ties(spec.loadBalancers), "loadBalancers"),
    ...differences(found.metadata, spec.metadata, "metadata"),
  ];
}

async function updateGroup(
  cloud: Cloud,
  found: Group,
  spec: GroupSpec,
  what: { fields: readonly FieldChange[]; launch: boolean },
): Promise<void> {
  const metadata = what.fields.some((change) => change.path.startsWith("metadata"));
  if (what.launch) await cloud.launch?.set(found.id, spec.launch as LaunchConfiguration);
  if (metadata && spec.metadata !== undefined) await cloud.groups.metadata?.merge(found.id, spec.metadata);
  if (what.fields.some((change) => !change.path.startsWith("metadata"))) {
    const { min, max, cooldownMs, zones, loadBalancers } = spec;
    const given = Object.entries({ min, max, cooldownMs, zones, loadBalancers }).filter(
      ([, value]) => value !== undefined,
    );
    await cloud.groups.update(found.id, Object.fromEntries(given));
  }
}

async function planWebhooks(cloud: Cloud, group: GroupConfig, exists: boolean): Promise<PlannedChange[]> {
  const driver = cloud.webhooks;
  if (driver === undefined) return [];
  const planned: PlannedChange[] = [];
  for (const { policy, name } of group.webhooks) {
    const found = exists && (await hasWebhook(driver, group.scaling.name, policy, name));
    planned.push({
      kind: "webhook",
      name: `${group.key}/${policy}/${name}`,
      provider: group.provider,
      action: found ? "none" : "create",
      changes: [],
      run: async () => void (found || (await driver.create(group.scaling.name, policy, { name }))),
    });
  }
  return planned;
}

async function hasWebhook(
  driver: NonNullable<Cloud["webhooks"]>,
  group: string,
  policy: string,
  name: string,
): Promise<boolean> {
  try {
    for await (const webhook of driver.list(group, policy)) if (webhook.name === name) return true;
  } catch (error) {
    if (!isBellowsError(error, "not-found")) throw error;
  }
  return false;
}

/** What carries this project's label and stands in its file no longer. Groups go first, then balancers. */
async function planPruning(session: Session): Promise<PlannedChange[]> {
  const { config } = session;
  const mine = `${config.name}/`;
  const planned: PlannedChange[] = [];
  for (const [provider, cloud] of session.clouds) {
    const groups = new Set(
      Object.values(config.groups)
        .filter((group) => group.provider === provider)
        .map((group) => group.scaling.ref),
    );
    if (cloud.groups !== undefined) {
      for await (const group of cloud.groups.list()) {
        if (group.owner?.startsWith(mine) !== true || groups.has(group.name) || groups.has(group.id))
          continue;
        planned.push({
          kind: "group",
          name: group.name,
          provider,
          action: "delete",
          changes: [],
          run: () => cloud.groups.delete(group.id, { force: true }),
        });
      }
    }
    const driver = cloud.loadBalancers;
    if (driver === undefined) continue;
    const balancers = new Set(
      Object.values(config.loadBalancers)
        .filter((balancer) => balancer.provider === provider)
        .map((balancer) => balancer.spec.name),
    );
    for await (const balancer of driver.list()) {
      if (balancer.owner?.startsWith(mine) !== true || balancers.has(balancer.name)) continue;
      planned.push({
        kind: "load-balancer",
        name: balancer.name,
        provider,
        action: "delete",
        changes: [],
        run: () => driver.delete(balancer.id),
      });
    }
  }
  return planned;
}

/**
 * Carries out a plan in its order, telling each step before it is done. Stops at the first that fails: what was done
 * stands, and asking again goes on from there.
 * @returns how many things were made, changed or removed.
 */
export async function applyPlan(
  planned: readonly PlannedChange[],
  tell: (change: ResourceChange) => void = () => {},
): Promise<number> {
  const todo = planned.filter((change) => change.action !== "none");
  for (const change of todo) {
    tell(change);
    await change.run();
  }
  return todo.length;
}
