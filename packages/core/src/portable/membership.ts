import type { CallOptions, Ref, WriteOptions } from "../contracts/common.js";
import type { Server } from "../contracts/server.js";
import { ConflictError, isBellowsError, LimitError, NotFoundError, UnsupportedError } from "../errors.js";
import { resolveRef } from "../ref.js";
import type { Context } from "./context.js";
import { afterWrite, listed, mutateGroup, requireGroup } from "./context.js";
import type { GroupDefinition, GroupMemory } from "./documents.js";
import { copyMemory } from "./documents.js";
import { emptySlot } from "./draft.js";
import { groupOf, LABELS, NO_LABELS, placeOf } from "./labels.js";

type Label = NonNullable<Context["servers"]["label"]>;

function labelOf(context: Context): Label {
  const { servers } = context;
  if (servers.label) return servers.label.bind(servers);
  throw new UnsupportedError(
    "this provider cannot label running servers, so they cannot join or leave a group",
    {
      provider: context.provider,
      hint: "scale the group, or terminate instances",
    },
  );
}

async function members(
  context: Context,
  group: string,
  refs: readonly Ref[],
  options?: CallOptions,
): Promise<Server[]> {
  const { memory } = await requireGroup(context, group, options);
  const servers = (await listed(context, group)).filter((server) => memory.released[server.id] === undefined);
  return [...new Set(refs)].map((ref) => resolveRef(servers, ref, `instance of group ${group}`));
}

/** Takes running servers in: a place for each, desired grown by their number, in one commit; then their labels. */
export async function attach(
  context: Context,
  group: string,
  refs: readonly Ref[],
  options?: WriteOptions,
): Promise<void> {
  const label = labelOf(context);
  await context.keeper.exclusive(group, async () => {
    const { definition } = await requireGroup(context, group, options);
    const joining = await strangers(context, group, refs);
    const places = await reserve(context, group, joining);
    for (const [index, server] of joining.entries()) {
      try {
        await label(
          server.id,
          {
            ...(places[index] ?? {}),
            ...(definition.owner === undefined ? {} : { [LABELS.owner]: definition.owner }),
          },
          options,
        );
      } catch (error) {
        await giveBack(context, group, joining.slice(index));
        throw error;
      }
    }
    if (joining.length > 0) {
      await context.activities.note(
        group,
        `attach ${joining.map((server) => server.id).join(", ")}`,
        context.clock.now(),
        "somebody asked for it",
      );
    }
  });
  await afterWrite(context, group, options);
}

/** The servers to attach, without those that are members already. @throws ConflictError for members of other groups. */
async function strangers(context: Context, group: string, refs: readonly Ref[]): Promise<Server[]> {
  const all: Server[] = [];
  for await (const server of context.servers.list()) all.push(server);
  const wanted = await Promise.all([...new Set(refs)].map((ref) => findServer(context, all, ref)));
  for (const server of wanted) {
    const other = groupOf(server);
    if (other !== undefined && other !== group) {
      throw new ConflictError(`server ${server.id} is a member of group ${other}`, {
        resource: server.id,
        hint: "detach it there first",
      });
    }
    if (server.status !== "active") {
      throw new ConflictError(
        `server ${server.id} is ${server.status}; only running servers can be attached`,
        { resource: server.id },
      );
    }
  }
  return wanted.filter((server) => groupOf(server) === undefined);
}

/** A listed server, or one that the provider does not list yet and finds by its id: a process that runs already. */
async function findServer(context: Context, listed: readonly Server[], ref: Ref): Promise<Server> {
  try {
    return resolveRef(listed, ref, "server");
  } catch (error) {
    if (!isBellowsError(error, "not-found") || context.servers.get === undefined) throw error;
    return context.servers.get(ref);
  }
}

async function reserve(
  context: Context,
  group: string,
  joining: readonly Server[],
): Promise<Record<string, string>[]> {
  let places: Record<string, string>[] = [];
  await mutateGroup(context, group, ({ definition, memory }) => {
    const next = copyMemory(memory);
    places = joining.map((server) => takePlace(context, group, next, server));
    const desired = definition.desired + joining.length;
    if (desired > definition.max) throw beyondMax(definition, desired);
    return { definition: { ...definition, desired }, memory: next };
  });
  return places;
}

function beyondMax(definition: GroupDefinition, desired: number): LimitError {
  return new LimitError(
    `with them group ${definition.name} would want ${desired}, and its max is ${definition.max}`,
    {
      resource: definition.name,
      hint: "raise max first",
    },
  );
}

function takePlace(
  context: Context,
  group: string,
  memory: GroupMemory,
  server: Server,
): Record<string, string> {
  let number = 1;
  while (memory.slots[number]?.key !== undefined) number++;
  const slot = memory.slots[number] ?? { generation: 0 };
  memory.slots[number] = slot;
  const nowMs = context.clock.now();
  Object.assign(slot, {
    generation: slot.generation + 1,
    key: `attached-${server.id}`,
    server: server.id,
    askedAtMs: nowMs,
    answeredAtMs: nowMs,
    seen: false,
  });
  delete memory.released[server.id];
  return {
    [LABELS.group]: group,
    [LABELS.slot]: String(number),
    [LABELS.generation]: String(slot.generation),
    [LABELS.key]: `attached-${server.id}`,
  };
}

async function giveBack(context: Context, group: string, servers: readonly Server[]): Promise<void> {
  await mutateGroup(context, group, ({ definition, memory }) => {
    const next = copyMemory(memory);
    for (const server of servers) vacate(next, server);
    return {
      definition: { ...definition, desired: Math.max(definition.min, definition.desired - servers.length) },
      memory: next,
    };
  });
}

