/**
 * Groups for providers that have only servers.
 *
 * Note [When convergence runs]: in every call that writes, before it returns (so a process that ends right after has
 * at least issued its creates); on timers until the group is settled; when the servers driver says that one changed;
 * and when somebody looks (`observe`, `list`) and a plan made from that look has something to do, one pass at a time
 * and without making the reader wait. So a controller that observes its groups every round repairs them every round,
 * and a group that is settled costs nothing but the look. With `background: false` only writing calls and `converge`
 * run passes: for commands that promise to change nothing. A pause, of the group or Bellows's own, stops all of it.
 */
import { randomUUID } from "node:crypto";
import type { ActivitiesDriver } from "../contracts/activity.js";
import type { CallOptions, Ref } from "../contracts/common.js";
import type { Group, GroupStatus, GroupsDriver } from "../contracts/group.js";
import type { LaunchDriver } from "../contracts/launch.js";
import { formatDuration } from "../duration.js";
import { ConflictError, CooldownError } from "../errors.js";
import { isGroupEmpty } from "../waiters.js";
import { openActivities } from "./activities.js";
import { canonical, patched, requireWithin } from "./bounds.js";
import type { Context, PortableGroupsOptions } from "./context.js";
import {
  afterWrite,
  isLiving,
  issue,
  listed,
  lookOnce,
  mutateGroup,
  noSuchGroup,
  requireGroup,
  waitForGroup,
} from "./context.js";
import { type Convergence, runPass } from "./converge.js";
import { cooldownOfGroupMs, isHeldByPause } from "./cooldowns.js";
import { createGroup } from "./create.js";
import type { GroupDefinition } from "./documents.js";
import { copyMemory } from "./documents.js";
import type { ConvergenceSettings } from "./draft.js";
import { createKeeper } from "./keeper.js";
import { groupOf } from "./labels.js";
import { createLaunch } from "./launch.js";
import { attach, detach, protect, setStandby, terminate } from "./membership.js";
import { listGroups, observe, viewLost } from "./observe.js";
import { isPaused } from "./plan.js";
import type { GroupRecord } from "./repository.js";
import { openRepository } from "./repository.js";
import { viewGroup, viewState } from "./view.js";

export type { PortableGroupsOptions } from "./context.js";

/** What core lays over a provider that has only servers. */
export interface PortableGroups {
  groups: Omit<Required<GroupsDriver>, "attach" | "detach"> & Pick<GroupsDriver, "attach" | "detach">;
  launch: Required<Pick<LaunchDriver, "get" | "set" | "patch" | "metadata" | "history">>;
  activities: ActivitiesDriver;
  /** Forgets crash loops and refused creates of all groups: after a reboot, or when the reason is repaired. */
  forgive(): Promise<void>;
  /** Resolves when no pass is going on. */
  idle(): Promise<void>;
  /** Stops timers and listeners, lets the running passes end. Servers go on. */
  close(): Promise<void>;
}

const DEFAULTS = {
  unhealthyGraceMs: 30_000,
  stableAfterMs: 60_000,
  createsPerPass: 10,
  redeleteMs: 60_000,
  scaleIn: "oldest",
} as const;

/** Keeps groups on a servers driver. See the note above about when it acts. */
export function createPortableGroups(options: PortableGroupsOptions): PortableGroups {
  const context = createContext(options);
  const stopListening =
    options.background === false
      ? undefined
      : options.servers.onChange?.((server) => {
          const group = groupOf(server);
          if (group !== undefined) context.keeper.kick(group);
        });
  return {
    groups: createGroups(context),
    launch: createLaunch(context),
    activities: {
      async *list(group, call) {
        await requireGroup(context, group, call);
        yield* context.activities.list(group, call);
      },
    },
    forgive: () => forgive(context),
    idle: () => context.keeper.idle(),
    async close() {
      stopListening?.();
      await context.keeper.close();
    },
  };
}

