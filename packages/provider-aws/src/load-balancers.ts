/**
 * Load balancers of AWS: classic ones, and application and network ones through target groups.
 *
 * Note [Names]: a classic balancer's id is its name, that of an application or network balancer its ARN. All are found
 * by name, ARN and DNS name. AWS lets a classic and another balancer have one name; such a name is a conflict, and
 * Bellows makes no such pair.
 */
import {
  ConfigError,
  type Host,
  isBellowsError,
  type LoadBalancer,
  type LoadBalancersDriver,
  type Ref,
  UnsupportedError,
  type WriteOptions,
  waitUntil,
} from "@bellows/core";
import { makeClassic } from "./balancer-classic.js";
import { type BalancerContext, balancerCall, type OpenBalancer, requireEqual } from "./balancer-context.js";
import { plainCheck } from "./balancer-health.js";
import { findBalancer, findOfType, listBalancers, openBalancer } from "./balancer-open.js";
import { readPatch, readSpec, refuseAll } from "./balancer-spec.js";
import { balancerTagFaults } from "./balancer-tags.js";
import { makeV2 } from "./balancer-v2-make.js";
import type { WantedBalancer } from "./balancer-wanted.js";
import type { Aws, Call } from "./client.js";
import { createTurns } from "./making.js";

/** How long AWS may take to show a balancer that it has acknowledged, in milliseconds. */
const SHOWN_WITHIN_MS = 60_000;
/** How long another maker of an equal balancer may take for its later steps, in milliseconds. */
const MADE_WITHIN_MS = 5_000;

/** Makes the driver. Nothing is asked of AWS until a method is called. */
export function createLoadBalancers(aws: Aws, host: Host): Required<LoadBalancersDriver> {
  const context: BalancerContext = { aws, host, seen: new Map() };
  const inTurn = createTurns();
  const open = (ref: Ref, call: Call): Promise<OpenBalancer> => openBalancer(context, ref, call);

  return {
    list: (options = {}) => listBalancers(aws, options.names, balancerCall("list", undefined, options)),
    async get(ref, options) {
      const call = balancerCall("get", ref, options);
      return (await open(ref, call)).show(call);
    },
    async create(spec, options) {
      const call = balancerCall("create", spec.name, options);
      call.signal?.throwIfAborted();
      const wanted = readSpec(spec, aws.key);
      const made = await inTurn(spec.name, () => findOrMake(context, wanted, call));
      return settled(context, made, call, options);
    },
    async update(ref, patch, options) {
      const call = balancerCall("update", ref, options);
      const balancer = await open(ref, call);
      await balancer.change(readPatch(await balancer.outline(call), patch, aws.key), call);
      return settled(context, await open(balancer.id, call), call, options);
    },
    async delete(ref, options) {
      const call = balancerCall("delete", ref, options);
      const balancer = await open(ref, call);
      await balancer.remove(call);
      if (!options?.wait) return;
      await until(context, options, `load balancer ${ref} to be gone`, () => isGone(context, balancer, call));
    },
    async configureHealthCheck(ref, check, options = {}) {
      const call = balancerCall("configureHealthCheck", ref, options);
      const balancer = await open(ref, call);
      const there = onePool(await balancer.outline(call), options.pool);
      await balancer.change(readPatch(there, { healthCheck: check }, aws.key), call);
      return plainCheck(check);
    },
    async *members(ref, options = {}) {
      const call = balancerCall("members", ref, options);
      yield* await (await open(ref, call)).members(call, options.pool);
    },
    async register(ref, members, options = {}) {
      const call = balancerCall("register", ref, options);
      const balancer = await open(ref, call);
      const ids = await balancer.register(members, call, options.pool);
      if (!options.wait) return;
      await until(context, options, `members of ${ref} to be in service`, async () => {
        const now = await (await open(balancer.id, call)).members(call, options.pool);
        return ids.every((id) => now.some((member) => member.id === id && member.health === "healthy"));
      });
    },
    async deregister(ref, ids, options = {}) {
      const call = balancerCall("deregister", ref, options);
      const balancer = await open(ref, call);
      if (options.drain === false) await refuseDraining(balancer, call, options.pool);
      await balancer.deregister(ids, call, options.pool);
      if (!options.wait) return;
      await until(context, options, `members of ${ref} to be gone`, async () => {
        const now = await (await open(balancer.id, call)).members(call, options.pool);
        return !now.some(({ id }) => ids.includes(id));
      });
    },
    async enableZones(ref, zones, options) {
      const call = balancerCall("enableZones", ref, options);
      return (await open(ref, call)).enableZones(zones, call);
    },
    async disableZones(ref, zones, options) {
      const call = balancerCall("disableZones", ref, options);
      return (await open(ref, call)).disableZones(zones, call);
    },
    async metadata(ref, metadata, options) {
      const call = balancerCall("metadata", ref, options);
      const balancer = await open(ref, call);
      refuseAll(balancerTagFaults(metadata, balancer.type), balancer.name, aws.key, call.operation);
      await balancer.setMetadata(metadata, call);
      return { ...metadata };
    },
  };
}

