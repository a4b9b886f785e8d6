import type { IncomingMessage, ServerResponse } from "node:http";
import { performance } from "node:perf_hooks";
import type { Dispatcher } from "undici";
import { type ForwardedRequest, forwardRequest, forwardResponse } from "./headers.js";
import type { Member } from "./member.js";
import type { MemberPool } from "./member-pool.js";
import { collectBody, RequestBody } from "./request-body.js";
import { type Outcome, record } from "./stats.js";

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
 * Note [Holding the head]: the head of an answer waits for the end of the current tick. A short answer has come
 * whole by then and leaves in one write; anything longer, and streams of events, leave without further delay.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #startedAtMs = performance.now();
  readonly #forwarded: ForwardedRequest;
  readonly #tried: Member[] = [];
  #member: Member | undefined;
  #body: Buffer | RequestBody | undefined;
  #deadlineMs = 0;
  #resets = 0;
  #stopWaiting: (() => void) | undefined;
  #abort: (() => void) | undefined;
  #resume: (() => void) | undefined;
  #connected = false;
  #responded = false;
  #settled = false;
  #status = 0;
  #statusText = "";
  #headers: string[] | undefined;
  #held: Buffer | undefined;

  constructor(
    private readonly pool: MemberPool,
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {
    this.#forwarded = forwardRequest(request.rawHeaders, request.socket.remoteAddress ?? "unknown");
    response.once("close", this.#onClientGone);
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

  onConnect(abort: () => void): void {
    if (this.#settled) return abort();
    this.#connected = true;
    this.#abort = abort;
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void, statusText: string): boolean {
    // Interim answers (103) concern the connection to the member.
    if (status < 200 || this.#settled) return true;
    this.#responded = true;
    this.#status = status;
    this.#statusText = statusText;
    this.#headers = forwardResponse(headers);
    this.#resume = resume;
    queueMicrotask(this.#sendHead);
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.pool.counters.bytesOut += chunk.length;
    (this.#member as Member).counters.bytesOut += chunk.length;
    if (this.#headers !== undefined && this.#held === undefined) {
      this.#held = chunk;
      return true;
    }
    this.#sendHead();
    if (this.response.write(chunk)) return true;
    this.#awaitDrain();
    return false;
  }

  onComplete(): void {
    if (this.#settled) return;
    const headers = this.#headers;
    if (headers !== undefined) {
      this.#headers = undefined;
      this.response.writeHead(this.#status, this.#statusText, headers);
      // As a string, the body joins its head in one write.
      if (this.#held === undefined) this.response.end();
      else this.response.end(this.#held.toString("latin1"), "latin1");
    } else this.response.end();
    if (this.#body instanceof RequestBody && !this.request.complete) this.request.resume();
    this.#settle({ latencyMs: performance.now() - this.#startedAtMs, serverError: this.#status >= 500 });
  }

  onError(error: Error): void {
    if (this.#settled) return;
    const member = this.#letGo();
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (this.#responded) return this.#breakOff();
    if (code === "UND_ERR_INVALID_ARG") return this.#refuse(400, "this request cannot be passed on");
    if (!this.#connected) {
      const closed = code === "UND_ERR_DESTROYED" || code === "UND_ERR_CLOSED";
      if (!closed && member !== undefined) {
        record(member.counters, performance.now(), { failed: true });
        this.pool.refused(member, error.message);
      }
      return this.#again(member);
    }
    if (member !== undefined) record(member.counters, performance.now(), { failed: true });
    if (code === "UND_ERR_HEADERS_TIMEOUT") return this.#refuse(504, "the member did not answer in time");
    this.#resets += 1;
    if (this.#resets <= MAX_RESETS && this.#isRepeatable()) return this.#again(member);
    this.#refuse(502, "the member ended the connection without an answer");
  }

  #isRepeatable(): boolean {
    if (!IDEMPOTENT.has(this.request.method ?? "")) return false;
    return !(this.#body instanceof RequestBody) || !this.#body.started;
  }

  #again(member: Member | undefined): void {
    if (member !== undefined) this.#tried.push(member);
    if (this.#body instanceof RequestBody && this.#body.started)
      return this.#refuse(502, "the member went away");
    // Not within the failing client's own call.
    queueMicrotask(this.#send);
  }

  readonly #send = (): void => {
    if (this.#settled) return;
    let member = this.pool.pick(this.#tried);
    if (member === undefined && this.#tried.length > 0) {
      // Everyone who serves was tried; those that refused are out by now, so the rest deserve a second try.
      this.#tried.length = 0;
      member = this.pool.pick(this.#tried);
    }
    if (member === undefined) return this.#wait();
    this.#connected = false;
    this.#member = member;
    this.pool.claim(member);
    const { hasBody } = this.#forwarded;
    if (hasBody && !Buffer.isBuffer(this.#body)) this.#body = new RequestBody(this.request, this.#countBody);
    const url = this.request.url ?? "/";
    const options = {
      path: url.charCodeAt(0) === 47 ? url : pathOf(url),
      method: this.request.method as Dispatcher.HttpMethod,
      headers: this.#forwarded.headers,
      body: this.#body ?? null,
      headersTimeout: this.pool.config.responseTimeoutMs,
    };
    member.dispatcher.dispatch(options, this);
  };

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

  readonly #sendHead = (): void => {
    const headers = this.#headers;
    if (headers === undefined || this.#settled) return;
    this.#headers = undefined;
    this.response.writeHead(this.#status, this.#statusText, headers);
    if (this.#held === undefined) this.response.flushHeaders();
    else this.response.write(this.#held);
    this.#held = undefined;
  };

  #awaitDrain(): void {
    this.response.once("drain", () => this.#resume?.());
  }

  readonly #countBody = (count: number): void => {
    this.pool.counters.bytesIn += count;
    if (this.#member !== undefined) this.#member.counters.bytesIn += count;
  };

  readonly #onClientGone = (): void => {
    if (this.#settled) return;
    this.#stopWaiting?.();
    this.#settle(undefined);
    this.#abort?.();
  };

  /** The member failed in the middle of its answer: the client must not take what it has for the whole. */
  #breakOff(): void {
    if (this.#headers !== undefined) {
      this.#headers = undefined;
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

/** The path of an absolute-form target (RFC 9112 3.2.2); anything else is left for the client library to refuse. */
function pathOf(url: string): string {
  const match = /^https?:\/\/[^/?#]*(.*)$/i.exec(url);
  if (match === null) return url;
  const rest = match[1] as string;
  return rest.startsWith("/") ? rest : `/${rest}`;
}
