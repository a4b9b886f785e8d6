import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import {
  afterwards,
  ask,
  balance,
  eventually,
  killHard,
  Load,
  serve,
  startInstance,
} from "./balancer-fixture.js";

const here = (id: string, port: number) => ({ id, address: "127.0.0.1", port });
const named = (name: string) => serve((_request, response) => response.setHeader("x-member", name).end("ok"));

/** A promise with its own trigger. */
function signal(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe("requests", () => {
  it("are shared among members by weight", async () => {
    const [a, b] = [await named("a"), await named("b")];
    const { port } = await balance({ members: [{ ...here("a", a.port), weight: 3 }, here("b", b.port)] });
    const members: string[] = [];
    for (let turn = 0; turn < 8; turn += 1) members.push((await ask(port)).member);
    expect(members.filter((member) => member === "a")).toHaveLength(6);
    expect(members.filter((member) => member === "b")).toHaveLength(2);
  });

  it("reach the member as they were sent, and its answer comes back as it was given", async () => {
    const { port: member } = await serve((incoming, response) => {
      response.writeHead(418, "Tea", ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "X-Name", "caf\u00e9"]);
      response.end(JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.headers }));
    });
    const { port } = await balance({ members: [here("a", member)] });
    const headers = { host: "shop.test", "x-mine": "1", "x-forwarded-for": "1.2.3.4" };
    const answer = await ask(port, "/a%20b?c=d&e", { method: "DELETE", headers });
    const seen = JSON.parse(answer.body.toString());
    expect(answer.status).toBe(418);
    expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(answer.headers["x-name"]).toBe("caf\u00e9");
    expect(seen).toMatchObject({ method: "DELETE", url: "/a%20b?c=d&e" });
    expect(seen.headers).toMatchObject({
      host: "shop.test",
      "x-mine": "1",
      "x-forwarded-for": "1.2.3.4, 127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": "shop.test",
    });
  });

  it("by HEAD get the length and no body, and the connection goes on", async () => {
    const { port: member } = await serve((_request, response) =>
      response.setHeader("content-length", 1_000).end(),
    );
    const { port } = await balance({ members: [here("a", member)] });
    const first = await ask(port, "/", { method: "HEAD" });
    expect(first.headers["content-length"]).toBe("1000");
    expect(first.body).toHaveLength(0);
    expect((await ask(port, "/", { method: "HEAD" })).status).toBe(200);
  });

  it("that ask before they send their body are told to go on", async () => {
    const { port: member } = await serve((incoming, response) => incoming.pipe(response));
    const { port } = await balance({ members: [here("a", member)] });
    const call = request({ port, method: "POST", headers: { expect: "100-continue", "content-length": 5 } });
    call.flushHeaders();
    await once(call, "continue");
    call.end("hello");
    const [response] = (await once(call, "response")) as [IncomingMessage];
    expect(Buffer.concat(await response.toArray()).toString()).toBe("hello");
  });

  it("whose answer is a stream of events get each event at once", async () => {
    let emit: (event: string) => void = () => {};
    const { port: member } = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      emit = (event) => response.write(`data: ${event}\n\n`);
    });
    const { port } = await balance({ members: [here("a", member)] });
    const call = get({ port, path: "/events" });
    const [response] = (await once(call, "response")) as [IncomingMessage];
    for (const event of ["one", "two", "three"]) {
      const arrived = once(response, "data");
      emit(event);
      expect(String((await arrived)[0])).toBe(`data: ${event}\n\n`);
    }
    call.destroy();
  });

  it("change protocols with the member (WebSocket), bytes passing both ways", async () => {
    const { port: member, server } = await serve(() => {});
    server.on("upgrade", (_request, socket: Socket, head: Buffer) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      if (head.length > 0) socket.write(head);
      socket.pipe(socket);
    });
    const { port, balancer } = await balance({ members: [here("a", member)] });
    const call = request({ port, headers: { connection: "Upgrade", upgrade: "echo" } }).end();
    const [response, socket] = (await once(call, "upgrade")) as [IncomingMessage, Socket, Buffer];
    expect(response.headers.upgrade).toBe("echo");
    socket.write("ping");
    expect(String((await once(socket, "data"))[0])).toBe("ping");
    expect((await balancer.stats()).total.active).toBe(1);
    socket.end();
    await eventually(async () => (await balancer.stats()).total.active === 0);
  });

  it("to change protocols get the member's refusal", async () => {
    const { port: member } = await serve((_request, response) => response.writeHead(403).end("no"));
    const { port } = await balance({ members: [here("a", member)] });
    const answer = await ask(port, "/", { headers: { connection: "Upgrade", upgrade: "echo" } });
    expect(answer.status).toBe(403);
    expect(answer.body.toString()).toBe("no");
  });

  it("that no client library would send are refused, not passed on", async () => {
    const a = await named("a");
    const { port } = await balance({ members: [here("a", a.port)] });
    const socket = connect(port, "127.0.0.1");
    socket.write(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    );
    expect(String((await once(socket, "data"))[0])).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
    expect((await ask(port)).status).toBe(200);
  });
});

