import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Server } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bench } from "./harness.js";
import { collect, createBench, isTrue, lives, pidOf, specOf, until, web } from "./harness.js";

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.clear());

const sleeper = { command: "sleep", args: ["600"] };
const plainFile = fileURLToPath(import.meta.url);
const status = (answer: Server): string => answer.status;
const shell = (script: string) => ({ command: "sh", args: ["-c", script] });

describe("a server", () => {
  it("runs, is listed by its labels, answers on its port and goes when it is deleted", async () => {
    const { servers } = await bench.open();
    const made = await servers.create(specOf({ name: "web-1", labels: { "bellows:group": "web" } }));
    expect(made).toMatchObject({
      name: "web-1",
      labels: { "bellows:group": "web" },
      addresses: ["127.0.0.1"],
    });
    await until(
      () => servers.get(made.id),
      (server) => server.status === "active",
    );
    const answer = await fetch(`http://127.0.0.1:${made.port}/`);
    expect(await answer.json()).toEqual({ pid: pidOf(bench, made), instance: made.id });
    expect(await collect(servers.list({ labels: { "bellows:group": "web" } }))).toHaveLength(1);
    expect(await collect(servers.list({ labels: { "bellows:group": "other" } }))).toHaveLength(0);

    const pid = pidOf(bench, made);
    await servers.delete("web-1");
    await until(
      () => collect(servers.list()),
      (all) => all.length === 0,
    );
    expect(lives(pid)).toBe(false);
    await expect(servers.get(made.id)).rejects.toThrow(/no server/);
    await expect(servers.delete(made.id)).resolves.toBeUndefined();
  });

  it("gets the environment that it needs and none of the controller's secrets", async () => {
    process.env.TEST_CLOUD_SECRET = "hunter2";
    const { servers } = await bench.open();
    const launch = { ...web, env: { MODE: "worker" }, files: { "/etc/app.conf": "colour=blue" } };
    const made = await servers.create(specOf({ launch, labels: { "bellows:group": "web" } }));
    delete process.env.TEST_CLOUD_SECRET;
    await until(
      () => servers.get(made.id),
      (server) => server.status === "active",
    );
    const env = (await (await fetch(`http://127.0.0.1:${made.port}/env`)).json()) as Record<string, string>;
    expect(env).toMatchObject({
      MODE: "worker",
      PORT: String(made.port),
      BELLOWS_GROUP: "web",
      PATH: process.env.PATH,
    });
    expect(env).not.toHaveProperty("TEST_CLOUD_SECRET");
    expect(readFileSync(join(env.BELLOWS_FOLDER ?? "", "etc/app.conf"), "utf8")).toBe("colour=blue");
  });

  it("keeps its record and log from other users, and its environment out of the record", async () => {
    const { servers } = await bench.open();
    const made = await servers.create(specOf({ launch: { ...web, env: { TOKEN: "hunter2" } } }));
    const folder = join(bench.stateDir, "servers", made.id);
    expect(statSync(folder).mode & 0o077).toBe(0);
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
      expect(readFileSync(join(folder, name), "utf8")).not.toContain("hunter2");
    }
  });

  it("never shares its port with another, however many are made at once", async () => {
    const { servers } = await bench.open();
    const made = await Promise.all(
      Array.from({ length: 12 }, () => servers.create(specOf({ launch: sleeper }))),
    );
    expect(new Set(made.map((server) => server.port)).size).toBe(12);
  });

  it("is told its port in its arguments when they ask for it", async () => {
    const { servers } = await bench.open();
    const asked = await servers.create(
      specOf({ launch: { command: "sh", args: ["-c", "echo listen on $0; exec sleep 600", "$PORT"] } }),
    );
    const log = join(bench.stateDir, "servers", asked.id, "server.log");
    const text = await until(
      () => readFileSync(log, "utf8"),
      (read) => read.includes("\n"),
    );
    expect(text).toBe(`listen on ${asked.port}\n`);
  });
});

describe("readiness", () => {
  it("is told by the port, and comes after two seconds for a server that listens nowhere", async () => {
    const { servers } = await bench.open();
    const made = await servers.create(specOf({ launch: sleeper }));
    expect(made.status).toBe("building");
    expect(
      await until(
        () => servers.get(made.id),
        (server) => server.status === "active",
      ),
    ).toBeTruthy();
  });

  it("waits for the port alone with ready: tcp, and for nothing with ready: none", async () => {
    const { servers } = await bench.open();
    const silent = await servers.create(specOf({ launch: { ...sleeper, local: { ready: "tcp" } } }));
    const eager = await servers.create(specOf({ launch: { ...sleeper, local: { ready: "none" } } }));
    const late = await servers.create(specOf({ launch: sleeper }));
    await until(
      () => servers.get(eager.id),
      (server) => server.status === "active",
    );
    await until(
      () => servers.get(late.id),
      (server) => server.status === "active",
    );
    expect(status(await servers.get(silent.id))).toBe("building");
  });
});

