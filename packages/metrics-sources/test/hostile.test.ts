import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createHost, type MetricQuery, type MetricSource, type Sample } from "@bellows/core";
import { freePort, hasProgram } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import exposition from "../src/exposition.js";
import http from "../src/http.js";
import prometheus from "../src/prometheus.js";
import rabbitmq from "../src/rabbitmq.js";

const DEADLINE_MS = 1_000;
const MEBIBYTE = 1_048_576;

/** A hundred megabytes of blanks in a hundred kilobytes. */
const bomb = gzipSync(Buffer.alloc(100 * MEBIBYTE, 32));

const open: Server[] = [];
let url: string;
let otherUrl: string;

async function listen(server: Server): Promise<string> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const scheme = "setSecureContext" in server ? "https" : "http";
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** How each misdeed is done, by the first step of the path; whatever follows is what a source puts there. */
const misdeeds: Record<string, RequestListener> = {
  good: (_request, response) => response.end('{"queue":{"ready":12}}'),
  silent: () => {},
  trickle: (_request, response) => {
    response.write("{");
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(timer));
  },
  short: (_request, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"queue":');
    setImmediate(() => response.destroy());
  },
  understated: (_request, response) => {
    // Node refuses to send such an answer: it is written to the socket itself.
    response.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"queue":{"ready":12}}');
  },
  nonsense: (_request, response) => void response.socket?.end("220 mail.example ESMTP\r\n"),
  bomb: (_request, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
  },
  deep: (_request, response) => response.end("[".repeat(500_000)),
  around: (request, response) => response.writeHead(302, { location: request.url }).end(),
  away: (_request, response) => response.writeHead(302, { location: `${otherUrl}/good` }).end(),
  html: (_request, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Log in</title>"),
  broken: (_request, response) => response.writeHead(500).end("the disk is on fire"),
  half: (_request, response) => response.end('{"queue":{"ready":'),
  nan: (_request, response) => response.end('{"queue":{"ready":NaN}}'),
  empty: (_request, response) => response.end(),
  huge: (_request, response) => {
    const chunk = Buffer.alloc(MEBIBYTE, 32);
    let left = 100;
    const more = (): void => {
      while (left > 0 && !response.destroyed) {
        left -= 1;
        if (!response.write(chunk)) return void response.once("drain", more);
      }
      response.end("{}");
    };
    more();
  },
  closed: (request) => request.socket.destroy(),
  hop: (request, response) => {
    const left = Number(request.url?.split("/").at(-1));
    if (left > 0) response.writeHead(302, { location: `/hop/${left - 1}` }).end();
    else response.end('{"queue":{"ready":12}}');
  },
};

const answer: RequestListener = (request, response) => {
  const name = request.url?.split(/[/?]/)[1] ?? "";
  (misdeeds[name] ?? ((_request, gone) => gone.writeHead(404).end("not here")))(request, response);
};

beforeAll(async () => {
  url = await listen(createServer(answer));
  otherUrl = await listen(createServer(answer));
});
afterAll(() => {
  for (const server of open) server.close().closeAllConnections();
});

