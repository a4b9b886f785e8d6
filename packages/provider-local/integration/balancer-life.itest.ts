import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { Agent, createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { adoptBalancer, type Balancer, connectBalancer, startBalancer } from "../src/balancer/client.js";
import { configPath, logPath, recordPath } from "../src/balancer/files.js";
import { identifyProcess, isRunning } from "../src/balancer/identity.js";
import { findHolder } from "../src/balancer/lock.js";
import {
  afterwards,
  ask,
  balance,
  eventually,
  Load,
  serve,
  startInstance,
  temporaryFolder,
} from "./balancer-fixture.js";

const CLIENT = new URL("../dist/balancer/client.js", import.meta.url).href;

const here = (id: string, port: number) => ({ id, address: "127.0.0.1", port });
const named = (name: string) => serve((_request, response) => response.setHeader("x-member", name).end("ok"));
const configFor = (port: number, member: number) => ({
  listeners: [{ port, protocol: "http" as const, pool: "main" }],
  pools: { main: { members: [here("a", member)] } },
});

async function killBalancer(balancer: Balancer): Promise<void> {
  const identity = identifyProcess(balancer.pid);
  process.kill(balancer.pid, "SIGKILL");
  await eventually(() => identity === undefined || !isRunning(identity));
}

/** Runs code that starts a balancer in a process of its own; returned means that process has ended. */
async function startElsewhere(code: string): Promise<string> {
  const source = `import { startBalancer } from ${JSON.stringify(CLIENT)};\n${code}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const text = child.stdout.setEncoding("utf8").toArray();
  const [code_] = await once(child, "exit");
  expect(code_).toBe(0);
  return (await text).join("");
}

describe("a balancer's process", () => {
  it("lives on when its starter ends, and is adopted by the next", async () => {
    const member = await named("a");
    const folder = join(temporaryFolder(), "front");
    const config = JSON.stringify(configFor(0, member.port));
    const printed = await startElsewhere(
      `const b = await startBalancer({ folder: ${JSON.stringify(folder)}, name: "front", config: ${config} }); console.log(b.pid);`,
    );
    const adopted = (await adoptBalancer(folder)) as Balancer;
    afterwards(() => adopted.stop({ deadlineMs: 0 }));
    expect(adopted.pid).toBe(Number(printed));
    expect(adopted.name).toBe("front");
    const status = await adopted.status();
    expect((await ask(status.listeners[0]?.boundPort ?? 0)).member).toBe("a");
  });

  it("is started once, however many ask at the same time", async () => {
    const folder = join(temporaryFolder(), "front");
    const all = await Promise.all([1, 2, 3, 4].map(() => startBalancer({ folder, name: "front" })));
    afterwards(() => all[0]?.stop({ deadlineMs: 0 }));
    expect(new Set(all.map((balancer) => balancer.pid)).size).toBe(1);
    expect(readdirSync(folder).filter((name) => name.startsWith("lock."))).toHaveLength(1);
  });

  it("comes back after SIGKILL with its configuration, its members and its free port", async () => {
    const member = await named("a");
    const { balancer, port, folder, change } = await balance({ members: [] });
    await change({ members: [here("a", member.port)], algorithm: "least-connections" });
    await killBalancer(balancer);
    expect(await adoptBalancer(folder)).toBeNull();
    const again = await startBalancer({ folder, name: "front" });
    afterwards(() => again.stop({ deadlineMs: 0 }));
    expect(again.pid).not.toBe(balancer.pid);
    expect((await again.config()).pools.main).toMatchObject({ algorithm: "least-connections" });
    expect((await ask(port)).member).toBe("a");
  });

  it("is not confused with a stranger that has its pid now", async () => {
    const { balancer, folder } = await balance({ members: [] });
    await killBalancer(balancer);
    const stranger = spawn("sleep", ["100"]);
    afterwards(() => stranger.kill("SIGKILL"));
    const [lock] = readdirSync(folder).filter((name) => name.startsWith("lock.")) as [string];
    for (const path of [join(folder, lock), recordPath(folder)]) {
      const recorded = JSON.parse(readFileSync(path, "utf8"));
      writeFileSync(path, JSON.stringify({ ...recorded, pid: stranger.pid }));
    }
    expect(await adoptBalancer(folder)).toBeNull();
    await expect(connectBalancer(folder)).rejects.toThrow("no balancer runs");
    await balancer.stop();
    expect(stranger.exitCode).toBeNull();
    const again = await startBalancer({ folder, name: "front" });
    afterwards(() => again.stop({ deadlineMs: 0 }));
    expect(again.pid).not.toBe(stranger.pid);
  });

  it("stops when work under way is done, and is gone then", async () => {
    const instance = await startInstance("a");
    const { balancer, port, folder } = await balance({ members: [instance.member] });
    const slow = ask(port, "/slow", { agent: false });
    await eventually(async () => (await balancer.stats()).total.active === 1);
    await balancer.stop({ deadlineMs: 10_000 });
    expect((await slow).body.toString()).toBe("slow");
    expect(findHolder(folder)).toBeUndefined();
    await expect(ask(port)).rejects.toThrow(/ECONNREFUSED/);
    await balancer.stop();
  });

  it("cuts what is not done at the deadline", async () => {
    const { port: member } = await serve((_request, response) => response.writeHead(200).flushHeaders());
    const { balancer, port } = await balance({ members: [here("a", member)] });
    const endless = ask(port, "/", { agent: false });
    endless.catch(() => {});
    await eventually(async () => (await balancer.stats()).total.active === 1);
    await balancer.stop({ deadlineMs: 50 });
    await expect(endless).rejects.toThrow();
  });

  it("keeps its files to its owner, and its starter's environment out", async () => {
    process.env.BALANCER_TEST_SECRET = "hush";
    const { folder, balancer } = await balance({ members: [] });
    delete process.env.BALANCER_TEST_SECRET;
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
    if (process.platform === "linux") {
      expect(readFileSync(`/proc/${balancer.pid}/environ`, "utf8")).not.toContain("hush");
    }
  });

  it("puts its socket elsewhere when its folder's path is too long for one", async () => {
    const folder = join(temporaryFolder(), "long-".repeat(20), "front");
    const balancer = await startBalancer({ folder, name: "front" });
    expect((await balancer.status()).name).toBe("front");
    expect((await adoptBalancer(folder))?.pid).toBe(balancer.pid);
    const { socket } = JSON.parse(readFileSync(recordPath(folder), "utf8"));
    expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(100);
    await balancer.stop({ deadlineMs: 0 });
    expect(() => statSync(socket)).toThrow(/ENOENT/);
  });
});

describe("a change of configuration", () => {
  it("that is wrong is refused with every fault, and changes nothing", async () => {
    const { balancer, folder } = await balance({ members: [] });
    const before = readFileSync(configPath(folder), "utf8");
    const listeners = [{ port: 70_000, protocol: "udp", pool: "nowhere" }];
    const wrong = balancer.configure({ listeners, pools: {} } as never);
    await expect(wrong).rejects.toThrow(/listeners\.0\.port.*listeners\.0\.protocol/s);
    expect(readFileSync(configPath(folder), "utf8")).toBe(before);
  });

  it("whose port is taken is refused as a whole, and the one before stays in force", async () => {
    const [a, b] = [await named("a"), await named("b")];
    const { balancer, port, folder } = await balance({ members: [here("a", a.port)] });
    const before = readFileSync(configPath(folder), "utf8");
    const listeners = [0, b.port].map((wanted) => ({
      port: wanted,
      protocol: "http" as const,
      pool: "main",
    }));
    const taken = balancer.configure({ listeners, pools: { main: { members: [here("b", b.port)] } } });
    await expect(taken).rejects.toMatchObject({ code: "conflict" });
    expect((await ask(port)).member).toBe("a");
    expect(readFileSync(configPath(folder), "utf8")).toBe(before);
    const elsewhere = {
      listeners: [{ port: b.port, protocol: "http" as const, pool: "new" }],
      pools: { new: { members: [] } },
    };
    await expect(balancer.configure(elsewhere)).rejects.toMatchObject({ code: "conflict" });
    expect(Object.keys((await balancer.status()).pools)).toEqual(["main"]);
  });

  it("opens and closes listeners while the others serve", async () => {
    const member = await named("a");
    const { balancer, port } = await balance({ members: [here("a", member.port)] });
    const load = new Load(port, "/", 4);
    const listener = { port: 0, protocol: "http" as const, pool: "main" };
    const pools = { main: { members: [here("a", member.port)] } };
    const status = await balancer.configure({
      listeners: [listener, { ...listener, protocol: "tcp" }],
      pools,
    });
    expect(status.listeners[0]?.boundPort).toBe(port);
    const second = status.listeners[1]?.boundPort ?? 0;
    expect((await ask(second, "/", { agent: false })).member).toBe("a");
    await load.proceed(50);
    await balancer.configure({ listeners: [listener], pools });
    await expect(ask(second, "/", { agent: false })).rejects.toThrow(/ECONNREFUSED/);
    await load.proceed(50);
    await load.end();
    expect(load.failures).toEqual([]);
  });

  it("lets a request finish whose listener and pool are taken away, and then its connection go", async () => {
    const instance = await startInstance("a");
    const { balancer } = await balance({ members: [] });
    const listener = { port: 0, protocol: "http" as const, pool: "extra" };
    const opened = await balancer.configure({
      listeners: [listener],
      pools: { extra: { members: [instance.member] } },
    });
    const port = opened.listeners[0]?.boundPort ?? 0;
    const agent = new Agent({ keepAlive: true });
    const slow = ask(port, "/slow", { agent });
    await eventually(async () => (await balancer.stats()).total.active === 1);
    await balancer.configure({ listeners: [], pools: {} });
    expect((await slow).body.toString()).toBe("slow");
    await ask(port, "/", { agent }).catch(() => {});
    expect((await balancer.status()).pid).toBe(balancer.pid);
    agent.destroy();
  });

  it("moves a listener to another pool while it serves", async () => {
    const [a, b] = [await named("a"), await named("b")];
    const { balancer, port } = await balance({ members: [here("a", a.port)] });
    const load = new Load(port, "/", 4);
    await load.proceed(20);
    const pools = { main: { members: [here("a", a.port)] }, next: { members: [here("b", b.port)] } };
    await balancer.configure({ listeners: [{ port: 0, protocol: "http", pool: "next" }], pools });
    expect((await ask(port)).member).toBe("b");
    await balancer.configure({
      listeners: [{ port: 0, protocol: "http", pool: "next" }],
      pools: { next: pools.next },
    });
    await load.proceed(20);
    await load.end();
    expect(load.failures).toEqual([]);
    expect(Object.keys((await balancer.status()).pools)).toEqual(["next"]);
  });

  it("is in force when the call returns, also when many are made at once", async () => {
    const { balancer, folder } = await balance({ members: [] });
    const counts = [1, 2, 3, 4, 5];
    const changes = counts.map((count) => {
      const members = Array.from({ length: count }, (_, index) => here(String(index), 9_000 + index));
      return balancer.configure({ listeners: [], pools: { main: { members } } });
    });
    await Promise.all(changes);
    const inForce = (await balancer.config()).pools.main?.members.length;
    expect(JSON.parse(readFileSync(configPath(folder), "utf8")).pools.main.members).toHaveLength(
      inForce as number,
    );
  });
});

describe("addresses", () => {
  it("may be IPv6, on both sides", async () => {
    const server = createServer((_request, response) => response.end("six")).listen(0, "::1");
    await once(server, "listening");
    afterwards(() => server.close());
    const member = { id: "a", address: "::1", port: (server.address() as AddressInfo).port };
    const folder = join(temporaryFolder(), "front");
    const healthCheck = { protocol: "http" as const };
    const config = {
      listeners: [{ address: "::1", port: 0, protocol: "http" as const, pool: "main" }],
      pools: { main: { members: [member], healthCheck } },
    };
    const balancer = await startBalancer({ folder, name: "front", config });
    afterwards(() => balancer.stop({ deadlineMs: 0 }));
    const port = (await balancer.status()).listeners[0]?.boundPort ?? 0;
    expect((await ask(port, "/", { host: "::1" })).body.toString()).toBe("six");
  });
});

describe("calls to a balancer", () => {
  it("end with the caller's signal", async () => {
    const { balancer } = await balance({ members: [] });
    await expect(balancer.status({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
  });

  it("that cannot get through say so", async () => {
    const { balancer } = await balance({ members: [] });
    await killBalancer(balancer);
    await expect(balancer.status()).rejects.toMatchObject({ code: "unavailable" });
  });

  it("time out when the process stands still", async () => {
    const { balancer } = await balance({ members: [] });
    process.kill(balancer.pid, "SIGSTOP");
    await expect(balancer.status({ timeoutMs: 100 })).rejects.toMatchObject({ code: "timeout" });
    process.kill(balancer.pid, "SIGCONT");
    expect((await balancer.status()).pid).toBe(balancer.pid);
  });

  it("to start one whose port is taken name the reason", async () => {
    const taken = await named("x");
    const folder = join(temporaryFolder(), "front");
    const start = startBalancer({ folder, name: "front", config: configFor(taken.port, 1) });
    await expect(start).rejects.toMatchObject({ code: "conflict" });
    expect(readFileSync(logPath(folder), "utf8")).toContain("EADDRINUSE");
    expect(findHolder(folder)).toBeUndefined();
  });

  it("leave idle clients connected over many changes", async () => {
    const member = await named("a");
    const { port, change } = await balance({ members: [here("a", member.port)] });
    const socket = connect(port, "127.0.0.1");
    const ask_ = async (): Promise<string> => {
      socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      return String((await once(socket, "data"))[0]);
    };
    expect(await ask_()).toMatch(/^HTTP\/1\.1 200/);
    for (let turn = 0; turn < 5; turn += 1) await change({ members: [here(`a${turn}`, member.port)] });
    expect(await ask_()).toMatch(/^HTTP\/1\.1 200/);
    socket.destroy();
  });
});
