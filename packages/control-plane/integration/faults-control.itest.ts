import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "./daemon-fixture.js";
import {
  createFaultBench,
  createGauge,
  type FaultBench,
  freePort,
  type Gauge,
  type Life,
  lives,
  membersOf,
  mentioning,
  recordsOf,
  signal,
  startLoad,
} from "./faults-fixture.js";

let bench: FaultBench;
let gauge: Gauge;
let port: number;
beforeEach(async () => {
  bench = createFaultBench();
  gauge = await createGauge(20);
  port = await freePort();
  bench.write(config());
});
afterEach(async () => {
  await bench.end();
  await gauge.close();
});

const config = (max = 6): string => `
version: 1
name: faults
every: 150ms
providers: { local: { stopTimeout: 2s } }
server: { listen: "127.0.0.1:0" }
loadBalancers:
  front:
    listeners: [{ port: ${port}, protocol: http }]
    healthCheck: { target: "HTTP:/", interval: 1s, timeout: 900ms, healthy: 1, unhealthy: 3 }
groups:
  web:
    min: 1
    max: ${max}
    cooldown: 0s
    launch: { command: node, args: [server.mjs] }
    loadBalancers: [front]
    metrics: { load: { source: http, url: "${gauge.url}", select: value, timeout: 1s } }
    policies: { load: { target: { signal: load, perInstance: 10 } } }
    limits: { scaleIn: { stabilization: 0s } }
`;

describe("two controllers on one state folder", () => {
  test("the second refuses and names the first, also while that is just starting, and harms nothing", async () => {
    const first = await rested("apply");
    const before = bench.instances();
    const second = bench.live("apply");
    expect(await second.ended()).toBe(1);
    expect(second.output()).toContain(
      `state folder ${bench.state} is held by process ${first.child.pid} at ${first.url()}, running ${bench.file}`,
    );
    expect(second.output()).toContain("hint: stop that one first");
    expect((await first.control.status()).ready).toBe(true);
    expect(bench.instances()).toEqual(before);

    await first.kill();
    const third = bench.live();
    await until("the next one to hold it", async () => bench.holder()?.pid === third.child.pid);
    const fourth = bench.live();
    expect(await fourth.ended()).toBe(1);
    expect(fourth.output()).toContain(`is held by process ${third.child.pid}`);
    await third.ready();
    expect(bench.instances()).toEqual(before);
  });
});

