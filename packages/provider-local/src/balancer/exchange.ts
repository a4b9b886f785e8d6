import type { IncomingMessage, ServerResponse } from "node:http";
import { performance } from "node:perf_hooks";
import { type ForwardedRequest, forwardRequest } from "./headers.js";
import type { Member } from "./member.js";
import type { MemberPool } from "./member-pool.js";
import { collectBody } from "./request-body.js";
import type { ResponseHead } from "./response-head.js";
import { type Outcome, record } from "./stats.js";
import {
  type UpstreamConnection,
  UpstreamCutError,
  type UpstreamHandler,
  UpstreamTimeoutError,
} from "./upstream.js";

/** Bodies up to this size are read before they are sent, so that they can go to another member. */
const REPLAYABLE_BYTES = 65_536;
/** How often one request may lose its connection before the fault is taken for its own. */
const MAX_RESETS = 2;
/** Methods that may be repeated when nobody knows whether the first try had an effect (RFC 9110 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
/** Seconds after which a client that found nobody may ask again. */
const RETRY_AFTER_SECONDS = 1;

/**
 * One HTTP request on its way to a member and back.
 *
 * Note [Repeating]: a request is given to another member only where nobody can notice: when its connection was
 * refused, nothing has been sent; when it broke before the answer began, an idempotent method whose body we still
 * have may be sent again. All else is answered 502.
 *
 * Note [Holding the head]: the head of an answer waits for the end of the piece that it came in. A short answer is
 * whole by then and leaves in one write; anything longer, and streams of events, leave without further delay.
 */
export class Exchange implements UpstreamHandler {
  readonly #startedAtMs = performance.now();
  readonly #forwarded: ForwardedRequest;
  readonly #tried: Member[] = [];
  #member: Member | undefined;
  /** A short body, read whole. */
  #body: Buffer | undefined;
  /** True once a long body was begun to be sent: it cannot be sent again. */
  #bodyTaken = false;
  #deadlineMs = 0;
  #resets = 0;
  #stopWaiting: (() => void) | undefined;
  /** The member's connection, once it may have seen the request. */
  #connection: UpstreamConnection | undefined;
  #responded = false;
  #settled = false;
  #status = 0;
  /** Held back; undefined before it came and after it left. */
  #head: ResponseHead | undefined;
  #held: Buffer | undefined;

