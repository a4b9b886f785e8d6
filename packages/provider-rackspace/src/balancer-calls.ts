/**
 * Calls of Cloud Load Balancers.
 *
 * Note [One change at a time]: a balancer that is being changed refuses every other change with 422, and shows
 * PENDING_UPDATE until the first one is done. Here the changes of one balancer go one after the other, each when the one
 * before it is done; what others change at the same time is waited for. Whether a 422 means that, or something that waiting
 * does not help against, is told by the balancer's status, never by the words of the refusal.
 */
import {
  ConflictError,
  collect,
  delay,
  type Host,
  isBellowsError,
  NotFoundError,
  pages,
  TimeoutError,
  waitUntil,
} from "@bellows/core";
import type { BalancerFacts } from "./balancer-show.js";
import type { Clb, ClbMeta, ClbMonitor, ClbNode } from "./balancer-words.js";
import type { Call, Rackspace } from "./client.js";
import { createTurns } from "./making.js";
import type { Pkgcloud } from "./pkgcloud.js";
import type { ServerBook } from "./server-book.js";

/** Longest wait until a balancer takes a change, in milliseconds; building one takes a minute or two. */
const PATIENCE_MS = 600_000;
/** Refusals of a balancer that is ACTIVE whenever one looks, until they are believed. */
const REFUSALS = 6;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** Most balancers a page. */
const PER_PAGE = 100;
/** How often a busy balancer is looked at, at most, in milliseconds. */
const POLL_MS = 5_000;

/** What a connection's balancers are made from. */
export interface BalancerParts {
  rackspace: Rackspace;
  pkgcloud: Pkgcloud;
  host: Host;
  book: ServerBook;
}

/** What everything about balancers works with. */
export interface BalancerContext extends BalancerParts {
  /** Lets what changes a balancer go one after the other. */
  inTurn: ReturnType<typeof createTurns>;
  /** Balancers that this connection has changed, and has not seen ACTIVE since. */
  unsettled: Set<string>;
}

/** Makes the context of a connection; all drivers of its balancers share it. */
export function createBalancerContext(parts: BalancerParts): BalancerContext {
  return { ...parts, inTurn: createTurns(), unsettled: new Set() };
}

/** One call, with got. */
export async function ask<T>(
  { rackspace }: Pick<BalancerContext, "rackspace">,
  path: string,
  call: Call,
): Promise<T> {
  const { body } = await rackspace.request<T>("cloudLoadBalancers", path, call);
  return body;
}

/** Balancers as lists show them, without their nodes, those that are deleted left out. */
export async function* listed(context: BalancerContext, call: Call, name?: string): AsyncGenerator<Clb> {
  const seen = new Set<number>();
  const list = pages<Clb>(
    async (marker) => {
      const query = { limit: PER_PAGE, marker, name };
      const body = await ask<{ loadBalancers?: Clb[] } | undefined>(context, "/loadbalancers", {
        ...call,
        query,
      });
      const items = body?.loadBalancers ?? [];
      // The marker is the first one of the next page; asked with the last one of this page, that comes twice.
      const last = items.length < PER_PAGE ? undefined : items.at(-1);
      return { items, ...(last === undefined ? {} : { next: String(last.id) }) };
    },
    { ...(call.signal && { signal: call.signal }) },
  );
  for await (const clb of list) {
    if (seen.has(clb.id) || clb.status === "DELETED" || (name !== undefined && clb.name !== name)) continue;
    seen.add(clb.id);
    yield clb;
  }
}

/** The balancer with that id; undefined where there is none, or none any more. */
export async function seekClb(context: BalancerContext, id: string, call: Call): Promise<Clb | undefined> {
  try {
    const { loadBalancer } = await ask<{ loadBalancer: Clb }>(context, `/loadbalancers/${id}`, call);
    return loadBalancer.status === "DELETED" ? undefined : loadBalancer;
  } catch (error) {
    if (isBellowsError(error, "not-found")) return undefined;
    throw error;
  }
}

/** Finds a balancer by its id, or by a name that only one has. */
export async function findClb(context: BalancerContext, ref: string, call: Call): Promise<Clb> {
  const byId = /^\d+$/.test(ref) ? await seekClb(context, ref, call) : undefined;
  if (byId !== undefined) return byId;
  const all = await collect(listed(context, call, ref));
  const living = all.filter(({ status }) => status !== "PENDING_DELETE");
  const named = living.length > 0 ? living : all.slice(0, 1);
  if (named.length > 1)
    throw new ConflictError(
      `load balancer name "${ref}" fits ${named.length}: ${named.map(({ id }) => id).join(", ")}`,
      { provider: context.rackspace.key, operation: call.operation, resource: ref, hint: "use the id" },
    );
  const found = named[0] && (await seekClb(context, String(named[0].id), call));
  if (found !== undefined) return found;
  throw new NotFoundError(`there is no load balancer "${ref}"`, {
    provider: context.rackspace.key,
    operation: call.operation,
    resource: ref,
    hint: "bellows lbs list shows what there is",
  });
}