describe("a controller that is stopped for a while", () => {
  test("by SIGSTOP: traffic goes on, no second one gets in, and it goes on where it was", async () => {
    const life = await rested("apply");
    const load = startLoad(port, 2);
    signal(life.child.pid as number, "SIGSTOP");
    try {
      gauge.value = 50;
      const asked = load.requests;
      const second = bench.live();
      expect(await second.ended()).toBe(1);
      expect(second.output()).toContain(`is held by process ${life.child.pid}`);
      await until("more requests", async () => load.requests > asked + 50);
      expect(bench.instances()).toHaveLength(2);
    } finally {
      signal(life.child.pid as number, "SIGCONT");
    }
    await until("it to follow its metric", async () => (await report(life)).inService === 5);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(bench.instances()).toHaveLength(5);
  });

  test("by SIGTERM while orders are under way: they are answered or refused, never half done", async () => {
    const first = await rested("apply");
    const load = startLoad(port, 2);
    const asked = [3, 4, 5, 6, 5, 6].map((to) =>
      first.control
        .order("web", { origin: { kind: "manual" }, adjust: { desired: to }, skipCooldowns: true })
        .then(
          ({ outcome, record }) => (outcome === "executed" ? record : undefined),
          () => undefined,
        ),
    );
    const startedAtMs = performance.now();
    expect(await first.stop()).toBe(0);
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
    const executed = (await Promise.all(asked)).filter((record) => record !== undefined);
    expect(mentioning(bench.state).filter((pid) => pid === first.child.pid)).toEqual([]);
    const second = bench.live();
    await second.ready();
    const records = await recordsOf(second.control);
    for (const { id, to } of executed)
      expect(records.find((record) => record.id === id)).toMatchObject({
        to,
        outcomes: [{ result: "done" }],
      });
    expect(records.flatMap(({ outcomes }) => outcomes.map(({ result }) => result))).not.toContain("failed");
    await until("the group to follow its metric", async () => (await report(second)).inService === 2);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  test("by SIGTERM while it waits for an instance that will not end: it stops within its deadline", async () => {
    bench.write(config().replace("stopTimeout: 2s", "stopTimeout: 60s"));
    writeFileSync(
      join(bench.folder, "server.mjs"),
      'process.on("SIGTERM", () => {}); (await import("node:http")).createServer((q, s) => s.end()).listen(Number(process.env.PORT), "127.0.0.1");',
    );
    const first = await rested("apply");
    const deletion = first.control
      .invoke("local", "groups.delete", ["web", { force: true, wait: true }])
      .catch(() => "cut off");
    await until("an instance on its way out", async () =>
      bench.instances().some(({ id }) => bench.fact(id, "delete.json") !== undefined),
    );
    expect(await first.stop()).toBe(0);
    expect(await deletion).toBe("cut off");
    expect(first.output()).not.toContain("error:");
  });
});

describe("SIGHUP", () => {
  test("takes a good file and refuses a bad one, whose faults it tells, while the old stays in force", async () => {
    const life = await rested("apply");
    bench.write(`${config()}    colour: blue\n`);
    signal(life.child.pid as number, "SIGHUP");
    await until("the refusal", async () => life.output().includes("refused"));
    expect(life.output()).toMatch(/bellows\.yaml:\d+:\d+: unknown key "colour"/);
    gauge.value = 40;
    await until("the old one to be in force", async () => (await report(life)).inService === 4);

    bench.write(config(3));
    signal(life.child.pid as number, "SIGHUP");
    await until("the reload", async () => /^reloaded$/m.test(life.output()));
    await until("the new bounds to hold", async () => {
      const { max, inService } = await report(life);
      return max === 3 && inService === 3;
    });
  });
});

describe("a restart of the machine", () => {
  test("brings back the balancer and as many instances as before, without waiting for a crash loop", async () => {
    gauge.value = 40;
    const life = await rested("apply", 4);
    const before = (await membersOf(life.control)).map(({ id }) => id).sort();
    await life.kill();
    for (const pid of mentioning(bench.state)) signal(pid, "SIGKILL");
    await until("nothing to run", async () => mentioning(bench.state).every((pid) => !lives(pid)));
    pretendReboot(join(bench.state, "plugins"));

    // The metric is gone as well at first: what comes back is what was wanted before.
    await gauge.close();
    const after = bench.live();
    await after.ready();
    await until("all to be back", async () => (await report(after)).inService === 4);
    const load = startLoad(port, 1);
    await until("answers through the balancer", async () => load.requests > 20);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect((await report(after)).problems ?? []).toEqual([]);
    const now = (await membersOf(after.control)).map(({ id }) => id).sort();
    expect(now).toHaveLength(4);
    expect(now).not.toEqual(before);
    await gauge.open();
  });
});

/** Starts a controller and waits until its group has what its metric wants. */
async function rested(apply: "apply", size = 2): Promise<Life> {
  const life = bench.live(apply);
  await life.ready();
  await until("a group at rest", async () => {
    const { desired, inService, pending } = await report(life);
    return desired === size && inService === size && pending === 0;
  });
  return life;
}

async function report(life: Life) {
  const [found] = (await life.control.status(["web"])).groups;
  if (found === undefined) throw new Error("no report");
  return found;
}

/** What is written of processes was written under another start of the machine. */
function pretendReboot(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) pretendReboot(path);
    else if (entry.isFile() && entry.name.endsWith(".json"))
      writeFileSync(
        path,
        readFileSync(path, "utf8").replace(/"bootId":\s*"[^"]*"/g, '"bootId":"the-one-before"'),
      );
  }
}