function createContext(options: PortableGroupsOptions): Context {
  const repository = openRepository(options.store, options.provider);
  const activities = openActivities(options.store, options.provider);
  const settingsOf = (group: GroupDefinition): ConvergenceSettings => ({
    ...DEFAULTS,
    readAfterWriteMs: options.capabilities.readAfterWriteMs,
    buildTimeoutMs: options.capabilities.buildTimeoutMs,
    readyTimeoutMs: options.capabilities.buildTimeoutMs,
    scaleIn: group.native?.scaleIn === "newest" ? "newest" : "oldest",
    ...options.tuning?.(group.native),
  });
  const convergence: Convergence = {
    ...options,
    repository,
    activities,
    settingsOf,
    offsetsMs: new Map<string, number>(),
    isHeld: (group: string) => isHeldByPause(options.store, group, options.clock.now()),
    onDeleted: async (group: string) => {
      convergence.offsetsMs.delete(group);
      await activities.drop(group);
      await options.onDeleted?.(group);
    },
  };
  const keeper = createKeeper({
    clock: options.clock,
    background: options.background ?? true,
    run: (group) => runPass(convergence, group),
    onError: (group, error) =>
      options.logger.warn({ group, error }, "convergence failed and will be tried again"),
  });
  return { ...options, repository, activities, convergence, keeper, newId: options.newId ?? randomUUID };
}

function createGroups(context: Context): PortableGroups["groups"] {
  const { repository, keeper, clock } = context;
  const view = (record: GroupRecord): Group => viewGroup(record.definition, record.memory, clock.now());
  const look = async (group: Ref, call?: CallOptions): Promise<GroupStatus> => {
    const status = await lookOnce(context, group, call);
    if (status === undefined || (await repository.load(group))?.definition.deletingSinceMs !== undefined)
      throw noSuchGroup(group);
    return status;
  };
  return {
    list: (call) => listGroups(context, call),
    async get(group, call) {
      call?.signal?.throwIfAborted();
      const record = await repository.load(group, call);
      if (record !== undefined && record.definition.deletingSinceMs === undefined) return view(record);
      const servers = record === undefined ? (await listed(context, group, call)).filter(isLiving) : [];
      if (servers.length === 0) throw noSuchGroup(group);
      return viewLost(context, group, servers);
    },
    create: (spec, call) => createGroup(context, spec, call),
    async update(group, patch, call) {
      await requireGroup(context, group, call);
      await mutateGroup(context, group, ({ definition }) => {
        const next = patched(definition, patch);
        return canonical(next) === canonical(definition) ? undefined : { definition: next };
      });
      await afterWrite(context, group, call);
      return view(await requireGroup(context, group, call));
    },
    async scale(group, desired, call) {
      const record = await requireGroup(context, group, call);
      if (call?.honorCooldown) await requireNoCooldown(context, record.definition);
      let changed = false;
      await mutateGroup(context, group, ({ definition }) => {
        requireWithin(group, desired, definition.min, definition.max);
        changed = definition.desired !== desired;
        return changed ? { definition: { ...definition, desired } } : undefined;
      });
      await afterWrite(context, group, call);
      return { result: changed ? "done" : "unchanged", desired };
    },
    async delete(group, call) {
      await deleteGroup(context, group, call?.force ?? false, call);
      await issue(context, group);
      // Servers that go at once take the group's documents with them before this returns.
      await keeper.pass(group);
      if (call?.wait) await waitForGroup(context, group, () => false, "to be gone", call);
    },
    observe: (groups, call) => observe(context, groups, call),
    async *instances(group, call) {
      const { instances } = await look(group, call);
      for (const instance of instances)
        if (call?.zone === undefined || instance.zone === call.zone) yield instance;
    },
    pause: (group, call) => keeper.exclusive(group, () => setPause(context, group, call)),
    async resume(group, call) {
      await requireGroup(context, group, call);
      await mutateGroup(context, group, ({ definition: { paused, ...definition } }) =>
        paused ? { definition } : undefined,
      );
      await issue(context, group);
    },
    state: async (group, call) => viewState(await look(group, call)),
    metadata: {
      merge: (group, metadata, call) => setMetadata(context, group, (old) => ({ ...old, ...metadata }), call),
      replace: (group, metadata, call) => setMetadata(context, group, () => metadata, call),
    },
    ...(context.servers.label && {
      attach: (group, refs, call) => attach(context, group, refs, call),
      detach: (group, refs, call) => detach(context, group, refs, call),
    }),
    terminate: (group, ref, call) => terminate(context, group, ref, call),
    enterStandby: (group, refs, call) => setStandby(context, group, refs, true, call),
    exitStandby: (group, refs, call) => setStandby(context, group, refs, false, call),
    protect: (group, refs, isProtected, call) => protect(context, group, refs, isProtected, call),
    async shutdown(group, call) {
      await requireGroup(context, group, call);
      await mutateGroup(context, group, ({ definition }) => ({
        definition: { ...definition, min: 0, max: 0, desired: 0 },
      }));
      await issue(context, group);
      if (call?.wait) await waitForGroup(context, group, isGroupEmpty, "to be empty", call);
    },
    async converge(group, call) {
      const { definition } = await requireGroup(context, group, call);
      if (isPaused({ group: definition, nowMs: clock.now() })) {
        throw new ConflictError(`group ${group} is paused`, { resource: group, hint: "resume it first" });
      }
      await issue(context, group);
    },
  };
}

