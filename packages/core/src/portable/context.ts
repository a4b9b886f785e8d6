import type { Clock } from "../clock.js";
import type { CallOptions, WriteOptions } from "../contracts/common.js";
import type { GroupStatus } from "../contracts/group.js";
import type { LaunchConfiguration } from "../contracts/launch.js";
import type { LoadBalancersDriver } from "../contracts/load-balancer.js";
import type { PolicySpec } from "../contracts/policy.js";
import type { Capabilities, Logger } from "../contracts/provider.js";
import type { Server, ServersDriver } from "../contracts/server.js";
import type { DocumentWrite, StateStore } from "../contracts/state-store.js";
import { ConflictError, NotFoundError } from "../errors.js";
import { waitUntil } from "../wait.js";
import { isGroupStable } from "../waiters.js";
import type { ActivityLog } from "./activities.js";
import type { Convergence } from "./converge.js";
import type { GroupDefinition } from "./documents.js";
import { emptyGroupMemory } from "./documents.js";
import type { ConvergenceSettings } from "./draft.js";
import type { Keeper } from "./keeper.js";
import type { GroupChange, GroupRecord, Repository } from "./repository.js";
import { lostDefinition, viewStatus } from "./view.js";
import { lookAt, tiesToRead } from "./world.js";

/** What portable groups are made from. */
export interface PortableGroupsOptions {
  /** Key of the provider in the config; part of the documents' keys. */
  provider: string;
  servers: ServersDriver;
  loadBalancers?: LoadBalancersDriver;
  store: StateStore;
  capabilities: Pick<Capabilities, "readAfterWriteMs" | "buildTimeoutMs">;
  clock: Clock;
  logger: Logger;
  /** Checks a launch configuration. @throws ConfigError */
  parseLaunch?: (launch: LaunchConfiguration) => LaunchConfiguration;
  /** Numbers that differ from the defaults, for all groups or by what stands under the provider's name on one. */
  tuning?: (native: Record<string, unknown> | undefined) => Partial<ConvergenceSettings>;
  /** Documents that keep a new group's policies, in the commit that makes it. */
  policyDocuments?: (group: string, specs: readonly PolicySpec[]) => readonly DocumentWrite[];
  /**
   * Whether passes also come by themselves: on timers until settled, when servers change, and when somebody looks.
   * False: only inside calls that write, and `converge` (default true).
   */
  background?: boolean;
  /** Makes ids. Default: random UUIDs. */
  newId?: () => string;
  /** Called when a deleted group's last document is gone. */
  onDeleted?: (group: string) => Promise<void>;
}

/** What the drivers of portable groups share. */
export interface Context extends PortableGroupsOptions {
  repository: Repository;
  activities: ActivityLog;
  keeper: Keeper;
  convergence: Convergence;
  newId: () => string;
}

/** Most passes that one call waits for: enough for 10,000 creates, ten at a time. */
const MOST_PASSES = 1_000;

/** A group that is there, or was lost with the store; in both cases with its servers. */
export interface Found {
  record?: GroupRecord;
  definition: GroupDefinition;
}

export function noSuchGroup(name: string): NotFoundError {
  return new NotFoundError(`there is no group "${name}"`, {
    resource: name,
    hint: "bellows groups list shows the names",
  });
}

/** The record of a group. @throws NotFoundError @throws ConflictError when its definition is lost. */
export async function requireGroup(
  context: Context,
  name: string,
  options?: CallOptions,
): Promise<GroupRecord> {
  options?.signal?.throwIfAborted();
  const record = await context.repository.load(name, options);
  if (record !== undefined && record.definition.deletingSinceMs === undefined) return record;
  if (record === undefined && (await listed(context, name, options)).some(isLiving))
    throw definitionLost(name);
  throw noSuchGroup(name);
}

function definitionLost(name: string): ConflictError {
  return new ConflictError(`the definition of group "${name}" is lost; its servers run on`, {
    resource: name,
    hint: "create the group again: it takes its servers back",
  });
}

/** Running or coming up. */
export function isLiving(server: Server): boolean {
  return server.status === "active" || server.status === "building";
}

/** The servers of one group, as the cloud lists them. */
export async function listed(context: Context, name: string, options?: CallOptions): Promise<Server[]> {
  return (await lookAt(context.servers).servers([name], options)).get(name) ?? [];
}

/** As `repository.mutate`, for groups that callers can see. @throws NotFoundError */
export async function mutateGroup(
  context: Context,
  name: string,
  change: (record: GroupRecord) => GroupChange | undefined,
): Promise<GroupRecord> {
  const record = await context.repository.mutate(name, (now) => {
    if (now.definition.deletingSinceMs !== undefined) throw noSuchGroup(name);
    return change(now);
  });
  if (record === undefined) throw noSuchGroup(name);
  return record;
}

/** Passes until nothing more can be asked of the cloud at once: every create that is due has been issued. */
export async function issue(context: Context, name: string): Promise<void> {
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const { more } = await context.keeper.pass(name);
    if (!more) return;
  }
}

/** What a write does after its documents are durable: the first passes, and with `wait` all of them. */
export async function afterWrite(context: Context, name: string, options?: WriteOptions): Promise<void> {
  await issue(context, name);
  if (options?.wait) await waitForGroup(context, name, isGroupStable, "to be stable", options);
}

/** Looks and converges until the group's status fits. @throws TimeoutError */
export async function waitForGroup(
  context: Context,
  name: string,
  fits: (status: GroupStatus) => boolean,
  what: string,
  options?: WriteOptions,
): Promise<void> {
  await waitUntil(
    async () => {
      const status = await lookOnce(context, name, options);
      if (status === undefined || fits(status)) return true;
      if (status.group.paused) {
        throw new ConflictError(`group ${name} is paused, so waiting for it ${what} has no end`, {
          resource: name,
          hint: "resume it",
        });
      }
      await context.keeper.pass(name);
      return undefined;
    },
    {
      clock: context.clock,
      what: `group ${name} ${what}`,
      pollMs: 2_000,
      ...(options?.signal && { signal: options.signal }),
      ...(options?.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    },
  );
}

/** One look at one group; `undefined` when it is no more. */
export async function lookOnce(
  context: Context,
  name: string,
  options?: CallOptions,
): Promise<GroupStatus | undefined> {
  const world = lookAt(context.servers, context.loadBalancers);
  const record = await context.repository.load(name, options);
  const servers = (await world.servers([name], options)).get(name) ?? [];
  if (record === undefined && !servers.some(isLiving)) return undefined;
  const definition = record?.definition ?? lostDefinition(name, servers);
  const memory = record?.memory ?? emptyGroupMemory();
  const balancers = await world.balancers(tiesToRead(definition.loadBalancers, memory.registered), options);
  return viewStatus(definition, memory, servers, balancers, context.clock.now());
}
