import type { CallOptions, CancelTimer } from "@bellows/core";
import { errorLine, NotFoundError } from "@bellows/core";
import type { Balancer } from "./balancer/client.js";
import { adoptBalancer, startBalancer } from "./balancer/client.js";
import type { BalancerEntry, BalancerFolders } from "./balancer-folders.js";
import { poolsOf, toConfig } from "./balancer-spec.js";
import type { LocalContext } from "./context.js";

/** How soon a balancer that died is noticed by itself; every call notices at once. */
const WATCH_MS = 1_000;
/** A balancer that cannot start is tried again after so long at most. */
const LONGEST_RETRY_MS = 30_000;
/** Longest time that requests under way may hold up the end of a deleted balancer. */
const STOP_DEADLINE_MS = 10_000;

/** Keeps every balancer's process running, and ends those that were deleted. */
export interface BalancerKeeper {
  /**
   * The running process of a balancer, started again where it had died.
   * @throws NotFoundError when there is none of that name, or it is being deleted.
   * @throws ConflictError when its port is taken now. @throws UnavailableError when it cannot start.
   */
  running(name: string, options?: CallOptions): Promise<Balancer>;
  /** Runs work on one balancer after the work before it. */
  enqueue<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Ends a balancer that is marked as deleted. Returned: its process is gone, and its folder. */
  finish(name: string): Promise<void>;
  /** Stops watching. Returned: what was being deleted is gone. Balancers run on. */
  close(): Promise<void>;
}

/** Makes the keeper of the balancers below a state directory. */
export function createBalancerKeeper(context: LocalContext, folders: BalancerFolders): BalancerKeeper {
  const { clock, logger } = context;
  const queues = new Map<string, Promise<unknown>>();
  const finishing = new Map<string, Promise<void>>();
  const failures = new Map<string, { count: number; retryAtMs: number }>();
  let closed = false;

  const start = async (name: string, entry: BalancerEntry, options?: CallOptions): Promise<Balancer> => {
    const folder = folders.path(name);
    const known = folders.lastConfig(name);
    const config = known === undefined ? toConfig(entry.spec, {}, context.options.listenAddress) : undefined;
    return startBalancer({ folder, name, ...(config === undefined ? {} : { config }) }, options);
  };

  const running = async (name: string, options?: CallOptions): Promise<Balancer> => {
    const entry = folders.read(name);
    if (entry === undefined || entry.deleting) throw noBalancer(name, context.key);
    return (await adoptBalancer(folders.path(name), options)) ?? start(name, entry, options);
  };

  const revive = async (name: string): Promise<void> => {
    const failure = failures.get(name);
    if (failure !== undefined && clock.monotonic() < failure.retryAtMs) return;
    try {
      await enqueue(name, () => running(name));
      failures.delete(name);
    } catch (error) {
      const count = (failure?.count ?? 0) + 1;
      failures.set(name, {
        count,
        retryAtMs: clock.monotonic() + Math.min(LONGEST_RETRY_MS, 500 * 2 ** count),
      });
      logger.warn({ loadBalancer: name }, `load balancer ${name} does not run: ${errorLine(error)}`);
    }
  };

  const look = async (): Promise<void> => {
    for (const name of folders.names()) {
      if (closed) return;
      if (folders.read(name)?.deleting) await finish(name);
      else await revive(name);
    }
  };

  const enqueue = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const before = queues.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(
      () => {},
      () => {},
    );
    queues.set(name, settled);
    void settled.then(() => queues.get(name) === settled && queues.delete(name));
    return mine;
  };

  const finish = (name: string): Promise<void> => {
    const ending =
      finishing.get(name) ??
      enqueue(name, () => endBalancer(folders, name)).finally(() => finishing.delete(name));
    finishing.set(name, ending);
    return ending;
  };

  const watch = (): CancelTimer =>
    clock.after(WATCH_MS, () => {
      void look()
        .catch((error: unknown) =>
          logger.warn({}, `could not look at the load balancers: ${errorLine(error)}`),
        )
        .then(() => {
          if (!closed) timer = watch();
        });
    });
  let timer = watch();

  return {
    running,
    enqueue,
    finish,
    async close() {
      closed = true;
      timer();
      const alive = setInterval(() => {}, 1_000);
      await Promise.allSettled(finishing.values());
      clearInterval(alive);
    },
  };
}

async function endBalancer(folders: BalancerFolders, name: string): Promise<void> {
  const entry = folders.read(name);
  if (entry?.deleting !== true) return;
  const drains = poolsOf(entry.spec).map((pool) => pool.drainMs ?? STOP_DEADLINE_MS);
  const running = await adoptBalancer(folders.path(name));
  await running?.stop({ deadlineMs: Math.min(STOP_DEADLINE_MS, Math.max(0, ...drains)) });
  folders.remove(name);
}

/** There is no balancer of that name. */
export function noBalancer(name: string, provider: string): NotFoundError {
  return new NotFoundError(`no load balancer ${JSON.stringify(name)} on this machine`, {
    provider,
    resource: name,
  });
}
