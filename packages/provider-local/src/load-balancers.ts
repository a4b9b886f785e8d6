import { isDeepStrictEqual } from "node:util";
import type {
  CallOptions,
  LoadBalancer,
  LoadBalancerSpec,
  LoadBalancersDriver,
  Member,
  Ref,
  ServersDriver,
  WriteOptions,
} from "@bellows/core";
import { AlreadyExistsError, isBellowsError, TimeoutError } from "@bellows/core";
import type { BalancerStatus } from "./balancer/client.js";
import { adoptBalancer, startBalancer } from "./balancer/client.js";
import type { BalancerEntry, BalancerFolders } from "./balancer-folders.js";
import type { BalancerKeeper } from "./balancer-keeper.js";
import { noBalancer } from "./balancer-keeper.js";
import {
  checkSpec,
  membersOf,
  patchSpec,
  pickPool,
  poolsOf,
  showMember,
  toConfig,
  toMember,
  withHealthCheck,
} from "./balancer-spec.js";
import type { LocalContext } from "./context.js";
import { pause } from "./context.js";
import { storageFault } from "./errors.js";

/** Longest wait for members or deletions, unless the caller says otherwise. */
const WAIT_MS = 600_000;
const LOOK_MS = 50;

/** What the driver works with. */
export interface BalancerParts {
  context: LocalContext;
  folders: BalancerFolders;
  keeper: BalancerKeeper;
  /** Where members that are servers are looked up. */
  servers: Required<Pick<ServersDriver, "get">>;
}

/** Load balancers that are processes of this machine, one each; they live on without us. */
export function createLoadBalancers(parts: BalancerParts): Required<LoadBalancersDriver> {
  const { context, folders, keeper } = parts;
  const address = context.options.listenAddress;

  const wanted = (ref: Ref): BalancerEntry => {
    const entry = folders.read(ref);
    if (entry === undefined || entry.deleting) throw noBalancer(ref, context.key);
    return entry;
  };
  /** One change after the other: each begins with what the one before has left. */
  const change = <T>(ref: Ref, work: (entry: BalancerEntry) => Promise<T>): Promise<T> =>
    keeper.enqueue(ref, async () => {
      try {
        return await work(wanted(ref));
      } catch (error) {
        throw storageFault(error, context.stateDir, context.key);
      }
    });
  const respec = (ref: Ref, alter: (spec: LoadBalancerSpec) => LoadBalancerSpec, options?: CallOptions) =>
    change(ref, async (entry) => {
      const spec = alter(entry.spec);
      checkSpec(spec, context.options.zones);
      const balancer = await keeper.running(ref, options);
      const status = await balancer.configure(
        toConfig(spec, membersOf(await balancer.config(options)), address),
        options,
      );
      folders.write(spec, entry.createdAtMs);
      return show(spec, status);
    });
  const look = async (name: string, options?: CallOptions): Promise<LoadBalancer> => {
    const { spec } = wanted(name);
    try {
      return show(spec, await (await keeper.running(name, options)).status(options));
    } catch (error) {
      options?.signal?.throwIfAborted();
      if (isBellowsError(error, "not-found")) throw error;
      return show(spec, undefined);
    }
  };
  const membersNow = async (ref: Ref, pool: string | undefined, options?: CallOptions): Promise<Member[]> => {
    const name = pickPool(wanted(ref).spec, pool);
    const status = await (await keeper.running(ref, options)).status(options);
    return (status.pools[name]?.members ?? []).map(showMember);
  };

  return {
    async *list(options = {}) {
      for (const name of options.names ?? folders.names()) {
        const entry = folders.read(name);
        if (entry?.deleting) yield { ...show(entry.spec, undefined), status: "deleting" };
        else if (entry !== undefined) yield await look(name, options);
      }
    },
    get: (ref, options) => Promise.resolve().then(() => look(ref, options)),
    create: (spec, options) => createBalancer(parts, spec, options),
    update: (ref, patch, options) => respec(ref, (spec) => patchSpec(spec, patch), options),
    async delete(ref, options = {}) {
      wanted(ref);
      try {
        folders.markDeleted(ref);
      } catch (error) {
        throw storageFault(error, context.stateDir, context.key);
      }
      const done = keeper.finish(ref);
      if (options.wait) return within(done, context, options);
      done.catch((error: unknown) =>
        context.logger.error({ loadBalancer: ref }, `could not end it: ${String(error)}`),
      );
    },
    async configureHealthCheck(ref, check, options = {}) {
      await respec(ref, (spec) => withHealthCheck(spec, check, options.pool), options);
      return check;
    },
    async *members(ref, options = {}) {
      yield* await membersNow(ref, options.pool, options);
    },
    async register(ref, members, options = {}) {
      const ids = await change(ref, async ({ spec }) => {
        const pool = pickPool(spec, options.pool);
        const balancer = await keeper.running(ref, options);
        const all = membersOf(await balancer.config(options));
        const added = await Promise.all(
          members.map((each) => toMember(spec, pool, each, (id) => parts.servers.get(id, options))),
        );
        const there = all[pool] ?? [];
        const fresh = added.filter(
          (one, index) =>
            !there.some(({ id }) => id === one.id) && added.findIndex(({ id }) => id === one.id) === index,
        );
        if (fresh.length > 0)
          await balancer.configure(
            toConfig(spec, { ...all, [pool]: [...there, ...fresh] }, address),
            options,
          );
        return added.map(({ id }) => id);
      });
      if (!options.wait) return;
      await waitFor(context, options, `members of ${ref} are not healthy`, async () => {
        const now = await membersNow(ref, options.pool, options);
        return ids.every((id) => now.some((member) => member.id === id && member.health === "healthy"));
      });
    },
    async deregister(ref, ids, options = {}) {
      const { drain = true } = options;
      await change(ref, async ({ spec }) => {
        const pool = pickPool(spec, options.pool);
        const balancer = await keeper.running(ref, options);
        const all = membersOf(await balancer.config(options));
        const left = (all[pool] ?? []).filter(({ id }) => !ids.includes(id));
        if (left.length === (all[pool] ?? []).length) return;
        // A member that is disabled is cut at once; one that is only taken out finishes what it has.
        if (!drain) {
          const cut = (all[pool] ?? []).map((one) =>
            ids.includes(one.id) ? { ...one, state: "disabled" as const } : one,
          );
          await balancer.configure(toConfig(spec, { ...all, [pool]: cut }, address), options);
        }
        await balancer.configure(toConfig(spec, { ...all, [pool]: left }, address), options);
      });
      if (!options.wait) return;
      await waitFor(context, options, `members of ${ref} have not gone`, async () => {
        const now = await membersNow(ref, options.pool, options);
        return !now.some((member) => ids.includes(member.id));
      });
    },
    async enableZones(ref, zones, options) {
      const shown = await respec(
        ref,
        (spec) => ({ ...spec, zones: [...new Set([...(spec.zones ?? []), ...zones])] }),
        options,
      );
      return shown.zones;
    },
    async disableZones(ref, zones, options) {
      const shown = await respec(
        ref,
        (spec) => ({ ...spec, zones: (spec.zones ?? []).filter((zone) => !zones.includes(zone)) }),
        options,
      );
      return shown.zones;
    },
    metadata: (ref, metadata) =>
      change(ref, async (entry) => {
        const spec = { ...entry.spec, metadata };
        folders.write(spec, entry.createdAtMs);
        return { ...spec.metadata };
      }),
  };
}

