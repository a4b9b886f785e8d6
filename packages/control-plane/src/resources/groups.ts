import {
  type Attachment,
  type Cloud,
  ConfigError,
  type Group,
  type GroupConfig,
  type GroupSpec,
  isBellowsError,
  type LaunchConfiguration,
  NotFoundError,
} from "@bellows/core";
import type { Session } from "../session.js";
import { differences, exactDifferences, type FieldChange, type PlannedChange } from "./change.js";
import { planNativePolicies } from "./native-policies.js";
import { orAbsent } from "./or-absent.js";
import { planWebhooks } from "./webhooks.js";

/** An attachment in its long form. */
export function attachmentOf(tie: Attachment | string): Attachment {
  return typeof tie === "string" ? { id: tie } : tie;
}

/** What makes a group of the file so; empty where its provider is broken. @throws NotFoundError when an `existing` one is not there. */
export async function planGroup(session: Session, group: GroupConfig): Promise<PlannedChange[]> {
  const cloud = session.clouds.get(group.provider);
  if (cloud?.groups === undefined) return [];
  const seen = await orAbsent(cloud.groups.get(group.scaling.ref));
  const found = seen === undefined || (await isLost(cloud, seen)) ? undefined : seen;
  const own =
    group.create === undefined
      ? checkExisting(group, found)
      : [await planOwnGroup(session, cloud, group.create, group, found)];
  const exists = found !== undefined;
  const native = await planNativePolicies(session, cloud, group, exists);
  return [...own, ...native, ...(await planWebhooks(cloud, group, exists))];
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
  if (found !== undefined) {
    checkBounds(group, found);
    return [];
  }
  throw new NotFoundError(`${group.provider} has no group ${JSON.stringify(group.scaling.ref)}`, {
    provider: group.provider,
    resource: group.scaling.ref,
    hint: `groups.${group.key}.existing names a group that must be there already; without it, apply makes the group`,
  });
}

/** The cloud keeps its own bounds, and its own policies know no others. */
function checkBounds(group: GroupConfig, found: Group): void {
  const { min = found.min, max = found.max } = group.bounds;
  const isNative = group.scaling.policies.some(({ engine }) => engine === "native");
  const fits = isNative ? min === found.min && max === found.max : min >= found.min && max <= found.max;
  if (fits) return;
  const must = isNative ? "must equal those" : "must lie inside those";
  throw new ConfigError(
    `the bounds ${min}..${max} of groups.${group.key} ${must} of ${found.name}, ${found.min}..${found.max}${isNative ? ": it has native policies" : ""}`,
    {
      provider: group.provider,
      resource: group.key,
      hint: "leave them out, or change them in the file or at the provider",
    },
  );
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

function textOf({ id, pool, port }: Attachment): string {
  return [id, pool, port].join("/");
}

function groupDifferences(found: Group, spec: GroupSpec): FieldChange[] {
  // Clouds give ties in an order of their own.
  const ties = (list: readonly (Attachment | string)[] | undefined): unknown =>
    list?.map(attachmentOf).sort((a, b) => textOf(a).localeCompare(textOf(b)));
  return [
    ...differences(found.min, spec.min, "min"),
    ...differences(found.max, spec.max, "max"),
    ...differences(found.cooldownMs, spec.cooldownMs, "cooldownMs"),
    ...differences(found.zones, spec.zones, "zones"),
    ...differences(found.subnets, spec.subnets, "subnets"),
    ...differences(found.native ?? {}, spec.native, "native"),
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
    const { min, max, cooldownMs, zones, subnets, loadBalancers, native } = spec;
    const given = Object.entries({ min, max, cooldownMs, zones, subnets, loadBalancers, native }).filter(
      ([, value]) => value !== undefined,
    );
    await cloud.groups.update(found.id, Object.fromEntries(given));
  }
}
