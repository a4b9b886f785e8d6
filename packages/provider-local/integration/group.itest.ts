import { spawn } from "node:child_process";
import type { Instance, StateStore } from "@bellows/core";
import { connect, createMemoryStore } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import provider from "../src/index.js";
import type { Bench } from "./harness.js";
import { collect, createBench, isTrue, lives, pidOf, until, web } from "./harness.js";

const open = (stateDir: string, store: StateStore) => connect(provider, { stateDir }, { store });
type Cloud = Awaited<ReturnType<typeof open>>;

let bench: Bench;
let store: StateStore;
let cloud: Cloud;
beforeEach(async () => {
  bench = createBench();
  // What ends the bench's balancers and servers looks below this folder; opening it makes its parts.
  await bench.open();
  store = createMemoryStore();
  cloud = await open(bench.stateDir, store);
});
afterEach(async () => {
  await cloud.close();
  await bench.clear();
});

const healthCheck = { target: "HTTP:/health", intervalMs: 100, timeoutMs: 500, healthy: 1, unhealthy: 2 };
const front = {
  name: "front",
  listeners: [{ port: 0, protocol: "http" as const }],
  healthCheck,
  drainMs: 2_000,
};
const group = { name: "web", min: 0, max: 6, desired: 2, launch: web, loadBalancers: ["front"] };

const inService = async (): Promise<Instance[]> =>
  (await collect(cloud.groups.instances("web"))).filter(({ lifecycle }) => lifecycle === "in-service");

const settled = (count: number): Promise<Instance[]> =>
  until(
    async () => ((await collect(cloud.groups.instances("web"))).length === count ? inService() : []),
    (all) => all.length === count,
    30_000,
  );

/** Asks again and again until it is stopped; every answer that is not 200, and every lost one, is a failure. */
function load(url: string): { stop: () => Promise<{ requests: number; failures: string[] }> } {
  const failures: string[] = [];
  let requests = 0;
  let going = true;
  const worker = async (): Promise<void> => {
    while (going) {
      requests++;
      const failure = await fetch(url, { headers: { connection: "close" } }).then(
        async (answer) => {
          await answer.text();
          return answer.ok ? undefined : String(answer.status);
        },
        (error: Error) => String(error.cause ?? error),
      );
      if (failure !== undefined) failures.push(failure);
    }
  };
  const workers = [worker(), worker()];
  return {
    async stop() {
      going = false;
      await Promise.all(workers);
      return { requests, failures };
    },
  };
}

describe("a group of real processes", () => {
  it("grows, serves, shrinks, replaces what was killed and goes, without a request lost", async () => {
    const balancer = await cloud.loadBalancers.create(front);
    const url = `http://${balancer.addresses[0]}/`;
    await cloud.groups.create(group);
    await settled(2);
    const traffic = load(url);

    await cloud.groups.scale("web", 4);
    const four = await settled(4);
    // The other clients take turns too, so which of the four answers us is not ours to say: all of them do in time.
    const seen = new Set<string>();
    await until(
      async () => seen.add(((await (await fetch(url)).json()) as { instance: string }).instance).size,
      (size) => size === four.length,
    );
    expect(seen).toEqual(new Set(four.map(({ id }) => id)));

    await cloud.groups.scale("web", 1);
    const [last] = (await settled(1)) as [Instance];
    const { requests, failures } = await traffic.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(50);

    const pid = pidOf(bench, await cloud.servers.get(last.id));
    process.kill(pid, "SIGKILL");
    const [replacement] = (await until(
      () => settled(1),
      ([one]) => one?.id !== last.id,
    )) as [Instance];
    const answer = (await (await fetch(url)).json()) as { instance: string };
    expect(answer.instance).toBe(replacement.id);

    await cloud.groups.delete("web", { force: true, wait: true, timeoutMs: 20_000 });
    expect(await collect(cloud.servers.list())).toHaveLength(0);
    await cloud.loadBalancers.delete("front", { wait: true });
  }, 90_000);

  it("is taken over by the next controller with its store, and loses nobody", async () => {
    await cloud.loadBalancers.create(front);
    await cloud.groups.create(group);
    const before = await settled(2);
    await cloud.close();
    cloud = await open(bench.stateDir, store);
    await cloud.groups.converge?.("web");
    const after = await settled(2);
    expect(after.map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort());
  }, 60_000);

  it("is measured under the names that every cloud has", async () => {
    const balancer = await cloud.loadBalancers.create(front);
    await cloud.groups.create(group);
    await settled(2);
    for (let count = 0; count < 5; count++) await (await fetch(`http://${balancer.addresses[0]}/`)).text();
    const queries = ["cpuPercent", "memoryPercent", "requestCount"].map((metric) => ({
      params: { metric },
      group: "web",
    }));
    const samples = await cloud.metrics.read(queries, { deadlineMs: 5_000 });
    expect(samples).toMatchObject([
      { value: expect.any(Number) },
      { value: expect.any(Number) },
      { value: 5 },
    ]);
  }, 60_000);

  it("backs off when its instances end at once, and says with which words", async () => {
    const launch = { command: "sh", args: ["-c", "echo no licence found; exit 7"] };
    await cloud.groups.create({ ...group, loadBalancers: [], launch });
    const { problems } = await until(
      () => cloud.groups.get("web"),
      (now) => now.problems?.some((text) => text.includes("no licence found")) === true,
      30_000,
    );
    expect(problems?.join("\n")).toMatch(/exit code 7/);
  }, 60_000);

  it("can let an instance go, which runs on", async () => {
    await cloud.groups.create({ ...group, loadBalancers: [] });
    const [one] = (await settled(2)) as [Instance];
    const pid = pidOf(bench, await cloud.servers.get(one.id));
    await cloud.groups.detach?.("web", [one.id]);
    await settled(1);
    expect(lives(pid)).toBe(true);
    await cloud.servers.delete(one.id);
    await until(
      () => lives(pid),
      (alive) => !alive,
    );
  }, 60_000);

  it("takes in a process that runs already, by its pid, and sends it requests", async () => {
    const balancer = await cloud.loadBalancers.create(front);
    await cloud.groups.create({ ...group, desired: 0 });
    const port = 30_000 + (process.pid % 2_000);
    const env = { ...process.env, PORT: String(port), BELLOWS_INSTANCE: "stranger" };
    const stranger = spawn(web.command, web.args, { env, stdio: "ignore" });
    try {
      await until(
        () =>
          fetch(`http://127.0.0.1:${port}/`).then(
            (answer) => answer.ok,
            () => false,
          ),
        isTrue,
      );
      await cloud.groups.attach?.("web", [`pid:${stranger.pid}`]);
      const [one] = await settled(1);
      expect(one).toMatchObject({ id: `pid:${stranger.pid}`, port });
      const answer = (await (await fetch(`http://${balancer.addresses[0]}/`)).json()) as { pid: number };
      expect(answer.pid).toBe(stranger.pid);
      await cloud.groups.scale("web", 0);
      await until(
        () => lives(stranger.pid ?? 0),
        (alive) => !alive,
      );
    } finally {
      stranger.kill("SIGKILL");
    }
  }, 60_000);
});
