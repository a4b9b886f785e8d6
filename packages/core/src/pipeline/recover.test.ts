import { describe, expect, it } from "vitest";
import type { GroupsDriver } from "../contracts/group.js";
import type { StateStore } from "../contracts/state-store.js";
import type { OrderResult } from "./line.js";
import type { World } from "./line-world.test.js";
import { NOON_MS, pass, rowMetric, settle, specOf, stored, worldOf } from "./line-world.test.js";
import type { Intent } from "./record.js";
import { judgeIntent } from "./recover.js";

const begun: Intent = {
  id: "id-1",
  ref: "web",
  kind: "set-desired",
  from: 2,
  to: 5,
  atMs: 100_000,
  holder: "test",
  fence: 0,
  finish: false,
};

describe("judgeIntent", () => {
  it.each([
    ["at its target: done", {}, 5, "done"],
    ["a round's step still at its base: dropped", {}, 2, "dropped"],
    ["an order still at its base: finished", { finish: true }, 2, "finish"],
    ["anywhere else: superseded", {}, 3, "superseded"],
    ["an order, anywhere else: superseded", { finish: true }, 7, "superseded"],
  ] as const)("%s", (_, parts, desired, judgement) => {
    expect(judgeIntent({ ...begun, ...parts }, desired, 200_000, 30_000)).toBe(judgement);
  });

  it("waits with dropping while the cloud may still show the count from before", () => {
    expect(judgeIntent(begun, 2, 120_000, 30_000)).toBe("wait");
    expect(judgeIntent(begun, 2, 130_000, 30_000)).toBe("dropped");
  });

  it("does not wait for a clock that jumped back", () => {
    expect(judgeIntent(begun, 2, begun.atMs - 3_600_000, 30_000)).toBe("dropped");
  });
});

/** A process that dies at its n-th commit, before it is made or right after; from then on it reaches nothing. */
function mortal(
  world: World,
  commits: number,
  isMade: boolean,
): { store: StateStore; driver: GroupsDriver; isDead: () => boolean } {
  let left = commits;
  const never = new Promise<never>(() => undefined);
  const dead = (): boolean => left <= 0;
  const store: StateStore = {
    ...world.store,
    async commit(...args) {
      if (dead()) return never;
      left -= 1;
      if (!dead()) return world.store.commit(...args);
      if (isMade) await world.store.commit(...args);
      return never;
    },
  };
  const driver = {
    ...world.cloud.driver,
    observe: (...args: Parameters<GroupsDriver["observe"]>) =>
      dead() ? never : world.cloud.driver.observe(...args),
    scale: (...args: Parameters<GroupsDriver["scale"]>) =>
      dead() ? never : world.cloud.driver.scale(...args),
  };
  return { store, driver, isDead: dead };
}

const spec = specOf("web", {
  metrics: [rowMetric("queue")],
  policies: [{ name: "up", when: "queue > 10", adjust: { change: 1 }, cooldownMs: 60_000 }],
});

/** What one life did until it died: what it was told is done. */
interface Life {
  orders: OrderResult[];
  paused: boolean;
  rounds: number;
}

/** An order, a round that scales, a pause, a resume, an order with a floor. */
async function live(
  world: World,
  commits: number,
  isMade: boolean,
): Promise<{ life: Life; isDead: boolean }> {
  const { store, driver, isDead } = mortal(world, commits, isMade);
  const line = world.line({ store, driver });
  const life: Life = { orders: [], paused: false, rounds: 0 };
  const script = async (): Promise<void> => {
    life.orders.push(await line.order("web", { origin: { kind: "manual" }, adjust: { change: 2 } }));
    world.table.queue = 50;
    await line.once();
    life.rounds += 1;
    await line.pause("web", { sinceMs: NOON_MS });
    life.paused = true;
    life.paused = false;
    await line.resume("web");
    life.orders.push(
      await line.order("web", { origin: { kind: "manual" }, adjust: { desired: 8 }, keepMs: 600_000 }),
    );
  };
  void script();
  await settle();
  return { life, isDead: isDead() };
}

