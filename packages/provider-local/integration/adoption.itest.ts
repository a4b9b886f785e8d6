import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Server } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { identifyProcess } from "../src/balancer/identity.js";
import { listProcesses } from "../src/processes.js";
import type { Bench } from "./harness.js";
import { collect, createBench, isTrue, linesOf, lives, pidOf, readText, specOf, until } from "./harness.js";

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.clear());

const sleeper = { command: "sleep", args: ["600"] };

/** Changes one fact of a server the way an atomic write does. */
function edit(server: Server, file: string, change: (fact: Record<string, unknown>) => object): void {
  const path = join(bench.stateDir, "servers", server.id, file);
  writeFileSync(`${path}.new`, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")))));
  renameSync(`${path}.new`, path);
}

/** Every process of this machine whose environment names one of these servers. */
function processesOf(stateDir: string): { pid: number; instance: string }[] {
  return listProcesses().flatMap(({ pid }) => {
    const env = readText(`/proc/${pid}/environ`).split("\0");
    const value = (name: string): string | undefined =>
      env.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
    const instance = value("BELLOWS_INSTANCE");
    return instance !== undefined && value("BELLOWS_FOLDER")?.startsWith(stateDir) ? [{ pid, instance }] : [];
  });
}

/**
 * The same once all of them have become what they were started for, and there are at least so many: a process that
 * turns from the shell into its program shows no environment for an instant.
 */
function sleepers(stateDir: string, atLeast: number): Promise<{ pid: number; instance: string }[]> {
  return until(
    () => processesOf(stateDir),
    (all) =>
      all.length >= atLeast && all.every(({ pid }) => readText(`/proc/${pid}/comm`).trim() === "sleep"),
  );
}

describe("after the controller was killed", () => {
  it("its servers run on and are taken over with their labels, ports and pids", async () => {
    const starter = bench.starter(3, "web");
    const lines = linesOf(starter);
    await until(() => lines.includes("done"), isTrue);
    starter.kill("SIGKILL");
    const { servers } = await bench.open();
    const all = await until(
      () => collect(servers.list({ labels: { made: "there" } })),
      (list) => list.every((one) => one.status === "active"),
    );
    expect(all.map((server) => server.name).sort()).toEqual(["web-0", "web-1", "web-2"]);
    for (const server of all) {
      const answer = (await (await fetch(`http://127.0.0.1:${server.port}/`)).json()) as { pid: number };
      expect(answer.pid).toBe(pidOf(bench, server));
    }
  });

  it("the end of a server that it had started is seen, and told to listeners", async () => {
    const starter = bench.starter(1, "web");
    const lines = linesOf(starter);
    await until(() => lines.includes("done"), isTrue);
    starter.kill("SIGKILL");
    const { servers } = await bench.open();
    const [server] = await until(
      () => collect(servers.list()),
      (list) => list[0]?.status === "active",
    );
    const changed: string[] = [];
    servers.onChange(({ id }) => changed.push(id));
    process.kill(pidOf(bench, server as Server), "SIGKILL");
    await until(
      () => changed.length,
      (count) => count > 0,
    );
    expect(await servers.get((server as Server).id)).toMatchObject({ status: "stopped" });
  });

  it("a deletion that it had begun is finished", async () => {
    const starter = bench.starter(1, "web", ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]);
    const lines = linesOf(starter);
    await until(() => lines.includes("done"), isTrue);
    starter.kill("SIGKILL");
    const first = await bench.open();
    const [server] = await collect(first.servers.list());
    const pid = pidOf(bench, server as Server);
    // What a controller that died right after accepting leaves behind: the wish, by a process that is gone.
    const by = { pid: 1, startedAt: "0", bootId: "another" };
    const wish = { atMs: Date.now(), graceMs: 300, by };
    writeFileSync(
      join(bench.stateDir, "servers", (server as Server).id, "delete.json"),
      JSON.stringify(wish),
    );
    await until(
      () => collect(first.servers.list()),
      (list) => list.length === 0,
    );
    expect(lives(pid)).toBe(false);
  });

  it("at any moment of its creating, no server is started twice, lost or left unknown", async () => {
    const delaysMs = [0, 3, 7, 12, 20, 35, 60];
    for (const [round, delayMs] of delaysMs.entries()) {
      const starter = bench.starter(8, `r${round}`, ["sleep", "600"]);
      const lines = linesOf(starter);
      await until(() => lines.includes("open"), isTrue);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      const died = new Promise((resolve) => starter.once("exit", resolve));
      starter.kill("SIGKILL");
      await died;
      const acknowledged = lines.flatMap((line) => (line.startsWith("made ") ? [line.slice(5)] : []));

      const { servers } = await bench.open();
      const keys = Array.from({ length: 8 }, (_, index) => `r${round}/${index}`);
      const again = await Promise.all(
        keys.map((key) =>
          servers.create(specOf({ idempotencyKey: key, launch: sleeper, labels: { made: "there" } })),
        ),
      );
      expect(new Set(again.map((server) => server.id)).size).toBe(8);
      expect(again.map((server) => server.id)).toEqual(expect.arrayContaining(acknowledged));
    }
    const { servers } = await bench.open();
    const listed = await collect(servers.list());
    expect(listed).toHaveLength(8 * delaysMs.length);
    const known = listed.filter((server) => server.status !== "error" && server.status !== "stopped");
    const running = await sleepers(bench.stateDir, known.length);
    expect(running.map(({ instance }) => instance).sort()).toEqual(known.map((server) => server.id).sort());
    expect(running.map(({ pid }) => pid).sort()).toEqual(known.map((server) => pidOf(bench, server)).sort());
  }, 60_000);
});

