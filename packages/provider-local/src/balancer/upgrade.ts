import { request as httpRequest, type IncomingMessage, type RequestOptions, STATUS_CODES } from "node:http";
import { performance } from "node:perf_hooks";
import type { Duplex } from "node:stream";
import { forwardRequest } from "./headers.js";
import { joinSockets } from "./join.js";
import { CONNECT_TIMEOUT_MS, type Member } from "./member.js";
import type { MemberPool } from "./member-pool.js";
import { record } from "./stats.js";

function refuse(socket: Duplex, status: number): void {
  if (!socket.destroyed) {
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
  }
}

function headOf(response: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage ?? ""}`];
  const raw = response.rawHeaders;
  for (let index = 0; index < raw.length; index += 2) lines.push(`${raw[index]}: ${raw[index + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** The member does not want to change protocols: its answer goes back whole, and the connection ends with it. */
function passAnswer(response: IncomingMessage, socket: Duplex): void {
  const kept: string[] = [];
  const raw = response.rawHeaders;
  for (let index = 0; index < raw.length; index += 2) {
    const lower = (raw[index] as string).toLowerCase();
    // The body is passed decoded, and ends where the connection does.
    if (lower !== "connection" && lower !== "transfer-encoding" && lower !== "keep-alive") {
      kept.push(`${raw[index]}: ${raw[index + 1]}`);
    }
  }
  kept.push("Connection: close");
  socket.write(
    `HTTP/1.1 ${response.statusCode} ${response.statusMessage ?? ""}\r\n${kept.join("\r\n")}\r\n\r\n`,
  );
  // An answer that breaks off must not look whole.
  response.on("error", () => socket.destroy());
  response.pipe(socket);
}

function optionsFor(member: Member, request: IncomingMessage): RequestOptions {
  const { headers } = forwardRequest(request.rawHeaders, request.socket.remoteAddress ?? "unknown");
  headers.push("Connection", "Upgrade", "Upgrade", request.headers.upgrade ?? "");
  const { address: host, port } = member.config;
  // The types know headers as an object only; an array keeps order and repetition.
  return { host, port, method: request.method, path: request.url, agent: false, headers: headers as never };
}

/**
 * Passes a request to change protocols (WebSocket) to a member, then joins the two connections.
 * @param head - bytes that came after the request's head.
 */
export function passUpgrade(pool: MemberPool, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on("error", () => socket.destroy());
  const begin = (): void => tryMember(pool, request, socket, head, []);
  if (pool.serving.length > 0) return begin();
  const { queueMs } = pool.config;
  const forget = pool.park(() => {
    stop();
    begin();
  });
  const fail = (): void => {
    stop();
    record(pool.counters, performance.now(), { failed: true });
    refuse(socket, 503);
  };
  const timer = setTimeout(fail, queueMs);
  const stop = (): void => {
    clearTimeout(timer);
    forget?.();
    socket.off("close", stop);
  };
  socket.once("close", stop);
  if (forget === undefined) fail();
}

function tryMember(
  pool: MemberPool,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  tried: Member[],
): void {
  const member = pool.pick(tried);
  if (member === undefined) {
    record(pool.counters, performance.now(), { failed: true });
    return refuse(socket, 503);
  }
  pool.claim(member);
  member.sockets.add(socket);
  let connected = false;
  let released = false;
  const release = (): void => {
    if (released) return;
    released = true;
    clearTimeout(timer);
    member.sockets.delete(socket);
    pool.release(member);
  };
  const upstream = httpRequest(optionsFor(member, request));
  let timer = setTimeout(() => upstream.destroy(new Error("no connection in time")), CONNECT_TIMEOUT_MS);
  socket.once("close", () => {
    upstream.destroy();
    release();
  });
  upstream.once("socket", (connection) => {
    connection.once("connect", () => {
      connected = true;
      clearTimeout(timer);
      timer = setTimeout(
        () => upstream.destroy(new Error("no answer in time")),
        pool.config.responseTimeoutMs,
      );
    });
  });
  upstream.once("upgrade", (response, connection, rest) => {
    clearTimeout(timer);
    record(pool.counters, performance.now(), {});
    record(member.counters, performance.now(), {});
    socket.write(headOf(response));
    if (rest.length > 0) socket.write(rest);
    if (head.length > 0) connection.write(head);
    joinSockets(socket, connection, pool, member);
  });
  upstream.once("response", (response) => {
    clearTimeout(timer);
    record(pool.counters, performance.now(), {});
    record(member.counters, performance.now(), {});
    passAnswer(response, socket);
  });
  upstream.on("error", (error) => {
    release();
    if (socket.destroyed) return;
    record(member.counters, performance.now(), { failed: true });
    if (connected) {
      record(pool.counters, performance.now(), { failed: true });
      return refuse(socket, 502);
    }
    pool.refused(member, error.message);
    tryMember(pool, request, socket, head, [...tried, member]);
  });
  upstream.end();
}