describe("large bodies", () => {
  const SIZE = 64 * 1_024 * 1_024;
  const hash = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

  it("pass byte for byte, up and down", async () => {
    const { port: member } = await serve((incoming, response) => incoming.pipe(response));
    const { port } = await balance({ members: [here("a", member)] });
    const data = randomBytes(SIZE);
    const answer = await ask(port, "/", { method: "POST", body: data });
    expect(answer.body.length).toBe(SIZE);
    expect(hash(answer.body)).toBe(hash(data));
    const chunked = await ask(port, "/", {
      method: "POST",
      body: data,
      headers: { "transfer-encoding": "chunked" },
    });
    expect(hash(chunked.body)).toBe(hash(data));
  });

  it("wait for a slow client: the balancer does not hold them in memory", async () => {
    const chunk = Buffer.alloc(1_024 * 1_024);
    const total = 256;
    let written = 0;
    const { port: member } = await serve((_request, response) => {
      const more = (): void => {
        while (written < total) {
          written += 1;
          if (!response.write(chunk)) return void response.once("drain", more);
        }
        response.end();
      };
      more();
    });
    const { port, balancer } = await balance({ members: [here("a", member)] });
    const call = get({ port, agent: false });
    const [response] = (await once(call, "response")) as [IncomingMessage];
    response.pause();
    // It stands still when the buffers of all sockets on the way are full.
    let before = -1;
    await eventually(async () => {
      const still = before === written;
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return still && written > 0;
    });
    expect(written).toBeLessThan(total / 2);
    const rssKb = Number(
      /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${balancer.pid}/status`, "utf8"))?.[1] ?? 0,
    );
    expect(rssKb).toBeLessThan(200 * 1_024);
    let bytes = 0;
    for await (const part of response as AsyncIterable<Buffer>) bytes += part.length;
    expect(bytes).toBe(total * chunk.length);
  });
});

describe("a client that goes away", () => {
  it("ends its request at the member", async () => {
    const gone = signal();
    const begun = signal();
    const { port: member } = await serve((_request, response) => {
      response.once("close", () => gone.resolve());
      begun.resolve();
    });
    const { port, balancer } = await balance({ members: [here("a", member)] });
    const call = get({ port, agent: false });
    call.on("error", () => {});
    await begun.promise;
    call.destroy();
    await gone.promise;
    await eventually(async () => (await balancer.stats()).total.active === 0);
  });

  it("in the middle of its upload ends it at the member too", async () => {
    const failed = signal();
    const begun = signal();
    const { port: member } = await serve((incoming) => {
      incoming.once("data", () => begun.resolve());
      incoming.once("error", () => failed.resolve());
    });
    const { port, balancer } = await balance({ members: [here("a", member)] });
    const call = request({ port, method: "POST", agent: false, headers: { "content-length": 10_000_000 } });
    call.on("error", () => {});
    call.write(Buffer.alloc(100_000));
    await begun.promise;
    call.destroy();
    await failed.promise;
    await eventually(async () => (await balancer.stats()).total.active === 0);
  });
});

describe("members", () => {
  it("come and go under load without a failed request", async () => {
    const instances = await Promise.all(["a", "b", "c"].map((name) => startInstance(name)));
    const [a, b, c] = instances.map((instance) => instance.member) as [never, never, never];
    const { port, change } = await balance({ members: [a] });
    const load = new Load(port);
    for (const members of [[a, b], [a, b, c], [b, c], [c], [a, c], [b], [a, b, c]]) {
      await change({ members });
      await load.proceed(150);
    }
    await load.end();
    expect(load.failures).toEqual([]);
    expect([...load.members.keys()].sort()).toEqual(["a", "b", "c"]);
  });

  it("are killed under load without a failed GET, and served again when they are back", async () => {
    const instances = await Promise.all(["a", "b", "c"].map((name) => startInstance(name)));
    const members = instances.map((instance) => instance.member);
    const healthCheck = { protocol: "http" as const, intervalMs: 100, timeoutMs: 1_000 };
    const { port, balancer } = await balance({ members, healthCheck });
    await eventually(
      async () => (await balancer.status()).pools.main?.members.every((member) => member.serving) ?? false,
    );
    const load = new Load(port, "/", 16);
    await load.proceed(200);
    await killHard(instances[0]?.child as never);
    await load.proceed(500);
    await killHard(instances[1]?.child as never);
    await load.proceed(500);
    await startInstance("a", members[0]?.port);
    const back = async (): Promise<boolean> =>
      (await balancer.status()).pools.main?.members[0]?.serving ?? false;
    await eventually(back);
    const before = load.members.get("a") ?? 0;
    await load.proceed(100);
    await load.end();
    expect(load.failures).toEqual([]);
    expect(load.members.get("a")).toBeGreaterThan(before);
  });

  it("that are all gone make requests wait for the next one", async () => {
    const first = await startInstance("a");
    const { port, change, balancer } = await balance({ members: [first.member], queueMs: 20_000 });
    expect((await ask(port)).member).toBe("a");
    await killHard(first.child);
    const waiting = ask(port);
    await eventually(async () => (await balancer.stats()).pools.main?.waiting === 1);
    await change({ members: [(await startInstance("b")).member], queueMs: 20_000 });
    expect((await waiting).member).toBe("b");
  });

  it("that are all gone make a change of protocols wait too", async () => {
    const { port, change, balancer } = await balance({ members: [], queueMs: 20_000 });
    const waiting = ask(port, "/", { headers: { connection: "Upgrade", upgrade: "echo" } });
    await eventually(async () => (await balancer.stats()).pools.main?.waiting === 1);
    const member = await serve((_request, response) => response.writeHead(403).end("no"));
    await change({ members: [here("a", member.port)], queueMs: 20_000 });
    expect((await waiting).status).toBe(403);
  });

  it("that are all gone are answered for with 503 and a time to come back, when the wait is over", async () => {
    const { port } = await balance({ members: [], queueMs: 50 });
    const answer = await ask(port);
    expect(answer.status).toBe(503);
    expect(answer.headers["retry-after"]).toBe("1");
  });

  it("that die over a POST leave it unrepeated: 502", async () => {
    let posts = 0;
    const { port: member } = await serve((incoming) => {
      posts += 1;
      incoming.socket.destroy();
    });
    const { port } = await balance({ members: [here("a", member), here("b", member)] });
    const answer = await ask(port, "/", { method: "POST", body: "order" });
    expect(answer.status).toBe(502);
    expect(posts).toBe(1);
  });

  it("that refuse the connection of a POST pass it to another, large body and all", async () => {
    const { port: member } = await serve((incoming, response) => incoming.pipe(response));
    const dead = await startInstance("dead");
    await killHard(dead.child);
    const { port } = await balance({ members: [dead.member, here("a", member)] });
    const data = randomBytes(300_000);
    expect((await ask(port, "/", { method: "POST", body: data })).body.equals(data)).toBe(true);
  });

  it("that break off in the middle of an answer do not make it look whole", async () => {
    const { port: member } = await serve((_request, response) => {
      response.write("half");
      setImmediate(() => setTimeout(() => response.destroy(), 50));
    });
    const { port } = await balance({ members: [here("a", member)] });
    await expect(ask(port)).rejects.toThrow(/aborted|hang up|reset/i);
  });

  it("that do not answer in time are answered for with 504", async () => {
    const { port: member } = await serve(() => {});
    const { port } = await balance({ members: [here("a", member)], responseTimeoutMs: 1_000 });
    expect((await ask(port)).status).toBe(504);
  });

  it("get nothing before their first passed check, and are out while checks fail", async () => {
    let healthy = false;
    const { port: member } = await serve((incoming, response) => {
      const status = incoming.url === "/health" && !healthy ? 500 : 200;
      response.writeHead(status).end("ok");
    });
    const healthCheck = { protocol: "http" as const, path: "/health", intervalMs: 50, timeoutMs: 1_000 };
    const { port, balancer } = await balance({ members: [here("a", member)], healthCheck, queueMs: 0 });
    const health = async () => (await balancer.status()).pools.main?.members[0];
    await eventually(async () => (await health())?.reason === "/health answered 500");
    expect((await ask(port)).status).toBe(503);
    healthy = true;
    await eventually(async () => (await health())?.serving === true);
    expect((await ask(port)).status).toBe(200);
    healthy = false;
    await eventually(async () => (await health())?.health === "unhealthy");
    expect((await ask(port)).status).toBe(503);
  });

  it("that drain finish what they have and get nothing new", async () => {
    const [a, b] = await Promise.all([startInstance("a"), startInstance("b")]);
    const { port, balancer } = await balance({
      members: [a.member, b.member],
      algorithm: "least-connections",
    });
    const slow = [ask(port, "/slow"), ask(port, "/slow")];
    await eventually(async () => (await balancer.stats()).total.active === 2);
    const status = await balancer.setMemberState("main", "a", "draining");
    expect(status.pools.main?.members[0]).toMatchObject({ state: "draining", serving: false, active: 1 });
    for (let turn = 0; turn < 6; turn += 1) expect((await ask(port)).member).toBe("b");
    const members = (await Promise.all(slow)).map((answer) => answer.member);
    expect(members.sort()).toEqual(["a", "b"]);
    await eventually(async () => (await balancer.status()).pools.main?.members[0]?.active === 0);
  });

  it("that drain too long are cut at their deadline", async () => {
    const { port: member } = await serve((_request, response) => response.writeHead(200).flushHeaders());
    const { port, change, balancer } = await balance({ members: [here("a", member)], drainMs: 100 });
    const endless = ask(port);
    endless.catch(() => {});
    await eventually(async () => (await balancer.stats()).total.active === 1);
    await change({ members: [], drainMs: 100 });
    expect((await balancer.status()).pools.main?.members[0]).toMatchObject({
      id: "a",
      state: "removed",
      active: 1,
    });
    await expect(endless).rejects.toThrow();
    await eventually(async () => (await balancer.status()).pools.main?.members.length === 0);
  });
});

describe("a TCP listener", () => {
  async function echo(): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {});
      socket.pipe(socket);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    afterwards(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  it("passes bytes both ways, and each side's end by itself", async () => {
    const { port, balancer } = await balance({ members: [here("a", await echo())] }, "tcp");
    const data = randomBytes(5_000_000);
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.end(data);
    const back = Buffer.concat(await socket.toArray());
    expect(back.equals(data)).toBe(true);
    await eventually(async () => (await balancer.stats()).total.active === 0);
    expect((await balancer.stats()).total).toMatchObject({
      requests: 1,
      failures: 0,
      bytesIn: data.length,
      bytesOut: data.length,
    });
  });

  it("goes to another member when one refuses", async () => {
    const dead = await startInstance("dead");
    await killHard(dead.child);
    const { port } = await balance({ members: [dead.member, here("a", await echo())] }, "tcp");
    for (let turn = 0; turn < 3; turn += 1) {
      const socket = connect(port, "127.0.0.1");
      socket.end("ping");
      expect(Buffer.concat(await socket.toArray()).toString()).toBe("ping");
    }
  });

  it("ends the client's connection when the member's breaks", async () => {
    const instance = await startInstance("a");
    const { port, balancer } = await balance({ members: [instance.member] }, "tcp");
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET /slow HTTP/1.1\r\nHost: x\r\n");
    await once(socket, "connect");
    const closed = once(socket, "close");
    await eventually(async () => ((await balancer.stats()).total.bytesIn ?? 0) > 0);
    await killHard(instance.child);
    await closed;
  });
});
