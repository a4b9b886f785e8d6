import { type Framing, parseResponseHead, type ResponseHead, ResponseSyntaxError } from "./response-head.js";

/** Longest head, and longest trailers, that a member may send. Node's own servers send 16 KiB at most. */
const MAX_HEAD_BYTES = 65_536;
/** Longest line that tells a chunk's size, extensions included. */
const MAX_SIZE_LINE_BYTES = 1_024;
const CR = 13;
const LF = 10;

/** Who gets the parts of a response, in order: interim heads, the head, data, the end. */
export interface ResponseSink {
  onHead(head: ResponseHead): void;
  /** @param chunk - a view that is only this sink's; may be kept. */
  onBody(chunk: Buffer): void;
  onEnd(): void;
}

type State = "head" | "counted" | "until-close" | "size" | "chunk" | "chunk-end" | "trailers" | "done";

/**
 * Splits the bytes of one connection into responses, however they are cut into pieces. One response at a time:
 * {@link reset} makes it ready for the next.
 */
export class ResponseParser {
  #state: State = "head";
  #isHead = false;
  #left = 0;
  #pending: Buffer | undefined;
  #line = "";
  #trailerBytes = 0;

  constructor(private readonly sink: ResponseSink) {}

  /** Makes ready for the response to a request. @param isHead - whether that is a HEAD request. */
  reset(isHead: boolean): void {
    this.#state = "head";
    this.#isHead = isHead;
    this.#pending = undefined;
    this.#line = "";
    this.#trailerBytes = 0;
  }

  /**
   * Takes what has arrived.
   * @throws ResponseSyntaxError when it breaks the rules; the connection is of no use then.
   */
  take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.#step(chunk, at);
  }

  /** The member has closed its side. @throws ResponseSyntaxError when more was to come. */
  end(): void {
    if (this.#state === "done") return;
    if (this.#state !== "until-close")
      throw new ResponseSyntaxError("the connection ended in the middle of an answer");
    this.#finish();
  }

  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case "head":
        return this.#takeHead(chunk, at);
      case "counted":
      case "chunk":
        return this.#takeCounted(chunk, at);
      case "until-close":
        this.sink.onBody(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      case "size":
      case "chunk-end":
      case "trailers":
        return this.#takeLine(chunk, at);
      case "done":
        throw new ResponseSyntaxError("more came than was asked for");
    }
  }

  #takeHead(chunk: Buffer, at: number): number {
    const before = this.#pending;
    const rest = at === 0 ? chunk : chunk.subarray(at);
    const bytes = before === undefined ? rest : Buffer.concat([before, rest]);
    const end = bytes.indexOf("\r\n\r\n");
    if (end > MAX_HEAD_BYTES || (end === -1 && bytes.length > MAX_HEAD_BYTES)) {
      throw new ResponseSyntaxError("the head is too long");
    }
    if (end === -1) {
      this.#pending = bytes;
      return chunk.length;
    }
    this.#pending = undefined;
    this.#begin(parseResponseHead(bytes.toString("latin1", 0, end), this.#isHead));
    return at + end + 4 - (before?.length ?? 0);
  }

  #begin(head: ResponseHead): void {
    // 1xx: the answer proper is still to come. 101 was not asked for.
    if (head.status === 101) throw new ResponseSyntaxError("an unasked change of protocols");
    if (head.status < 200) return;
    this.#state = stateFor(head.framing);
    if (typeof head.framing === "number") this.#left = head.framing;
    this.sink.onHead(head);
    if (this.#state === "done") this.sink.onEnd();
  }

  #takeCounted(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    this.sink.onBody(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    if (this.#left === 0) {
      if (this.#state === "chunk") this.#state = "chunk-end";
      else this.#finish();
    }
    return end;
  }

  #takeLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(LF, at);
    this.#line += chunk.toString("latin1", at, end === -1 ? chunk.length : end + 1);
    if (this.#line.length > MAX_SIZE_LINE_BYTES && this.#state !== "trailers") {
      throw new ResponseSyntaxError("a chunk's size takes too long to tell");
    }
    if (this.#line.length + this.#trailerBytes > MAX_HEAD_BYTES)
      throw new ResponseSyntaxError("the trailers are too long");
    if (end === -1) return chunk.length;
    const line = this.#line;
    this.#line = "";
    if (line.length < 2 || line.charCodeAt(line.length - 2) !== CR)
      throw new ResponseSyntaxError("a line without CR");
    this.#onLine(line.slice(0, -2));
    return end + 1;
  }

  #onLine(line: string): void {
    if (this.#state === "size") {
      const size = /^([0-9a-f]{1,12})[\t ]*(?:;.*)?$/i.exec(line)?.[1];
      if (size === undefined) throw new ResponseSyntaxError("a chunk without a size");
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? "trailers" : "chunk";
    } else if (this.#state === "chunk-end") {
      if (line !== "") throw new ResponseSyntaxError("a chunk longer than its size");
      this.#state = "size";
    } else if (line === "") this.#finish();
    else this.#trailerBytes += line.length + 2;
  }

  #finish(): void {
    this.#state = "done";
    this.sink.onEnd();
  }
}

function stateFor(framing: Framing): State {
  if (framing === "none") return "done";
  if (framing === "chunked") return "size";
  return framing === "until-close" ? "until-close" : "counted";
}
