import { once } from "node:events";
import { get, request } from "node:http";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { afterwards, ask, balance, eventually, serve } from "./balancer-fixture.js";

const here = (id: string, port: number) => ({ id, address: "127.0.0.1", port });

/** A small generator of its own, so that a failure can be had again. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Answers that no server should give, and the end of the connection in every place. */
const MISDEEDS: ((socket: Socket) => void)[] = [
  (socket) => socket.destroy(),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end(),
  (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Le"),
  (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
  (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
  (socket) =>
    socket.write(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
    ),
  (socket) => socket.write("\0\0\0\0 not HTTP at all\r\n\r\n"),
  (socket) => socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
  (socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
  (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}\r\n\r\n`),
];

async function misbehave(random: (below: number) => number): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => MISDEEDS[random(MISDEEDS.length)]?.(socket));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  afterwards(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What clients do: most ask properly, some go away at the worst moment, some send nonsense. */
function behave(port: number, random: (below: number) => number): Promise<unknown> {
  const settled = (promise: Promise<unknown>) => promise.catch(() => undefined);
  switch (random(6)) {
    case 0:
      return settled(ask(port, "/", { method: "POST", body: Buffer.alloc(random(200_000)) }));
    case 1: {
      const call = get({ port, agent: false });
      call.on("error", () => {});
      setImmediate(() => call.destroy());
      return settled(once(call, "close"));
    }
    case 2: {
      const call = request({ port, method: "POST", agent: false, headers: { "content-length": 1_000_000 } });
      call.on("error", () => {});
      call.write(Buffer.alloc(random(100_000)));
      setTimeout(() => call.destroy(), random(20));
      return settled(once(call, "close"));
    }
    case 3: {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.resume().end("GET / HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n");
      return settled(once(socket, "close"));
    }
    case 4: {
      const call = request({ port, agent: false, headers: { connection: "Upgrade", upgrade: "x" } }).end();
      call.on("error", () => {});
      call.on("upgrade", (_response, socket) => socket.on("error", () => {}).destroy());
      call.on("response", (response) => response.on("error", () => {}).resume());
      return settled(once(call, "close"));
    }
    default:
      return settled(ask(port));
  }
}

describe("a balancer between clients and members that misbehave in every way", () => {
  it("survives, lets go of everything, and gives no answer to the wrong request", async () => {
    const random = generator(20_261_122);
    const good = await serve((incoming, response) =>
      incoming.resume().once("end", () => response.end("good")),
    );
    const bad = [await misbehave(random), await misbehave(random)];
    const members = [here("good", good.port), ...bad.map((port, index) => here(`bad-${index}`, port))];
    const { port, balancer, change } = await balance({ members, responseTimeoutMs: 500, queueMs: 200 });
    const before = balancer.pid;
    for (let round = 0; round < 30; round += 1) {
      await Promise.all(Array.from({ length: 20 }, () => behave(port, random)));
      const states = members.map((member) => ({
        ...member,
        state: random(8) === 0 ? ("draining" as const) : ("enabled" as const),
      }));
      await change({ members: states, responseTimeoutMs: 500, queueMs: 200, drainMs: random(100) });
    }
    await change({ members: [here("good", good.port)], responseTimeoutMs: 500, queueMs: 5_000, drainMs: 0 });
    await eventually(async () => (await balancer.stats()).total.active === 0);
    for (let turn = 0; turn < 20; turn += 1) expect((await ask(port)).body.toString()).toBe("good");
    const status = await balancer.status();
    expect(status.pid).toBe(before);
    expect(status.pools.main?.members).toMatchObject([{ id: "good", active: 0 }]);
    expect(status.pools.main?.waiting).toBe(0);
  });
});
