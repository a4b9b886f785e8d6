/**
 * Members of a balancer: nodes that come, drain and go.
 *
 * Note [Draining]: a node that drains gets no new clients, and stays. A member that is told to go drains for as long as its
 * balancer says, and is then taken out: by the process that told it, or, when that has ended, by whoever looks at the
 * balancer next (see balancer-settings.ts, note [Leaving]).
 */
import { ConfigError, delay, isBellowsError, type NewMember } from "@bellows/core";
import { ask, type BalancerContext, change, metadataOf, nodesOf } from "./balancer-calls.js";
import { type BalancerNotes, LEAVING_KEY, leavingText, notesIn } from "./balancer-settings.js";
import { addressId } from "./balancer-show.js";
import { DEFAULT_DRAIN_MS } from "./balancer-spec.js";
import type { Clb, ClbNode } from "./balancer-words.js";
import type { Call } from "./client.js";
import { makeOnce } from "./making.js";
import type { ServerBook } from "./server-book.js";

/** Most nodes that one call removes. @see docs.rackspace.com, Cloud Load Balancers, Bulk delete nodes */
const PER_REMOVAL = 10;
const WEIGHTS = { least: 1, most: 100 } as const;

/** A node that is to be there. */
export interface WantedNode {
  address: string;
  port: number;
  weight?: number;
}

/**
 * Reads members that are to be registered; servers are looked up.
 * @param port - where members listen that do not say it.
 * @throws ConfigError that lists every fault. @throws NotFoundError for a server that is not there.
 */
export async function wantedNodes(
  book: ServerBook,
  members: readonly NewMember[],
  port: number,
  call: Call,
): Promise<WantedNode[]> {
  requireWeights(
    members.map((member) => (typeof member === "string" ? undefined : member.weight)),
    call,
  );
  const nodes = await Promise.all(members.map((member) => wantedNode(book, member, port, call)));
  return [...new Map(nodes.map((node) => [addressId(node), node])).values()];
}

/** @throws ConfigError that lists every weight that Rackspace does not take. */
export function requireWeights(weights: readonly (number | undefined)[], call: Call): void {
  const wrong = weights.filter((one) => one !== undefined && (one < WEIGHTS.least || one > WEIGHTS.most));
  if (wrong.length === 0) return;
  throw new ConfigError(`weight ${wrong.join(", ")}: Rackspace takes ${WEIGHTS.least} to ${WEIGHTS.most}`, {
    operation: call.operation,
    resource: call.resource ?? "",
  });
}

async function wantedNode(
  book: ServerBook,
  member: NewMember,
  port: number,
  call: Call,
): Promise<WantedNode> {
  if (typeof member !== "string") {
    const { address, port: own, weight } = member;
    return { address, port: own, ...(weight === undefined ? {} : { weight }) };
  }
  const [, host, own] = /^([\d.]+):(\d+)$/.exec(member) ?? [];
  if (host !== undefined) return { address: host, port: Number(own) };
  return { address: await book.addressOf(member, call), port };
}

/** Adds nodes; those that are there stay as they are, and those that were leaving stay after all. In the balancer's turn. */
export async function addNodes(
  context: BalancerContext,
  id: string,
  wanted: readonly WantedNode[],
  call: Call,
): Promise<void> {
  const there = await nodesOf(context, id, call);
  const at = new Map(there.map((node) => [addressId(node), node]));
  const fresh = wanted.filter((node) => !at.has(addressId(node)));
  const back = wanted.flatMap((node) => {
    const found = at.get(addressId(node));
    return found?.condition === "DRAINING" ? [found] : [];
  });
  if (back.length > 0) await forgetLeaving(context, id, back, call);
  for (const node of back) await setNode(context, id, node, { condition: "ENABLED" }, call);
  if (fresh.length === 0) return;
  const nodes = fresh.map((node) => ({ ...node, condition: "ENABLED", type: "PRIMARY" }));
  await change(context, id, call, () =>
    makeOnce<unknown>(
      context.host,
      () =>
        context.pkgcloud.balancers<readonly object[]>(
          `POST /loadbalancers/${id}/nodes`,
          call,
          (client, done) => client.addNodes(id, nodes, done),
        ),
      async () => {
        const now = new Set((await nodesOf(context, id, call)).map(addressId));
        return fresh.every((node) => now.has(addressId(node))) || undefined;
      },
      call.signal,
    ),
  );
}

/** Changes a node; one that is gone is no fault. In the balancer's turn. */
export async function setNode(
  context: BalancerContext,
  id: string,
  node: Pick<ClbNode, "id">,
  to: Partial<Pick<ClbNode, "condition" | "weight">>,
  call: Call,
): Promise<void> {
  await change(context, id, call, () =>
    context.pkgcloud
      .balancers<void>(`PUT /loadbalancers/${id}/nodes/${node.id}`, call, (client, done) =>
        client.updateNode(id, { id: String(node.id), ...to }, done),
      )
      .catch(unlessGone),
  );
}

function unlessGone(error: unknown): void {
  if (!isBellowsError(error, "not-found")) throw error;
}

/** Removes nodes, as many a call as Rackspace takes; those that are gone are no fault. In the balancer's turn. */
export async function removeNodes(
  context: BalancerContext,
  id: string,
  nodes: readonly ClbNode[],
  call: Call,
): Promise<void> {
  for (let from = 0; from < nodes.length; from += PER_REMOVAL)
    await removeSome(context, id, nodes.slice(from, from + PER_REMOVAL), call);
}

