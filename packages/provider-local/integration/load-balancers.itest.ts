import { createServer } from "node:net";
import type { LoadBalancer, Server } from "@bellows/core";
import { isBellowsError } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adoptBalancer } from "../src/balancer/client.js";
import { openBalancerFolders } from "../src/balancer-folders.js";
import type { Bench, Connected } from "./harness.js";
import { collect, createBench, lives, specOf, until } from "./harness.js";

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.clear());

const listeners = [{ port: 0, protocol: "http" as const }];
const healthCheck = { target: "HTTP:/health", intervalMs: 100, timeoutMs: 500, healthy: 1, unhealthy: 2 };
const front = { name: "front", listeners, healthCheck };

interface Answer {
  pid: number;
  instance: string;
}

const ask = async (balancer: LoadBalancer, path = "/"): Promise<Answer> =>
  (await (await fetch(`http://${balancer.addresses[0]}${path}`)).json()) as Answer;

async function pidOfBalancer(name: string): Promise<number> {
  return (await adoptBalancer(openBalancerFolders(bench.stateDir).path(name)))?.pid ?? 0;
}

async function makeServers(local: Connected, count: number): Promise<Server[]> {
  const made = await Promise.all(Array.from({ length: count }, () => local.servers.create(specOf())));
  for (const { id } of made)
    await until(
      () => local.servers.get(id),
      (server) => server.status === "active",
    );
  return made;
}