describe("a server that ends", () => {
  it("is seen at once, with its exit code and last words", async () => {
    const { servers } = await bench.open();
    const changed: string[] = [];
    const made = await servers.create(specOf());
    await until(
      () => servers.get(made.id),
      (server) => server.status === "active",
    );
    servers.onChange(({ id }) => changed.push(id));
    await fetch(`http://127.0.0.1:${made.port}/exit?code=3`);
    const ended = await until(
      () => servers.get(made.id),
      (server) => server.status === "stopped",
    );
    expect(ended.detail).toBe(`ended with exit code 3; its last words: listening on ${made.port}`);
    expect(changed).toContain(made.id);
  });

  it("says which signal ended it", async () => {
    const { servers } = await bench.open();
    const made = await servers.create(specOf());
    await until(
      () => servers.get(made.id),
      (server) => server.status === "active",
    );
    process.kill(pidOf(bench, made), "SIGKILL");
    const ended = await until(
      () => servers.get(made.id),
      (server) => server.status === "stopped",
    );
    expect(ended.detail).toContain("ended by SIGKILL");
  });

  it("takes with it what it has started", async () => {
    const { servers } = await bench.open();
    const made = await servers.create(specOf({ launch: shell("sleep 600 & echo child $!; wait") }));
    const log = join(bench.stateDir, "servers", made.id, "server.log");
    const text = await until(
      () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
      (read) => /child \d+/.test(read),
    );
    const child = Number(/child (\d+)/.exec(text)?.[1]);
    expect(lives(child)).toBe(true);
    process.kill(pidOf(bench, made), "SIGKILL");
    await until(
      () => lives(child),
      (alive) => !alive,
    );
  });

  it("is an error when it ends before it was ready", async () => {
    const { servers } = await bench.open();
    const made = await servers.create(specOf({ launch: shell("echo no licence found; exit 7") }));
    const ended = await until(
      () => servers.get(made.id),
      (server) => server.status === "error",
    );
    expect(ended.detail).toBe("ended with exit code 7 before it was ready; its last words: no licence found");
  });

  it.each([
    [
      "its command is not found",
      { command: "no-such-program" },
      "command not found: no-such-program (looked in PATH)",
    ],
    ["its file is not executable", { command: plainFile }, `no permission to run ${plainFile}`],
    [
      "its folder is missing",
      { ...sleeper, cwd: "/no/such/folder" },
      "its working folder does not exist: /no/such/folder",
    ],
  ])("is an error that says so when %s", async (_, launch, detail) => {
    const { servers } = await bench.open();
    expect(await servers.create(specOf({ launch }))).toMatchObject({ status: "error", detail });
  });
});

describe("deleting", () => {
  it("kills a server that ignores SIGTERM when its grace has passed", async () => {
    const { servers } = await bench.open();
    const made = await servers.create(
      specOf({ launch: shell("trap '' TERM; echo deaf; while :; do sleep 1; done") }),
    );
    const log = join(bench.stateDir, "servers", made.id, "server.log");
    await until(() => readFileSync(log, "utf8").includes("deaf"), isTrue);
    const pid = pidOf(bench, made);
    await servers.delete(made.id, { graceMs: 300 });
    expect(status(await servers.get(made.id))).toBe("stopping");
    await until(
      () => lives(pid),
      (alive) => !alive,
    );
    await until(
      () => collect(servers.list()),
      (all) => all.length === 0,
    );
  });

  it("lets a server finish what it does within its grace", async () => {
    const { servers } = await bench.open();
    const made = await servers.create(specOf());
    await until(
      () => servers.get(made.id),
      (server) => server.status === "active",
    );
    const slow = fetch(`http://127.0.0.1:${made.port}/slow?ms=400`);
    const log = join(bench.stateDir, "servers", made.id, "server.log");
    await until(() => readFileSync(log, "utf8").includes("asked to be slow"), isTrue);
    await servers.delete(made.id);
    expect((await slow).status).toBe(200);
  });

  it("keeps the logs of the last ones that ended, and no more of them", async () => {
    const { servers } = await bench.open({ keepEnded: 2 });
    for (let count = 0; count < 4; count++) {
      const made = await servers.create(specOf({ launch: sleeper }));
      await servers.delete(made.id);
      await until(
        () => collect(servers.list()),
        (all) => all.length === 0,
      );
    }
    expect(readdirSync(join(bench.stateDir, "ended"))).toHaveLength(2);
    expect(readdirSync(join(bench.stateDir, "ports"))).toHaveLength(0);
  });
});

