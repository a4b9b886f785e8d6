import {
  type CallOptions,
  type Group,
  type GroupsDriver,
  isBellowsError,
  type Ref,
  type ServersDriver,
  UnsupportedError,
  type WriteOptions,
} from "@bellows/core";
import type { Entry } from "./autoscale.js";
import type { Call, Rackspace } from "./client.js";
import { createGroupMetadata } from "./group-config.js";
import {
  allEntries,
  callOf,
  findState,
  type GroupContext,
  inGroup,
  onGroup,
  readManifest,
} from "./group-context.js";
import { createGroupMaker } from "./group-create.js";
import { groupOf, stateOf } from "./group-map.js";
import { type Definitions, observeGroups } from "./group-observe.js";
import { scaleGroup } from "./group-scale.js";
import { instancesOf, removeMembers } from "./group-servers.js";
import { deleteGroup, shutdownGroup, updateGroup } from "./group-update.js";

/** The driver of Autoscale's groups. It has no attach: servers come from the group's launch configuration alone. */
export type RackspaceGroups = Required<
  Omit<GroupsDriver, "attach" | "enterStandby" | "exitStandby" | "protect" | "terminate">
> & {
  /**
   * Takes one instance out of its group.
   * @param options.purge - false: it runs on outside the group, as after `detach` (default true: it is drained, and ends).
   */
  terminate(
    group: Ref,
    instance: Ref,
    options?: WriteOptions & { replace?: boolean; purge?: boolean },
  ): Promise<void>;
};

/** Makes the driver of Autoscale's groups. A group's id is a UUID; a name may fit several. */
export function createGroups(
  context: GroupContext & { definitions: Definitions },
  servers: Pick<ServersDriver, "list">,
): RackspaceGroups {
  const { rackspace } = context;
  return {
    list: (options) => listGroups(context, options),
    get: async (ref, options) => {
      const call = callOf("groups.get", ref, options);
      return onGroup(context, ref, call, async (id) => groupOf(await readManifest(rackspace, id, call)));
    },
    create: createGroupMaker(context),
    update: (ref, patch, options) => updateGroup(context, ref, patch, options),
    scale: (ref, desired, options) => scaleGroup(context, ref, desired, options),
    delete: (ref, options) => deleteGroup(context, ref, options, servers),
    observe: (refs, options) => observeGroups(context, refs, options),
    instances: (ref, options) => instancesOf(context, servers, ref, options),
    pause: (ref, options) => act(context, "pause", ref, options),
    resume: (ref, options) => act(context, "resume", ref, options),
    converge: (ref, options) => act(context, "converge", ref, options),
    state: async (ref, options) =>
      stateOf(await findState(rackspace, ref, callOf("groups.state", ref, options))),
    metadata: createGroupMetadata(context),
    terminate: (ref, instance, { replace = true, purge = true, ...options } = {}) =>
      removeMembers(
        context,
        servers,
        ref,
        [instance],
        { operation: "groups.terminate", replace, purge },
        options,
      ),
    detach: (ref, instances, { replace = false, ...options } = {}) =>
      removeMembers(
        context,
        servers,
        ref,
        instances,
        { operation: "groups.detach", replace, purge: false },
        options,
      ),
    shutdown: (ref, options) => shutdownGroup(context, ref, options),
  };
}

/** Groups that are read at the same time. */
const AT_ONCE = 8;

/** The list itself has no definitions: they are read with it, a few at a time. */
async function* listGroups(
  { rackspace }: GroupContext,
  options?: CallOptions,
): AsyncGenerator<Group, void, undefined> {
  const call: Call = { operation: "groups.list", signal: options?.signal };
  let chunk: Entry[] = [];
  const readChunk = async (): Promise<Group[]> => {
    const groups = await Promise.all(chunk.map(({ id }) => readIfThere(rackspace, id, call)));
    chunk = [];
    return groups.flat();
  };
  for await (const entry of allEntries(rackspace, call)) {
    chunk.push(entry);
    if (chunk.length === AT_ONCE) yield* await readChunk();
  }
  yield* await readChunk();
}

/** None where it was deleted since it was listed. */
async function readIfThere(rackspace: Rackspace, id: string, call: Call): Promise<Group[]> {
  try {
    return [groupOf(await readManifest(rackspace, id, call))];
  } catch (error) {
    if (isBellowsError(error, "not-found")) return [];
    throw error;
  }
}

/** Pauses, resumes or converges: twice is as once. */
async function act(
  context: GroupContext,
  action: "pause" | "resume" | "converge",
  ref: Ref,
  options: CallOptions & { processes?: string[] } = {},
): Promise<void> {
  const call = callOf(`groups.${action}`, ref, options);
  if (options.processes !== undefined && options.processes.length > 0)
    throw new UnsupportedError("groups of Rackspace are paused as a whole", {
      operation: call.operation,
      resource: ref,
      hint: "leave the processes out",
    });
  await inGroup(context, ref, call, async (id) => {
    await context.rackspace.request("autoscale", `/groups/${id}/${action}`, {
      ...call,
      method: "POST",
      repeatable: true,
    });
  });
}
