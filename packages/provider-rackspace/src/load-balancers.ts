/**
 * Cloud Load Balancers.
 *
 * Note [Names]: they are not unique, ids are. A create looks for the name first: an equal balancer is the one that an
 * earlier call has made, and a name that fits two is a conflict that lists both.
 */
import {
  AlreadyExistsError,
  type CallOptions,
  ConfigError,
  collect,
  type LoadBalancer,
  type LoadBalancersDriver,
  type Ref,
  UnsupportedError,
  type WriteOptions,
  waitUntil,
} from "@bellows/core";
import {
  type BalancerContext,
  factsOf,
  findClb,
  listed,
  removeClb,
  seekClb,
  untilActive,
} from "./balancer-calls.js";
import {
  addNodes,
  drainNodes,
  finishLeaving,
  hasOverdue,
  nodesFor,
  removeNodes,
  takeOutOverdue,
  wantedNodes,
} from "./balancer-members.js";
import {
  addressId,
  type BalancerFacts,
  balancerOf,
  differencesFrom,
  membersOf,
  notesOf,
  type ServerAt,
} from "./balancer-show.js";
import { DEFAULT_POOL, patchedSpec, readSpec } from "./balancer-spec.js";
import { changeBalancer, makeBalancer } from "./balancer-steps.js";
import type { WantedBalancer } from "./balancer-wanted.js";
import type { Clb } from "./balancer-words.js";
import type { Call } from "./client.js";

/** The load balancers driver of Rackspace: a region is one zone, so that zones can't be switched. */
export type RackspaceBalancers = LoadBalancersDriver & Required<Pick<LoadBalancersDriver, "metadata">>;

/** Balancers that are read at the same time for a list: Rackspace takes ten reads a second. */
const SIDE_BY_SIDE = 3;
/** Words that only a new balancer can have. */
const FIXED = ["name", "native.address", "native.virtualIp"];

/** Makes the driver. Nothing is asked before the first call. */
export function createLoadBalancers(context: BalancerContext): RackspaceBalancers {
  const { rackspace } = context;
  return {
    async *list(options = {}) {
      const call = callOf("list", undefined, options);
      const { names } = options;
      const all = await collect(listed(context, call, names?.length === 1 ? names[0] : undefined));
      const wanted = all.filter(({ name }) => names?.includes(name) ?? true);
      for (let from = 0; from < wanted.length; from += SIDE_BY_SIDE) {
        const some = wanted
          .slice(from, from + SIDE_BY_SIDE)
          .map(({ id }) => shownById(context, String(id), call));
        for (const one of await Promise.all(some)) if (one !== undefined) yield one;
      }
    },
    async get(ref, options) {
      const call = callOf("get", ref, options);
      return show(context, await open(context, ref, call), call);
    },
    async create(spec, options) {
      const call = callOf("create", spec.name, options);
      const wanted = readSpec(spec, { provider: rackspace.key, operation: call.operation });
      const facts = await context.inTurn(`name ${wanted.name}`, () => findOrMake(context, wanted, call));
      return settled(context, facts, call, options);
    },
    async update(ref, patch, options) {
      const call = callOf("update", ref, options);
      const { clb } = await open(context, ref, call);
      const id = String(clb.id);
      await context.inTurn(id, () => update(context, id, patch, call));
      return settled(context, await reread(context, id, call), call, options);
    },
    async delete(ref, options) {
      const call = callOf("delete", ref, options);
      const id = String((await findClb(context, ref, call)).id);
      await context.inTurn(id, () => removeClb(context, id, call));
      if (!options?.wait) return;
      const isGone = async (): Promise<boolean> => (await seekClb(context, id, call)) === undefined;
      await until(context, options, `load balancer ${ref} to be gone`, isGone);
    },
    async configureHealthCheck(ref, healthCheck, options = {}) {
      const call = callOf("configureHealthCheck", ref, options);
      const facts = await open(context, ref, call);
      requirePool(facts, options.pool, call);
      const id = String(facts.clb.id);
      await context.inTurn(id, () => update(context, id, { healthCheck }, call));
      return healthCheck;
    },
    async *members(ref, options = {}) {
      const call = callOf("members", ref, options);
      const facts = await open(context, ref, call);
      requirePool(facts, options.pool, call);
      yield* membersOf(facts.clb, await serversAt(context, facts.clb, call));
    },
    async register(ref, members, options = {}) {
      const call = callOf("register", ref, options);
      const facts = await open(context, ref, call);
      requirePool(facts, options.pool, call);
      const id = String(facts.clb.id);
      const port = notesOf(facts).settings.instancePort ?? facts.clb.port;
      const nodes = await wantedNodes(context.book, members, port, call);
      if (nodes.length > 0) await context.inTurn(id, () => addNodes(context, id, nodes, call));
      if (!options.wait) return;
      const wanted = new Set(nodes.map(addressId));
      await until(context, options, `members of ${ref} to be in service`, async () => {
        const { nodes: now = [] } = (await seekClb(context, id, call)) ?? {};
        const online = now.filter((node) => node.status === "ONLINE").map(addressId);
        return [...wanted].every((one) => online.includes(one));
      });
    },
    async deregister(ref, ids, options = {}) {
      const call = callOf("deregister", ref, options);
      const facts = await open(context, ref, call);
      requirePool(facts, options.pool, call);
      await deregister(context, facts, ids, call, options);
    },
    async metadata(ref, metadata, options) {
      const call = callOf("metadata", ref, options);
      const { clb } = await open(context, ref, call);
      await context.inTurn(String(clb.id), () => update(context, String(clb.id), { metadata }, call));
      return { ...metadata };
    },
  };
}

