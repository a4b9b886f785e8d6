/**
 * Note [Own writes over old reads]: a round reads its group, then waits for its turn in the group's queue. What an
 * order, an API call or the last round wrote in between is not in what it read; and a cloud may go on showing the old
 * count for `readAfterWriteMs`. Each read therefore carries a ticket from one counter, drawn before it began, and each
 * write draws one when it is acknowledged: a desired count with the later ticket is laid over the read. Tickets, not
 * times of day, since those may jump.
 */
import type { Clock } from "../clock.js";
import type { Observation } from "../contracts/group.js";

/** A desired count that the cloud accepted from us. */
interface Acknowledged {
  desired: number;
  ticket: number;
  /** Monotonic. */
  atMs: number;
  /** A read that began later has shown it, or would have: such reads speak for themselves, earlier ones still do not. */
  isSeen?: boolean;
}

/** Own writes since the reads that do not show them yet; see the note above. */
export interface OwnWrites {
  /** Draws a ticket; to be done before a read begins. */
  draw(): number;
  /** Notes that the cloud accepted a desired count. */
  acknowledge(group: string, desired: number): void;
  /**
   * Notes that a step is about to be taken: until its end is known, no earlier write says what desired is.
   * @returns takes that back, for a step that certainly was not taken.
   */
  begin(group: string): () => void;
  /** Notes a write of unknown content: reads that began before it are of no use. */
  touch(group: string): void;
  /** Notes that the group is gone: what was acknowledged says nothing of another one of its name. */
  forget(group: string): void;
  /** Whether a read that began with this ticket is of no use. */
  isStale(group: string, ticket: number): boolean;
  /**
   * Lays the last acknowledged desired over a read, until a read confirms it or `readAfterWriteMs` has passed.
   * @param before - what an earlier process noted, in epoch milliseconds; counts until this one has written itself.
   */
  lay(read: {
    group: string;
    observation: Observation;
    ticket: number;
    readAfterWriteMs: number;
    before?: { desired: number; atMs: number } | undefined;
  }): Observation;
}

/** Starts without any writes. */
export function createOwnWrites(clock: Clock): OwnWrites {
  let drawn = 0;
  const writes = new Map<string, Acknowledged | null>();
  const touched = new Map<string, number>();
  const known = (
    group: string,
    before: { desired: number; atMs: number } | undefined,
  ): Acknowledged | undefined => {
    const own = writes.get(group);
    if (own !== undefined || before === undefined) return own ?? undefined;
    const ageMs = Math.abs(clock.now() - before.atMs);
    return { desired: before.desired, ticket: 0, atMs: clock.monotonic() - ageMs };
  };
  return {
    draw: () => ++drawn,
    acknowledge: (group, desired) =>
      void writes.set(group, { desired, ticket: ++drawn, atMs: clock.monotonic() }),
    begin(group) {
      const earlier = writes.get(group);
      writes.set(group, null);
      return () => (earlier === undefined ? writes.delete(group) : writes.set(group, earlier));
    },
    touch: (group) => void touched.set(group, ++drawn),
    forget(group) {
      writes.delete(group);
      touched.set(group, ++drawn);
    },
    isStale: (group, ticket) => (touched.get(group) ?? 0) > ticket,
    lay({ group, observation, ticket, readAfterWriteMs, before }) {
      const own = known(group, before);
      if (own === undefined || !("status" in observation)) return observation;
      const { status } = observation;
      if (own.ticket <= ticket) {
        const isOver = clock.monotonic() - own.atMs >= readAfterWriteMs;
        if (own.isSeen === true || isOver || status.group.desired === own.desired) {
          writes.set(group, { ...own, isSeen: true });
          return observation;
        }
      }
      return { status: { ...status, group: { ...status.group, desired: own.desired } } };
    },
  };
}
