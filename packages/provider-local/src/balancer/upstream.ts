import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { sendBody } from "./request-body.js";
import type { ResponseHead } from "./response-head.js";
import { ResponseParser, type ResponseSink } from "./response-parser.js";

/*
 * Note [A client of our own]: HTTP towards members is a small part of HTTP: no redirects, no proxies, no TLS, one
 * request at a time. Written for that alone it costs a proxied request about 45 µs of processor time instead of 58 µs
 * with undici's `Pool.dispatch` (same machine, same run), says exactly whether a request may have been seen, and needs
 * no timer per request. Reading answers is the risky part and stands by itself, strict and without I/O, in
 * response-head.ts and response-parser.ts. Reading what clients send stays with Node's own parser.
 */

/** How often connections are looked at for being idle, or waiting, too long. Bounds the precision of time-outs. */
const SWEEP_MS = 500;
/** Idle connections close before the member's own limit (Node's default is 5 s). */
const IDLE_MS = 4_000;
/** How much earlier than the member says: its clock began before ours. */
const IDLE_MARGIN_MS = 1_000;

/** A request as it goes to a member. */
export interface UpstreamRequest {
  /** Request line and headers, latin1, with the empty line at the end. */
  readonly head: string;
  /** Bytes to follow; a message is read as fast as the member takes it. */
  readonly body: Buffer | IncomingMessage | undefined;
  /** Whether the body is to be sent in chunks. */
  readonly chunked: boolean;
  readonly isHead: boolean;
  /** Longest wait for the answer to begin, in milliseconds. */
  readonly responseTimeoutMs: number;
}

/** Hears how a request fares: `onSending`, then `onHead`, `onBody`…, `onEnd`; or, at any point, `onError` once. */
export interface UpstreamHandler extends ResponseSink {
  /** From now on the member may have seen the request. Not called when no connection came about. */
  onSending(connection: UpstreamConnection): void;
  /** A piece of the body. @returns false to get nothing more before `connection.resume()`. */
  onBody(chunk: Buffer): boolean;
  /** All that came in one piece has been handed over; more may follow later. Not called after the end. */
  onPause(): void;
  onError(error: Error): void;
}

/** Time ran out: `connect` before the request was sent, `response` while waiting for the answer. */
export class UpstreamTimeoutError extends Error {
  constructor(readonly phase: "connect" | "response") {
    super(phase === "connect" ? "no connection in time" : "no answer in time");
  }
}

/** The member was taken out and its time to finish is over: no fault of its own. */
export class UpstreamCutError extends Error {}

/** One connection to a member: one request at a time, kept for the next where both sides allow it. */
export class UpstreamConnection implements ResponseSink {
  #handler: UpstreamHandler | undefined;
  #request: UpstreamRequest | undefined;
  #stopBody: (() => void) | undefined;
  #bodySent = true;
  #connected = false;
  #ended = false;
  #keepAlive = true;
  #failure: Error | undefined;
  /** When the current wait began (for a connection, an answer, the next request); undefined while none is on. */
  #sinceMs: number | undefined = performance.now();
  #idleMs = IDLE_MS;
  readonly #parser = new ResponseParser(this);
  readonly #socket: Socket;

