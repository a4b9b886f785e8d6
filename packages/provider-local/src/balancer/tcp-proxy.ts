import { connect, createServer, type Server, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { joinSockets } from "./join.js";
import { CONNECT_TIMEOUT_MS, type Member } from "./member.js";
import type { MemberPool } from "./member-pool.js";
import { record } from "./stats.js";

/**
 * A TCP server that joins every connection to one of a pool's members.
 * @param pool - asked anew for each connection; undefined when the pool is gone, and the listener going.
 */
export function createTcpProxy(pool: () => MemberPool | undefined): Server {
  return createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    client.on("error", () => client.destroy());
    const target = pool();
    if (target === undefined) client.destroy();
    else new Passage(target, client).start();
  });
}

/** One client's connection until a member has accepted it. */
class Passage {
  readonly #startedAtMs = performance.now();
  readonly #tried: Member[] = [];

  constructor(
    private readonly pool: MemberPool,
    private readonly client: Socket,
  ) {}

  start(): void {
    if (this.client.destroyed) return;
    const member = this.pool.pick(this.#tried);
    if (member !== undefined) return this.#connect(member);
    const leftMs = this.pool.config.queueMs - (performance.now() - this.#startedAtMs);
    const forget = leftMs > 0 ? this.pool.park(() => this.#wake()) : undefined;
    if (forget === undefined) return this.#fail();
    const timer = setTimeout(() => {
      forget();
      this.#fail();
    }, leftMs);
    this.#stopWaiting = () => {
      clearTimeout(timer);
      forget();
    };
    this.client.once("close", this.#stopWaiting);
  }

  #stopWaiting: () => void = () => {};

  #wake(): void {
    this.#stopWaiting();
    this.#tried.length = 0;
    this.start();
  }

  #fail(): void {
    record(this.pool.counters, performance.now(), { failed: true });
    this.client.resetAndDestroy();
  }

  #connect(member: Member): void {
    const { address: host, port } = member.config;
    const { pool, client } = this;
    pool.claim(member);
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true, timeout: CONNECT_TIMEOUT_MS });
    member.sockets.add(server);
    const abandon = (): void => void server.destroy();
    client.once("close", abandon);
    server.once("timeout", () => server.destroy(new Error("no connection in time")));
    let failure = "closed before it was connected";
    server.on("error", (error) => {
      failure = error.message;
    });
    let connected = false;
    server.once("connect", () => {
      connected = true;
      server.setTimeout(0);
      client.off("close", abandon);
      joinSockets(client, server, pool, member);
    });
    server.once("close", () => {
      member.sockets.delete(server);
      pool.release(member);
      if (connected) return this.#finished(member);
      client.off("close", abandon);
      if (client.destroyed) return;
      record(member.counters, performance.now(), { failed: true });
      pool.refused(member, failure);
      this.#tried.push(member);
      this.start();
    });
  }

  #finished(member: Member): void {
    const nowMs = performance.now();
    const outcome = { latencyMs: nowMs - this.#startedAtMs };
    record(this.pool.counters, nowMs, outcome);
    record(member.counters, nowMs, outcome);
  }
}
