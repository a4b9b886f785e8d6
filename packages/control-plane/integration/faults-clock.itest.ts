import { type Clock, type DecisionRecord, systemClock } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Daemon } from "../src/daemon.js";
import { applyPlan, planResources } from "../src/resources/plan.js";
import type { Session } from "../src/session.js";
import { type Bench, createBench, until } from "./daemon-fixture.js";
import { createGauge, type Gauge } from "./faults-fixture.js";

const apply = async (session: Session): Promise<void> => void (await applyPlan(await planResources(session)));
const HOUR_MS = 3_600_000;

/** The machine's clock, whose time of day can be set. */
class SettableClock implements Clock {
  #aheadMs = 0;
  now = (): number => systemClock.now() + this.#aheadMs;
  monotonic = (): number => systemClock.monotonic();
  after: Clock["after"] = (...timer) => systemClock.after(...timer);
  jump(byMs: number): void {
    this.#aheadMs += byMs;
  }
}

let bench: Bench;
let gauge: Gauge;
let clock: SettableClock;
let daemon: Daemon;
beforeEach(async () => {
  bench = createBench();
  gauge = await createGauge(20);
  clock = new SettableClock();
});
afterEach(async () => {
  await bench.end();
  await gauge.close();
});

/** Starts a controller whose schedule is due soon. */
async function start(): Promise<void> {
  bench.write(`
version: 1
name: faults
every: 150ms
providers: { local: { stopTimeout: 1s } }
server: { listen: "127.0.0.1:0", url: "http://hooks.example.com" }
groups:
  web:
    min: 1
    max: 9
    cooldown: 0s
    launch: { command: sleep, args: ["600"], local: { ready: none } }
    metrics: { load: { source: http, url: "${gauge.url}", select: value, timeout: 500ms } }
    policies:
      load: { target: { signal: load, perInstance: 10 } }
      hook: { webhooks: [ci], change: +1, cooldown: 5h }
    limits: { scaleIn: { stabilization: 0s } }
  timed:
    min: 1
    max: 9
    cooldown: 0s
    launch: { command: sleep, args: ["600"], local: { ready: none } }
    policies:
      once: { at: "${new Date(clock.now() + 1_500).toISOString()}", change: +1, cooldown: 0s }
`);
  daemon = await bench.start({ prepare: apply, clock });
  await until("the group at its size", async () => (await sizes()).web === 2);
}

describe("a clock that jumps back and forth by an hour", () => {
  test("stops no round: the group follows its metric after every jump", async () => {
    await start();
    for (const [jumpMs, load, size] of [
      [-HOUR_MS, 40, 4],
      [+HOUR_MS, 10, 1],
      [+HOUR_MS, 30, 3],
      [-HOUR_MS, 20, 2],
    ] as const) {
      clock.jump(jumpMs);
      gauge.value = load;
      await until(`${size} instances`, async () => (await sizes()).web === size);
      const [web] = (await daemon.control.status(["web"])).groups;
      expect(web?.problems ?? []).toEqual([]);
      await until(
        "them in service",
        async () => (await daemon.control.status(["web"])).groups[0]?.inService === size,
      );
    }
  });

  test("leaves cooldowns in force, and fires no schedule twice", async () => {
    await start();
    const [hook] = (await daemon.control.invoke("local", "webhooks.list", ["web", "hook"])) as {
      url: string;
    }[];
    const url = daemon.url + new URL(hook?.url ?? "").pathname;
    const orders = (): Promise<DecisionRecord[]> => ordersOf("web");
    let sent = 0;
    const send = async (): Promise<DecisionRecord> => {
      expect((await fetch(url, { method: "POST" })).status).toBe(202);
      sent += 1;
      return until("its record", async () => (await orders()).length === sent && (await orders()).at(-1));
    };
    expect(await send()).toMatchObject({ action: "scale" });
    await until("the schedule to run", async () => (await ordersOf("timed")).length === 1);
    for (const jumpMs of [-HOUR_MS, +HOUR_MS, +HOUR_MS, -HOUR_MS]) {
      clock.jump(jumpMs);
      expect(await send()).toMatchObject({ action: "hold" });
      await roundsOf("timed", 8);
    }
    const [run, ...again] = await ordersOf("timed");
    expect(again).toEqual([]);
    expect(run).toMatchObject({
      action: "scale",
      from: 1,
      to: 2,
      order: { kind: "schedule", policy: "once" },
    });
    expect((await sizes()).timed).toBe(2);

    await daemon.stop(5_000);
    clock.jump(-HOUR_MS);
    daemon = await bench.start({ clock });
    await roundsOf("timed", 8);
    expect(await ordersOf("timed")).toHaveLength(1);
    const again2 = daemon.url + new URL(hook?.url ?? "").pathname;
    expect((await fetch(again2, { method: "POST" })).status).toBe(202);
    const last = await until(
      "its record",
      async () => (await orders()).length === sent + 1 && (await orders()).at(-1),
    );
    expect(last).toMatchObject({ action: "hold" });
  });
});

async function sizes(): Promise<Record<string, number | undefined>> {
  const { groups } = await daemon.control.status();
  return Object.fromEntries(groups.map(({ group, desired }) => [group, desired]));
}

async function ordersOf(group: string): Promise<DecisionRecord[]> {
  const found: DecisionRecord[] = [];
  for await (const { value } of daemon.control.records(group))
    if (value.trigger === "order") found.push(value);
  return found;
}

/** Waits until a group has had some more rounds. */
async function roundsOf(group: string, count: number): Promise<void> {
  let rounds = 0;
  const seen = daemon.line.records.subscribe((record) => {
    if (record.group === group) rounds += 1;
  });
  await until("more rounds", async () => rounds >= count);
  seen.unsubscribe();
}
