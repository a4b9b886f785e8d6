import { createServer, type Server } from "node:http";
import { Exchange } from "./exchange.js";
import type { MemberPool } from "./member-pool.js";
import { passUpgrade } from "./upgrade.js";

/** Longest time for a request's head to arrive: a client that dribbles headers is let go. */
const HEADERS_TIMEOUT_MS = 30_000;
/** Longest time for a whole request to arrive: room for a large upload over a slow line, but not for ever. */
const REQUEST_TIMEOUT_MS = 3_600_000;
/** Idle time between two requests of one client, as nginx has it. */
const KEEP_ALIVE_MS = 75_000;

/**
 * An HTTP server that passes every request to a member of a pool.
 * @param pool - asked anew for each request, so that a listener can change pools while it runs.
 */
export function createHttpProxy(pool: () => MemberPool): Server {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 5_000,
      noDelay: true,
      optimizeEmptyRequests: true,
    } as Parameters<typeof createServer>[0] & object,
    (request, response) => {
      new Exchange(pool(), request, response);
    },
  );
  server.on("upgrade", (request, socket, head) => passUpgrade(pool(), request, socket, head));
  return server;
}