/** Looks first, so that an equal call whose answer was lost is found again. */
async function findOrMake(
  context: BalancerContext,
  wanted: WantedBalancer,
  call: Call,
): Promise<OpenBalancer> {
  call.signal?.throwIfAborted();
  const { name, type } = wanted;
  const found = await findBalancer(context, name, call);
  if (found !== undefined) {
    await requireEqual(found, wanted, call);
    return found;
  }
  try {
    await (type === "classic" ? makeClassic : makeV2)(context, wanted, call);
  } catch (error) {
    if (!isBellowsError(error, "already-exists")) throw error;
    return taken(context, wanted, error, call);
  }
  context.seen.set(name, type === "classic" ? "classic" : "v2");
  return until(context, { timeoutMs: SHOWN_WITHIN_MS, ...call }, `AWS to show load balancer ${name}`, () =>
    findOfType(context, type, name, call),
  );
}

/** Somebody else was quicker, and may not have taken their later steps yet. */
async function taken(
  context: BalancerContext,
  wanted: WantedBalancer,
  error: unknown,
  call: Call,
): Promise<OpenBalancer> {
  let theirs = await findOfType(context, wanted.type, wanted.name, call);
  if (theirs === undefined) throw error;
  const isEqual = async (): Promise<boolean> => {
    theirs = await findOfType(context, wanted.type, wanted.name, call);
    return theirs !== undefined && (await theirs.differences(wanted, call)).length === 0;
  };
  try {
    await until(context, { timeoutMs: MADE_WITHIN_MS, ...call }, "an equal balancer", isEqual);
  } catch (timeout) {
    if (!isBellowsError(timeout, "timeout")) throw timeout;
    await requireEqual(theirs, wanted, call);
  }
  return theirs;
}

/** The balancer as it is now, or once it is active. */
async function settled(
  context: BalancerContext,
  balancer: OpenBalancer,
  call: Call,
  options: WriteOptions | undefined,
): Promise<LoadBalancer> {
  if (!options?.wait) return balancer.show(call);
  return until(context, options, `load balancer ${balancer.name} to be active`, async () => {
    const now = await (await openBalancer(context, balancer.id, call)).show(call);
    return now.status === "active" ? now : undefined;
  });
}

/** @throws TimeoutError past the deadline. */
function until<T>(
  { host: { clock } }: BalancerContext,
  { signal, timeoutMs }: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined },
  what: string,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  return waitUntil(look, {
    clock,
    what,
    ...(signal && { signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}

async function isGone(
  context: BalancerContext,
  { id, name, type }: OpenBalancer,
  call: Call,
): Promise<boolean> {
  const now = await findOfType(context, type, name, call);
  return now === undefined || now.id !== id;
}

/** A balancer as if it had this pool alone. @throws ConfigError when there is no telling which. */
function onePool(balancer: LoadBalancer, pool: string | undefined): LoadBalancer {
  const pools = balancer.pools.filter(({ name }) => pool === undefined || name === pool);
  if (pools.length === 1) return { ...balancer, pools };
  throw new ConfigError(
    `load balancer ${balancer.name}: ${pool === undefined ? "which pool?" : `it has no pool "${pool}"`}`,
    {
      resource: balancer.name,
      hint: `pools: ${balancer.pools.map(({ name }) => name).join(", ") || "none"}`,
    },
  );
}

/** @throws UnsupportedError when AWS would drain: it does so for the whole pool or not at all. */
async function refuseDraining(balancer: OpenBalancer, call: Call, pool: string | undefined): Promise<void> {
  if ((await balancer.drainMs(call, pool)) === 0) return;
  throw new UnsupportedError(`load balancer ${balancer.name} drains every member that goes`, {
    operation: call.operation,
    resource: balancer.name,
    hint: "set its drain to 0s first, or let the member drain",
  });
}
