import type { DecisionRecord } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "./daemon-fixture.js";
import {
  createFaultBench,
  createGauge,
  createRandom,
  type FaultBench,
  freePort,
  type Gauge,
  type Life,
  lives,
  membersOf,
  type Running,
  recordsOf,
  signal,
  startLoad,
} from "./faults-fixture.js";

const LIVES = Number(process.env.FAULT_LIVES ?? 50);
const MAX = 6;

const config = (port: number, gauge: string): string => `
version: 1
name: faults
every: 150ms
providers: { local: { stopTimeout: 2s, keepEnded: 10000 } }
server: { listen: "127.0.0.1:0", url: "http://hooks.example.com" }
loadBalancers:
  front:
    listeners: [{ port: ${port}, protocol: http }]
    healthCheck: { target: "HTTP:/", interval: 1s, timeout: 900ms, healthy: 1, unhealthy: 3 }
groups:
  web:
    min: 1
    max: ${MAX}
    cooldown: 0s
    launch: { command: node, args: [server.mjs] }
    loadBalancers: [front]
    metrics: { load: { source: http, url: "${gauge}", select: value, timeout: 1s } }
    policies:
      load: { target: { signal: load, perInstance: 10 } }
      bump: { webhooks: [pager], change: +1, cooldown: 0s }
      once: { webhooks: [ci], change: +1, cooldown: 1h }
    limits: { scaleIn: { stabilization: 0s } }
`;

let bench: FaultBench;
let gauge: Gauge;
beforeEach(async () => {
  bench = createFaultBench();
  gauge = await createGauge(10);
});
afterEach(async () => {
  await bench.end();
  await gauge.close();
});

/** What was asked for, and what the asker was told. */
class Ledger {
  /** Orders that were answered: id of the record, and where they led. */
  readonly executed: { id: string; to: number }[] = [];
  /** By policy: webhooks that were answered, and those whose answer was lost. */
  readonly hooks = { bump: { answered: 0, lost: 0 }, once: { answered: 0, lost: 0 } };
  readonly underway = new Set<Promise<void>>();

  /** @param patient - waits for the answer. */
  async order(life: Life, to: number, patient: boolean): Promise<void> {
    const asked = this.#follow(
      life.control
        .order("web", {
          origin: { kind: "manual", by: "chaos" },
          adjust: { desired: to },
          skipCooldowns: true,
        })
        .then(({ outcome, record }) => {
          if (outcome === "executed") this.executed.push({ id: record.id, to: record.to });
        }),
    );
    if (patient) await asked;
  }

  hook(policy: "bump" | "once", url: string): void {
    const seen = this.hooks[policy];
    void this.#follow(
      fetch(url, { method: "POST" }).then(
        ({ status }) => {
          if (status !== 202) throw new Error(`a webhook was answered ${status}`);
          seen.answered += 1;
        },
        () => {
          seen.lost += 1;
        },
      ),
    );
  }

  /** The controller may die under any of these: only what was answered counts. */
  #follow(asked: Promise<void>): Promise<void> {
    const followed = asked.catch(() => {}).finally(() => this.underway.delete(followed));
    this.underway.add(followed);
    return followed;
  }
}

