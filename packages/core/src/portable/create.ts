import type { WriteOptions } from "../contracts/common.js";
import type { Group, GroupSpec } from "../contracts/group.js";
import { groupSpecSchema } from "../contracts/group.js";
import type { LaunchConfiguration } from "../contracts/launch.js";
import type { Server } from "../contracts/server.js";
import { AlreadyExistsError, ConfigError, ConflictError, isBellowsError } from "../errors.js";
import { attachmentsOf, canonical, clamp, requireWithin } from "./bounds.js";
import type { Context } from "./context.js";
import { afterWrite, isLiving, issue, listed } from "./context.js";
import type { GroupDefinition } from "./documents.js";
import { emptyGroupMemory } from "./documents.js";
import { LABELS } from "./labels.js";
import { viewGroup } from "./view.js";

/** Version of a group's first launch configuration. */
const FIRST_LAUNCH = "1";

/** Makes a group, finds the equal one, or takes back the servers of one whose definition was lost. */
export async function createGroup(context: Context, spec: GroupSpec, options?: WriteOptions): Promise<Group> {
  options?.signal?.throwIfAborted();
  const launch = checkSpec(context, spec);
  const existing = await findEqual(context, spec);
  if (existing === undefined) await insert(context, spec, launch);
  await afterWrite(context, spec.name, options);
  const record = await context.repository.load(spec.name, options);
  if (record === undefined)
    throw new ConflictError(`group ${spec.name} was deleted meanwhile`, { resource: spec.name });
  return viewGroup(record.definition, record.memory, context.clock.now());
}

function checkSpec(context: Context, spec: GroupSpec): LaunchConfiguration {
  const parsed = groupSpecSchema.safeParse(spec);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "group"}: ${issue.message}`);
    throw new ConfigError(`group ${spec.name} cannot be made: ${faults.join("; ")}`, {
      resource: spec.name,
      operation: "groups.create",
    });
  }
  if (spec.desired !== undefined) requireWithin(spec.name, spec.desired, spec.min, spec.max);
  return context.parseLaunch?.(spec.launch) ?? spec.launch;
}

/** The group of that name, if an equal call made it. @throws AlreadyExistsError @throws ConflictError */
async function findEqual(context: Context, spec: GroupSpec): Promise<GroupDefinition | undefined> {
  let found = (await context.repository.load(spec.name))?.definition;
  if (found?.deletingSinceMs !== undefined) {
    await issue(context, spec.name);
    found = (await context.repository.load(spec.name))?.definition;
    if (found?.deletingSinceMs !== undefined) {
      throw new ConflictError(`group ${spec.name} is still being deleted`, {
        resource: spec.name,
        retry: "later",
        hint: "try again when its last servers are gone",
      });
    }
  }
  if (found === undefined || found.spec === canonical(spec)) return found;
  throw new AlreadyExistsError(`there is a group ${spec.name} already, and it was made from something else`, {
    resource: spec.name,
    operation: "groups.create",
    hint: "update it, or choose another name",
  });
}

async function insert(context: Context, spec: GroupSpec, launch: LaunchConfiguration): Promise<void> {
  const nowMs = context.clock.now();
  const servers = (await listed(context, spec.name)).filter(isLiving);
  requireSameOwner(spec, servers);
  const memory = emptyGroupMemory();
  if (servers.length > 0) memory.recoveringUntilMs = nowMs + context.capabilities.readAfterWriteMs;
  const definition = defineGroup(context, spec, Math.max(spec.desired ?? spec.min, servers.length), nowMs);
  const documents = [
    context.repository.launchWrite({ version: FIRST_LAUNCH, createdAtMs: nowMs, launch }),
    ...(context.policyDocuments?.(spec.name, spec.policies ?? []) ?? []),
  ];
  try {
    await context.repository.insert(definition, memory, documents);
  } catch (error) {
    if (!isBellowsError(error, "conflict")) throw error;
    await findEqual(context, spec);
  }
}

function requireSameOwner(spec: GroupSpec, servers: readonly Server[]): void {
  const stranger = servers.find(
    ({ labels }) => labels[LABELS.owner] && spec.owner !== undefined && labels[LABELS.owner] !== spec.owner,
  );
  if (stranger === undefined) return;
  throw new ConflictError(
    `server ${stranger.id} is a member of a group ${spec.name} that belongs to ${stranger.labels[LABELS.owner] ?? ""}`,
    {
      resource: spec.name,
      operation: "groups.create",
      retry: "never",
      hint: "choose another name, or end that group first",
    },
  );
}

function defineGroup(context: Context, spec: GroupSpec, desired: number, nowMs: number): GroupDefinition {
  return {
    name: spec.name,
    incarnation: context.newId().replaceAll("-", "").slice(0, 12),
    min: spec.min,
    max: spec.max,
    desired: clamp(desired, spec.min, spec.max),
    cooldownMs: spec.cooldownMs ?? 0,
    zones: [...(spec.zones ?? [])],
    ...(spec.subnets === undefined ? {} : { subnets: [...spec.subnets] }),
    loadBalancers: attachmentsOf(spec.loadBalancers),
    metadata: { ...spec.metadata },
    ...(spec.owner === undefined ? {} : { owner: spec.owner }),
    ...(spec.native === undefined ? {} : { native: spec.native }),
    createdAtMs: nowMs,
    launch: FIRST_LAUNCH,
    spec: canonical(spec),
  };
}