/** Each misdeed, and what its reason must tell. */
const EXPECTED: [misdeed: string, reason: RegExp][] = [
  ["silent", /did not answer within|no answer within/],
  ["trickle", /did not answer within|no answer within/],
  ["short", /closed the connection|aborted/],
  ["understated", /did not answer with JSON; it begins with|not a page of metrics|failed: Parse Error/],
  ["nonsense", /failed: Parse Error|closed the connection/],
  ["bomb", /answered with more than \d+ bytes/],
  ["deep", /did not answer with JSON; it begins with|not a page of metrics/],
  ["around", /redirects more than 3 times/],
  ["away", /redirects to another origin/],
  ["html", /begins with "<!doctype html>|not a page of metrics/],
  ["broken", /answered 500/],
  ["half", /did not answer with JSON; it begins with|not a page of metrics/],
  ["nan", /did not answer with JSON; it begins with|not a page of metrics/],
  ["empty", /did not answer with JSON|no series up on the page/],
  ["huge", /answered with more than \d+ bytes/],
  ["closed", /closed the connection|socket hang up/],
  ["nothing-here", /404/],
];

/** Each source, made to ask for one misdeed. */
const SOURCES: [name: string, make: (misdeed: string) => Promise<() => Promise<Sample[]>>][] = [
  [
    "http",
    async (misdeed) => reading(await create(http, {}), { url: `${url}/${misdeed}`, select: "queue.ready" }),
  ],
  [
    "prometheus",
    async (misdeed) => reading(await create(prometheus, { url: `${url}/${misdeed}` }), { query: "up" }),
  ],
  [
    "exposition",
    async (misdeed) => reading(await create(exposition, {}), { url: `${url}/${misdeed}`, metric: "up" }),
  ],
  [
    "rabbitmq",
    async (misdeed) => reading(await create(rabbitmq, { url: `${url}/${misdeed}` }), { queue: "celery" }),
  ],
];

type AnySource = MetricSource<never>;

async function create(
  plugin: { options: { parse(value: unknown): unknown }; create: unknown },
  options: object,
): Promise<AnySource> {
  const make = plugin.create as (options: unknown, host: unknown) => AnySource;
  return make(plugin.options.parse(options), createHost({ key: "hostile" }));
}

function reading(source: AnySource, ...params: object[]): () => Promise<Sample[]> {
  const queries = params.map((one) => ({ params: one })) as unknown as MetricQuery<never>[];
  return () => source.read(queries, { deadlineMs: DEADLINE_MS });
}

describe.each(SOURCES)("the %s source, before a server that misbehaves", (_name, make) => {
  test.each(EXPECTED)("%s: the sample is unavailable, and says why", async (misdeed, reason) => {
    const read = await make(misdeed);
    expect(await read()).toEqual([{ unavailable: expect.stringMatching(reason) }]);
  });
});

describe("one source with several metrics", () => {
  const params = (name: string) => ({ params: { url: `${url}/${name}`, select: "queue.ready" } });

  test("a slow neighbour delays nobody: the others have their values while it is still silent", async () => {
    const source = await http.create({}, createHost({ key: "web" }));
    const seen: [number, Sample][] = [];
    let both = (): void => {};
    const early = new Promise<void>((resolve) => {
      both = resolve;
    });
    const read = source.read([params("silent"), params("good"), params("html")], {
      deadlineMs: 60_000,
      onSample: (index, sample) => {
        seen.push([index, sample]);
        if (seen.length === 2) both();
      },
      signal: stopper.signal,
    });
    await early;
    expect(new Map(seen).get(1)).toMatchObject({ value: 12 });
    expect(new Map(seen).get(2)).toMatchObject({ unavailable: expect.any(String) });
    stopper.abort();
    expect(await read).toMatchObject([{ unavailable: "the read was given up" }, { value: 12 }, {}]);
  });

  test("a host that is dead keeps none of the others waiting, however much is asked of it", async () => {
    const source = await http.create({}, createHost({ key: "web" }));
    const queries = Array.from({ length: 40 }, (_, at) => params(`silent/${at}`));
    const good = { params: { url: `${otherUrl}/good`, select: "queue.ready" } };
    const sample = await new Promise((resolve) => {
      void source.read([...queries, good], {
        deadlineMs: 60_000,
        signal: stopper.signal,
        onSample: (index, sample) => index === 40 && resolve(sample),
      });
    });
    expect(sample).toMatchObject({ value: 12 });
    stopper.abort();
  });

  test("nobody at the door is told at once", async () => {
    const port = await freePort();
    const source = await http.create({}, createHost({ key: "web" }));
    const samples = await source.read([{ params: { url: `http://127.0.0.1:${port}/` } }], {
      deadlineMs: 10_000,
    });
    expect(samples).toEqual([{ unavailable: `http://127.0.0.1:${port} refused the connection` }]);
  });

  let stopper = new AbortController();
  afterEach(() => {
    stopper = new AbortController();
  });

  test("three redirects on the same origin are followed", async () => {
    const source = await http.create({}, createHost({ key: "web" }));
    const samples = await source.read([params("hop/3"), params("hop/4")], { deadlineMs: 10_000 });
    expect(samples).toMatchObject([{ value: 12 }, { unavailable: expect.stringContaining("more than 3") }]);
  });

  test("a hundred megabytes, eight times over, are not kept", async () => {
    const source = await http.create({}, createHost({ key: "web" }));
    const beforeBytes = process.memoryUsage().rss;
    const queries = Array.from({ length: 8 }, (_, at) => params(`huge/${at}`));
    const samples = await source.read(queries, { deadlineMs: 20_000 });
    expect(samples).toEqual(
      queries.map(() => ({ unavailable: expect.stringContaining("more than 1048576 bytes") })),
    );
    // One of these answers alone would be more than this.
    expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(90 * MEBIBYTE);
  });
});

describe.skipIf(!hasProgram("openssl", "openssl"))("a server whose certificate nobody vouches for", () => {
  let folder: string;
  let secureUrl: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bellows-tls-"));
    const at = (name: string): string => join(folder, name);
    const request =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
    const files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", at("key.pem"), "-out", at("ca.pem")];
    execFileSync("openssl", [...request.split(" "), ...files], { stdio: "ignore" });
    secureUrl = await listen(
      createTlsServer({ key: readFileSync(at("key.pem")), cert: readFileSync(at("ca.pem")) }, answer),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const read = async (tls?: object): Promise<Sample[]> => {
    const options = http.options.parse({
      url: `${secureUrl}/good`,
      select: "queue.ready",
      ...(tls && { tls }),
    });
    const source = await http.create(options, createHost({ key: "web", baseFolder: folder }));
    return source.read([{ params: {} }], { deadlineMs: 10_000 });
  };

  test("is not believed, and the reason says what to give", async () => {
    expect(await read()).toEqual([
      { unavailable: expect.stringMatching(/self-signed certificate.*tls\.ca/) },
    ]);
  });

  test("is believed with its authority, from a file beside the config or as text, or if told not to look", async () => {
    expect(await read({ caFile: "ca.pem" })).toMatchObject([{ value: 12 }]);
    expect(await read({ ca: readFileSync(join(folder, "ca.pem"), "utf8") })).toMatchObject([{ value: 12 }]);
    expect(await read({ insecure: true })).toMatchObject([{ value: 12 }]);
  });

  test("an authority file that is not there is named", async () => {
    expect(await read({ caFile: "gone.pem" })).toEqual([
      { unavailable: expect.stringMatching(/tls\.caFile .*gone\.pem cannot be read: ENOENT/) },
    ]);
  });
});