describe("a load balancer", () => {
  it("spreads requests over servers that were registered by their id", async () => {
    const local = await bench.open();
    const servers = await makeServers(local, 2);
    const balancer = await local.loadBalancers.create(front);
    expect(balancer).toMatchObject({
      name: "front",
      status: "active",
      pools: [{ name: "default", members: [] }],
    });
    const ids = servers.map(({ id }) => id);
    await local.loadBalancers.register("front", ids, { wait: true, timeoutMs: 10_000 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(balancer)));
    expect(new Set(answers.map(({ instance }) => instance))).toEqual(new Set(ids));
    const members = await collect(local.loadBalancers.members("front"));
    expect(members).toMatchObject(
      servers.map(({ id, port }) => ({ id, port, state: "enabled", health: "healthy" })),
    );
  });

  it("lets a server that is taken out finish its requests, and sends it no new one", async () => {
    const local = await bench.open();
    const [one, other] = (await makeServers(local, 2)) as [Server, Server];
    const balancer = await local.loadBalancers.create(front);
    await local.loadBalancers.register("front", [one.id], { wait: true, timeoutMs: 10_000 });
    const slow = ask(balancer, "/slow?ms=700");
    await until(
      () => collect(local.loadBalancers.members("front")),
      ([member]) => member?.active === 1,
    );
    await local.loadBalancers.register("front", [other.id], { wait: true, timeoutMs: 10_000 });
    await local.loadBalancers.deregister("front", [one.id, "nobody"]);
    const leaving = await collect(local.loadBalancers.members("front"));
    expect(leaving.find(({ id }) => id === one.id)).toMatchObject({ state: "draining", active: 1 });
    for (let count = 0; count < 4; count++) expect((await ask(balancer)).instance).toBe(other.id);
    expect((await slow).instance).toBe(one.id);
    await until(
      () => collect(local.loadBalancers.members("front")),
      (members) => members.length === 1,
    );
  });

  it("tells which member is not healthy and why, and sends it nothing", async () => {
    const local = await bench.open();
    const [one, other] = (await makeServers(local, 2)) as [Server, Server];
    const balancer = await local.loadBalancers.create(front);
    await local.loadBalancers.register("front", [one.id, other.id], { wait: true, timeoutMs: 10_000 });
    await fetch(`http://127.0.0.1:${one.port}/exit`);
    const members = await until(
      () => collect(local.loadBalancers.members("front")),
      (all) => all.some(({ health }) => health === "unhealthy"),
    );
    expect(members.find(({ id }) => id === one.id)?.detail).toMatch(/refused/i);
    for (let count = 0; count < 4; count++) expect((await ask(balancer)).instance).toBe(other.id);
  });

  it("goes on without its controller, and is taken over by the next with its members", async () => {
    const first = await bench.open();
    const [server] = (await makeServers(first, 1)) as [Server];
    const balancer = await first.loadBalancers.create(front);
    await first.loadBalancers.register("front", [server.id], { wait: true, timeoutMs: 10_000 });
    const pid = await pidOfBalancer("front");
    await first.close();
    expect((await ask(balancer)).instance).toBe(server.id);
    const second = await bench.open();
    const [found] = await collect(second.loadBalancers.list());
    expect(found).toMatchObject({ name: "front", status: "active", addresses: balancer.addresses });
    expect(found?.pools[0]?.members.map(({ id }) => id)).toEqual([server.id]);
    expect(await pidOfBalancer("front")).toBe(pid);
  });

  it("is started again after its process was killed, with its port and members", async () => {
    const local = await bench.open();
    const [server] = (await makeServers(local, 1)) as [Server];
    const balancer = await local.loadBalancers.create(front);
    await local.loadBalancers.register("front", [server.id], { wait: true, timeoutMs: 10_000 });
    const pid = await pidOfBalancer("front");
    process.kill(pid, "SIGKILL");
    await until(
      () => pidOfBalancer("front"),
      (now) => now !== 0 && now !== pid,
    );
    const again = await local.loadBalancers.get("front");
    expect(again).toMatchObject({ status: "active", addresses: balancer.addresses });
    expect((await ask(again)).instance).toBe(server.id);
  });

  it("changes its health check, listeners and metadata without losing its members", async () => {
    const local = await bench.open();
    const [server] = (await makeServers(local, 1)) as [Server];
    await local.loadBalancers.create({ ...front, owner: "shop/front", metadata: { team: "blue" } });
    await local.loadBalancers.register("front", [server.id], { wait: true, timeoutMs: 10_000 });
    await local.loadBalancers.configureHealthCheck("front", { ...healthCheck, target: "TCP" });
    const both = [...listeners, { port: 0, protocol: "tcp" as const }];
    const changed = await local.loadBalancers.update("front", {
      listeners: both,
      algorithm: "least-connections",
    });
    expect(changed.addresses).toHaveLength(2);
    expect(changed.pools[0]).toMatchObject({
      algorithm: "least-connections",
      healthCheck: { target: "TCP" },
    });
    expect(changed.pools[0]?.members.map(({ id }) => id)).toEqual([server.id]);
    expect(changed).toMatchObject({ metadata: { team: "blue" }, owner: "shop/front" });
    expect(await local.loadBalancers.metadata("front", { team: "red" })).toMatchObject({ team: "red" });
  });

  it("is found again by an equal create, and refused by a different one", async () => {
    const local = await bench.open();
    await local.loadBalancers.create(front);
    const pid = await pidOfBalancer("front");
    expect(await local.loadBalancers.create(front)).toMatchObject({ name: "front", status: "active" });
    expect(await pidOfBalancer("front")).toBe(pid);
    await expect(local.loadBalancers.create({ ...front, drainMs: 1 })).rejects.toSatisfy((error) =>
      isBellowsError(error, "already-exists"),
    );
  });

  it("says which port is taken, and leaves nothing behind", async () => {
    const local = await bench.open();
    const squatter = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => squatter.once("listening", resolve));
    const { port } = squatter.address() as { port: number };
    try {
      const create = local.loadBalancers.create({ ...front, listeners: [{ port, protocol: "http" }] });
      await expect(create).rejects.toSatisfy(
        (error) => isBellowsError(error, "conflict") && error.message.includes(String(port)),
      );
      expect(await collect(local.loadBalancers.list())).toHaveLength(0);
    } finally {
      squatter.close();
    }
  });

  it("is gone when it was deleted, process and all", async () => {
    const local = await bench.open();
    await local.loadBalancers.create(front);
    const pid = await pidOfBalancer("front");
    await local.loadBalancers.delete("front", { wait: true });
    expect(lives(pid)).toBe(false);
    expect(await collect(local.loadBalancers.list())).toHaveLength(0);
    await expect(local.loadBalancers.delete("front")).rejects.toSatisfy((error) =>
      isBellowsError(error, "not-found"),
    );
    expect(await local.loadBalancers.create(front)).toMatchObject({ status: "active" });
  });

  it("refuses what it cannot do, by name", async () => {
    const local = await bench.open();
    const refused = async (spec: object): Promise<string> =>
      local.loadBalancers.create({ name: "front", listeners, ...spec }).then(
        () => "made",
        (error: Error) => error.message,
      );
    expect(await refused({ listeners: [{ port: 0, protocol: "udp" }] })).toContain("no protocol udp here");
    expect(await refused({ algorithm: "random" })).toContain('no algorithm "random" here');
    expect(await refused({ zones: ["mars"] })).toContain('no zone "mars" here');
    expect(
      await refused({
        listeners: [{ port: 0, protocol: "http", pool: "b" }],
        pools: [{ name: "a", algorithm: "round-robin" }],
      }),
    ).toContain('names no pool of it: "b"');
  });
});
