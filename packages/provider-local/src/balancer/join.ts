import type { Duplex } from "node:stream";
import type { Member } from "./member.js";
import type { MemberPool } from "./member-pool.js";

/**
 * Joins a client's and a member's connection, byte for byte, each side's end passed on by itself (half-open), each
 * side as fast as the other takes it. An error on one side destroys both.
 */
export function joinSockets(client: Duplex, server: Duplex, pool: MemberPool, member: Member): void {
  client.on("data", (chunk: Buffer) => {
    pool.counters.bytesIn += chunk.length;
    member.counters.bytesIn += chunk.length;
  });
  server.on("data", (chunk: Buffer) => {
    pool.counters.bytesOut += chunk.length;
    member.counters.bytesOut += chunk.length;
  });
  client.pipe(server);
  server.pipe(client);
  const destroyBoth = (): void => {
    client.destroy();
    server.destroy();
  };
  client.on("error", destroyBoth).once("close", destroyWhenDone(client, server));
  server.on("error", destroyBoth).once("close", destroyWhenDone(server, client));
}

/** A side that closed without having ended properly (a reset, a cut) takes the other with it. */
function destroyWhenDone(closed: Duplex, other: Duplex): () => void {
  return () => {
    if (!closed.readableEnded || !closed.writableFinished) other.destroy();
  };
}