describe("after a crash", () => {
  const lives = Array.from({ length: 8 }, (_, index) => index + 1).flatMap((n) => [
    [n, false] as const,
    [n, true] as const,
  ]);

  it.each(lives)(
    "at commit %i (made: %s) nothing acknowledged is lost and nothing is done twice",
    async (commits, isMade) => {
      const world = worldOf([spec], { web: 2 });
      const { life } = await live(world, commits, isMade);
      world.table.queue = 50;
      world.clock.advance(1_000);
      const line = world.line();
      await line.recover();

      const serial = ["web 2>4", "web 4>5", "web 5>8"];
      expect(world.cloud.accepted).toEqual(serial.slice(0, world.cloud.accepted.length));
      const told = life.orders.filter(({ outcome }) => outcome === "executed").length + life.rounds;
      expect(world.cloud.accepted.length).toBeGreaterThanOrEqual(told);

      const records = await stored(world.store, "web");
      const done = records.filter(({ outcomes }) => outcomes.at(-1)?.result === "done");
      expect(done.map(({ from, to }) => `web ${from}>${to}`)).toEqual(world.cloud.accepted);
      for (const { record } of life.orders) expect(records.map(({ id }) => id)).toContain(record.id);
      expect(await world.store.get("web", "intent")).toBeUndefined();

      const view = await line.view("web");
      if (life.paused) expect(view.pause).toBeDefined();
      const hasGrown = world.cloud.accepted.includes("web 4>5");
      expect(view.cooldowns.some(({ policy }) => policy === "up")).toBe(hasGrown);
      if (world.cloud.accepted.length === 3) expect(view.keeps).toMatchObject([{ floor: 8 }]);

      const before = [...world.cloud.accepted];
      if (hasGrown) {
        await line.once();
        expect(world.cloud.accepted).toEqual(before);
      }
    },
  );

  it("covers every commit of that life", async () => {
    const world = worldOf([spec], { web: 2 });
    expect((await live(world, 8, false)).isDead).toBe(true);
    const other = worldOf([spec], { web: 2 });
    const { isDead, life } = await live(other, 9, false);
    expect({ isDead, orders: life.orders.length }).toEqual({ isDead: false, orders: 2 });
  });

  it("an order that had not reached the cloud is finished", async () => {
    const world = worldOf([spec], { web: 2 });
    await live(world, 1, true);
    expect(world.cloud.accepted).toEqual([]);
    await world.line().recover();
    expect(world.cloud.accepted).toEqual(["web 2>4"]);
    expect(await stored(world.store, "web")).toMatchObject([
      { trigger: "order", outcomes: [{ result: "done" }] },
    ]);
  });

  it("an order that somebody else has overtaken is superseded", async () => {
    const world = worldOf([spec], { web: 2 });
    await live(world, 1, true);
    world.cloud.desired.set("web", 9);
    await world.line().recover();
    expect(world.cloud.accepted).toEqual([]);
    expect(await stored(world.store, "web")).toMatchObject([{ outcomes: [{ result: "superseded" }] }]);
  });

  it("a round's decision that had not reached the cloud is dropped, and its cooldown with it", async () => {
    const world = worldOf([spec], { web: 2 });
    await live(world, 3, true);
    const line = world.line();
    await line.recover();
    expect(world.cloud.accepted).toEqual(["web 2>4"]);
    expect((await stored(world.store, "web"))[1]?.outcomes).toMatchObject([{ result: "dropped" }]);
    expect((await line.view("web")).cooldowns).toEqual([]);
  });

  it("a round's decision is not dropped while the cloud may still show the count from before", async () => {
    const world = worldOf([spec], { web: 2 }, 30_000);
    await live(world, 4, false);
    expect(world.cloud.accepted).toEqual(["web 2>4", "web 4>5"]);
    world.cloud.shown.set("web", 4);
    const line = world.line();
    const recovered = line.recover();
    await pass(world.clock, 10_000);
    world.cloud.shown.clear();
    await pass(world.clock, 20_000);
    await recovered;
    expect((await stored(world.store, "web"))[1]?.outcomes).toMatchObject([{ result: "done" }]);
  });

  it("a group that cannot be read is resolved by the first round that can read it", async () => {
    const world = worldOf([spec], { web: 2 });
    await live(world, 1, true);
    world.cloud.observe = () => Promise.reject(new Error("no route to host"));
    const line = world.line();
    await line.recover();
    await line.once();
    await line.once();
    expect(world.cloud.accepted).toEqual([]);
    delete world.cloud.observe;
    world.table.queue = 5;
    await line.once();
    expect(world.cloud.accepted).toEqual(["web 2>4"]);
    expect((await stored(world.store, "web"))[0]).toMatchObject({
      trigger: "order",
      outcomes: [{ result: "done" }],
    });
  });

  it("two crashes in a row end the same", async () => {
    for (const isMade of [false, true]) {
      const world = worldOf([spec], { web: 2 });
      await live(world, 1, true);
      const { store, driver } = mortal(world, 1, isMade);
      void world.line({ store, driver }).recover();
      await settle();
      await world.line().recover();
      expect(new Set(world.cloud.accepted.map((one) => one.split(">")[1]))).toEqual(new Set(["4"]));
      expect(await stored(world.store, "web")).toMatchObject([{ outcomes: [{ result: "done" }] }]);
      expect(world.cloud.desired.get("web")).toBe(4);
    }
  });
});
