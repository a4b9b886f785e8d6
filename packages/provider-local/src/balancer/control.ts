import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Engine } from "./engine.js";
import type { BalancerConfig } from "./schema.js";
import { WINDOW_SECONDS } from "./stats.js";

/** Longest configuration that is read: some ten thousand members. */
const MAX_BODY_BYTES = 4 * 1_024 * 1_024;

/** What the control endpoint may do to the process. */
export interface ControlActions {
  /** Puts a configuration in force and keeps it. */
  configure(config: BalancerConfig): Promise<void>;
  /** Begins to stop; the answer has been sent before. */
  stop(deadlineMs: number): void;
}

/** A request that cannot be served, with its status. */
class ControlError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new ControlError(413, "too long");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8") || "{}");
  } catch {
    throw new ControlError(400, "not JSON");
  }
}

/** The client has checked it by the schema; this only makes sure that it is one of ours. */
function asConfig(body: unknown): BalancerConfig {
  const config = body as Partial<BalancerConfig> | null;
  const fits =
    typeof config === "object" && Array.isArray(config?.listeners) && typeof config.pools === "object";
  if (!fits) throw new ControlError(400, "not a balancer's configuration");
  const missing = config.listeners?.find((listener) => !Object.hasOwn(config.pools ?? {}, listener.pool));
  if (missing !== undefined) throw new ControlError(400, `no pool is named "${missing.pool}"`);
  return config as BalancerConfig;
}

function setState(config: BalancerConfig, body: unknown): BalancerConfig {
  const { pool: name, member: id, state } = body as Record<string, unknown>;
  const pool = config.pools[String(name)];
  const member = pool?.members.find((candidate) => candidate.id === id);
  if (pool === undefined || member === undefined)
    throw new ControlError(404, `no member "${id}" in pool "${name}"`);
  const members = pool.members.map((other) =>
    other === member ? { ...member, state: state as typeof member.state } : other,
  );
  return { ...config, pools: { ...config.pools, [String(name)]: { ...pool, members } } };
}

async function answer(engine: Engine, actions: ControlActions, request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? "/", "http://control");
  switch (`${request.method} ${url.pathname}`) {
    case "GET /status":
      return engine.status();
    case "GET /stats":
      return engine.stats(Number(url.searchParams.get("seconds") ?? WINDOW_SECONDS));
    case "GET /config":
      return engine.config;
    case "PUT /config":
      await actions.configure(asConfig(await readBody(request)));
      return engine.status();
    case "POST /member-state":
      await actions.configure(setState(engine.config, await readBody(request)));
      return engine.status();
    case "POST /stop": {
      const { deadlineMs } = (await readBody(request)) as { deadlineMs?: number };
      setImmediate(() => actions.stop(deadlineMs ?? 0));
      return {};
    }
    default:
      throw new ControlError(404, `${request.method} ${url.pathname} is not known here`);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** The endpoint by which the owner of a balancer rules it. Whoever can open its socket is the owner. */
export function createControl(engine: Engine, actions: ControlActions): Server {
  return createServer({ keepAliveTimeout: 1_000 }, (request, response) => {
    answer(engine, actions, request).then(
      (body) => send(response, 200, body),
      (error: NodeJS.ErrnoException) => {
        const status = error instanceof ControlError ? error.status : error.syscall === "listen" ? 409 : 500;
        send(response, status, { error: error.message, code: error.code });
      },
    );
  });
}
