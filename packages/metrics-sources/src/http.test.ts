import {
  createHost,
  type Host,
  type HttpRequest,
  type HttpResponse,
  manualClock,
  type Sample,
} from "@bellows/core";
import { describe, expect, test } from "vitest";
import http from "./http.js";

interface Seen {
  url: string;
  request: HttpRequest;
}

/** A source whose requests are answered by a function, so that what was sent can be looked at. */
function create(options: object, answer: (url: string) => unknown = () => ({})) {
  const seen: Seen[] = [];
  const secrets: string[] = [];
  const clock = manualClock(5_000);
  const real = createHost({ key: "web", clock });
  const host: Host = {
    ...real,
    secret: (value) => void secrets.push(value),
    http: {
      async request(url, request = {}) {
        seen.push({ url, request });
        const body = JSON.stringify(await answer(url));
        return {
          status: 200,
          headers: {},
          body,
          json: <T>() => JSON.parse(body) as T,
        } satisfies HttpResponse;
      },
    },
  };
  const source = http.create(http.options.parse(options), host);
  const read = async (...params: object[]): Promise<Sample[]> =>
    (await source).read(
      params.map((one) => ({ params: http.query.parse(one) })),
      { deadlineMs: 3_000 },
    );
  return { read, seen, secrets, clock };
}

