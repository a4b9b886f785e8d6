/** Which server has which address: balancers know their members by address alone. */
import {
  collect,
  type Host,
  isBellowsError,
  NotFoundError,
  type Server,
  type ServersDriver,
} from "@bellows/core";
import type { Call, Rackspace } from "./client.js";
import { type NovaServer, serverOf } from "./server-map.js";

/** How long a list is good for, in milliseconds: a server that has gone leaves its address to another one soon. */
const GOOD_FOR_MS = 10_000;

/** Servers by their addresses, read as seldom as can be. */
export interface ServerBook {
  /** Takes down a whole list of servers that was read for another reason. */
  listed(servers: readonly NovaServer[]): void;
  /**
   * Which servers have these addresses. Asks for the list unless the last one is seconds old and settles all of them.
   * @returns ids by address; those of others are missing.
   */
  byAddress(addresses: readonly string[], call: Call): Promise<ReadonlyMap<string, string>>;
  /** The address by which balancers reach a server: that of ServiceNet. @throws NotFoundError */
  addressOf(id: string, call: Call): Promise<string>;
}

/** Makes a book. @param servers - asked when the book does not know; whole lists must be noted in it. */
export function createServerBook(
  rackspace: Pick<Rackspace, "key">,
  host: Pick<Host, "clock">,
  servers: () => Required<Pick<ServersDriver, "list" | "get">>,
): ServerBook {
  let ids = new Map<string, string>();
  let strangers = new Set<string>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  const note = (server: Pick<Server, "id" | "addresses">): void => {
    for (const address of server.addresses) ids.set(address, server.id);
  };
  const read = async ({ signal }: Call): Promise<void> => {
    reading ??= collect(servers().list())
      .then(() => undefined)
      .catch((error: unknown) => {
        // An account may have balancers alone.
        if (!isBellowsError(error, "unsupported")) throw error;
      })
      .finally(() => {
        reading = undefined;
      });
    await reading;
    signal?.throwIfAborted();
  };
  return {
    listed(all) {
      ids = new Map();
      strangers = new Set();
      for (const server of all) note(serverOf(server));
      readAtMs = host.clock.monotonic();
    },
    async byAddress(addresses, call) {
      const isSettled = (address: string): boolean => ids.has(address) || strangers.has(address);
      const isFresh = host.clock.monotonic() - readAtMs < GOOD_FOR_MS;
      if (!isFresh || !addresses.every(isSettled)) await read(call);
      for (const address of addresses) if (!ids.has(address)) strangers.add(address);
      return ids;
    },
    async addressOf(id, call) {
      const server = await servers().get(id, { ...(call.signal && { signal: call.signal }) });
      note(server);
      const [address] = server.addresses;
      if (address !== undefined) return address;
      throw new NotFoundError(`server ${id} has no address yet`, {
        provider: rackspace.key,
        operation: call.operation,
        resource: id,
        retry: "later",
        hint: "wait until it is active",
      });
    },
  };
}
