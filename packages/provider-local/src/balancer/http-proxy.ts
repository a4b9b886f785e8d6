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
 * @param pool - asked anew for each request, so that a listener can change pools while it runs; undefined when the pool
 * is gone, and the listener going.
 */
export function createHttpProxy(pool: () => MemberPool | undefined): Server {
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
      const target = pool();
      if (target !== undefined) new Exchange(target, request, response);
      else response.writeHead(503, { connection: "close" }).end();
    },
  );
  server.on("upgrade", (request, socket, head) => {
    const target = pool();
    if (target !== undefined) passUpgrade(target, request, socket, head);
    else socket.destroy();
  });
  return server;
}