describe("the http source, asking", () => {
  test("equal requests once, and looking into the answer for each metric", async () => {
    const { read, seen } = create({ url: "http://h/stats" }, () => ({
      queue: { ready: "12.5" },
      workers: [{ busy: true }],
    }));
    const samples = await read(
      { select: "queue.ready" },
      { select: "queue.gone" },
      { select: "workers.0.busy" },
      { select: "workers" },
      { select: "length(workers)" },
    );
    expect(samples).toEqual([
      { value: 12.5, observedAtMs: 5_000 },
      { unavailable: '"queue.gone" is not there, "queue" is an object with ready' },
      { unavailable: '"workers.0.busy" is the boolean true, which is no number' },
      { unavailable: '"workers" is a list of 1 item, which is no number' },
      { value: 1, observedAtMs: 5_000 },
    ]);
    expect(seen).toHaveLength(1);
  });

  test("requests that differ in anything each by itself", async () => {
    const { read, seen } = create({ url: "http://h/stats" }, () => 1);
    await read(
      {},
      { headers: { a: "1" } },
      { headers: { A: "1" } },
      { body: "x" },
      { method: "POST" },
      { url: "/other" },
      { auth: { bearer: "abcdef" } },
    );
    expect(seen.map(({ url, request }) => [url, request.method, request.body, request.headers?.a])).toEqual([
      ["http://h/stats", "GET", undefined, undefined],
      ["http://h/stats", "GET", undefined, "1"],
      ["http://h/stats", "POST", "x", undefined],
      ["http://h/stats", "POST", undefined, undefined],
      ["http://h/other", "GET", undefined, undefined],
      ["http://h/stats", "GET", undefined, undefined],
    ]);
  });

  test.each([
    ["http://h/api", "stats", "http://h/api/stats"],
    ["http://h/api/", "stats?a=1", "http://h/api/stats?a=1"],
    ["http://h/api", "/stats", "http://h/stats"],
    ["http://h/api", "?a=1", "http://h/api?a=1"],
    ["http://h/api", "https://other/x", "https://other/x"],
    [undefined, "http://h/api", "http://h/api"],
    ["http://h/api", undefined, "http://h/api"],
  ])("from %s with %s: %s", async (source, metric, url) => {
    const { read, seen } = create(source === undefined ? {} : { url: source }, () => 1);
    await read(metric === undefined ? {} : { url: metric });
    expect(seen[0]?.url).toBe(url);
  });

  test("as the metric says, where both say something", async () => {
    const { read, seen } = create(
      {
        url: "http://h/",
        method: "POST",
        headers: { "X-Team": "a", accept: "text/plain" },
        body: "from source",
        auth: { user: "u", password: "long password" },
        timeout: "2s",
      },
      () => 1,
    );
    await read({ headers: { "x-team": "b" }, body: '{"a":1}', timeout: "1s" });
    expect(seen[0]?.request).toMatchObject({
      method: "POST",
      body: '{"a":1}',
      timeoutMs: 1_000,
      headers: {
        "x-team": "b",
        accept: "text/plain",
        "content-type": "application/json",
        authorization: `Basic ${Buffer.from("u:long password").toString("base64")}`,
      },
    });
  });

  test("never gives the source's credentials to another origin", async () => {
    const { read, seen } = create(
      { url: "https://h/", auth: { bearer: "sesame-open" }, headers: { "x-api-key": "key-of-h" } },
      () => 1,
    );
    await read({ url: "https://elsewhere/x" }, { url: "http://h/x" }, { url: "/x" });
    expect(seen.map(({ request }) => request.headers?.authorization)).toEqual([
      undefined,
      undefined,
      "Bearer sesame-open",
    ]);
    expect(seen.map(({ request }) => request.headers?.["x-api-key"])).toEqual([
      undefined,
      undefined,
      "key-of-h",
    ]);
  });

  test("with every secret told to the host, and shown in no reason", async () => {
    const { read, secrets } = create(
      { url: "http://me:p4ssw0rd@h/", auth: { bearer: "sesame-open" } },
      () => ({ echo: "sesame-open and p4ssw0rd" }),
    );
    const [sample] = await read({ select: "echo", headers: { Cookie: "crumbs-1234" } });
    expect(sample).toEqual({ unavailable: '"echo" is the text "[secret] and [secret]", which is no number' });
    expect(secrets).toEqual(expect.arrayContaining(["sesame-open", "p4ssw0rd", "crumbs-1234"]));
  });

  test("for the time of a value too, where the answer has one", async () => {
    const { read } = create({ url: "http://h/", select: "n", observedAt: "at" }, (url) => ({
      n: 1,
      at: new URL(url).searchParams.get("at"),
    }));
    expect(
      await read({ url: "?at=1700000000" }, { url: "?at=2026-01-01T00:00:00Z" }, { url: "?at=noon" }),
    ).toEqual([
      { value: 1, observedAtMs: 1_700_000_000_000 },
      { value: 1, observedAtMs: Date.UTC(2026, 0, 1) },
      { unavailable: 'observedAt "at" is the text "noon", which is no time' },
    ]);
  });

  test("no address at all is the metric's own trouble", async () => {
    const { read } = create({}, () => 3);
    expect(await read({ select: "a" }, { url: "http://h/" }, { url: "relative" })).toEqual([
      { unavailable: "no address (give the metric or its source a url)" },
      { value: 3, observedAtMs: 5_000 },
      { unavailable: "the url is no address (write http://host:port/path)" },
    ]);
  });

  test("no more requests at once than it may, and none for longer than the read", async () => {
    let underWay = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const { read, clock, seen } = create({ url: "http://h/", concurrency: 2 }, () => {
      underWay += 1;
      most = Math.max(most, underWay);
      return new Promise((resolve) => ends.push(() => resolve(1)));
    });
    const reading = read(...["a", "b", "c", "d"].map((url) => ({ url })));
    await Promise.resolve();
    clock.advance(3_000);
    expect(await reading).toEqual(Array.from({ length: 4 }, () => ({ unavailable: "no answer within 3s" })));
    expect([most, seen.length]).toEqual([2, 2]);
    for (const end of ends) end();
  });
});

describe("what a file may say to the http source", () => {
  test.each([
    [{ url: "ftp://h/" }, "is no http or https address"],
    [{ url: "http://h/", select: "a..b" }, "empty step"],
    [{ url: "http://h/", timeout: "5" }, "unit"],
    [{ url: "http://h/", auth: { user: "a" } }, ""],
    [{ url: "http://h/", tls: { cafile: "x" } }, "cafile"],
  ])("%j is refused", (options, words) => {
    expect(JSON.stringify(http.options.safeParse(options).error?.issues)).toContain(words);
    expect(http.options.safeParse(options).success).toBe(false);
  });
});