function vacate(memory: GroupMemory, server: Server): void {
  const place = placeOf(server.labels);
  for (const [name, slot] of Object.entries(memory.slots)) {
    const isHeld =
      slot.server === server.id ||
      (slot.server === undefined &&
        place !== undefined &&
        name === String(place.slot) &&
        slot.generation === place.generation);
    if (isHeld) emptySlot(slot);
  }
}

/** Lets instances go, running. @throws LimitError when desired would fall under min. */
export async function detach(
  context: Context,
  group: string,
  refs: readonly Ref[],
  options?: WriteOptions & { replace?: boolean },
): Promise<void> {
  const label = labelOf(context);
  await context.keeper.exclusive(group, async () => {
    const leaving = await members(context, group, refs, options);
    await mutateGroup(context, group, ({ definition, memory }) => {
      requireStaying(memory, leaving);
      const next = copyMemory(memory);
      for (const server of leaving) {
        vacate(next, server);
        next.released[server.id] = context.clock.now();
        delete next.marks[server.id];
      }
      return { definition: options?.replace ? definition : fewer(definition, leaving.length), memory: next };
    });
    for (const server of leaving) await label(server.id, NO_LABELS, options);
    await context.activities.note(
      group,
      `detach ${leaving.map((server) => server.id).join(", ")}`,
      context.clock.now(),
      "somebody asked for it",
    );
  });
  await afterWrite(context, group, options);
}

function fewer(definition: GroupDefinition, count: number): GroupDefinition {
  const desired = definition.desired - count;
  if (desired >= definition.min) return { ...definition, desired };
  throw new LimitError(
    `without them group ${definition.name} would want ${desired}, and its min is ${definition.min}`,
    {
      resource: definition.name,
      hint: "replace them, or lower min first",
    },
  );
}

/** @throws ConflictError for an instance whose end has begun: that is never taken back. */
function requireStaying(memory: GroupMemory, servers: readonly Server[]): void {
  const leaving = servers.find((server) => memory.removals[server.id] !== undefined);
  if (leaving === undefined) return;
  throw new ConflictError(`instance ${leaving.id} is on its way out`, {
    resource: leaving.id,
    retry: "never",
  });
}

/** Ends one instance, drained first. @throws LimitError when desired would fall under min. */
export async function terminate(
  context: Context,
  group: string,
  ref: Ref,
  options?: WriteOptions & { replace?: boolean },
): Promise<void> {
  const [server] = await members(context, group, [ref], options);
  if (server === undefined)
    throw new NotFoundError(`there is no instance "${ref}" in group ${group}`, { resource: ref });
  await mutateGroup(context, group, ({ definition, memory }) => {
    const next = copyMemory(memory);
    const isNew = next.removals[server.id] === undefined;
    next.removals[server.id] ??= { reason: "terminate", sinceMs: context.clock.now() };
    vacate(next, server);
    const counted = isNew && !isStandby(memory, server);
    return {
      definition: options?.replace === false && counted ? fewer(definition, 1) : definition,
      memory: next,
    };
  });
  await afterWrite(context, group, options);
}

function isStandby(memory: GroupMemory, server: Server): boolean {
  return memory.marks[server.id]?.standby ?? Boolean(server.labels[LABELS.standby]);
}

/** Puts instances in standby, or takes them back. Labels say it too, so that it outlives the store. */
export async function setStandby(
  context: Context,
  group: string,
  refs: readonly Ref[],
  standby: boolean,
  options?: WriteOptions & { replace?: boolean },
): Promise<void> {
  await context.keeper.exclusive(group, async () => {
    const servers = await members(context, group, refs, options);
    await mutateGroup(context, group, ({ definition, memory }) => {
      const changing = servers.filter((server) => isStandby(memory, server) !== standby);
      if (changing.length === 0) return undefined;
      requireStaying(memory, changing);
      const next = copyMemory(memory);
      for (const server of changing) next.marks[server.id] = { ...next.marks[server.id], standby };
      return {
        definition: resized(definition, changing.length, standby, options?.replace ?? false),
        memory: next,
      };
    });
    await labelAll(context, servers, LABELS.standby, standby, options);
  });
  await afterWrite(context, group, options);
}

function resized(
  definition: GroupDefinition,
  count: number,
  standby: boolean,
  replace: boolean,
): GroupDefinition {
  if (standby) return replace ? definition : fewer(definition, count);
  const desired = definition.desired + count;
  if (desired > definition.max) throw beyondMax(definition, desired);
  return { ...definition, desired };
}

/** Says whether scale-in may take these instances. */
export async function protect(
  context: Context,
  group: string,
  refs: readonly Ref[],
  isProtected: boolean,
  options?: CallOptions,
): Promise<void> {
  const servers = await members(context, group, refs, options);
  await mutateGroup(context, group, ({ memory }) => {
    const next = copyMemory(memory);
    for (const server of servers)
      next.marks[server.id] = { ...next.marks[server.id], protected: isProtected };
    return { memory: next };
  });
  await labelAll(context, servers, LABELS.protected, isProtected, options);
}

/** Where the provider labels running servers; elsewhere memory alone knows. */
async function labelAll(
  context: Context,
  servers: readonly Server[],
  label: string,
  on: boolean,
  options?: CallOptions,
): Promise<void> {
  if (!context.servers.label) return;
  for (const server of servers) await context.servers.label(server.id, { [label]: on ? "yes" : "" }, options);
}