async function removeSome(
  context: BalancerContext,
  id: string,
  nodes: readonly ClbNode[],
  call: Call,
): Promise<void> {
  const ids = nodes.map((node) => String(node.id));
  try {
    await change(context, id, call, () =>
      context.pkgcloud.balancers<void>(`DELETE /loadbalancers/${id}/nodes`, call, (client, done) =>
        client.removeNodes(id, ids, done),
      ),
    );
  } catch (error) {
    // All or nothing: one that is gone keeps the others there.
    if (!isBellowsError(error, "config") && !isBellowsError(error, "not-found")) throw error;
    const now = new Set((await nodesOf(context, id, call)).map((node) => node.id));
    const left = nodes.filter((node) => now.has(node.id));
    if (left.length === nodes.length) throw error;
    if (left.length > 0) await removeSome(context, id, left, call);
  }
}

/**
 * Begins to drain nodes, and writes down until when. In the balancer's turn.
 * @param nodes - those that may have clients.
 * @returns how long it lasts, in milliseconds; 0: they are not to drain.
 */
export async function drainNodes(
  context: BalancerContext,
  id: string,
  nodes: readonly ClbNode[],
  call: Call,
): Promise<number> {
  const { settings, leaving } = notesIn(await metadataOf(context, id, call));
  const { drainMs = DEFAULT_DRAIN_MS } = settings;
  if (drainMs === 0 || nodes.length === 0) return 0;
  const nowMs = context.host.clock.now();
  const known = new Set(leaving?.nodes);
  const fresh = nodes.filter((node) => node.condition === "ENABLED" || !known.has(node.id));
  if (fresh.length === 0) return Math.max(1, (leaving?.untilMs ?? 0) - nowMs);
  const untilMs = Math.max(nowMs + drainMs, leaving?.untilMs ?? 0);
  const all = [...new Set([...known, ...fresh.map((node) => node.id)])];
  await writeLeaving(context, id, leavingText({ untilMs, nodes: all }), call);
  for (const node of fresh)
    if (node.condition === "ENABLED") await setNode(context, id, node, { condition: "DRAINING" }, call);
  return untilMs - nowMs;
}

/** Writes down who is leaving; undefined: nobody. */
async function writeLeaving(
  context: BalancerContext,
  id: string,
  text: string | undefined,
  call: Call,
): Promise<void> {
  const path = `/loadbalancers/${id}/metadata`;
  const there = (await metadataOf(context, id, call)).find(({ key }) => key === LEAVING_KEY);
  if (there?.value === text) return;
  await change(context, id, call, async () => {
    if (text === undefined) return ask(context, `${path}/${there?.id}`, { ...call, method: "DELETE" });
    if (there !== undefined)
      return ask(context, `${path}/${there.id}`, { ...call, method: "PUT", json: { meta: { value: text } } });
    const json = { metadata: [{ key: LEAVING_KEY, value: text }] };
    return makeOnce<unknown>(
      context.host,
      () => ask(context, path, { ...call, method: "POST", json }),
      async () => (await metadataOf(context, id, call)).find(({ key }) => key === LEAVING_KEY),
      call.signal,
    );
  });
}

/** Takes nodes off the note of who is leaving. In the balancer's turn. */
async function forgetLeaving(
  context: BalancerContext,
  id: string,
  nodes: readonly ClbNode[],
  call: Call,
): Promise<void> {
  const { leaving } = notesIn(await metadataOf(context, id, call));
  if (leaving === undefined) return;
  const left = leaving.nodes.filter((one) => !nodes.some((node) => node.id === one));
  await writeLeaving(
    context,
    id,
    left.length === 0 ? undefined : leavingText({ ...leaving, nodes: left }),
    call,
  );
}

/** Takes out those whose time is over, and drain still. @returns whether there were such. */
export async function takeOutOverdue(context: BalancerContext, id: string, call: Call): Promise<boolean> {
  return context.inTurn(id, async () => {
    const { leaving } = notesIn(await metadataOf(context, id, call));
    if (leaving === undefined || leaving.untilMs > context.host.clock.now()) return false;
    const drained = (await nodesOf(context, id, call)).filter(
      (node) => leaving.nodes.includes(node.id) && node.condition === "DRAINING",
    );
    await removeNodes(context, id, drained, call);
    await writeLeaving(context, id, undefined, call);
    return true;
  });
}

/** Whether somebody's time to leave is over. */
export function hasOverdue({ leaving }: BalancerNotes, nowMs: number): boolean {
  return leaving !== undefined && leaving.untilMs <= nowMs;
}

/** Waits for the end of draining, and takes out who drains. */
export async function finishLeaving(
  context: BalancerContext,
  id: string,
  drainMs: number,
  call: Call,
): Promise<void> {
  for (;;) {
    await delay(context.host.clock, drainMs, call.signal);
    const { leaving } = notesIn(await metadataOf(context, id, call));
    const leftMs = (leaving?.untilMs ?? 0) - context.host.clock.now();
    if (leftMs > 0) drainMs = leftMs;
    else break;
  }
  await takeOutOverdue(context, id, call);
}

/** The nodes that these ids mean: servers', or addresses with ports. */
export function nodesFor(
  { nodes = [] }: Pick<Clb, "nodes">,
  ids: readonly string[],
  serverAt: (address: string) => string | undefined,
): ClbNode[] {
  const wanted = new Set(ids);
  return nodes.filter((node) => wanted.has(addressId(node)) || wanted.has(serverAt(node.address) ?? ""));
}