describe("a controller that is killed again and again while it makes and deletes servers", () => {
  it("leaves no process that nobody knows, and no server without its process", async () => {
    for (let round = 0; round < 8; round++) {
      const breather = bench.breather(`b${round}`);
      const lines = linesOf(breather);
      // Another moment each time, somewhere in the fifth to twelfth turn.
      await until(() => lines.length > 5 + round, isTrue);
      await new Promise((resolve) => setTimeout(resolve, (round * 7) % 11));
      const died = new Promise((resolve) => breather.once("exit", resolve));
      breather.kill("SIGKILL");
      await died;

      const { servers, close } = await bench.open();
      const listed = await until(
        () => collect(servers.list()),
        (all) => all.every(({ status }) => status !== "stopping" && status !== "building"),
      );
      const known = listed.filter(({ status }) => status === "active");
      const running = await sleepers(bench.stateDir, known.length);
      expect(running.map(({ pid }) => pid).sort()).toEqual(
        known.map((server) => pidOf(bench, server)).sort(),
      );
      await close();
    }
  }, 90_000);
});

describe("creating", () => {
  it("with the same key gives the same server, at once, later and from another controller", async () => {
    const first = await bench.open();
    const second = await bench.open();
    const spec = specOf({ launch: sleeper });
    const made = await Promise.all([
      first.servers.create(spec),
      first.servers.create(spec),
      second.servers.create(spec),
      second.servers.create({ ...spec, name: "another name" }),
    ]);
    made.push(await first.servers.create(spec));
    expect(new Set(made.map((server) => server.id)).size).toBe(1);
    expect(await sleepers(bench.stateDir, 1)).toHaveLength(1);
  });

  it("with the key of a server that was deleted makes a new one", async () => {
    const { servers } = await bench.open();
    const spec = specOf({ launch: sleeper });
    const before = await servers.create(spec);
    await servers.delete(before.id);
    const after = await servers.create(spec);
    expect(after.id).not.toBe(before.id);
    await until(
      () => collect(servers.list()),
      (list) => list.length === 1,
    );
    expect(lives(pidOf(bench, after))).toBe(true);
  });

  it("forgets a server whose creator died before anything ran", async () => {
    const { servers } = await bench.open();
    const made = await servers.create(
      specOf({ launch: { command: "no-such-program" }, idempotencyKey: "web/1" }),
    );
    edit(made, "server.json", (record) => ({
      ...record,
      creator: { pid: 1, startedAt: "0", bootId: "another" },
    }));
    renameSync(join(bench.stateDir, "servers", made.id, "end.json"), join(bench.stateDir, "end.json"));
    const other = await bench.open();
    expect(await collect(other.servers.list())).toHaveLength(0);
    const again = await other.servers.create(specOf({ launch: sleeper, idempotencyKey: "web/1" }));
    expect(again.status).toBe("building");
  });
});

/** A running process of nobody's, the leader of its own group, and a server whose record names its pid. */
async function confused(change: object): Promise<{ stranger: number; server: Server; real: number }> {
  const { servers } = await bench.open();
  const made = await servers.create(specOf({ launch: { ...sleeper, local: { ready: "none" } } }));
  await until(
    () => servers.get(made.id),
    (server) => server.status === "active",
  );
  const real = pidOf(bench, made);
  const stranger = await startedLaterThan(real);
  edit(made, "process.json", (fact) => ({ ...fact, pid: stranger, ...change }));
  return { stranger, server: made, real };
}

/** A process of nobody's that started in a later tick (10 ms on Linux), as whoever gets a used pid does. */
async function startedLaterThan(pid: number): Promise<number> {
  return until(
    async () => {
      const child = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
      strangers.push(child);
      return child.pid as number;
    },
    (stranger) => identifyProcess(stranger)?.startedAt !== identifyProcess(pid)?.startedAt,
  );
}

const strangers: ChildProcess[] = [];
afterEach(() => {
  for (const child of strangers.splice(0)) child.kill("SIGKILL");
});

describe("a pid that has passed to a stranger", () => {
  it("is not taken for the server, nor signalled when the server is deleted", async () => {
    const { stranger, server, real } = await confused({});
    const { servers } = await bench.open();
    expect(await servers.get(server.id)).toMatchObject({
      status: "stopped",
      detail: "ended while nobody watched",
    });
    await servers.delete(server.id);
    await until(
      () => collect(servers.list()),
      (list) => list.length === 0,
    );
    expect(lives(stranger)).toBe(true);
    process.kill(real, "SIGKILL");
  });
});

describe("after the machine was restarted", () => {
  it("servers are stopped and say why, and go without anybody being signalled", async () => {
    const { stranger, server, real } = await confused({ bootId: "the boot before" });
    const { servers } = await bench.open();
    expect(await servers.get(server.id)).toMatchObject({
      status: "stopped",
      detail: "the machine was restarted",
    });
    await servers.delete(server.id);
    await until(
      () => collect(servers.list()),
      (list) => list.length === 0,
    );
    expect(lives(stranger)).toBe(true);
    process.kill(real, "SIGKILL");
  });
});
