import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isBellowsError, type Logger } from "@bellows/core";
import type { Control } from "./control.js";

/** A call over the local socket: a method of {@link Control} and its arguments. */
export interface LocalCall {
  method: keyof Control;
  args: unknown[];
}

/** An error as it crosses the socket. */
export interface WireError {
  code: string;
  message: string;
  hint?: string;
  retry?: string;
  retryAfterMs?: number;
  resource?: string;
  provider?: string;
  requestId?: string;
}

/** Longest call, in bytes: a launch configuration with its files. */
const CALL_LIMIT = 16 * 1_048_576;

/**
 * Serves a control on a unix socket that only this user can open (mode 0600), so that commands on this machine reach
 * the controller that holds the state. It is no network door: nothing here is reachable from outside, and whoever can
 * open the socket could start the same processes without it.
 */
export async function serveLocally(
  control: Control,
  path: string,
  logger: Logger,
): Promise<{ close(): Promise<void> }> {
  rmSync(path, { force: true });
  const server = createServer((request, response) => void answer(control, request, response, logger));
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o600);
  return { close: () => closeServer(server, path) };
}

async function closeServer(server: Server, path: string): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await closed;
  rmSync(path, { force: true });
}

async function answer(
  control: Control,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): Promise<void> {
  response.setHeader("content-type", "application/x-ndjson");
  try {
    const call = await readCall(request);
    const result: unknown = (control[call.method] as (...args: unknown[]) => unknown)(...call.args);
    if (typeof result === "object" && result !== null && Symbol.asyncIterator in result) {
      for await (const item of result as AsyncIterable<unknown>)
        response.write(`${JSON.stringify({ item })}\n`);
      response.end('{"done":true}\n');
    } else {
      response.end(`${JSON.stringify({ result: (await result) ?? null })}\n`);
    }
  } catch (error) {
    if (!isBellowsError(error)) logger.error({ error }, "a local call failed");
    response.end(`${JSON.stringify({ error: toWireError(error) })}\n`);
  }
}

const METHODS: ReadonlySet<string> = new Set([
  "status",
  "records",
  "order",
  "pause",
  "resume",
  "pin",
  "unpin",
  "createToken",
  "listTokens",
  "revokeToken",
  "invoke",
  "plan",
  "apply",
  "once",
  "reload",
] satisfies (keyof Control)[]);

async function readCall(request: IncomingMessage): Promise<LocalCall> {
  let size = 0;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > CALL_LIMIT) throw new Error("the call is too long");
    chunks.push(chunk);
  }
  const call = JSON.parse(Buffer.concat(chunks).toString("utf8")) as LocalCall;
  if (!METHODS.has(call.method) || !Array.isArray(call.args))
    throw new Error(`no such call: ${String(call.method)}`);
  // JSON has no `undefined`: an argument that was left out arrives as null.
  return { method: call.method, args: call.args.map((arg) => arg ?? undefined) };
}

function toWireError(error: unknown): WireError {
  if (!isBellowsError(error))
    return { code: "internal", message: error instanceof Error ? error.message : String(error) };
  const { code, message, hint, retry, retryAfterMs, resource, provider, requestId } = error;
  return { code, message, hint, retry, retryAfterMs, resource, provider, requestId } as WireError;
}