/** Otter's rule: deletable as soon as nothing is wanted, even while the last servers still end. */
async function deleteGroup(
  context: Context,
  group: string,
  force: boolean,
  call?: CallOptions,
): Promise<void> {
  await requireGroup(context, group, call);
  await mutateGroup(context, group, ({ definition }) => {
    if (definition.desired > 0 && !force) {
      throw new ConflictError(`group ${group} wants ${definition.desired} instances and cannot be deleted`, {
        resource: group,
        retry: "never",
        hint: "set min and max to 0 first, or force it",
      });
    }
    const { paused: _, ...rest } = definition;
    return { definition: { ...rest, min: 0, max: 0, desired: 0, deletingSinceMs: context.clock.now() } };
  });
}

async function setPause(
  context: Context,
  group: string,
  call: (CallOptions & { reason?: string }) | undefined,
): Promise<void> {
  const reason = call?.reason;
  await requireGroup(context, group, call);
  await mutateGroup(context, group, ({ definition }) => ({
    definition: {
      ...definition,
      paused: { sinceMs: context.clock.now(), ...(reason === undefined ? {} : { reason }) },
    },
  }));
}

async function setMetadata(
  context: Context,
  group: string,
  change: (old: Record<string, string>) => Record<string, string>,
  call?: CallOptions,
): Promise<Record<string, string>> {
  await requireGroup(context, group, call);
  const { definition } = await mutateGroup(context, group, (record) => ({
    definition: { ...record.definition, metadata: change(record.definition.metadata) },
  }));
  return { ...definition.metadata };
}

async function requireNoCooldown(context: Context, definition: GroupDefinition): Promise<void> {
  const leftMs = await cooldownOfGroupMs(
    context.store,
    definition.name,
    definition.cooldownMs,
    context.clock.now(),
  );
  if (leftMs <= 0) return;
  throw new CooldownError(
    `the cooldown of group ${definition.name} runs for another ${formatDuration(leftMs)}`,
    {
      resource: definition.name,
      retryAfterMs: leftMs,
    },
  );
}

async function forgive(context: Context): Promise<void> {
  for await (const name of context.repository.names()) {
    await context.repository.mutate(name, ({ memory }) => {
      const next = copyMemory(memory);
      next.createFailures = 0;
      delete next.createsNotBeforeMs;
      for (const slot of Object.values(next.slots)) {
        delete slot.crashes;
        delete slot.notBeforeMs;
      }
      return { memory: next };
    });
    context.keeper.kick(name);
  }
}
