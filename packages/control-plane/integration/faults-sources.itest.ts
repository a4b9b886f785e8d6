import { type DecisionRecord, explainRecord } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Daemon } from "../src/daemon.js";
import { applyPlan, planResources } from "../src/resources/plan.js";
import type { Session } from "../src/session.js";
import { type Bench, createBench, until } from "./daemon-fixture.js";
import { createGauge, type Gauge } from "./faults-fixture.js";

const apply = async (session: Session): Promise<void> => void (await applyPlan(await planResources(session)));

const group = (name: string, url: string): string => `
  ${name}:
    min: 1
    max: 5
    cooldown: 0s
    launch: { command: sleep, args: ["600"], local: { ready: none } }
    metrics: { load: { source: http, url: "${url}", select: value, timeout: 150ms, maxAge: 300ms } }
    policies: { load: { target: { signal: load, perInstance: 10 } } }
    limits: { scaleIn: { stabilization: 0s } }`;

let bench: Bench;
let dead: Gauge;
let live: Gauge;
let daemon: Daemon;
beforeEach(async () => {
  bench = createBench();
  [dead, live] = [await createGauge(30), await createGauge(20)];
  bench.write(`
version: 1
name: faults
every: 200ms
providers: { local: {} }
server: { listen: "127.0.0.1:0" }
groups:${group("blind", dead.url)}${group("seeing", live.url)}
`);
  daemon = await bench.start({ prepare: apply });
  await until("both groups at their size", async () => same(await sizes(), { blind: 3, seeing: 2 }));
});
afterEach(async () => {
  await bench.end();
  await Promise.all([dead.close(), live.close()]);
});

describe("a metric source that fails", () => {
  test("holds its group and says why, while others go on; when it is back, its group goes on", async () => {
    await dead.close();
    expect(await whyBlind()).toMatch(/load: no data \(.*(refused|did not answer)/);
    live.value = 40;
    await until("the other group to grow", async () => (await sizes()).seeing === 4);
    live.value = 10;
    await until("the other group to shrink", async () => (await sizes()).seeing === 1);
    expect((await sizes()).blind).toBe(3);
    dead.value = 10;
    await dead.open();
    await until("the group to go on", async () => (await sizes()).blind === 1);
    const moves = await scalesOf("blind");
    expect(moves.at(-1)).toMatchObject({ from: 3, to: 1 });
  });

  test("holds its group also when it takes connections and never answers, and delays no other", async () => {
    dead.hangs = true;
    expect(await whyBlind()).toMatch(/load: no data \(.*did not answer within/);
    live.value = 50;
    await until("the other group to grow", async () => (await sizes()).seeing === 5);
    await until("its rounds to go on", async () => {
      const last = (await daemon.control.status(["seeing"])).groups[0]?.last;
      return last?.to === 5 && last.action === "hold" && last.count > 3;
    });
    expect((await sizes()).blind).toBe(3);
    dead.hangs = false;
    dead.value = 50;
    await until("the group to go on", async () => (await sizes()).blind === 5);
  });

  test("that says nonsense holds its group just so", async () => {
    for (const nonsense of [Number.NaN, "many", null]) {
      (dead as { value: unknown }).value = nonsense;
      expect(await whyBlind()).toMatch(/load: no data \(/);
      expect((await sizes()).blind).toBe(3);
      dead.value = 30;
      await until("it to see again", async () => (await blind()).metrics[0]?.value === 30);
    }
  });
});

async function sizes(): Promise<Record<string, number | undefined>> {
  const { groups } = await daemon.control.status();
  return Object.fromEntries(groups.map(({ group: name, desired }) => [name, desired]));
}

async function blind(): Promise<DecisionRecord> {
  const [report] = (await daemon.control.status(["blind"])).groups;
  if (report?.last === undefined) throw new Error("no record");
  return report.last;
}

/** Waits for a hold whose metric is missing. @returns what `bellows explain` says of it. */
async function whyBlind(): Promise<string> {
  const record = await until("a hold without its metric", async () => {
    const last = await blind();
    return last.action === "hold" && last.metrics[0]?.unavailable !== undefined && last;
  });
  expect(record).toMatchObject({ from: 3, to: 3 });
  return explainRecord(record).join("\n");
}

async function scalesOf(name: string): Promise<DecisionRecord[]> {
  const found: DecisionRecord[] = [];
  for await (const { value } of daemon.control.records(name)) if (value.action === "scale") found.push(value);
  return found;
}

function same(found: Record<string, number | undefined>, wanted: Record<string, number>): boolean {
  return Object.entries(wanted).every(([name, count]) => found[name] === count);
}
