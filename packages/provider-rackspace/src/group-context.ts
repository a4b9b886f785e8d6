/** What everything about groups works with: finding them, and one change at a time. */
import {
  type CallOptions,
  collect,
  type Host,
  isBellowsError,
  type Page,
  pages,
  type Ref,
  resolveRef,
  UnavailableError,
  type WriteOptions,
  waitUntil,
} from "@bellows/core";
import { type Entry, type Manifest, PAGE_SIZE, type WireState } from "./autoscale.js";
import type { Call, Rackspace } from "./client.js";
import { retold } from "./errors.js";
import type { createTurns } from "./making.js";

/** What everything about groups works with. */
export interface GroupContext {
  rackspace: Rackspace;
  host: Host;
  /** Changes of one group go one after the other, by the group's id. */
  inTurn: ReturnType<typeof createTurns>;
  /** What was read lately, and is not so any more when a group is changed. */
  definitions: { forget(id: string): void };
}

/** A call about one thing. */
export function callOf(operation: string, resource: string, options: CallOptions = {}): Call {
  return { operation, resource, signal: options.signal };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a reference can be one of Autoscale's ids. */
export function isId(ref: Ref): boolean {
  return UUID.test(ref);
}

/** All groups as the list has them, a hundred a call. */
export function allEntries(rackspace: Rackspace, call: Call): AsyncGenerator<Entry, void, undefined> {
  return listed<Entry>(rackspace, "/groups", "groups", call);
}

/** A list of Autoscale, page by page. @param noun - the key that holds it. */
export function listed<T extends { id: string }>(
  rackspace: Rackspace,
  path: string,
  noun: string,
  call: Call,
): AsyncGenerator<T, void, undefined> {
  return pages(
    async (marker): Promise<Page<T>> => {
      const { body } = await rackspace.request<Record<string, unknown>>("autoscale", path, {
        ...call,
        query: { limit: PAGE_SIZE, marker },
      });
      const items = (body[noun] ?? []) as T[];
      const links = (body[`${noun}_links`] ?? []) as { rel: string }[];
      const last = items.at(-1)?.id;
      return {
        items,
        ...(last !== undefined && links.some(({ rel }) => rel === "next") ? { next: last } : {}),
      };
    },
    call.signal === undefined ? {} : { signal: call.signal },
  );
}

/**
 * Makes one thing of a list that takes many at once.
 * @throws UnavailableError when the answer does not have it.
 */
export async function postOne<T>(
  rackspace: Rackspace,
  path: string,
  noun: string,
  json: object,
  call: Call,
): Promise<T> {
  const { body } = await rackspace.request<Record<string, T[]> | undefined>("autoscale", path, {
    ...call,
    method: "POST",
    json: [json],
  });
  const made = body?.[noun]?.[0];
  if (made !== undefined) return made;
  throw new UnavailableError(`Autoscale has made one of ${noun}, and does not show it`, {
    provider: rackspace.key,
    operation: call.operation,
    retry: "after-refresh",
  });
}

/** The group that a name means. @throws NotFoundError @throws ConflictError when it fits several. */
async function findByName(rackspace: Rackspace, ref: Ref, call: Call): Promise<Entry> {
  const entries = await collect(allEntries(rackspace, call));
  try {
    return resolveRef(
      entries.map(({ id, state }) => ({ id, name: state.name, state })),
      ref,
      "group",
    );
  } catch (error) {
    if (!isBellowsError(error)) throw error;
    throw retold(error, { provider: rackspace.key, operation: call.operation });
  }
}

/**
 * Does something with the group that a reference means. An id costs no call; what is no id, or none that is there, is
 * looked for among the names.
 * @throws NotFoundError @throws ConflictError when a name fits several.
 */
export async function onGroup<T>(
  { rackspace }: Pick<GroupContext, "rackspace">,
  ref: Ref,
  call: Call,
  act: (id: string) => Promise<T>,
): Promise<T> {
  call.signal?.throwIfAborted();
  if (isId(ref)) {
    try {
      return await act(ref);
    } catch (error) {
      if (!isBellowsError(error) || error.vendorCode !== "NoSuchScalingGroupError") throw error;
    }
  }
  return act((await findByName(rackspace, ref, call)).id);
}

/** Like {@link onGroup}, after all earlier changes of the group and before all later ones. */
export function inGroup<T>(
  context: GroupContext,
  ref: Ref,
  call: Call,
  act: (id: string) => Promise<T>,
): Promise<T> {
  return onGroup(context, ref, call, (id) =>
    context.inTurn(id, async () => {
      call.signal?.throwIfAborted();
      try {
        return await act(id);
      } finally {
        context.definitions.forget(id);
      }
    }),
  );
}

/** A group with all that belongs to it, in one call. @param webhooks - also its policies' webhooks. */
export async function readManifest(
  rackspace: Rackspace,
  id: string,
  call: Call,
  webhooks = false,
): Promise<Manifest> {
  const { body } = await rackspace.request<{ group: Manifest }>("autoscale", `/groups/${id}`, {
    ...call,
    ...(webhooks ? { query: { webhooks: true } } : {}),
  });
  return body.group;
}

/** The counts of a group. */
export async function readState(rackspace: Rackspace, id: string, call: Call): Promise<WireState> {
  const { body } = await rackspace.request<{ group: WireState }>("autoscale", `/groups/${id}/state`, call);
  return body.group;
}

/** The counts of the group that a reference means; the list carries those of a name. */
export async function findState(rackspace: Rackspace, ref: Ref, call: Call): Promise<WireState> {
  call.signal?.throwIfAborted();
  if (isId(ref)) return onGroup({ rackspace }, ref, call, (id) => readState(rackspace, id, call));
  return (await findByName(rackspace, ref, call)).state;
}

/**
 * Waits, if that was asked for, until the counts of a group fit.
 * @throws TimeoutError @throws NotFoundError when the group goes meanwhile.
 */
export async function waitForState(
  { rackspace, host: { clock } }: GroupContext,
  id: string,
  call: Call,
  options: WriteOptions | undefined,
  fits: (state: WireState) => boolean,
): Promise<void> {
  if (options?.wait !== true) return;
  const { signal, timeoutMs } = options;
  await waitUntil(async () => fits(await readState(rackspace, id, call)), {
    clock,
    what: `group ${call.resource ?? id} to be stable`,
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