function callOf(method: string, resource: string | undefined, options: CallOptions = {}): Call {
  options.signal?.throwIfAborted();
  return { operation: `loadBalancers.${method}`, resource, signal: options.signal };
}

/** All of a balancer. Whoever was to leave it by now is taken out first. */
async function open(context: BalancerContext, ref: Ref, call: Call): Promise<BalancerFacts> {
  const facts = await factsOf(context, await findClb(context, ref, call), call);
  if (!hasOverdue(notesOf(facts), context.host.clock.now())) return facts;
  const id = String(facts.clb.id);
  const wasThere = await takeOutOverdue(context, id, call).catch((error: unknown) => {
    call.signal?.throwIfAborted();
    context.host.logger.warn(
      { loadBalancer: id, error: String(error) },
      "drained members could not be taken out",
    );
    return false;
  });
  return wasThere ? reread(context, id, call) : facts;
}

async function reread(context: BalancerContext, id: string, call: Call): Promise<BalancerFacts> {
  return factsOf(context, await findClb(context, id, call), call);
}

/** Which servers have the addresses of a balancer's nodes; nobody is asked where it has none. */
async function serversAt({ book }: BalancerContext, { nodes = [] }: Clb, call: Call): Promise<ServerAt> {
  if (nodes.length === 0) return () => undefined;
  const ids = await book.byAddress(
    nodes.map((node) => node.address),
    call,
  );
  return (address) => ids.get(address);
}

async function show(context: BalancerContext, facts: BalancerFacts, call: Call): Promise<LoadBalancer> {
  return balancerOf(facts, await serversAt(context, facts.clb, call));
}

async function shownById(
  context: BalancerContext,
  id: string,
  call: Call,
): Promise<LoadBalancer | undefined> {
  const clb = await seekClb(context, id, call);
  return clb && show(context, await factsOf(context, clb, call), call);
}