describe("a controller that is killed again and again", () => {
  test(`${LIVES} times at random moments: nothing is orphaned, doubled or forgotten, and no request fails`, async () => {
    const seed = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 1e9));
    console.info(`FAULT_SEED=${seed}`);
    const random = createRandom(seed);
    const pick = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
    const port = await freePort();
    bench.write(config(port, gauge.url));
    const ledger = new Ledger();

    let life = bench.live("apply");
    await life.ready();
    const hooks = await hookPaths(life);
    await until("the first instance", async () => (await settled(life)) && bench.instances().length === 1);
    ledger.hook("once", life.url() + hooks.once);
    await until(
      "the webhook's order",
      async () => onceOf(await recordsOf(life.control))[0]?.action === "scale",
    );
    const load = startLoad(port, 2);
    for (let index = 0; index < LIVES; index++) {
      const early = random() < 0.2;
      const before = early ? [] : await bother(life, { ledger, hooks, random, pick });
      await new Promise((resolve) => setTimeout(resolve, early ? random() * 500 : random() * 150));
      await life.kill();
      await Promise.all([...ledger.underway]);
      const survivors = bench.instances().filter(({ id }) => bench.fact(id, "delete.json") === undefined);
      expect(before.filter(({ id }) => bench.fact(id, "end.json") !== undefined)).toEqual([]);
      life = bench.live(random() < 0.3 ? "apply" : undefined);
      if (random() < 0.2) continue;
      await life.ready();
      await expectAdopted(survivors);
      await expectRemembered(life, ledger.executed);
    }
    if (!/^ready$/m.test(life.output())) await life.ready();
    gauge.value = 25;
    await until(
      "a group at rest with three",
      async () => (await settled(life)) && (await desired(life)) === 3,
    );
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.requests).toBeGreaterThan(LIVES * 10);
    expect(ledger.executed.length).toBeGreaterThan(2);

    ledger.hook("once", life.url() + hooks.once);
    await Promise.all([...ledger.underway]);
    await until(
      "its order",
      async () => onceOf(await recordsOf(life.control)).length >= ledger.hooks.once.answered,
    );
    await expectRemembered(life, ledger.executed);
    await until("only members to run", async () => {
      const members = (await membersOf(life.control)).map(({ id }) => id).sort();
      const running = bench
        .instances()
        .map(({ id }) => id)
        .sort();
      return members.length === 3 && JSON.stringify(members) === JSON.stringify(running);
    });
    const records = await recordsOf(life.control);
    const grown = records
      .filter(({ action }) => action === "scale")
      .map(({ from, to }) => Math.max(0, to - from));
    expect(bench.everListened().length).toBeLessThanOrEqual(1 + grown.reduce((sum, by) => sum + by, 0));
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
    expectHooks(records, ledger);
    console.info(
      `${load.requests} requests, ${records.length} records, ${ledger.executed.length} orders, ${bench.everListened().length} instances`,
    );
  }, 300_000);
});

describe("instances that are killed under load", () => {
  test("are replaced, while no request to the others fails", async () => {
    const seed = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 1e9));
    console.info(`FAULT_SEED=${seed}`);
    const random = createRandom(seed);
    const port = await freePort();
    gauge.value = 40;
    bench.write(config(port, gauge.url));
    const life = bench.live("apply");
    await life.ready();
    await until("four instances", async () => (await settled(life)) && (await desired(life)) === 4);
    const load = startLoad(port, 2);
    const gone: Running[] = [];
    for (let index = 0; index < 6; index++) {
      const all = bench.instances();
      const victim = all[Math.floor(random() * all.length)] as Running;
      gone.push(victim);
      signal(victim.pid, "SIGKILL");
      await until("a replacement", async () => {
        const ids = (await membersOf(life.control)).map(({ id }) => id);
        return !ids.includes(victim.id) && ids.length === 4 && (await settled(life));
      });
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.requests).toBeGreaterThan(100);
    expect(await desired(life)).toBe(4);
    expect(bench.instances().map(({ id }) => id)).not.toEqual(
      expect.arrayContaining(gone.map(({ id }) => id)),
    );
    expect(bench.instances()).toHaveLength(4);
  }, 90_000);
});

interface Chaos {
  ledger: Ledger;
  hooks: { bump: string; once: string };
  random: () => number;
  pick: (from: number, to: number) => number;
}