  constructor(
    private readonly pool: MemberPool,
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {
    this.#forwarded = forwardRequest(request.rawHeaders, request.socket.remoteAddress ?? "unknown");
    response.once("close", () => this.#onClientGone());
    // A write to a client that has just gone: its close follows and is dealt with.
    response.on("error", ignore);
    const { hasBody, contentLength } = this.#forwarded;
    if (!hasBody) this.#send();
    else if (contentLength !== undefined && contentLength <= REPLAYABLE_BYTES) {
      collectBody(request, (body) => {
        this.#countBody(body.length);
        this.#body = body;
        this.#send();
      });
    } else this.#send();
  }

  onSending(connection: UpstreamConnection): void {
    if (this.#settled) return connection.destroy();
    this.#connection = connection;
    if (!this.#forwarded.hasBody || this.#body !== undefined) return;
    this.#bodyTaken = true;
    this.request.on("data", (chunk: Buffer) => this.#countBody(chunk.length));
  }

  onHead(head: ResponseHead): void {
    if (this.#settled) return;
    this.#responded = true;
    this.#status = head.status;
    this.#head = head;
  }

  onBody(chunk: Buffer): boolean {
    if (this.#settled) return true;
    this.pool.counters.bytesOut += chunk.length;
    (this.#member as Member).counters.bytesOut += chunk.length;
    if (this.#head !== undefined && this.#held === undefined) {
      this.#held = chunk;
      return true;
    }
    this.#sendHead();
    if (this.response.write(chunk)) return true;
    this.response.once("drain", () => {
      if (!this.#settled) this.#connection?.resume();
    });
    return false;
  }

  onPause(): void {
    if (this.#head !== undefined) this.#sendHead();
  }

  onEnd(): void {
    if (this.#settled) return;
    const head = this.#head;
    if (head === undefined) this.response.end();
    else {
      this.#head = undefined;
      this.response.writeHead(head.status, head.statusText, head.headers);
      // As a string, the body joins its head in one write.
      if (this.#held === undefined) this.response.end();
      else this.response.end(this.#held.toString("latin1"), "latin1");
    }
    if (!this.request.complete) this.request.resume();
    this.#settle({ latencyMs: performance.now() - this.#startedAtMs, serverError: this.#status >= 500 });
  }

  onError(error: Error): void {
    if (this.#settled) return;
    const member = this.#letGo();
    const isCut = error instanceof UpstreamCutError;
    if (member !== undefined && !isCut) record(member.counters, performance.now(), { failed: true });
    if (this.#responded) return this.#breakOff();
    if (this.#connection === undefined) {
      if (member !== undefined && !isCut) this.pool.refused(member, error.message);
      return this.#again(member);
    }
    if (error instanceof UpstreamTimeoutError) return this.#refuse(504, "the member did not answer in time");
    this.#resets += 1;
    const isRepeatable = IDEMPOTENT.has(this.request.method ?? "") && !this.#bodyTaken;
    if (this.#resets <= MAX_RESETS && isRepeatable) return this.#again(member);
    this.#refuse(502, "the member ended the connection without an answer");
  }

  #again(member: Member | undefined): void {
    if (member !== undefined) this.#tried.push(member);
    // Not within the failing client's own call.
    queueMicrotask(() => this.#send());
  }

  #send(): void {
    if (this.#settled) return;
    let member = this.pool.pick(this.#tried);
    if (member === undefined && this.#tried.length > 0) {
      // Everyone who serves was tried; those that refused are out by now, so the rest deserve a second try.
      this.#tried.length = 0;
      member = this.pool.pick(this.#tried);
    }
    if (member === undefined) return this.#wait();
    this.#connection = undefined;
    this.#member = member;
    this.pool.claim(member);
    const { hasBody, contentLength, headers } = this.#forwarded;
    const chunked = hasBody && contentLength === undefined;
    const { method } = this.request;
    const request = {
      head: headOf(method as string, pathOf(this.request.url ?? "/"), headers, chunked),
      body: this.#body ?? (hasBody ? this.request : undefined),
      chunked,
      isHead: method === "HEAD",
      responseTimeoutMs: this.pool.config.responseTimeoutMs,
    };
    member.upstream.dispatch(request, this);
  }

  #wait(): void {
    const nowMs = performance.now();
    if (this.#deadlineMs === 0) this.#deadlineMs = nowMs + this.pool.config.queueMs;
    const leftMs = this.#deadlineMs - nowMs;
    const forget = leftMs > 0 ? this.pool.park(() => this.#wake()) : undefined;
    if (forget === undefined) return this.#refuse(503, "no member is available");
    const timer = setTimeout(() => {
      this.#stopWaiting?.();
      this.#refuse(503, "no member is available");
    }, leftMs);
    this.#stopWaiting = () => {
      clearTimeout(timer);
      forget();
      this.#stopWaiting = undefined;
    };
  }

  #wake(): void {
    this.#stopWaiting?.();
    this.#send();
  }

  #sendHead(): void {
    const head = this.#head;
    if (head === undefined || this.#settled) return;
    this.#head = undefined;
    this.response.writeHead(head.status, head.statusText, head.headers);
    if (this.#held === undefined) this.response.flushHeaders();
    else this.response.write(this.#held);
    this.#held = undefined;
  }

  #countBody(count: number): void {
    this.pool.counters.bytesIn += count;
    if (this.#member !== undefined) this.#member.counters.bytesIn += count;
  }

  #onClientGone(): void {
    if (this.#settled) return;
    this.#stopWaiting?.();
    this.#settle(undefined);
    this.#connection?.destroy();
  }

  /** The member failed in the middle of its answer: the client must not take what it has for the whole. */
  #breakOff(): void {
    if (this.#head !== undefined) {
      this.#head = undefined;
      return this.#refuse(502, "the member ended its answer too early");
    }
    this.#settle({ failed: true });
    this.response.destroy();
  }

  #refuse(status: 400 | 502 | 503 | 504, text: string): void {
    const body = `${text}\n`;
    const headers: Record<string, string | number> = {
      "content-type": "text/plain",
      "content-length": body.length,
    };
    if (status === 503) headers["retry-after"] = RETRY_AFTER_SECONDS;
    // What is left of the request will not be read.
    if (!this.request.complete) headers.connection = "close";
    this.#settle({ failed: true });
    this.response.writeHead(status, headers);
    this.response.end(body);
    if (!this.request.complete) this.request.resume();
  }

  #letGo(): Member | undefined {
    const member = this.#member;
    this.#member = undefined;
    if (member !== undefined) this.pool.release(member);
    return member;
  }

  #settle(outcome: Outcome | undefined): void {
    this.#settled = true;
    const member = this.#letGo();
    if (outcome === undefined) return;
    const nowMs = performance.now();
    record(this.pool.counters, nowMs, outcome);
    if (member !== undefined) record(member.counters, nowMs, outcome);
  }
}

function ignore(): void {}

/** The path of a target in absolute form (RFC 9112 3.2.2); any other target stays as it is. */
function pathOf(url: string): string {
  if (url.charCodeAt(0) === 47) return url;
  const match = /^https?:\/\/[^/?#]*(.*)$/i.exec(url);
  if (match === null) return url;
  const rest = match[1] as string;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Request line and headers as bytes on the wire. All of it came through a strict parser, so no line can hide in it. */
function headOf(method: string, path: string, headers: readonly string[], chunked: boolean): string {
  let text = `${method} ${path} HTTP/1.1\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return chunked ? `${text}Transfer-Encoding: chunked\r\n\r\n` : `${text}\r\n`;
}
