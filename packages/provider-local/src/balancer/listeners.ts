import type { Server as HttpServer } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import { createHttpProxy } from "./http-proxy.js";
import type { MemberPool } from "./member-pool.js";
import type { ListenerConfig } from "./schema.js";
import { createTcpProxy } from "./tcp-proxy.js";

/** A listener that accepts connections. */
export interface Listener {
  config: ListenerConfig;
  /** The port it has, also when the configuration asked for any. */
  readonly port: number;
  readonly server: Server;
  /** Connections of clients, idle ones included. */
  readonly sockets: ReadonlySet<Socket>;
}

/** Names a listener over changes of its pool, and over restarts. `occurrence` tells several on port 0 apart. */
export function listenerKey(config: ListenerConfig, occurrence: number): string {
  return `${config.protocol} ${config.address} ${config.port} ${occurrence}`;
}

/** Pairs each listener's configuration with its key. */
export function withKeys(configs: readonly ListenerConfig[]): Map<string, ListenerConfig> {
  const keyed = new Map<string, ListenerConfig>();
  for (const config of configs) {
    let occurrence = 0;
    // Only a free port can be asked for twice; a fixed one fails when it is opened.
    while (keyed.has(listenerKey(config, occurrence))) occurrence += 1;
    keyed.set(listenerKey(config, occurrence), config);
  }
  return keyed;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog: 1_024 }, () => {
      server.off("error", reject);
      // Such as too many open files: the connection is lost, the listener is not.
      server.on("error", () => {});
      resolve();
    });
  });
}

/**
 * Opens a listener. Returned means it accepts connections.
 * @param pools - where its pool is looked up at each request.
 * @param formerPort - tried first when the configuration leaves the port open.
 * @throws the system's own error, such as EADDRINUSE.
 */
export async function openListener(
  config: ListenerConfig,
  pools: ReadonlyMap<string, MemberPool>,
  formerPort: number | undefined,
): Promise<Listener> {
  const current = { config };
  const pool = (): MemberPool | undefined => pools.get(current.config.pool);
  const server = config.protocol === "http" ? createHttpProxy(pool) : createTcpProxy(pool);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const former = config.port === 0 ? formerPort : undefined;
  try {
    await listen(server, former ?? config.port, config.address);
  } catch (error) {
    if (former === undefined) throw error;
    await listen(server, 0, config.address);
  }
  const { port } = server.address() as AddressInfo;
  return Object.assign(current, { port, server, sockets });
}

/** How often the connections of a listener on its way out are looked at for having become idle. */
const IDLE_SWEEP_MS = 100;

/**
 * Accepts nothing new and closes idle connections, now and as they become so; what is under way goes on. Resolves
 * when all are closed.
 */
export function retireListener(listener: Listener): Promise<void> {
  const closeIdle = (): void => {
    if (listener.config.protocol === "http") (listener.server as HttpServer).closeIdleConnections();
  };
  const sweeper = setInterval(closeIdle, IDLE_SWEEP_MS);
  closeIdle();
  return new Promise((resolve) => {
    listener.server.close(() => {
      clearInterval(sweeper);
      resolve();
    });
  });
}