/** Keeps a controller busy for a while. @returns instances that ran before. */
async function bother(life: Life, { ledger, hooks, random, pick }: Chaos): Promise<Running[]> {
  if (!/^ready$/m.test(life.output())) await life.ready();
  const before = bench.instances().filter(({ id }) => bench.fact(id, "delete.json") === undefined);
  for (let left = pick(1, 6); left > 0; left--) {
    const dice = random();
    if (dice < 0.4) gauge.value = pick(1, 45);
    else if (dice < 0.7) await ledger.order(life, pick(3, MAX), random() < 0.6);
    else if (dice < 0.9) ledger.hook("bump", life.url() + hooks.bump);
    else ledger.hook("once", life.url() + hooks.once);
    await new Promise((resolve) => setTimeout(resolve, random() * 150));
  }
  return before;
}

async function hookPaths(life: Life): Promise<Chaos["hooks"]> {
  const pathOf = async (policy: string): Promise<string> => {
    const [hook] = (await life.control.invoke("local", "webhooks.list", ["web", policy])) as {
      url: string;
    }[];
    return new URL(hook?.url ?? "").pathname;
  };
  return { bump: await pathOf("bump"), once: await pathOf("once") };
}

/** Instances that ran before the controller started are the same processes, unless it was decided to end them. */
async function expectAdopted(survivors: readonly Running[]): Promise<void> {
  const known = survivors.filter(({ id }) => bench.fact(id, "process.json") !== undefined);
  for (const { id, pid } of known) {
    const process = bench.fact(id, "process.json");
    const isLeaving = process === undefined || bench.fact(id, "delete.json") !== undefined;
    if (isLeaving) continue;
    expect({ id, ...process }).toMatchObject({ id, pid });
    expect(bench.fact(id, "end.json")).toBeUndefined();
    expect(lives(pid)).toBe(true);
  }
  // Whatever else runs was waiting at its gate when its controller died, and ends by itself.
  await until("no unknown process", async () =>
    bench.instances().every(({ id }) => bench.fact(id, "server.json")),
  );
}

/** Every order that was answered is recorded with its end, and desired is what was recorded last. */
async function expectRemembered(life: Life, orders: readonly { id: string; to: number }[]): Promise<void> {
  const acknowledged = [...orders];
  const byId = new Map((await recordsOf(life.control)).map((record) => [record.id, record]));
  for (const { id, to } of acknowledged) {
    expect(byId.get(id)).toMatchObject({ to, order: { kind: "manual", by: "chaos" } });
    expect(byId.get(id)?.outcomes.at(-1)?.result).toBe("done");
  }
  await until("desired to be what the last record says", async () => {
    const last = (await life.control.status(["web"])).groups[0];
    return last?.last !== undefined && last.desired === last.last.to;
  });
}

/** What was answered is there once; what was not answered once or never. */
function expectHooks(records: Awaited<ReturnType<typeof recordsOf>>, { hooks }: Ledger): void {
  const of = (policy: string): typeof records =>
    records.filter(({ order }) => order?.kind === "webhook" && order.policy === policy);
  for (const policy of ["bump", "once"] as const) {
    const { answered, lost } = hooks[policy];
    expect(answered).toBeGreaterThan(0);
    expect(of(policy).length).toBeGreaterThanOrEqual(answered);
    expect(of(policy).length).toBeLessThanOrEqual(answered + lost);
  }
  const [executed, ...cooling] = onceOf(records);
  expect(executed?.action).toBe("scale");
  for (const { action, reasons } of cooling) {
    expect(action).toBe("hold");
    expect(reasons.map(({ code }) => code).join()).toContain("cooldown");
  }
}

/** Records of the webhook that may be executed once an hour. */
function onceOf(records: readonly DecisionRecord[]): DecisionRecord[] {
  return records.filter(({ order }) => order?.kind === "webhook" && order.policy === "once");
}

async function desired(life: Life): Promise<number | undefined> {
  return (await life.control.status(["web"])).groups[0]?.desired;
}

/** Whether the group has what it wants, and nothing is on its way. */
async function settled(life: Life): Promise<boolean> {
  const group = (await life.control.status(["web"])).groups[0];
  return (
    group !== undefined &&
    group.desired === group.inService &&
    (group.pending ?? 0) + (group.draining ?? 0) === 0
  );
}
