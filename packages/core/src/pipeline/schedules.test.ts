import { describe, expect, it } from "vitest";
import { ThrottledError, TimeoutError } from "../errors.js";
import type { World } from "./line-world.test.js";
import { NOON_MS, pass, specOf, stored, worldOf } from "./line-world.test.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** One instance more at half past each noon hour that the cron names. */
const nightly = (cron: string, cooldownMs = 0) =>
  specOf("web", {
    everyMs: 600_000,
    cooldownMs,
    policies: [{ name: "more", schedule: { cron }, adjust: { change: 1 } }],
  });

/** Moves the clock by a span, in strides that a daemon would not notice. */
async function passLong(world: World, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10_000) {
    world.clock.advance(Math.min(10_000, left));
    await pass(world.clock, 0);
  }
}

describe("a schedule", () => {
  it("is ordered at its moment, once", async () => {
    const world = worldOf([nightly("5 12 * * *")], { web: 2 });
    const line = world.line();
    line.start();
    await passLong(world, 4 * MINUTE_MS + 50_000);
    expect(world.cloud.accepted).toEqual([]);
    await passLong(world, 5 * MINUTE_MS);
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
    const order = (await stored(world.store, "web")).find(({ trigger }) => trigger === "order");
    expect(order?.order).toEqual({ kind: "schedule", policy: "more", dueAtMs: NOON_MS + 5 * MINUTE_MS });
    expect(order?.atMs).toBeLessThan(NOON_MS + 5 * MINUTE_MS + 1_000);
    await line.stop(0);
  });

  it("that was due before it was first seen is not run", async () => {
    const world = worldOf([nightly("50 11 * * *")], { web: 2 });
    await world.line().once();
    expect(world.cloud.accepted).toEqual([]);
  });

  it("missed by less than an hour runs once, also by a run from cron", async () => {
    const world = worldOf([nightly("*/10 * * * *")], { web: 2 });
    await world.line().once();
    world.clock.advance(45 * MINUTE_MS);
    await world.line().once();
    await world.line().once();
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
  });

  it("missed by an hour or more is not run", async () => {
    const world = worldOf([nightly("5 12 * * *")], { web: 2 });
    await world.line().once();
    world.clock.advance(65 * MINUTE_MS);
    await world.line().once();
    expect(world.cloud.accepted).toEqual([]);
  });

  it("waits out a cooldown, also a long one, and then runs once", async () => {
    const world = worldOf([nightly("5 12 * * *", 2 * HOUR_MS)], { web: 2 });
    const line = world.line();
    await line.order("web", { origin: { kind: "manual" }, adjust: { change: 1 } });
    line.start();
    await passLong(world, 30 * MINUTE_MS);
    await line.stop(0);
    const later = world.line();
    later.start();
    await passLong(world, 89 * MINUTE_MS);
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
    await passLong(world, 2 * MINUTE_MS);
    expect(world.cloud.accepted).toEqual(["web 2>3", "web 3>4"]);
    await passLong(world, 3 * HOUR_MS);
    expect(world.cloud.accepted).toHaveLength(2);
    await later.stop(0);
  });

  it("is not run twice when the clock jumps back by an hour, nor after a restart there", async () => {
    const world = worldOf([nightly("5 12 * * *")], { web: 2 });
    const line = world.line();
    line.start();
    await passLong(world, 10 * MINUTE_MS);
    world.clock.jumpTo(NOON_MS - 50 * MINUTE_MS);
    await passLong(world, 30 * MINUTE_MS);
    await line.stop(0);
    const later = world.line();
    later.start();
    await passLong(world, HOUR_MS);
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
    await later.stop(0);
  });

  it("is run once when the clock jumps over it by less than an hour", async () => {
    const world = worldOf([nightly("30 12 * * *")], { web: 2 });
    const line = world.line();
    line.start();
    await passLong(world, MINUTE_MS);
    world.clock.jumpTo(NOON_MS + HOUR_MS);
    await passLong(world, MINUTE_MS);
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
    await line.stop(0);
  });

  it("is tried again while its group cannot be read", async () => {
    const world = worldOf([nightly("5 12 * * *")], { web: 2 });
    const line = world.line();
    line.start();
    await passLong(world, 4 * MINUTE_MS);
    world.cloud.observe = () => Promise.reject(new Error("no route to host"));
    await passLong(world, 5 * MINUTE_MS);
    delete world.cloud.observe;
    await passLong(world, MINUTE_MS);
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
    await line.stop(0);
  });

  it.each([
    ["is throttled", { before: new ThrottledError("slow down") }],
    ["is lost on its way", { before: new TimeoutError("no answer") }],
    ["is done, and the answer lost", { after: new TimeoutError("no answer") }],
  ])("whose step %s is run in the end, and once", async (_, fault) => {
    const world = worldOf([{ ...nightly("5 12 * * *"), everyMs: 30_000 }], { web: 2 });
    world.cloud.faults.push(fault);
    const line = world.line();
    line.start();
    await passLong(world, 10 * MINUTE_MS);
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
    const orders = (await stored(world.store, "web")).filter(({ trigger }) => trigger === "order");
    expect(orders.at(-1)?.outcomes.at(-1)?.result).toBe("done");
    await line.stop(0);
  });

  it("of a group that is off is not run", async () => {
    const world = worldOf([{ ...nightly("5 12 * * *"), mode: "off" }], { web: 2 });
    const line = world.line();
    line.start();
    await passLong(world, 10 * MINUTE_MS);
    expect(world.cloud.accepted).toEqual([]);
    await line.stop(0);
  });

  it("that comes with a reload is seen in time, and one that leaves is forgotten", async () => {
    const world = worldOf([specOf("web")], { web: 2 });
    const line = world.line();
    line.start();
    await passLong(world, MINUTE_MS);
    const runtime = world.groups.get("web")!;
    world.groups.set("web", { ...runtime, spec: nightly("5 12 * * *") });
    await passLong(world, 5 * MINUTE_MS);
    world.groups.set("web", runtime);
    await passLong(world, 24 * 5 * MINUTE_MS);
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
    await line.stop(0);
  });
});
