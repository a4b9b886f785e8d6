import type { Duplex } from "node:stream";
import { type Health, initialHealth } from "./health.js";
import type { MemberConfig } from "./schema.js";
import type { Candidate } from "./select.js";
import { type Counters, createCounters } from "./stats.js";
import { UpstreamCutError, UpstreamPool } from "./upstream.js";

/** Longest wait for a member to accept a connection. Members are near; a slow accept is a fault. */
export const CONNECT_TIMEOUT_MS = 3_000;

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
  #upstream: UpstreamPool | undefined;
  #closing: UpstreamPool | undefined;

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
  get upstream(): UpstreamPool {
    this.#upstream ??= new UpstreamPool(this.config.address, this.config.port, CONNECT_TIMEOUT_MS);
    return this.#upstream;
  }

  /** Closes idle connections now and busy ones when they are done, so that the server can stop meanwhile. */
  retire(): void {
    if (this.#upstream === undefined) return;
    this.#closing = this.#upstream;
    this.#upstream = undefined;
    this.#closing.close();
  }

  /** Ends everything under way at once. */
  cut(reason: string): void {
    this.retire();
    this.#closing?.destroy(new UpstreamCutError(reason));
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Whether a member must be built anew because it is another server now. */
export function isSameServer(member: Member, next: MemberConfig): boolean {
  return member.config.address === next.address && member.config.port === next.port;
}
