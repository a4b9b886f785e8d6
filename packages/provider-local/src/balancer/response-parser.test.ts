import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResponseHead } from "./response-head.js";
import { ResponseParser } from "./response-parser.js";

interface Parsed {
  heads: ResponseHead[];
  body: string;
  ended: boolean;
}

/** Parses one response that comes in pieces cut at the given places. */
function parse(text: string, options: { cuts?: number[]; isHead?: boolean; closes?: boolean } = {}): Parsed {
  const parsed: Parsed = { heads: [], body: "", ended: false };
  const parser = new ResponseParser({
    onHead: (head) => parsed.heads.push(head),
    onBody: (chunk) => {
      parsed.body += chunk.toString("latin1");
    },
    onEnd: () => {
      parsed.ended = true;
    },
  });
  parser.reset(options.isHead ?? false);
  const bytes = Buffer.from(text, "latin1");
  const cuts = [...(options.cuts ?? []).map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  let start = 0;
  for (const cut of cuts) {
    if (cut > start) parser.take(bytes.subarray(start, cut));
    start = cut;
  }
  if (options.closes) parser.end();
  return parsed;
}

const response = (head: string, body = ""): string =>
  `HTTP/1.1 ${head.replaceAll("\n", "\r\n")}\r\n\r\n${body}`;

describe("a response", () => {
  it.each([
    ["of known length", response("200 OK\nContent-Length: 5", "hello"), "hello", true],
    [
      "in chunks",
      response("200 OK\nTransfer-Encoding: chunked", "5\r\nhello\r\nA;x=y\r\n, world...\r\n0\r\n\r\n"),
      "hello, world...",
      true,
    ],
    [
      "in chunks with trailers",
      response("200 OK\nTransfer-Encoding: chunked", "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n"),
      "a",
      true,
    ],
    ["without a body", response("204 No Content"), "", true],
    [
      "not modified, that tells the length it would have",
      response("304 Not Modified\nContent-Length: 9"),
      "",
      true,
    ],
    ["of length zero", response("200 OK\nContent-Length: 0"), "", true],
    [
      "after interim ones",
      `${response("100 Continue")}${response("103 Early Hints\nLink: x")}${response("200 OK\nContent-Length: 1", "x")}`,
      "x",
      true,
    ],
    [
      "that says its length twice alike",
      response("200 OK\nContent-Length: 2\nContent-Length: 2", "ab"),
      "ab",
      true,
    ],
    ["without a reason phrase", response("200\nContent-Length: 1", "x"), "x", true],
    ["that is not whole yet", response("200 OK\nContent-Length: 5", "hel"), "hel", false],
  ])("%s is read the same, however it is cut", (_name, text, body, ended) => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), (cuts) => {
        expect(parse(text, { cuts })).toMatchObject({ body, ended, heads: [{}] });
      }),
    );
  });

  it("to HEAD has no body, whatever length it tells", () => {
    const parsed = parse(response("200 OK\nContent-Length: 500"), { isHead: true });
    expect(parsed).toMatchObject({ body: "", ended: true, heads: [{ keepAlive: true }] });
  });

  it("of no told length ends with the connection, which serves for nothing else", () => {
    const text = response("200 OK", "all of it");
    expect(parse(text)).toMatchObject({ ended: false, heads: [{ keepAlive: false }] });
    expect(parse(text, { closes: true })).toMatchObject({ body: "all of it", ended: true });
  });

  it("keeps its headers, but for those of the member's connection", () => {
    const [head] = parse(
      response(
        "200 OK\nSet-Cookie: a=1\nset-cookie:b=2 \nX-Empty:\nConnection: X-Hop, close\nX-Hop: 1\nX-Name: caf\u00e9\nContent-Length: 0",
      ),
    ).heads;
    expect(head?.headers).toEqual([
      "Set-Cookie",
      "a=1",
      "set-cookie",
      "b=2",
      "X-Empty",
      "",
      "X-Name",
      "caf\u00e9",
      "Content-Length",
      "0",
    ]);
    expect(head?.keepAlive).toBe(false);
  });

  it.each([
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true, undefined],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false, undefined],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false, undefined],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", true, undefined],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=5, max=9\r\n\r\n", true, 5_000],
  ])("%j leaves a connection that can be used again: %s", (text, keepAlive, keepAliveMs) => {
    expect(parse(text).heads[0]).toMatchObject({ keepAlive, keepAliveMs });
  });

  it.each([
    ["something else", "SSH-2.0-OpenSSH_9\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"],
    ["a header without colon", response("200 OK\nhello")],
    ["a folded header", response("200 OK\nA: b\n  c")],
    ["a space before the colon", response("200 OK\nContent-Length : 5")],
    ["a bare line feed in a header", "HTTP/1.1 200 OK\r\nA: b\nX-Injected: 1\r\n\r\n"],
    ["a bare carriage return", "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n"],
    ["a NUL", response("200 OK\nA: b\0c")],
    ["a length that is no number", response("200 OK\nContent-Length: +5", "hello")],
    ["a negative length", response("200 OK\nContent-Length: -5")],
    ["a list of lengths", response("200 OK\nContent-Length: 5, 5", "hello")],
    ["two different lengths", response("200 OK\nContent-Length: 5\nContent-Length: 6", "hello")],
    [
      "both a length and chunks",
      response("200 OK\nContent-Length: 5\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    ],
    ["another coding", response("200 OK\nTransfer-Encoding: gzip, chunked")],
    [
      "chunks said twice",
      response("200 OK\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    ],
    ["a chunk without size", response("200 OK\nTransfer-Encoding: chunked", "\r\nx")],
    ["a chunk of negative size", response("200 OK\nTransfer-Encoding: chunked", "-1\r\nx")],
    ["a chunk longer than its size", response("200 OK\nTransfer-Encoding: chunked", "1\r\nabc\r\n")],
    [
      "a chunk's line without carriage return",
      response("200 OK\nTransfer-Encoding: chunked", "1\na\r\n0\r\n\r\n"),
    ],
    ["more than was asked for", response("200 OK\nContent-Length: 1", "xHTTP/1.1 200 OK\r\n\r\n")],
    ["a change of protocols nobody asked for", response("101 Switching Protocols\nUpgrade: x")],
    ["a head without end", `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(20_000)}`],
    ["a chunk size without end", response("200 OK\nTransfer-Encoding: chunked", "1;".padEnd(5_000, "x"))],
    [
      "trailers without end",
      response("200 OK\nTransfer-Encoding: chunked", `0\r\n${"A: b\r\n".repeat(20_000)}`),
    ],
  ])("with %s is refused", (_name, text) => {
    expect(() => parse(text)).toThrow();
  });

  it("that ends too early is refused", () => {
    expect(() => parse(response("200 OK\nContent-Length: 5", "hel"), { closes: true })).toThrow("middle");
    expect(() =>
      parse(response("200 OK\nTransfer-Encoding: chunked", "5\r\nhello\r\n"), { closes: true }),
    ).toThrow("middle");
    expect(() => parse("HTTP/1.1 200", { closes: true })).toThrow("middle");
  });

  it("never does harm, whatever bytes come", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(), { maxLength: 5 }), (noise, cuts) => {
        const text = response("200 OK\nTransfer-Encoding: chunked", Buffer.from(noise).toString("latin1"));
        try {
          expect(parse(text, { cuts }).heads).toHaveLength(1);
        } catch (error) {
          expect((error as { code?: string }).code).toBe("UPSTREAM_SYNTAX");
        }
      }),
    );
  });
});