/**
 * Starts a balancer, its spec on disk first: one whose creator dies in between is started by whoever comes next.
 * @throws AlreadyExistsError when another spec has the name. @throws ConflictError when a port is taken.
 */
async function createBalancer(
  parts: BalancerParts,
  spec: LoadBalancerSpec,
  options?: WriteOptions,
): Promise<LoadBalancer> {
  const { context, folders, keeper } = parts;
  checkSpec(spec, context.options.zones);
  return keeper.enqueue(spec.name, async () => {
    const there = folders.read(spec.name);
    if (there?.deleting) await endFirst(parts, spec.name, options);
    else if (there !== undefined) {
      if (!sameSpec(there.spec, spec)) {
        const hint = "update it, or choose another name";
        const details = { provider: context.key, resource: spec.name, hint };
        throw new AlreadyExistsError(
          `a load balancer ${JSON.stringify(spec.name)} is there already, and it differs`,
          details,
        );
      }
      return show(there.spec, await (await keeper.running(spec.name, options)).status(options));
    }
    try {
      folders.write(spec, context.clock.now());
      const config = toConfig(spec, {}, context.options.listenAddress);
      const balancer = await startBalancer(
        { folder: folders.path(spec.name), name: spec.name, config },
        options,
      );
      return show(spec, await balancer.status(options));
    } catch (error) {
      folders.remove(spec.name);
      throw storageFault(error, context.stateDir, context.key);
    }
  });
}

async function endFirst({ folders }: BalancerParts, name: string, options?: CallOptions): Promise<void> {
  await (await adoptBalancer(folders.path(name), options))?.stop({ ...options, deadlineMs: 0 });
  folders.remove(name);
}

/** Equal as far as the balancer goes; a default that is written out is no difference. */
function sameSpec(a: LoadBalancerSpec, b: LoadBalancerSpec): boolean {
  const plain = (spec: LoadBalancerSpec): unknown => {
    const { listeners, owner, zones = [] } = spec;
    return JSON.parse(JSON.stringify({ config: toConfig(spec, {}, ""), listeners, owner, zones }));
  };
  return isDeepStrictEqual(plain(a), plain(b));
}

/** @param status - absent when its process does not run. */
function show(spec: LoadBalancerSpec, status: BalancerStatus | undefined): LoadBalancer {
  return {
    name: spec.name,
    id: spec.name,
    type: "process",
    status: status === undefined ? "failed" : "active",
    listeners: spec.listeners,
    pools: poolsOf(spec).map((pool) => ({
      ...pool,
      members: (status?.pools[pool.name]?.members ?? []).map(showMember),
    })),
    addresses: (status?.listeners ?? []).map(({ address, boundPort }) => `${hostOf(address)}:${boundPort}`),
    zones: spec.zones ?? [],
    metadata: { ...spec.metadata },
    ...(spec.owner === undefined ? {} : { owner: spec.owner }),
  };
}

function hostOf(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

async function waitFor(
  context: LocalContext,
  options: WriteOptions,
  what: string,
  done: () => Promise<boolean>,
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? WAIT_MS;
  const deadlineMs = context.clock.monotonic() + timeoutMs;
  while (!(await done())) {
    options.signal?.throwIfAborted();
    if (context.clock.monotonic() >= deadlineMs)
      throw new TimeoutError(`${what} after ${timeoutMs} ms`, { provider: context.key });
    await pause(context.clock, LOOK_MS);
  }
}

async function within(done: Promise<void>, context: LocalContext, options: WriteOptions): Promise<void> {
  let ended = false;
  const marked = done.then(() => {
    ended = true;
  });
  await Promise.race([marked, waitFor(context, options, "it has not ended", () => Promise.resolve(ended))]);
}
