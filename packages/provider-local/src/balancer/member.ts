import type { Duplex } from "node:stream";
import { Pool } from "undici";
import { type Health, initialHealth } from "./health.js";
import type { MemberConfig } from "./schema.js";
import type { Candidate } from "./select.js";
import { type Counters, createCounters } from "./stats.js";

/** Longest wait for a member to accept a connection. Members are near; a slow accept is a fault. */
export const CONNECT_TIMEOUT_MS = 3_000;
/** Idle connections to members close before the member's own limit (Node's default is 5 s). */
const KEEP_ALIVE_MS = 4_000;

/** A URL's host part for an address: IPv6 wants brackets. */
export function urlHost(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** One server behind the balancer, with all that is under way to it. */
export class Member implements Candidate {
  weight: number;
  active = 0;
  credit = 0;
  health: Health;
  readonly counters: Counters = createCounters();
  /** Raw connections (TCP, upgraded), which must be cut one by one. */
  readonly sockets = new Set<Duplex>();
  /** Wall time at which what is left is cut; undefined while it may go on. */
  cutAtMs: number | undefined;
  /** Stops the timer of {@link cutAtMs}. */
  cutTimer: NodeJS.Timeout | undefined;
  /** True once it was taken out of the configuration. */
  removed = false;
  #dispatcher: Pool | undefined;
  #closing: Pool | undefined;

  constructor(
    public config: MemberConfig,
    checked: boolean,
  ) {
    this.weight = config.weight;
    this.health = initialHealth(checked);
  }

  /** Whether new work may go to it, its health aside. */
  get isOpen(): boolean {
    return !this.removed && this.config.state === "enabled";
  }

  /** The HTTP connections to it, opened on first use. */
  get dispatcher(): Pool {
    this.#dispatcher ??= new Pool(`http://${urlHost(this.config.address)}:${this.config.port}`, {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // A stream of events may be silent for as long as it likes; the client's going ends it.
      bodyTimeout: 0,
      connect: { timeout: CONNECT_TIMEOUT_MS },
    });
    return this.#dispatcher;
  }

  /** Closes idle connections now and busy ones when they are done, so that the server can stop meanwhile. */
  retire(): void {
    const pool = this.#dispatcher;
    if (pool === undefined) return;
    this.#dispatcher = undefined;
    this.#closing = pool;
    pool.close().catch(() => {});
  }

  /** Ends everything under way at once. */
  cut(reason: string): void {
    this.retire();
    this.#closing?.destroy(new Error(reason)).catch(() => {});
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Whether a member must be built anew because it is another server now. */
export function isSameServer(member: Member, next: MemberConfig): boolean {
  return member.config.address === next.address && member.config.port === next.port;
}
