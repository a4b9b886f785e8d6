import { performance } from "node:perf_hooks";
import { isServing } from "./health.js";
import { type Listener, openListener, retireListener, withKeys } from "./listeners.js";
import type { Member } from "./member.js";
import { type Log, MemberPool } from "./member-pool.js";
import type { BalancerStats, BalancerStatus, LiveSummary, MemberStatus } from "./report.js";
import type { BalancerConfig } from "./schema.js";
import { type Counters, mergeCounters, summarize } from "./stats.js";

/** A balancer without its process: listeners, pools, and the change from one configuration to the next. */
export class Engine {
  config: BalancerConfig = { listeners: [], pools: {} };
  readonly #pools = new Map<string, MemberPool>();
  readonly #retiring = new Set<MemberPool>();
  #listeners = new Map<string, Listener>();
  readonly #startedAtMs = Date.now();
  #changes: Promise<unknown> = Promise.resolve();

  /** @param formerPorts - by listener key, what port a listener had in an earlier life. */
  constructor(
    readonly name: string,
    private readonly log: Log,
    private readonly formerPorts: Record<string, number> = {},
  ) {}

  /** By listener key, the port that each has. */
  get ports(): Record<string, number> {
    return Object.fromEntries([...this.#listeners].map(([key, listener]) => [key, listener.port]));
  }

  /**
   * Puts a configuration in force; changes asked for at once follow one another. Returned means in force: every
   * listener accepts, and no connection was dropped. All or nothing: when a listener cannot be opened, the
   * configuration before stays.
   * @throws the system's own error of the listener that failed.
   */
  apply(config: BalancerConfig): Promise<void> {
    const change = this.#changes.then(() => this.#apply(config));
    this.#changes = change.catch(() => {});
    return change;
  }

  async #apply(config: BalancerConfig): Promise<void> {
    const wanted = withKeys(config.listeners);
    const opened = await this.#open(wanted);
    for (const [name, pool] of Object.entries(config.pools)) {
      const existing = this.#pools.get(name);
      if (existing === undefined) this.#pools.set(name, new MemberPool(name, pool, this.log));
      else existing.configure(pool);
    }
    this.config = config;
    const next = new Map<string, Listener>();
    for (const [key, listenerConfig] of wanted) {
      const listener = (this.#listeners.get(key) ?? opened.get(key)) as Listener;
      listener.config = listenerConfig;
      next.set(key, listener);
    }
    for (const [key, listener] of this.#listeners) if (!next.has(key)) void retireListener(listener);
    this.#listeners = next;
    this.#retirePools();
  }

  async #open(wanted: ReturnType<typeof withKeys>): Promise<Map<string, Listener>> {
    const opened = new Map<string, Listener>();
    try {
      for (const [key, config] of wanted) {
        if (this.#listeners.has(key)) continue;
        opened.set(key, await openListener(config, this.#poolsOrNew(config.pool), this.formerPorts[key]));
      }
    } catch (error) {
      for (const listener of opened.values()) void retireListener(listener);
      this.#retirePools();
      throw error;
    }
    return opened;
  }

  /** A listener may accept before its pool is made: it finds an empty one, in which requests wait. */
  #poolsOrNew(name: string): ReadonlyMap<string, MemberPool> {
    if (!this.#pools.has(name)) {
      const empty = {
        algorithm: "round-robin",
        members: [],
        drainMs: 0,
        queueMs: 3_000,
        responseTimeoutMs: 300_000,
      };
      this.#pools.set(name, new MemberPool(name, empty as BalancerConfig["pools"][string], this.log));
    }
    return this.#pools;
  }

  #retirePools(): void {
    const used = new Set(Object.keys(this.config.pools));
    for (const [name, pool] of this.#pools) {
      if (used.has(name)) continue;
      pool.retire();
      this.#pools.delete(name);
      if (pool.leaving.size > 0) this.#retiring.add(pool);
    }
    for (const pool of this.#retiring) if (pool.leaving.size === 0) this.#retiring.delete(pool);
  }

  /**
   * Stops: accepts nothing new, lets work finish until the deadline, then cuts it. Returned means all is closed.
   * @param deadlineMs - 0 cuts at once.
   */
  async stop(deadlineMs: number): Promise<void> {
    await this.#changes;
    const listeners = [...this.#listeners.values()];
    const closed = Promise.all(listeners.map(retireListener));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([closed, late]);
    clearTimeout(timer);
    for (const listener of listeners) for (const socket of listener.sockets) socket.destroy();
    for (const pool of [...this.#pools.values(), ...this.#retiring]) pool.close("the balancer stopped");
    await closed;
  }

  status(): BalancerStatus {
    const listeners = [...this.#listeners.values()].map(({ config, port, sockets }) => {
      return { ...config, boundPort: port, connections: sockets.size };
    });
    const pools: BalancerStatus["pools"] = {};
    for (const [name, pool] of this.#pools) {
      const members = [...pool.members.values(), ...pool.leaving].map(memberStatus);
      pools[name] = { algorithm: pool.config.algorithm, waiting: pool.parkedCount, members };
    }
    return { name: this.name, pid: process.pid, startedAtMs: this.#startedAtMs, listeners, pools };
  }

  /** @param seconds - length of the sliding window. */
  stats(seconds: number): BalancerStats {
    const nowMs = performance.now();
    const live = (counters: Counters, members: readonly Member[]): LiveSummary => {
      const active = members.reduce((sum, member) => sum + member.active, 0);
      return { ...summarize(counters, nowMs, seconds), active };
    };
    const pools: BalancerStats["pools"] = {};
    for (const [name, pool] of this.#pools) {
      const everyone = [...pool.members.values(), ...pool.leaving];
      const members = Object.fromEntries(
        everyone.map((member) => [member.config.id, live(member.counters, [member])]),
      );
      pools[name] = { ...live(pool.counters, everyone), waiting: pool.parkedCount, members };
    }
    const all = [...this.#pools.values()];
    const everyone = all.flatMap((pool) => [...pool.members.values(), ...pool.leaving]);
    const total = live(mergeCounters(all.map((pool) => pool.counters)), everyone);
    return { atMs: Date.now(), total, pools };
  }
}

function memberStatus(member: Member): MemberStatus {
  const { health } = member;
  return {
    ...member.config,
    state: member.removed ? "removed" : member.config.state,
    health: health.status,
    ...(health.reason !== undefined && { reason: health.reason }),
    serving: member.isOpen && isServing(health),
    active: member.active,
    ...(member.cutAtMs !== undefined && { cutAtMs: member.cutAtMs }),
  };
}