  constructor(
    host: string,
    port: number,
    private readonly owner: UpstreamPool,
  ) {
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    socket.once("connect", () => {
      this.#connected = true;
      this.#send();
    });
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => this.#onEnd());
    socket.on("error", (error) => {
      this.#failure ??= error;
    });
    socket.once("close", () => this.#onClose());
  }

  /** Sends a request; the one before must have ended. */
  start(request: UpstreamRequest, handler: UpstreamHandler): void {
    this.#request = request;
    this.#handler = handler;
    this.#parser.reset(request.isHead);
    if (this.#connected) this.#send();
  }

  /** Lets data flow again. */
  resume(): void {
    this.#socket.resume();
  }

  /** Ends it at once; a request under way gets the error. */
  destroy(error?: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
  }

  /** Whether a request can be sent over it; what the member has closed is not gone from the list at once. */
  get isUsable(): boolean {
    return !this.#ended && !this.#socket.destroyed;
  }

  /** Whether a request is under way. */
  get isBusy(): boolean {
    return this.#handler !== undefined;
  }

  /** Ends what has waited too long. */
  sweep(nowMs: number, connectTimeoutMs: number): void {
    if (this.#sinceMs === undefined) return;
    const waitedMs = nowMs - this.#sinceMs;
    if (!this.#connected) {
      if (waitedMs > connectTimeoutMs) this.destroy(new UpstreamTimeoutError("connect"));
    } else if (!this.isBusy) {
      if (waitedMs > this.#idleMs) this.destroy();
    } else if (waitedMs > (this.#request?.responseTimeoutMs ?? 0))
      this.destroy(new UpstreamTimeoutError("response"));
  }

  #send(): void {
    const { head, body, chunked } = this.#request as UpstreamRequest;
    const socket = this.#socket;
    this.#sinceMs = performance.now();
    this.#handler?.onSending(this);
    if (body === undefined) socket.write(head, "latin1");
    else if (Buffer.isBuffer(body)) {
      socket.cork();
      socket.write(head, "latin1");
      socket.write(body);
      socket.uncork();
    } else {
      socket.write(head, "latin1");
      this.#bodySent = false;
      this.#stopBody = sendBody(body, socket, chunked, () => {
        this.#bodySent = true;
        // The wait for the answer begins when all has been said.
        if (this.#sinceMs !== undefined) this.#sinceMs = performance.now();
      });
    }
  }

  #onData(chunk: Buffer): void {
    // Bytes that nobody asked for belong to no request.
    if (this.#handler === undefined) return this.destroy();
    try {
      this.#parser.take(chunk);
      this.#handler?.onPause();
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #onEnd(): void {
    this.#ended = true;
    if (this.#handler === undefined) return;
    try {
      this.#keepAlive = false;
      this.#parser.end();
    } catch (error) {
      this.#failure ??= error as Error;
    }
  }

  #onClose(): void {
    this.owner.closed(this);
    const handler = this.#take();
    handler?.onError(this.#failure ?? new Error("the connection ended"));
  }

  #take(): UpstreamHandler | undefined {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#request = undefined;
    this.#stopBody?.();
    this.#stopBody = undefined;
    return handler;
  }

  onHead(head: ResponseHead): void {
    this.#sinceMs = undefined;
    this.#keepAlive = head.keepAlive;
    if (head.keepAliveMs !== undefined) this.#idleMs = Math.min(IDLE_MS, head.keepAliveMs - IDLE_MARGIN_MS);
    this.#handler?.onHead(head);
  }

  onBody(chunk: Buffer): void {
    if (this.#handler?.onBody(chunk) === false) this.#socket.pause();
  }

  onEnd(): void {
    const reusable = this.#keepAlive && this.#bodySent && this.#idleMs > 0 && this.isUsable;
    const handler = this.#take();
    this.#sinceMs = performance.now();
    if (reusable) {
      this.#socket.resume();
      this.owner.idle(this);
    } else this.#socket.destroy();
    handler?.onEnd();
  }
}

/** The HTTP connections to one member. As many as there are requests at once; idle ones are used again. */
export class UpstreamPool {
  readonly #all = new Set<UpstreamConnection>();
  readonly #idle: UpstreamConnection[] = [];
  readonly #sweeper: NodeJS.Timeout;
  #isClosed = false;

  constructor(
    private readonly host: string,
    private readonly port: number,
    connectTimeoutMs: number,
  ) {
    this.#sweeper = setInterval(() => {
      const nowMs = performance.now();
      for (const connection of this.#all) connection.sweep(nowMs, connectTimeoutMs);
    }, SWEEP_MS);
    this.#sweeper.unref();
  }

  /** Sends a request. The handler hears of everything that follows, never during this call's own run. */
  dispatch(request: UpstreamRequest, handler: UpstreamHandler): void {
    let connection = this.#idle.pop();
    while (connection !== undefined && !connection.isUsable) connection = this.#idle.pop();
    if (connection === undefined) {
      connection = new UpstreamConnection(this.host, this.port, this);
      this.#all.add(connection);
    }
    connection.start(request, handler);
  }

  /** Closes idle connections now and busy ones after their request. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
    if (this.#all.size === 0) clearInterval(this.#sweeper);
  }

  /** Ends all connections; requests under way get the error. */
  destroy(error: Error): void {
    this.close();
    for (const connection of this.#all) connection.destroy(error);
  }

  /** A connection has nothing to do. Called by connections. */
  idle(connection: UpstreamConnection): void {
    if (this.#isClosed) connection.destroy();
    else this.#idle.push(connection);
  }

  /** A connection is gone. Called by connections. */
  closed(connection: UpstreamConnection): void {
    this.#all.delete(connection);
    const index = this.#idle.lastIndexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    if (this.#isClosed && this.#all.size === 0) clearInterval(this.#sweeper);
  }
}