/** Looks first, so that an equal call whose answer was lost is found again. In the name's turn. */
async function findOrMake(
  context: BalancerContext,
  wanted: WantedBalancer,
  call: Call,
): Promise<BalancerFacts> {
  call.signal?.throwIfAborted();
  const seek = async (): Promise<Clb | undefined> => {
    const all = await collect(listed(context, call, wanted.name));
    const living = all.filter(({ status }) => status !== "PENDING_DELETE");
    return living.length > 1 ? findClb(context, wanted.name, call) : living[0];
  };
  const found = await seek();
  if (found === undefined) return makeBalancer(context, wanted, seek, call);
  const facts = await reread(context, String(found.id), call);
  const words = differencesFrom(wanted, facts);
  if (words.length === 0) return facts;
  throw new AlreadyExistsError(
    `there is a load balancer ${wanted.name} already, and it differs in ${words.join(", ")}`,
    {
      provider: context.rackspace.key,
      operation: call.operation,
      resource: wanted.name,
      hint: "update it, or choose another name",
    },
  );
}

/** In the balancer's turn. */
async function update(
  context: BalancerContext,
  id: string,
  patch: Parameters<LoadBalancersDriver["update"]>[1],
  call: Call,
): Promise<void> {
  const facts = await reread(context, id, call);
  const about = { provider: context.rackspace.key, operation: call.operation };
  const wanted = readSpec(
    patchedSpec(
      balancerOf(facts, () => undefined),
      patch,
    ),
    about,
  );
  const words = differencesFrom(wanted, facts);
  const fixed = words.filter((word) => FIXED.includes(word));
  if (fixed.length > 0)
    throw new UnsupportedError(`load balancer ${facts.clb.name} can't change its ${fixed.join(", ")}`, {
      ...about,
      resource: facts.clb.name,
      hint: "make another",
    });
  await changeBalancer(context, facts, wanted, words, call);
}

/** The balancer as it is now, or once it takes changes again. */
async function settled(
  context: BalancerContext,
  facts: BalancerFacts,
  call: Call,
  options: WriteOptions = {},
): Promise<LoadBalancer> {
  if (!options.wait) return show(context, facts, call);
  const clb = await untilActive(context, String(facts.clb.id), call, options.timeoutMs);
  return show(context, { ...facts, clb }, call);
}

/** @throws TimeoutError past the deadline. */
async function until(
  { host: { clock } }: BalancerContext,
  { signal, timeoutMs }: WriteOptions,
  what: string,
  look: () => Promise<boolean>,
): Promise<void> {
  await waitUntil(look, {
    clock,
    what,
    ...(signal && { signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}

/** @throws ConfigError when the balancer has no such pool. */
function requirePool(facts: BalancerFacts, pool: string | undefined, { operation, resource }: Call): void {
  const { pool: own = DEFAULT_POOL } = notesOf(facts).settings;
  if (pool === undefined || pool === own) return;
  throw new ConfigError(`load balancer ${resource}: it has no pool "${pool}"`, {
    operation,
    resource: resource ?? "",
    hint: `pools: ${own}`,
  });
}

async function deregister(
  context: BalancerContext,
  { clb }: BalancerFacts,
  ids: readonly string[],
  call: Call,
  { drain = true, wait, signal }: WriteOptions & { drain?: boolean },
): Promise<void> {
  const id = String(clb.id);
  const serverAt = await serversAt(context, clb, call);
  const drainMs = await context.inTurn(id, async () => {
    const leaving = nodesFor((await seekClb(context, id, call)) ?? {}, ids, serverAt);
    const idle = leaving.filter(({ condition }) => condition === "DISABLED");
    const busy = leaving.filter(({ condition }) => condition !== "DISABLED");
    const lastsMs = drain ? await drainNodes(context, id, busy, call) : 0;
    await removeNodes(context, id, lastsMs === 0 ? leaving : idle, call);
    return lastsMs;
  });
  if (drainMs === 0) return;
  if (wait) return finishLeaving(context, id, drainMs, { ...call, signal });
  const { host } = context;
  finishLeaving(context, id, drainMs, { ...call, signal: host.signal }).catch((error: unknown) => {
    if (!host.signal.aborted)
      host.logger.warn({ loadBalancer: id, error: String(error) }, "drained members could not be taken out");
  });
}