/** The rest of a balancer: its health check and metadata. */
export async function factsOf(context: BalancerContext, clb: Clb, call: Call): Promise<BalancerFacts> {
  const path = `/loadbalancers/${clb.id}`;
  const [monitor, items] = await Promise.all([
    ask<{ healthMonitor?: Partial<ClbMonitor> } | undefined>(context, `${path}/healthmonitor`, call),
    metadataOf(context, String(clb.id), call),
  ]);
  return { clb, monitor: monitor?.healthMonitor ?? {}, items };
}

/** The metadata of a balancer. */
export async function metadataOf(context: BalancerContext, id: string, call: Call): Promise<ClbMeta[]> {
  const body = await ask<{ metadata?: ClbMeta[] } | undefined>(
    context,
    `/loadbalancers/${id}/metadata`,
    call,
  );
  return body?.metadata ?? [];
}

/** Waits until a balancer takes changes. @throws ConflictError when it never will. @throws TimeoutError */
export async function untilActive(
  context: BalancerContext,
  id: string,
  call: Call,
  timeoutMs = PATIENCE_MS,
): Promise<Clb> {
  const active = await waitUntil(
    async () => {
      const clb = await seekClb(context, id, call);
      if (clb === undefined || clb.status === "PENDING_DELETE") throw gone(context, id, call);
      if (clb.status === "ERROR" || clb.status === "SUSPENDED") throw stuck(context, clb, call);
      return clb.status === "ACTIVE" && clb;
    },
    {
      clock: context.host.clock,
      timeoutMs,
      pollMs: POLL_MS,
      what: `load balancer ${call.resource ?? id} to be active`,
      ...(call.signal && { signal: call.signal }),
    },
  );
  context.unsettled.delete(id);
  return active;
}

function gone({ rackspace }: BalancerContext, id: string, { operation, resource = id }: Call): NotFoundError {
  return new NotFoundError(`there is no load balancer "${resource}": it is being deleted`, {
    provider: rackspace.key,
    operation,
    resource,
  });
}

function stuck(
  { rackspace }: BalancerContext,
  { id, status }: Clb,
  { operation, resource }: Call,
): ConflictError {
  return new ConflictError(`load balancer ${resource ?? id} takes no change: its status is ${status}`, {
    provider: rackspace.key,
    operation,
    resource: resource ?? String(id),
    retry: "never",
    hint: status === "ERROR" ? "delete it, and make another" : "ask Rackspace why it is suspended",
  });
}

/**
 * Makes one change of a balancer, once it takes changes. To be called in the balancer's turn.
 * @throws NotFoundError when the balancer goes. @throws ConflictError when it is broken. @throws TimeoutError
 */
export async function change<T>(
  context: BalancerContext,
  id: string,
  call: Call,
  act: () => Promise<T>,
): Promise<T> {
  const { clock } = context.host;
  const endMs = clock.monotonic() + PATIENCE_MS;
  let refusals = 0;
  for (;;) {
    const leftMs = endMs - clock.monotonic();
    if (leftMs <= 0) throw tooLate(context, id, call);
    if (context.unsettled.has(id)) await untilActive(context, id, call, leftMs);
    context.unsettled.add(id);
    try {
      return await act();
    } catch (error) {
      if (!isBusy(error)) throw error;
      const status = (await seekClb(context, id, call))?.status;
      // An answer of 422 may have been overtaken by the end of what it was about.
      if (status === "ACTIVE") refusals += 1;
      if (refusals >= REFUSALS) throw error;
      await delay(clock, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** refusals), call.signal);
    }
  }
}

function isBusy(error: unknown): boolean {
  return isBellowsError(error, "conflict") && error.vendorCode === "422";
}

function tooLate(
  { rackspace }: BalancerContext,
  id: string,
  { operation, resource = id }: Call,
): TimeoutError {
  return new TimeoutError(`load balancer ${resource} was busy all the time`, {
    provider: rackspace.key,
    operation,
    resource,
    hint: "what else changes it?",
  });
}

/** Deletes a balancer, in whatever state it is. In the balancer's turn. Returned: accepted. */
export async function removeClb(context: BalancerContext, id: string, call: Call): Promise<void> {
  const { pkgcloud, host } = context;
  for (let attempt = 1; ; attempt++) {
    try {
      await pkgcloud.balancers<void>(`DELETE /loadbalancers/${id}`, call, (client, done) =>
        client.deleteLoadBalancer(id, done),
      );
      return;
    } catch (error) {
      if (isBellowsError(error, "not-found")) return;
      if (!isBusy(error) || attempt > REFUSALS) throw error;
    }
    const isFree = async (): Promise<"gone" | "free" | false> => {
      const status = (await seekClb(context, id, call))?.status;
      if (status === undefined || status === "PENDING_DELETE") return "gone";
      return status !== "BUILD" && status !== "PENDING_UPDATE" && "free";
    };
    const state = await waitUntil(isFree, {
      clock: host.clock,
      timeoutMs: PATIENCE_MS,
      pollMs: POLL_MS,
      what: `load balancer ${call.resource ?? id} to take its deletion`,
      ...(call.signal && { signal: call.signal }),
    });
    if (state === "gone") return;
  }
}

/** Nodes of a balancer, as they are now. @throws NotFoundError */
export async function nodesOf(context: BalancerContext, id: string, call: Call): Promise<ClbNode[]> {
  const clb = await seekClb(context, id, call);
  if (clb === undefined) throw gone(context, id, call);
  return clb.nodes ?? [];
}
