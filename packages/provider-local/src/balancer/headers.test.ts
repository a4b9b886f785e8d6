import { describe, expect, it } from "vitest";
import { forwardRequest } from "./headers.js";

const forwarding = ["X-Forwarded-For", "10.0.0.9", "X-Forwarded-Proto", "http"];

describe("a request's headers", () => {
  it.each([
    [
      "pass in their order, case and repetition",
      ["Accept", "a", "x-B", "1", "X-b", "2"],
      ["Accept", "a", "x-B", "1", "X-b", "2"],
    ],
    [
      "of this connection stay on it",
      [
        "Connection",
        "keep-alive",
        "Keep-Alive",
        "timeout=5",
        "TE",
        "trailers",
        "Upgrade",
        "h2c",
        "Proxy-Authorization",
        "x",
        "Trailer",
        "T",
      ],
      [],
    ],
    [
      "named by Connection stay on it too",
      ["Connection", "close, X-Secret", "X-Secret", "1", "x-secret", "2", "Y", "3"],
      ["Y", "3"],
    ],
    [
      "cannot be used to drop the length",
      ["Connection", "content-length", "Content-Length", "5"],
      ["Content-Length", "5"],
    ],
    ["do not pass an expectation that is met here", ["Expect", "100-continue"], []],
    [
      "do not let a client say how it was reached",
      ["X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil"],
      [],
    ],
  ])("%s", (_name, raw, kept) => {
    expect(forwardRequest(raw, "10.0.0.9").headers).toEqual([...kept, ...forwarding]);
  });

  it("name the host that was asked for", () => {
    const { headers } = forwardRequest(["Host", "shop.test"], "10.0.0.9");
    expect(headers).toEqual(["Host", "shop.test", ...forwarding, "X-Forwarded-Host", "shop.test"]);
  });

  it("add the client to those who forwarded before, over several headers", () => {
    const { headers } = forwardRequest(
      ["X-Forwarded-For", "1.1.1.1", "x-forwarded-for", "2.2.2.2, 3.3.3.3"],
      "10.0.0.9",
    );
    expect(headers[1]).toBe("1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.9");
  });

  it.each([
    ["none", [], { hasBody: false, contentLength: undefined }],
    ["an empty one", ["Content-Length", "0"], { hasBody: false, contentLength: 0 }],
    ["one of known length", ["Content-Length", "7"], { hasBody: true, contentLength: 7 }],
    ["one in chunks", ["Transfer-Encoding", "chunked"], { hasBody: true, contentLength: undefined }],
  ])("tell of a body: %s", (_name, raw, expected) => {
    expect(forwardRequest(raw, "10.0.0.9")).toMatchObject(expected);
  });
});
