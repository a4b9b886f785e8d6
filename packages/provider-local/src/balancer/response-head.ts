import { connectionTokens, HOP_BY_HOP, without } from "./headers.js";

/** A member's answer broke the rules of HTTP/1.1; nothing of it can be trusted. */
export class ResponseSyntaxError extends Error {
  readonly code = "UPSTREAM_SYNTAX";
}

/** How the end of a body is found (RFC 9112 6.3). */
export type Framing = "none" | "chunked" | "until-close" | number;

/** The head of a response, ready to be passed on. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** Name and value in turns, without those of the member's connection. */
  readonly headers: string[];
  readonly framing: Framing;
  /** Whether the connection may be used again. */
  readonly keepAlive: boolean;
  /** How long the member keeps it open when idle, in milliseconds, if it says so. */
  readonly keepAliveMs: number | undefined;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What the headers say about framing and connection, gathered line by line. */
class Facts {
  readonly headers: string[] = [];
  length: number | undefined;
  chunked = false;
  close = false;
  explicitKeepAlive = false;
  keepAliveMs: number | undefined;
  named: string[] | undefined;

  add(name: string, value: string): void {
    const lower = name.toLowerCase();
    switch (lower) {
      case "content-length":
        if (this.#repeatsLength(value)) return;
        break;
      case "transfer-encoding":
        // Any other coding would be lost with this header, and the body with it.
        if (this.chunked || value.toLowerCase() !== "chunked") {
          throw new ResponseSyntaxError(`Transfer-Encoding "${value}" cannot be passed on`);
        }
        this.chunked = true;
        return;
      case "connection":
        this.#connection(value);
        return;
      case "keep-alive":
        this.#keepAlive(value);
        return;
      default:
        if (HOP_BY_HOP.has(lower)) return;
    }
    this.headers.push(name, value);
  }

  #repeatsLength(value: string): boolean {
    const length = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(length >= 0)) throw new ResponseSyntaxError("Content-Length is not a number");
    if (this.length === undefined) {
      this.length = length;
      return false;
    }
    if (this.length !== length) throw new ResponseSyntaxError("Content-Length is said twice, differently");
    return true;
  }

  #connection(value: string): void {
    const lower = value.toLowerCase();
    if (lower === "keep-alive") this.explicitKeepAlive = true;
    else if (lower === "close") this.close = true;
    else {
      const tokens = connectionTokens(value) ?? [];
      this.close ||= tokens.includes("close");
      this.explicitKeepAlive ||= tokens.includes("keep-alive");
      this.named = tokens;
    }
  }

  #keepAlive(value: string): void {
    const seconds = /timeout=(\d{1,6})/i.exec(value)?.[1];
    if (seconds !== undefined) this.keepAliveMs = Number(seconds) * 1_000;
  }
}

function framingOf(facts: Facts, status: number, isHead: boolean): Framing {
  if (facts.chunked && facts.length !== undefined) {
    throw new ResponseSyntaxError("both Content-Length and Transfer-Encoding");
  }
  if (isHead || status < 200 || status === 204 || status === 304) return "none";
  if (facts.chunked) return "chunked";
  return facts.length === undefined ? "until-close" : facts.length === 0 ? "none" : facts.length;
}

/**
 * Reads the head of a response, strictly: two readers that understand a head differently are a hole.
 * @param text - from the status line to the last header, latin1, lines ended by CR LF, without the empty line.
 * @param isHead - whether it answers a HEAD request.
 * @throws ResponseSyntaxError when it is not well formed.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6.3
 */
export function parseResponseHead(text: string, isHead: boolean): ResponseHead {
  let end = text.indexOf("\r\n");
  if (end === -1) end = text.length;
  const match = STATUS_LINE.exec(text.slice(0, end));
  if (match === null) throw new ResponseSyntaxError("no HTTP/1.1 status line");
  const status = Number(match[2]);
  const facts = new Facts();
  while (end < text.length) {
    const start = end + 2;
    end = text.indexOf("\r\n", start);
    if (end === -1) end = text.length;
    const colon = text.indexOf(":", start);
    const name = colon === -1 || colon > end ? "" : text.slice(start, colon);
    const value = text.slice(colon + 1, end).trim();
    if (!NAME.test(name) || !VALUE.test(value)) throw new ResponseSyntaxError("a malformed header");
    facts.add(name, value);
  }
  const framing = framingOf(facts, status, isHead);
  const persistent = match[1] === "1" ? !facts.close : facts.explicitKeepAlive && !facts.close;
  return {
    status,
    statusText: match[3] ?? "",
    headers: facts.named === undefined ? facts.headers : without(facts.headers, facts.named),
    framing,
    keepAlive: persistent && framing !== "until-close",
    keepAliveMs: facts.keepAliveMs,
  };
}