describe("labels", () => {
  it("are set, kept and removed one by one, and outlive the controller", async () => {
    const first = await bench.open();
    const made = await first.servers.create(specOf({ launch: sleeper, labels: { a: "1", b: "2" } }));
    await first.servers.label(made.id, { b: "", c: "3" });
    await first.close();
    const second = await bench.open();
    expect((await second.servers.get(made.id)).labels).toEqual({ a: "1", c: "3" });
  });

  it("refuse nobody's path as a reference", async () => {
    const { servers } = await bench.open();
    await expect(servers.get("../servers")).rejects.toThrow(/no server/);
    await expect(servers.label("..", { a: "1" })).rejects.toThrow(/no server/);
  });
});

describe("a process that somebody else started", () => {
  it("is taken in by its pid, with the port it listens on, and let go running", async () => {
    const { servers } = await bench.open();
    const port = 30_000 + Math.floor(Math.random() * 2_000);
    const stranger = spawn(web.command, web.args, {
      env: { ...process.env, PORT: String(port) },
      stdio: "ignore",
    });
    try {
      await until(
        () =>
          fetch(`http://127.0.0.1:${port}/`).then(
            (answer) => answer.ok,
            () => false,
          ),
        isTrue,
      );
      const ref = `pid:${stranger.pid}`;
      expect(await servers.get(ref)).toMatchObject({ id: ref, status: "active", port });
      expect(await collect(servers.list())).toHaveLength(0);
      expect(await servers.label(ref, { "bellows:group": "web" })).toMatchObject({
        id: ref,
        status: "active",
        port,
      });
      expect(await collect(servers.list({ labels: { "bellows:group": "web" } }))).toHaveLength(1);
      await servers.label(ref, { "bellows:group": "" });
      expect(await collect(servers.list())).toHaveLength(0);
      expect(lives(stranger.pid ?? 0)).toBe(true);

      await servers.label(ref, { "bellows:group": "web" });
      await servers.delete(ref);
      await until(
        () => lives(stranger.pid ?? 0),
        (alive) => !alive,
      );
    } finally {
      stranger.kill("SIGKILL");
    }
  });

  it("cannot be one of ours already, nor none at all", async () => {
    const { servers } = await bench.open();
    const made = await servers.create(specOf({ launch: sleeper }));
    await expect(servers.label(`pid:${pidOf(bench, made)}`, { a: "1" })).rejects.toThrow(/is server test-/);
    await expect(servers.label("pid:4194304", { a: "1" })).rejects.toThrow(/no process 4194304/);
  });
});

describe("a log that grew too long", () => {
  it("is cut, its end kept beside it, and written on", async () => {
    const { servers } = await bench.open({ logLimitBytes: 65_536 });
    const script =
      "i=0; while :; do i=$((i+1)); echo line $i of a chatty server; [ $((i % 500)) = 0 ] && sleep 0.1; done";
    const made = await servers.create(specOf({ launch: shell(script) }));
    const folder = join(bench.stateDir, "servers", made.id);
    await until(() => statSync(join(folder, "server.log")).size > 65_536, isTrue);
    const { boundLog } = await import("../src/logs.js");
    boundLog(folder, 65_536);
    expect(statSync(join(folder, "server.log.1")).size).toBe(32_768);
    const size = statSync(join(folder, "server.log")).size;
    expect(size).toBeLessThan(65_536);
    await until(() => statSync(join(folder, "server.log")).size > size, isTrue);
    expect(readFileSync(join(folder, "server.log"), "utf8")).not.toContain("\0");
  });
});

describe("a folder that cannot be written", () => {
  it("makes creating fail with the reason, and leaves nothing behind", async () => {
    const { servers } = await bench.open();
    writeFileSync(join(bench.stateDir, "blocked"), "");
    const launch = { ...sleeper, files: { "a/b": "x", a: "y" } };
    await expect(servers.create(specOf({ launch }))).rejects.toThrow();
    expect(await collect(servers.list())).toHaveLength(0);
    expect(readdirSync(join(bench.stateDir, "drafts"))).toHaveLength(0);
    expect(readdirSync(join(bench.stateDir, "ports"))).toHaveLength(0);
  });
});
